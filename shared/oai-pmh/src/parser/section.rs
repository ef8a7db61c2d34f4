//! A part of a page that is kept as it was received: metadata, about, descriptions.

use std::ops::Range;

use super::{
    scope::{Declarations, declarations, inherited},
    text::name_of,
};

/// How many elements of a section are looked after; there should be one.
const ELEMENTS: usize = 16;

/// Where a section lies in the raw bytes of its record, and what has to be inserted so that it stands alone.
#[derive(Debug, Default)]
pub(super) struct Section {
    start: usize,
    end: usize,
    /// Its elements: children of `<metadata>`, of which there should be one.
    elements: Vec<Element>,
    /// Parts to be left out: XML declarations in the middle.
    cuts: Vec<(usize, usize)>,
}

/// What is to be put in place of which parts of the raw bytes, in their order.
pub(super) type Edits = Vec<(Range<usize>, Vec<u8>)>;

#[derive(Debug)]
struct Element {
    /// Where it begins, and where its name ends.
    start: usize,
    name_end: usize,
    end: usize,
    own: Declarations,
    needs_default: bool,
    /// How many elements are open in which a default namespace is declared.
    default_since: Option<usize>,
}

impl Section {
    /// A section that begins at `start` of the raw bytes.
    pub(super) fn begin(start: usize) -> Self {
        Self { start, end: start, ..Self::default() }
    }

    /// A start tag in it. `depth` is 0 for its own children.
    pub(super) fn open(&mut self, at: usize, inside: &[u8], depth: usize) {
        let own = declarations(inside);
        let declares_default = own.iter().any(|(prefix, _)| prefix.is_empty());
        let has_prefix = name_of(inside).contains(&b':');
        if depth == 0 && self.elements.len() < ELEMENTS {
            let name_end = at + 1 + name_of(inside).len();
            self.elements.push(Element {
                start: at,
                name_end,
                end: at,
                own,
                needs_default: false,
                default_since: None,
            });
        }
        let Some(element) = self.elements.last_mut() else { return };
        if declares_default && element.default_since.is_none() {
            element.default_since = Some(depth);
        }
        element.needs_default |= !has_prefix && element.default_since.is_none();
    }

    /// An end tag in it, which ends at `at`.
    pub(super) fn close(&mut self, at: usize, depth: usize) {
        let Some(element) = self.elements.last_mut() else { return };
        if element.default_since == Some(depth) {
            element.default_since = None;
        }
        if depth == 0 {
            element.end = at;
        }
    }

    /// Leaves a part out.
    pub(super) fn cut(&mut self, start: usize, end: usize) {
        self.cuts.push((start, end));
    }

    pub(super) fn end(&mut self, at: usize) {
        self.end = at;
    }

    /// What is to be changed so that it stands alone: it declares what it inherits from `scopes`.
    pub(super) fn edits(&self, raw: &[u8], scopes: &[&Declarations]) -> Edits {
        let mut edits: Edits = self.cuts.iter().map(|(start, end)| (*start..*end, Vec::new())).collect();
        for element in &self.elements {
            let xml = &raw[element.start..element.end.max(element.name_end)];
            let inserted = inherited(scopes.iter().copied(), &element.own, xml, element.needs_default);
            edits.push((element.name_end..element.name_end, inserted));
        }
        edits.sort_by_key(|(part, _)| part.start);
        edits
    }

    /// How many bytes it has by itself, at the most.
    pub(super) fn size(&self, edits: &Edits) -> usize {
        self.end - self.start + edits.iter().map(|(_, inserted)| inserted.len()).sum::<usize>()
    }

    /// The section by itself, outer white space trimmed.
    pub(super) fn standalone(&self, raw: &[u8], edits: &Edits) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.size(edits));
        let mut at = self.start;
        for (part, inserted) in edits {
            out.extend_from_slice(&raw[at..part.start]);
            out.extend_from_slice(inserted);
            at = part.end;
        }
        out.extend_from_slice(&raw[at..self.end]);
        trimmed(out)
    }

    /// The same, made of the raw bytes themselves: a large section is not held twice.
    pub(super) fn taken_out_of(&self, mut raw: Vec<u8>, edits: Edits) -> Vec<u8> {
        raw.truncate(self.end);
        for (part, inserted) in edits.into_iter().rev() {
            raw.splice(part, inserted);
        }
        raw.drain(..self.start);
        trimmed(raw)
    }

    /// Whether there is any element in it.
    pub(super) fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }
}

/// Without outer white space. What is left is not copied.
fn trimmed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.trim_ascii_end().len());
    let space = bytes.len() - bytes.trim_ascii_start().len();
    bytes.drain(..space);
    bytes
}
