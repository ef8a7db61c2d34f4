//! The answer to a request, as a whole document (OAI-PMH 2.0, section 3.2).

use crate::{
    datestamp::{self, Moment},
    format::Prefix,
    item::{self, Item},
    quirk,
    repository::Repository,
    settings::Granularity,
    xml::{element, escape},
};

use super::{
    asked::pairs,
    error::{Code, OaiError},
    identify::identify,
    list::list,
    record::Entry,
    request::{Request, no_such_format},
    sets::sets,
    token,
};

/// A document, and what is in it.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) document: Vec<u8>,
    pub(crate) facts: Facts,
}

/// What a document is about, for quirks that concern only some.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// One of the six, or empty.
    pub(crate) verb: &'static str,
    pub(crate) error: Option<Code>,
    /// The items on the page.
    pub(crate) items: Vec<u32>,
    /// How many items came before them in the list.
    cursor: u32,
    page_size: u32,
}

impl Facts {
    /// Whether it is the third page of a list, or one behind it.
    pub(crate) fn is_third_page(&self) -> bool {
        self.cursor >= 2 * self.page_size
    }
}

/// What goes into the envelope.
pub(super) struct Body {
    pub(super) xml: String,
    pub(super) items: Vec<u32>,
    pub(super) cursor: u32,
}

impl Body {
    fn plain(xml: String) -> Self {
        Self { xml, items: Vec::new(), cursor: 0 }
    }
}

/// Answers a request: `query` is its query, and its form behind it. `now` becomes the `responseDate`. May read files for
/// their digests; call it where blocking is allowed.
pub(crate) fn answer(repository: &Repository, query: &str, now: Moment) -> Answer {
    let sent = pairs(query);
    let made = quirk::request::asked(&repository.quirks, query, &repository.settings)
        .and_then(|asked| Request::parse(&asked.arguments, repository.settings.granularity))
        .and_then(|request| body(repository, &request));
    let error = made.as_ref().err().map(|error| error.code);
    let (text, items, cursor) = match made {
        Ok(body) => (envelope(repository, &sent, &body.xml, now), body.items, body.cursor),
        Err(error) => (refusal(repository, &sent, &error, now), Vec::new(), 0),
    };
    let facts = Facts { verb: verb(&sent), error, items, cursor, page_size: repository.settings.page_size };
    let mut document = text.into_bytes();
    quirk::document::change(&repository.quirks, &mut document, &facts);
    Answer { document, facts }
}

/// The answer to a token request as if the token had expired.
pub(crate) fn bad_token(repository: &Repository, arguments: &[(String, String)], now: Moment) -> String {
    refusal(repository, arguments, &token::bad(), now)
}

fn verb(arguments: &[(String, String)]) -> &'static str {
    const VERBS: [&str; 6] =
        ["Identify", "ListMetadataFormats", "ListSets", "GetRecord", "ListIdentifiers", "ListRecords"];
    let given = arguments.iter().find(|(name, _)| name == "verb");
    VERBS.into_iter().find(|verb| given.is_some_and(|(_, given)| given == verb)).unwrap_or_default()
}

fn body(repository: &Repository, request: &Request) -> Result<Body, OaiError> {
    match request {
        Request::Identify => Ok(Body::plain(identify(repository))),
        Request::ListMetadataFormats { identifier } => {
            if let Some(identifier) = identifier {
                find(repository, identifier)?;
            }
            Ok(Body::plain(metadata_formats(repository)))
        }
        Request::ListSets { after } => sets(repository, *after).map(Body::plain),
        Request::GetRecord { identifier, prefix } => {
            offered(repository, *prefix)?;
            Ok(get_record(repository, &find(repository, identifier)?, *prefix))
        }
        Request::List { listing, selection, prefix, token } => {
            offered(repository, *prefix)?;
            list(repository, *listing, selection, *prefix, token)
        }
    }
}

fn offered(repository: &Repository, prefix: Prefix) -> Result<(), OaiError> {
    if Prefix::offered(repository.settings.format).contains(&prefix) { Ok(()) } else { Err(no_such_format()) }
}

fn find<'a>(repository: &'a Repository, identifier: &str) -> Result<Item<'a>, OaiError> {
    item::number(identifier)
        .and_then(|number| repository.item(number))
        .ok_or_else(|| Code::IdDoesNotExist.because("there is no such item"))
}

/// Section 4.1.
fn get_record(repository: &Repository, item: &Item<'_>, prefix: Prefix) -> Body {
    let mut entry = Entry::record_of(repository, item, prefix);
    quirk::record::change(&repository.quirks, &mut entry);
    let xml = format!("<GetRecord>\n{}</GetRecord>\n", entry.record());
    Body { xml, items: vec![item.number], cursor: 0 }
}

/// Section 4.4.
fn metadata_formats(repository: &Repository) -> String {
    let formats = Prefix::offered(repository.settings.format).into_iter().map(|prefix| {
        let elements = [
            element("metadataPrefix", prefix.name()),
            element("schema", prefix.schema()),
            element("metadataNamespace", prefix.namespace()),
        ]
        .concat();
        format!("<metadataFormat>\n{elements}</metadataFormat>\n")
    });
    format!("<ListMetadataFormats>\n{}</ListMetadataFormats>\n", formats.collect::<String>())
}

fn refusal(repository: &Repository, arguments: &[(String, String)], error: &OaiError, now: Moment) -> String {
    let body = format!("<error code=\"{}\">{}</error>\n", error.code.as_str(), escape(&error.text));
    let repeated = if error.code.repeats_arguments() { arguments } else { &[] };
    envelope(repository, repeated, &body, now)
}

fn envelope(repository: &Repository, arguments: &[(String, String)], body: &str, now: Moment) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <OAI-PMH xmlns=\"http://www.openarchives.org/OAI/2.0/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:schemaLocation=\"http://www.openarchives.org/OAI/2.0/ \
         http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd\">\n\
         {}<request{}>{}</request>\n{body}</OAI-PMH>\n",
        element("responseDate", &datestamp::oai(now, Granularity::Second)),
        attributes(arguments),
        escape(&repository.oai_url()),
    )
}

/// The attributes that `<request>` can have, each once, whatever else the arguments hold.
fn attributes(arguments: &[(String, String)]) -> String {
    ["verb", "identifier", "metadataPrefix", "from", "until", "set", "resumptionToken"]
        .iter()
        .filter_map(|known| arguments.iter().find(|(name, _)| name == known))
        .map(|(name, value)| format!(" {name}=\"{}\"", escape(value)))
        .collect()
}
