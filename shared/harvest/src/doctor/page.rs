//! What an answer of OAI-PMH holds, as far as the doctor needs it. Bounded, whatever was sent.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use granary_oai_pmh::{Header, Identify, Item, MetadataFormat, Next, OaiError, Record, Set};

/// How many things of a kind are kept; the rest is counted. A page of any repository we know of is smaller.
const KEPT: usize = 5000;

/// How many records are kept with their metadata.
const SAMPLES: usize = 3;

/// How many different texts about what is odd are kept.
const REMARKS: usize = 5;

/// What an answer holds.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) response_date: Option<String>,
    pub(crate) identify: Option<Identify>,
    pub(crate) formats: Vec<MetadataFormat>,
    pub(crate) sets: Vec<Set>,
    /// Those of records too.
    pub(crate) headers: Vec<Header>,
    /// The first records that are not deleted and have metadata.
    pub(crate) samples: Vec<Record>,
    /// Records, headers and sets, those that cannot be used among them.
    pub(crate) items: u64,
    pub(crate) deleted: u64,
    /// Records or headers that cannot be used, and the first reasons.
    pub(crate) broken: u64,
    pub(crate) broken_because: BTreeSet<String>,
    /// Records that had to be mended, and how the first were.
    pub(crate) mended: u64,
    pub(crate) mended_how: BTreeSet<String>,
    pub(crate) next: Option<Next>,
    pub(crate) error: Option<OaiError>,
    hasher: DefaultHasher,
}

impl Page {
    /// Takes note of an item.
    pub(crate) fn take(&mut self, item: Item) {
        match item {
            Item::ResponseDate(date) => self.response_date = Some(date),
            Item::Identify(identify) => self.identify = Some(identify),
            Item::Format(format) => keep(&mut self.formats, format),
            Item::Set(set) => {
                self.items += 1;
                set.spec.hash(&mut self.hasher);
                keep(&mut self.sets, set);
            }
            Item::Header(header) => self.header(header),
            Item::Record(record) => self.record(record),
            Item::Error(error) => self.error = Some(error),
            Item::Next(next) => self.next = Some(next),
            Item::Broken(broken) => {
                self.items += 1;
                self.broken += 1;
                broken.fragment.hash(&mut self.hasher);
                remark(&mut self.broken_because, &broken.reason);
            }
            Item::Request { .. } => {}
        }
    }

    fn header(&mut self, header: Header) {
        self.items += 1;
        self.deleted += u64::from(header.deleted);
        (&header.identifier, &header.datestamp).hash(&mut self.hasher);
        keep(&mut self.headers, header);
    }

    fn record(&mut self, record: Record) {
        self.header(record.header.clone());
        self.mended += u64::from(!record.repaired.is_empty());
        record.repaired.iter().for_each(|how| remark(&mut self.mended_how, how));
        if self.samples.len() < SAMPLES && !record.header.deleted && record.metadata.is_some() {
            self.samples.push(record);
        }
    }

    /// A number that follows from what is listed, in its order: two pages with the same one are the same page.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.hasher.finish()
    }

    /// How many headers lack a datestamp.
    pub(crate) fn without_datestamp(&self) -> usize {
        self.headers.iter().filter(|header| header.datestamp.is_empty()).count()
    }
}

fn keep<T>(kept: &mut Vec<T>, thing: T) {
    if kept.len() < KEPT {
        kept.push(thing);
    }
}

fn remark(remarks: &mut BTreeSet<String>, text: &str) {
    if remarks.len() < REMARKS {
        remarks.insert(text.chars().take(200).collect());
    }
}

/// Remarks as one text.
pub(crate) fn joined(remarks: &BTreeSet<String>) -> String {
    remarks.iter().map(String::as_str).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(identifier: &str) -> Item {
        let identifier = identifier.to_owned();
        Item::Header(Header { identifier, datestamp: "2020-01-01".to_owned(), ..Header::default() })
    }

    fn page(items: impl IntoIterator<Item = Item>) -> Page {
        let mut page = Page::default();
        items.into_iter().for_each(|item| page.take(item));
        page
    }

    #[test]
    fn pages_are_told_apart_by_what_they_list() {
        let [one, same, other] = [["a", "b"], ["a", "b"], ["b", "a"]].map(|ids| page(ids.map(header)));
        assert_eq!(one.fingerprint(), same.fingerprint());
        assert_ne!(one.fingerprint(), other.fingerprint());
    }

    #[test]
    fn what_is_kept_of_a_page_is_bounded_and_what_is_counted_is_not() {
        let page = page((0..2 * KEPT).map(|n| header(&n.to_string())));
        assert_eq!((page.headers.len(), page.items), (KEPT, 2 * KEPT as u64));
    }
}
