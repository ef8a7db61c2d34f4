//! What a page comes to, for the state machine.

use crate::{
    parser::Item,
    types::{Header, Next, OaiError},
};

/// A page, reduced to what decides how its list goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageSummary {
    /// Records, headers and sets, those that could not be read among them.
    pub items: u64,
    /// A number that follows from identifiers and datestamps in their order, and from nothing else: not from the token.
    pub fingerprint: u64,
    /// Where the list goes on.
    pub next: Next,
    /// The error that the repository reports.
    pub error: Option<OaiError>,
    /// How far it was read.
    pub ending: Ending,
}

/// How far a page was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// To its end, and it is an answer: a list, though an empty one, or an error.
    Whole,
    /// Not so far, or it is something else. The next time it may be better.
    CutOff,
    /// There was no page, as often as it was asked for.
    Unanswered,
}

/// Makes a [`PageSummary`] of items as they go by.
#[derive(Debug, Clone)]
pub struct Summary {
    items: u64,
    fingerprint: u64,
    next: Option<Next>,
    error: Option<OaiError>,
}

impl Default for Summary {
    fn default() -> Self {
        Self { items: 0, fingerprint: OFFSET, next: None, error: None }
    }
}

/// FNV-1a, 64 bits.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

impl Summary {
    /// Takes note of an item.
    pub fn observe(&mut self, item: &Item) {
        match item {
            Item::Header(header) => self.count(header),
            Item::Record(record) => self.count(&record.header),
            Item::Broken(broken) => {
                self.items += 1;
                self.mix(&broken.fragment);
            }
            Item::Next(next) => self.next = Some(next.clone()),
            Item::Error(error) => self.error = Some(error.clone()),
            Item::Set(set) => {
                self.items += 1;
                self.mix(set.spec.as_bytes());
            }
            Item::ResponseDate(_) | Item::Request { .. } | Item::Identify(_) | Item::Format(_) => {}
        }
    }

    fn count(&mut self, header: &Header) {
        self.items += 1;
        self.mix(header.identifier.as_bytes());
        self.mix(header.datestamp.as_bytes());
    }

    fn mix(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain(&[0]) {
            self.fingerprint = (self.fingerprint ^ u64::from(*byte)).wrapping_mul(PRIME);
        }
    }

    /// The summary of a page that was read to its end.
    pub fn finish(self) -> PageSummary {
        let ending = match self.items > 0 || self.next.is_some() || self.error.is_some() {
            true => Ending::Whole,
            false => Ending::CutOff,
        };
        let next = self.next.unwrap_or(Next::End { complete_list_size: None, cursor: None });
        PageSummary { items: self.items, fingerprint: self.fingerprint, next, error: self.error, ending }
    }

    /// The summary of a page that was cut off.
    pub fn cut_off(self) -> PageSummary {
        PageSummary { ending: Ending::CutOff, ..self.finish() }
    }

    /// The summary of a page that cannot be had.
    pub fn unanswered(self) -> PageSummary {
        PageSummary { ending: Ending::Unanswered, ..self.finish() }
    }
}
