//! What metadata says of the work that it describes, for people to read: title, creators, dates, links.
//!
//! There is no reader for each format. Formats call the same things by the same few names, and where they differ
//! the names do not clash: one table ([`names`]) has them all. What stands in a named element, however deep, is
//! its value.

mod compose;
mod names;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    encoding,
    xml::{Element, Step, Walker},
};

/// How much of the metadata is read. What comes later in a longer one is mostly files, and pages of a scanned book.
const MAX_BYTES: usize = 1 << 20;
/// How many values of a field are kept.
const MAX_VALUES: usize = 200;
/// How long a value may be, in bytes: an abstract has 2,000.
const MAX_TEXT: usize = 8 << 10;
/// How many parts a value is made of at most: a name has two.
const MAX_PARTS: usize = 64;

/// What a record says of a work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Description {
    /// The format of the metadata, as people call it; the metadata prefix where it is none that is known.
    pub format: String,
    /// What is said, in document order. A field that is there has at least one value, and no two values of a field are
    /// the same. Of very many the first 200 are kept.
    pub fields: BTreeMap<Field, Vec<Value>>,
}

/// What is said of a work. In the order in which people want to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Its title, with the subtitle.
    Title,
    /// Who made it: `Family, Given` where the two are told apart.
    Creator,
    /// Who helped.
    Contributor,
    /// When; [`Value::kind`] says what happened then. As written.
    Date,
    /// The journal, the series, the citation.
    PublishedIn,
    /// Who published it.
    Publisher,
    /// What it is.
    Type,
    /// In what language, as written.
    Language,
    /// Names of it: DOI, ISBN, handle, URL. As written.
    Identifier,
    /// Where it is, and what it is related to: mostly URLs.
    Link,
    /// What it is about.
    Subject,
    /// Its abstract, or another description.
    Abstract,
    /// Who may do what with it.
    Rights,
}

/// One value of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Value {
    /// The text, on one line; never empty, 8 KiB at most.
    pub text: String,
    /// What kind of date, identifier, contributor it is, where that is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

impl Description {
    /// The first title.
    pub fn title(&self) -> Option<&str> {
        self.texts(Field::Title).next()
    }

    /// The texts of a field.
    pub fn texts(&self, field: Field) -> impl Iterator<Item = &str> {
        self.fields.get(&field).into_iter().flatten().map(|value| value.text.as_str())
    }
}

/// Reads what metadata says of the work that it describes; nothing when it says nothing that is understood, or is no XML.
///
/// `metadata` may be cut off or broken: what comes before is read. Of more than 1 MiB the beginning is read. What the
/// metadata says of files, of itself, and of other works is left out.
pub fn describe(prefix: &str, metadata: &[u8]) -> Option<Description> {
    let text = encoding::decode(&metadata[..metadata.len().min(MAX_BYTES)]);
    let mut reading = Reading::default();
    let mut walker = Walker::new(&text);
    // What breaks off is told where it matters, when files are looked for.
    while let Ok(step) = walker.step() {
        match step {
            Step::Start(element) => reading.start(&element),
            Step::Text(text) => reading.text(&text),
            Step::End => reading.end(),
            Step::Done => break,
        }
    }
    let format = reading.format.unwrap_or(prefix).to_owned();
    Some(Description { format, fields: reading.fields }).filter(|description| !description.fields.is_empty())
}

#[derive(Default)]
struct Reading {
    fields: BTreeMap<Field, Vec<Value>>,
    format: Option<&'static str>,
    open: Vec<Open>,
    /// Which of `open` is the value that is being read: nothing inside it is a value of its own.
    value: Option<usize>,
    /// How many elements are open that are not to be read.
    skipped: usize,
    sections: usize,
}

/// An element that is open.
struct Open {
    name: String,
    value: Option<names::Meaning>,
    /// Where it points to: the text of an element without any.
    href: Option<String>,
    text: String,
    /// The elements in it by their names, innermost first.
    parts: Vec<(String, String)>,
}

impl Reading {
    fn start(&mut self, element: &Element<'_>) {
        let is_later = self.is_later_section(element);
        let above = self.open.iter().rev().map(|open| open.name.as_str());
        if self.skipped > 0 || is_later || names::is_skipped(element, above.clone()) {
            self.skipped += 1;
            return;
        }
        let name = names::name_of(element, above.clone());
        let value = match self.value {
            Some(_) => None,
            None => names::meaning(element, &name, above),
        };
        if self.format.is_none() {
            self.format = names::format(element.name());
        }
        let href = value.as_ref().and_then(|_| element.attribute("href"));
        if value.is_some() {
            self.value = Some(self.open.len());
        }
        self.open.push(Open { name, value, href, text: String::new(), parts: Vec::new() });
    }

    /// METS describes the chapters of a book after the book.
    fn is_later_section(&mut self, element: &Element<'_>) -> bool {
        let is_section = element.name() == "dmdSec";
        self.sections += usize::from(is_section);
        is_section && self.sections > 1
    }

    fn text(&mut self, text: &str) {
        if self.skipped == 0
            && self.value.is_some()
            && let Some(open) = self.open.last_mut()
        {
            append(&mut open.text, text);
        }
    }

    fn end(&mut self) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        let Some(open) = self.open.pop() else { return };
        if let Some(meaning) = open.value {
            self.value = None;
            let text = if open.text.trim().is_empty() { open.href.unwrap_or_default() } else { open.text };
            if let Some((field, value)) = compose::compose(meaning, &text, &open.parts) {
                self.put(field, value);
            }
        } else if let Some(outer) = self.value {
            // An element in a text does not end a word: `H<sub>2</sub>O`.
            self.open.last_mut().into_iter().for_each(|parent| append(&mut parent.text, &open.text));
            let text = compose::on_one_line(&open.text);
            let parts = &mut self.open[outer].parts;
            if !text.is_empty() && parts.len() < MAX_PARTS {
                parts.push((open.name, text));
            }
        }
    }

    fn put(&mut self, field: Field, value: Value) {
        let values = self.fields.entry(field).or_default();
        if values.len() < MAX_VALUES && values.iter().all(|known| known.text != value.text) {
            values.push(value);
        }
    }
}

/// Appends what there is room for.
fn append(to: &mut String, text: &str) {
    let room = MAX_TEXT.saturating_sub(to.len());
    to.push_str(&text[..text.floor_char_boundary(room)]);
}
