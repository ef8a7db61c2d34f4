//! EPrints 3 XML: every file of every document, with its size, its digest and who may see it.
//!
//! The export plugin `XML` of EPrints 3.0 to 3.4: `eprints` > `eprint` > `documents` > `document` > `files` >
//! `file`. The namespace is `http://eprints.org/ep2/data/2.0`; before 3.0's release it was
//! `http://eprints.org/ep3/data/3.0`, and 3.0 leaves it out on the root. It is therefore not looked at.

mod document;

use crate::{
    FileRef, Found, Method, Record,
    finder::Finder,
    xml::{self, Broken, Element, Level, Walker},
};
use document::Document;

pub(crate) const FINDER: Finder = Finder {
    find,
    namespaces: &["http://eprints.org/ep2/data/2.0", "http://eprints.org/ep3/data/3.0"],
    prefixes: &["ep3", "eprints3"],
    rank: 100,
};

/// Whether the bytes are EPrints 3 XML that holds an eprint: to try out whether a URL is an export. Parses no
/// further than the start of the first `eprint` element.
pub fn is_eprints3(metadata: &[u8]) -> bool {
    let text = xml::decode(metadata);
    matches!(enter(&mut Walker::new(&text)), Ok(Some(_)))
}

fn find(record: &Record<'_>, text: &str) -> Result<Option<Found>, Broken> {
    let mut walker = Walker::new(text);
    let Some((list, first)) = enter(&mut walker)? else { return Ok(None) };
    let number = record.identifier.rsplit(':').next().unwrap_or_default();
    let Eprint { files, problems, is_cut_off, .. } = choose(record, number, &mut walker, list, &first);
    Ok(Some(Found { method: Some(Method::Eprints3), files, problems, is_cut_off }))
}

/// The first `eprint` element, and the level it lies on: the document, or inside `eprints`, `metadata` or
/// both.
fn enter<'a>(walker: &mut Walker<'a>) -> Result<Option<(Level, Element<'a>)>, Broken> {
    let mut level = Level::DOCUMENT;
    let mut element = walker.root()?;
    if element.name() == "metadata" {
        level = element.inside();
        let Some(wrapped) = walker.child(level)? else { return Ok(None) };
        element = wrapped;
    }
    if element.name() == "eprint" {
        return Ok(Some((level, element)));
    }
    if element.name() != "eprints" {
        return Ok(None);
    }
    level = element.inside();
    while let Some(child) = walker.child(level)? {
        if child.name() == "eprint" {
            return Ok(Some((level, child)));
        }
    }
    Ok(None)
}

/// The eprint with the number asked for; else the only one there is, for repositories whose identifiers do
/// not end in the number. Stops reading as soon as the number is found.
fn choose(
    record: &Record<'_>,
    number: &str,
    walker: &mut Walker<'_>,
    list: Level,
    first: &Element<'_>,
) -> Eprint {
    let mut inside = first.inside();
    let mut count = 0_usize;
    let (eprint, end) = loop {
        count += 1;
        let mut eprint = Eprint::default();
        let read = eprint.read(record, walker, inside);
        if eprint.has(number) {
            break (eprint, read);
        }
        match read.and_then(|()| next_eprint(walker, list)) {
            Ok(Some(next)) => inside = next,
            Ok(None) => break (eprint, Ok(())),
            Err(broken) => break (eprint, Err(broken)),
        }
    };
    // Where the XML breaks, others may have followed: it is not known to be the only one.
    let is_only = count == 1 && end.is_ok();
    let mut chosen = if eprint.has(number) || is_only { eprint } else { Eprint::missing(number, count) };
    chosen.is_cut_off = end.is_err();
    chosen.problems.extend(end.err().map(|broken| broken.to_problem()));
    chosen
}

fn next_eprint(walker: &mut Walker<'_>, list: Level) -> Result<Option<Level>, Broken> {
    while let Some(element) = walker.child(list)? {
        if element.name() == "eprint" {
            return Ok(Some(element.inside()));
        }
    }
    Ok(None)
}

#[derive(Default)]
struct Eprint {
    id: Option<String>,
    files: Vec<FileRef>,
    problems: Vec<String>,
    is_cut_off: bool,
}

impl Eprint {
    fn missing(number: &str, count: usize) -> Self {
        let problem = format!("there is no eprint with the number {number:?} among the {count} read");
        Self { problems: vec![problem], ..Self::default() }
    }

    fn has(&self, number: &str) -> bool {
        self.id.as_deref() == Some(number)
    }

    /// Reads to the end of an `eprint`. On an error, the documents that were complete before it stay.
    fn read(&mut self, record: &Record<'_>, walker: &mut Walker<'_>, inside: Level) -> Result<(), Broken> {
        while let Some(field) = walker.child(inside)? {
            match field.name() {
                "eprintid" => self.id = Some(walker.text(&field)?.trim().to_owned()),
                "documents" => self.read_documents(record, walker, field.inside())?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_documents(
        &mut self,
        record: &Record<'_>,
        walker: &mut Walker<'_>,
        inside: Level,
    ) -> Result<(), Broken> {
        while let Some(element) = walker.child(inside)? {
            if element.name() == "document" {
                // Who may see the files comes after them, so that only a whole document says anything.
                let document = Document::read(walker, element.inside())?;
                document.emit(record.today, &mut self.files, &mut self.problems);
            }
        }
        Ok(())
    }
}
