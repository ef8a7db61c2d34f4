//! RIOXX 2 and 3 (rioxx.net, profiles).
//!
//! Version 3: `dc:identifier` is the landing page, each `dc:relation@rel="item"` a file (`type`, `access_rights`,
//! `resource_exposed_date`). Its drafts had no `rel`, or `rioxxterms:file` with `format`; both are in use. What lies
//! elsewhere (`rioxxterms:ext_relation`) is not the repository's. Version 2: `dc:identifier` is the file itself,
//! `dc:format` its type, and `ali:free_to_read` and `ali:license_ref` have the date from which it is open.

use chrono::NaiveDate;

use crate::{
    Availability, Found, Method, Record,
    announced::{Announced, Gathering},
    finder::Finder,
    landing_page::is_persistent_identifier,
    link,
    media_type::{essence, is_media_type},
    payload::Payload,
    rights::{Access, last_day, until},
    xml::{Broken, Element, Level, Walker},
};

pub(crate) const FINDER: Finder = Finder {
    roots: &["rioxx"],
    find,
    namespaces: &[
        "http://www.rioxx.net/schema/v3.0/rioxx",
        "http://docs.rioxx.net/schema/v3.0/rioxx",
        "http://www.rioxx.net/schema/v2.0/rioxx",
        "http://docs.rioxx.net/schema/v2.0/rioxx",
    ],
    prefixes: &["rioxx", "rioxx2", "rioxx3"],
    media_types: &[],
    rank: 50,
};

fn find(record: &Record<'_>, mut payload: Payload<'_>) -> Result<Option<Found>, Broken> {
    let version = if payload.declares("rioxx.net/schema/v2.") { Version::Two } else { Version::Three };
    let mut rioxx = Rioxx::new(record.today);
    let end = rioxx.read(&mut payload.walker, payload.root.inside());
    Ok(Some(rioxx.found(version, end)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Two,
    Three,
}

struct Rioxx {
    identifiers: Vec<String>,
    /// Each with who may see it, where that is said of the file itself.
    files: Vec<(Announced, Option<Availability>)>,
    format: Option<String>,
    /// `ali:free_to_read`: from which day, or from ever.
    free: Option<Option<NaiveDate>>,
    /// The `ali:license_ref`s: from which days, or from ever.
    licences: Vec<Option<NaiveDate>>,
    gathering: Gathering,
}

impl Rioxx {
    fn new(today: NaiveDate) -> Self {
        Self {
            identifiers: Vec::new(),
            files: Vec::new(),
            format: None,
            free: None,
            licences: Vec::new(),
            gathering: Gathering::new(Method::Rioxx, today),
        }
    }

    fn read(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<(), Broken> {
        while let Some(term) = walker.child(inside)? {
            match term.name() {
                "identifier" => self.identifiers.extend(walker.value(&term)?),
                "relation" | "file" => self.read_relation(walker, &term)?,
                "format" => self.format = walker.value(&term)?,
                "free_to_read" => self.free = Some(self.start_of(&term)),
                "license_ref" => {
                    let start = self.start_of(&term);
                    self.licences.push(start);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn start_of(&mut self, term: &Element<'_>) -> Option<NaiveDate> {
        let date = term.attribute("start_date")?;
        let start = last_day(&date);
        if start.is_none() {
            self.gathering.problem(format!("the start of a licence is no date: {date:?}"));
        }
        start
    }

    fn read_relation(&mut self, walker: &mut Walker<'_>, term: &Element<'_>) -> Result<(), Broken> {
        let url = walker.value(term)?;
        match Relation::of(term, url.as_deref().unwrap_or_default()) {
            Relation::Item => {
                let content_type = [term.attribute("type"), term.attribute("format")];
                let content_type = content_type.into_iter().flatten().find(|text| is_media_type(text));
                let file = Announced { url, content_type, ..Announced::default() };
                self.files.push((file, availability(term, self.gathering.today)));
            }
            Relation::CiteAs => self.gathering.landing_page.offer(&url.unwrap_or_default()),
            Relation::Other => {}
        }
        Ok(())
    }

    fn found(mut self, version: Version, end: Result<(), Broken>) -> Found {
        for identifier in std::mem::take(&mut self.identifiers) {
            if version == Version::Two && self.is_file(&identifier) {
                let content_type = self.format.clone();
                let file = Announced { url: Some(identifier.clone()), content_type, ..Announced::default() };
                self.files.push((file, None));
            }
            self.gathering.landing_page.offer(&identifier);
        }
        let of_record = self.of_record();
        for (file, availability) in self.files {
            let availability = availability.unwrap_or_else(|| of_record.clone());
            self.gathering.file(Announced { availability, ..file });
        }
        self.gathering.found(end)
    }

    /// Whether the identifier of version 2 is the file, as it should be, and not a landing page.
    fn is_file(&self, identifier: &str) -> bool {
        let is_page = self.format.as_deref().is_none_or(|format| essence(format) == "text/html");
        link::http(identifier)
            .is_some_and(|url| link::is_file(&url) || (!is_page && !is_persistent_identifier(&url)))
    }

    /// Who may see the files that do not say it themselves. Free to read wins over the licences, of which the first
    /// one counts.
    fn of_record(&self) -> Availability {
        let from = match self.free {
            Some(free) => free,
            None => self.licences.iter().min().copied().flatten(),
        };
        from.map(|from| until(self.gathering.today, from)).unwrap_or_default()
    }
}

/// What a relation leads to.
enum Relation {
    /// A file.
    Item,
    /// An identifier of the record.
    CiteAs,
    Other,
}

impl Relation {
    fn of(term: &Element<'_>, url: &str) -> Self {
        match (term.name(), term.attribute("rel").as_deref()) {
            ("file", _) | (_, Some("item")) => Self::Item,
            (_, Some("cite-as" | "cite_as")) => Self::CiteAs,
            (_, None) if is_deposit(term, url) => Self::Item,
            _ => Self::Other,
        }
    }
}

/// Whether a relation that does not say what it is leads to a file of the repository, and not to a related work.
fn is_deposit(term: &Element<'_>, url: &str) -> bool {
    let says_date =
        || ["deposit_date", "resource_exposed_date"].iter().any(|name| term.attribute(name).is_some());
    link::http(url).is_some_and(|url| !is_persistent_identifier(&url) && (link::is_file(&url) || says_date()))
}

/// Who may see a file by its own attributes. The schema's examples have `access_rights_` too.
fn availability(term: &Element<'_>, today: NaiveDate) -> Option<Availability> {
    let names = ["access_rights", "access_rights_", "accessRightsURI"];
    let access = names.iter().find_map(|name| Access::of(&term.attribute(name)?));
    let exposed = term.attribute("resource_exposed_date").and_then(|date| last_day(&date));
    match (access, exposed) {
        // DSpace says for a restricted file nothing of when, and for an open one when it came.
        (Some(Access::Open) | None, Some(exposed)) => Some(until(today, exposed)),
        (Some(access), exposed) => Some(access.on(today, exposed)),
        (None, None) => None,
    }
}
