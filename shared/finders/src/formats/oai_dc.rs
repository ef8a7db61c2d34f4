//! Unqualified Dublin Core, `oai_dc`: the links that end in a file type.
//!
//! Repositories put the file's address into `dc:identifier`, mostly beside that of the landing page and a
//! DOI; some put it into `dc:relation`. Nothing more is known of such a file, but for who may see it where the
//! OpenAIRE guidelines are followed: `dc:rights` `info:eu-repo/semantics/…Access`, `dc:date`
//! `info:eu-repo/date/embargoEnd/…` (version 3, "Access Level", "Embargo End Date").
//!
//! Open Journal Systems relates an article to its galleys, each with a page, whose file has an address that follows
//! from the page's; `dc:format` has their types in the same order.

use chrono::NaiveDate;

use crate::{
    Found, Method, Record,
    announced::{Announced, Gathering},
    file_type,
    finder::Finder,
    link,
    payload::Payload,
    rights::{Access, last_day},
    xml::{Broken, Level, Walker},
};

pub(crate) const FINDER: Finder = Finder {
    roots: &["dc"],
    find,
    namespaces: &["http://www.openarchives.org/OAI/2.0/oai_dc"],
    prefixes: &["oai_dc"],
    media_types: &[],
    rank: 10,
};

fn find(record: &Record<'_>, mut payload: Payload<'_>) -> Result<Option<Found>, Broken> {
    let mut terms = Terms::default();
    let end = terms.read(&mut payload.walker, payload.root.inside());
    Ok(Some(terms.found(record.today, end)))
}

/// The values that may be links, and those that say who may follow them.
#[derive(Default)]
struct Terms {
    identifiers: Vec<String>,
    relations: Vec<String>,
    formats: Vec<String>,
    access: Option<Access>,
    embargo: Option<NaiveDate>,
}

impl Terms {
    /// Reads to the end of `dc`. On an error, what was read before it stays.
    fn read(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<(), Broken> {
        while let Some(term) = walker.child(inside)? {
            match term.name() {
                // The last three are what some repositories make of it.
                "identifier" | "identifier.uri" | "file.download.url" | "url" => {
                    self.identifiers.push(walker.text(&term)?);
                }
                "relation" => self.relations.push(walker.text(&term)?),
                "format" => self.formats.push(walker.text(&term)?),
                "rights" => {
                    let rights = walker.text(&term)?;
                    let access = rights.trim().strip_prefix("info:eu-repo/semantics/").and_then(Access::of);
                    self.access = self.access.or(access);
                }
                "date" => {
                    let date = walker.text(&term)?;
                    let end = date.trim().strip_prefix("info:eu-repo/date/embargoEnd/").and_then(last_day);
                    self.embargo = self.embargo.or(end);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn found(self, today: NaiveDate, end: Result<(), Broken>) -> Found {
        let mut gathering = Gathering::new(Method::OaiDc, today);
        self.identifiers.iter().for_each(|address| gathering.landing_page.offer(address));
        self.relations.iter().for_each(|address| gathering.landing_page.offer_related(address));
        let availability = self.access.map(|access| access.on(today, self.embargo)).unwrap_or_default();
        let mut gather = |file| gathering.file(Announced { availability: availability.clone(), ..file });
        let mut identified = files(&self.identifiers).peekable();
        match identified.peek() {
            Some(_) => identified.for_each(&mut gather),
            None => files(&self.relations).chain(self.galleys()).for_each(&mut gather),
        }
        gathering.found(end)
    }

    /// The files of galleys, with their types where each has one.
    fn galleys(&self) -> Vec<Announced> {
        let urls: Vec<_> = self.relations.iter().filter_map(|value| galley(value.trim())).collect();
        let types: &[String] = if urls.len() == self.formats.len() { &self.formats } else { &[] };
        let announced = |(at, url): (usize, String)| {
            let content_type = types.get(at).map(|text| text.trim().to_owned());
            Announced { url: Some(url), content_type, ..Announced::default() }
        };
        urls.into_iter().enumerate().map(announced).collect()
    }
}

/// Those of the values that end in a file type.
fn files(values: &[String]) -> impl Iterator<Item = Announced> {
    values.iter().filter_map(|value| file(value.trim()))
}

fn file(value: &str) -> Option<Announced> {
    let url = link::http(value).filter(link::is_file)?;
    let content_type = link::file_name(&url).and_then(|name| file_type::of(&name)?.content_type);
    Some(Announced {
        url: Some(value.to_owned()),
        content_type: content_type.map(str::to_owned),
        ..Announced::default()
    })
}

/// The address of a galley's file, given that of its page: `…/article/view/7/12` becomes `…/article/download/7/12`.
/// The address of a supplementary file stays: `…/article/downloadSuppFile/7/1`.
fn galley(page: &str) -> Option<String> {
    let mut url = link::http(page)?;
    let segments: Vec<_> = url.path_segments()?.map(str::to_owned).collect();
    let (start, [article, verb, id, galley]) = segments.split_last_chunk()?;
    if article != "article" || id.is_empty() || galley.is_empty() {
        return None;
    }
    let verb = match verb.as_str() {
        "view" | "download" => "download",
        "downloadSuppFile" => "downloadSuppFile",
        _ => return None,
    };
    let path = start.iter().map(String::as_str).chain([article, verb, id, galley]);
    url.set_path(&path.collect::<Vec<_>>().join("/"));
    Some(url.into())
}
