//! The answer to a request, as a whole document (OAI-PMH 2.0, section 3.2).

use crate::{
    catalogue::{Status, earliest},
    datestamp::{self, Moment},
    item::{self, Item, Set},
    repository::Repository,
    settings::Granularity,
    xml::{element, escape},
};

use super::{
    error::{Code, OaiError},
    list::list,
    record::record,
    request::{OAI_DC, Request},
    token,
};

/// Answers the request that these arguments make. `now` becomes the `responseDate`.
pub(crate) fn answer(repository: &Repository, arguments: &[(String, String)], now: Moment) -> String {
    let request = Request::parse(arguments, repository.settings.granularity);
    match request.and_then(|request| body(repository, &request)) {
        Ok(body) => envelope(repository, arguments, &body, now),
        Err(error) => refusal(repository, arguments, &error, now),
    }
}

/// The answer to a token request as if the token had expired.
pub(crate) fn bad_token(repository: &Repository, arguments: &[(String, String)], now: Moment) -> String {
    refusal(repository, arguments, &token::bad(), now)
}

fn body(repository: &Repository, request: &Request) -> Result<String, OaiError> {
    match request {
        Request::Identify => Ok(identify(repository)),
        Request::ListMetadataFormats { identifier } => {
            if let Some(identifier) = identifier {
                find(repository, identifier)?;
            }
            Ok(metadata_formats())
        }
        Request::ListSets => Ok(sets()),
        Request::GetRecord { identifier } => {
            let item = find(repository, identifier)?;
            Ok(format!("<GetRecord>\n{}</GetRecord>\n", record(repository, &item)))
        }
        Request::List { listing, selection, token } => list(repository, *listing, selection, token),
    }
}

fn find<'a>(repository: &'a Repository, identifier: &str) -> Result<Item<'a>, OaiError> {
    item::number(identifier)
        .and_then(|number| repository.item(number))
        .ok_or_else(|| Code::IdDoesNotExist.because("there is no such item"))
}

/// Section 4.2.
fn identify(repository: &Repository) -> String {
    let granularity = repository.settings.granularity;
    let form = match granularity {
        Granularity::Day => "YYYY-MM-DD",
        Granularity::Second => "YYYY-MM-DDThh:mm:ssZ",
    };
    let elements = [
        element("repositoryName", "Test repository"),
        element("baseURL", &repository.oai_url()),
        element("protocolVersion", "2.0"),
        element("adminEmail", "nobody@example.org"),
        element("earliestDatestamp", &datestamp::oai(earliest(), granularity)),
        element("deletedRecord", "persistent"),
        element("granularity", form),
        description(repository),
    ]
    .concat();
    format!("<Identify>\n{elements}</Identify>\n")
}

/// The form of the identifiers (Implementation Guidelines, "Specification and XML Schema for the OAI Identifier Format").
fn description(repository: &Repository) -> String {
    let sample =
        repository.items().find(|item| item.state.status == Status::Live).map_or(1, |item| item.number);
    let elements = [
        element("scheme", "oai"),
        element("repositoryIdentifier", "generic.eprints.org"),
        element("delimiter", ":"),
        element("sampleIdentifier", &item::identifier(sample)),
    ]
    .concat();
    format!(
        "<description>\n<oai-identifier xmlns=\"http://www.openarchives.org/OAI/2.0/oai-identifier\" \
         xsi:schemaLocation=\"http://www.openarchives.org/OAI/2.0/oai-identifier \
         http://www.openarchives.org/OAI/2.0/oai-identifier.xsd\">\n{elements}</oai-identifier>\n</description>\n"
    )
}

/// Section 4.4.
fn metadata_formats() -> String {
    let elements = [
        element("metadataPrefix", OAI_DC),
        element("schema", "http://www.openarchives.org/OAI/2.0/oai_dc.xsd"),
        element("metadataNamespace", "http://www.openarchives.org/OAI/2.0/oai_dc/"),
    ]
    .concat();
    format!("<ListMetadataFormats>\n<metadataFormat>\n{elements}</metadataFormat>\n</ListMetadataFormats>\n")
}

/// Section 4.6.
fn sets() -> String {
    let sets: String = Set::ALL
        .iter()
        .map(|set| {
            format!("<set>\n{}{}</set>\n", element("setSpec", &set.spec()), element("setName", set.name()))
        })
        .collect();
    format!("<ListSets>\n{sets}</ListSets>\n")
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
