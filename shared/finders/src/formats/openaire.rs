//! OpenAIRE Guidelines for Literature Repositories 4, `oai_openaire`: `oaire:file`.
//!
//! The text is the URL; `accessRightsURI` (COAR), `mimeType` (application profile, field 23 "File Location"). Without
//! rights of its own a file has those of the record (`datacite:rights@rightsURI`, field 15); an embargo ends on the
//! `datacite:date` of type `Available` (field 12).

use chrono::NaiveDate;

use crate::{
    Found, Method, Record,
    announced::{Announced, Gathering},
    finder::Finder,
    payload::Payload,
    rights::{Access, last_day},
    xml::{Broken, Element, Level, Walker},
};

pub(crate) const FINDER: Finder = Finder {
    roots: &["resource"],
    find,
    namespaces: &["http://namespace.openaire.eu/schema/oaire"],
    prefixes: &["oai_openaire", "openaire"],
    media_types: &[],
    rank: 60,
};

fn find(record: &Record<'_>, mut payload: Payload<'_>) -> Result<Option<Found>, Broken> {
    // DataCite's root element is called the same.
    if !payload.declares("openaire.eu/schema/") {
        return Ok(None);
    }
    let mut resource = Resource {
        files: Vec::new(),
        access: None,
        available: None,
        gathering: Gathering::new(Method::Openaire, record.today),
    };
    let end = resource.read(&mut payload.walker, payload.root.inside());
    Ok(Some(resource.found(end)))
}

struct Resource {
    /// Each with its own access, where that is said.
    files: Vec<(Announced, Option<Access>)>,
    access: Option<Access>,
    /// When an embargo ends.
    available: Option<NaiveDate>,
    gathering: Gathering,
}

impl Resource {
    fn read(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<(), Broken> {
        while let Some(field) = walker.child(inside)? {
            match field.name() {
                "file" => self.read_file(walker, &field)?,
                "identifier" => self.gathering.landing_page.offer(&walker.text(&field)?),
                "rights" => {
                    let term = field.attribute("rightsURI").or(walker.value(&field)?);
                    self.access = self.access.or_else(|| Access::of(&term?));
                }
                "dates" => self.read_dates(walker, field.inside())?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_file(&mut self, walker: &mut Walker<'_>, field: &Element<'_>) -> Result<(), Broken> {
        // Drafts of the guidelines had `accessRights`.
        let term = field.attribute("accessRightsURI").or_else(|| field.attribute("accessRights"));
        let content_type = field.attribute("mimeType");
        let file = Announced { url: walker.value(field)?, content_type, ..Announced::default() };
        self.files.push((file, term.and_then(|term| Access::of(&term))));
        Ok(())
    }

    fn read_dates(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<(), Broken> {
        while let Some(date) = walker.child(inside)? {
            if date.attribute("dateType").is_some_and(|kind| kind == "Available") {
                self.available = last_day(&walker.text(&date)?);
            }
        }
        Ok(())
    }

    fn found(mut self, end: Result<(), Broken>) -> Found {
        let today = self.gathering.today;
        for (file, access) in self.files {
            let access = access.or(self.access);
            let availability = access.map(|access| access.on(today, self.available)).unwrap_or_default();
            self.gathering.file(Announced { availability, ..file });
        }
        self.gathering.found(end)
    }
}
