//! EPrints 3 XML: every file of every document, with its size, its digest and who may see it.
//!
//! The export plugin `XML` of EPrints 3.0 to 3.4: `eprints` > `eprint` > `documents` > `document` > `files` >
//! `file`. The namespace is `http://eprints.org/ep2/data/2.0`; before 3.0's release it was
//! `http://eprints.org/ep3/data/3.0`, and 3.0 leaves it out on the root. It is therefore not looked at.

mod document;

use crate::{
    Found, Method, Record,
    announced::Gathering,
    encoding,
    finder::Finder,
    payload::Payload,
    xml::{Broken, Element, Level, Walker},
};
use document::Document;

pub(crate) const FINDER: Finder = Finder {
    roots: &["eprints", "eprint"],
    find,
    namespaces: &["http://eprints.org/ep2/data/2.0", "http://eprints.org/ep3/data/3.0"],
    prefixes: &["ep3", "eprints3"],
    media_types: &["application/vnd.eprints.data+xml"],
    rank: 100,
};

/// Whether the bytes are EPrints 3 XML that holds an eprint: to try out whether a URL is an export. Parses no
/// further than the start of the first `eprint` element.
pub fn is_eprints3(metadata: &[u8]) -> bool {
    let text = encoding::decode(metadata);
    let Ok(Some(payload)) = Payload::open(&text) else { return false };
    FINDER.roots.contains(&payload.root.name()) && matches!(enter(payload), Ok(Some(_)))
}

fn find(record: &Record<'_>, payload: Payload<'_>) -> Result<Option<Found>, Broken> {
    let Some(list) = enter(payload)? else { return Ok(None) };
    let number = record.identifier.rsplit(':').next().unwrap_or_default();
    Ok(Some(list.choose(record, number)))
}

/// Eprints beside each other: most often one.
struct List<'a> {
    walker: Walker<'a>,
    /// The level they lie on: the document, or inside `eprints`, `metadata` or both.
    level: Level,
    /// The one whose start was just met.
    first: Element<'a>,
}

fn enter(payload: Payload<'_>) -> Result<Option<List<'_>>, Broken> {
    let Payload { mut walker, root, level, .. } = payload;
    if root.name() == "eprint" {
        return Ok(Some(List { walker, level, first: root }));
    }
    let level = root.inside();
    let first = next_eprint(&mut walker, level)?;
    Ok(first.map(|first| List { walker, level, first }))
}

fn next_eprint<'a>(walker: &mut Walker<'a>, list: Level) -> Result<Option<Element<'a>>, Broken> {
    while let Some(element) = walker.child(list)? {
        if element.name() == "eprint" {
            return Ok(Some(element));
        }
    }
    Ok(None)
}

impl List<'_> {
    /// The eprint with the number asked for; else the only one there is, for repositories whose identifiers do
    /// not end in the number. Stops reading as soon as the number is found.
    fn choose(mut self, record: &Record<'_>, number: &str) -> Found {
        let mut count = 0_usize;
        let (eprint, end) = loop {
            count += 1;
            let mut eprint = Eprint::new(record, &self.first);
            let read = eprint.read(&mut self.walker, self.first.inside());
            if eprint.has(number) {
                break (eprint, read);
            }
            match read.and_then(|()| next_eprint(&mut self.walker, self.level)) {
                Ok(Some(next)) => self.first = next,
                Ok(None) => break (eprint, Ok(())),
                Err(broken) => break (eprint, Err(broken)),
            }
        };
        // Where the XML breaks, others may have followed: it is not known to be the only one.
        let is_only = count == 1 && end.is_ok();
        if eprint.has(number) || is_only {
            return eprint.gathering.found(end);
        }
        let mut none = Gathering::new(Method::Eprints3, record.today);
        none.problem(format!("there is no eprint with the number {number:?} among the {count} read"));
        none.found(end)
    }
}

struct Eprint {
    id: Option<String>,
    gathering: Gathering,
}

impl Eprint {
    fn new(record: &Record<'_>, element: &Element<'_>) -> Self {
        let mut gathering = Gathering::new(Method::Eprints3, record.today);
        // Its URI leads to the landing page.
        gathering.landing_page.offer(&element.attribute("id").unwrap_or_default());
        Self { id: None, gathering }
    }

    fn has(&self, number: &str) -> bool {
        self.id.as_deref() == Some(number)
    }

    /// Reads to the end of an `eprint`. On an error, the documents that were complete before it stay.
    fn read(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<(), Broken> {
        while let Some(field) = walker.child(inside)? {
            match field.name() {
                "eprintid" => self.id = walker.value(&field)?,
                "documents" => self.read_documents(walker, field.inside())?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_documents(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<(), Broken> {
        while let Some(element) = walker.child(inside)? {
            if element.name() == "document" {
                // Who may see the files comes after them, so that only a whole document says anything.
                Document::read(walker, element.inside())?.emit(&mut self.gathering);
            }
        }
        Ok(())
    }
}
