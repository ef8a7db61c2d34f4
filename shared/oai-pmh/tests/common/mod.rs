//! What the tests of the parser share.

#![allow(dead_code)] // Each test uses its part of it.

use granary_oai_pmh::{Broken, Header, Item, Limits, OaiError, PageError, Parser, Record};

/// What a page comes to: its items, and how it ended.
pub(crate) type Outcome = (Vec<Item>, Result<(), PageError>);

/// Reads a page that comes in these pieces.
pub(crate) fn parse_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limits: Limits) -> Outcome {
    let mut parser = Parser::new(limits);
    let mut items = Vec::new();
    for piece in pieces {
        parser.feed(piece);
        items.extend(std::iter::from_fn(|| parser.next()));
    }
    let end = parser.finish();
    items.extend(std::iter::from_fn(|| parser.next()));
    assert_eq!(parser.finish(), end, "the end stays what it was");
    (items, end)
}

/// Reads a page that comes in one piece.
pub(crate) fn parse(page: impl AsRef<[u8]>) -> Outcome {
    parse_pieces([page.as_ref()], Limits::default())
}

/// The items of a page that is whole, in one piece and byte by byte.
pub(crate) fn items(page: impl AsRef<[u8]>) -> Vec<Item> {
    let page = page.as_ref();
    let (items, end) = parse(page);
    assert_eq!(end, Ok(()));
    assert_eq!(parse_pieces(page.chunks(1), Limits::default()), (items.clone(), Ok(())), "byte by byte");
    items
}

/// A page around `content`, with the namespaces that a page should have.
pub(crate) fn page(content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<OAI-PMH xmlns=\"http://www.openarchives.org/OAI/2.0/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
         <responseDate>2020-01-01T00:00:00Z</responseDate>{content}</OAI-PMH>"
    )
}

/// A page of ListRecords with these records.
pub(crate) fn list_records(records: &str) -> String {
    page(&format!("<ListRecords>{records}</ListRecords>"))
}

/// A record with this number and this metadata.
pub(crate) fn record(number: usize, metadata: &str) -> String {
    let header =
        format!("<header><identifier>oai:x:{number}</identifier><datestamp>2020-01-01</datestamp></header>");
    format!("<record>{header}<metadata>{metadata}</metadata></record>")
}

pub(crate) fn records(items: &[Item]) -> Vec<&Record> {
    items
        .iter()
        .filter_map(|item| if let Item::Record(record) = item { Some(record) } else { None })
        .collect()
}

pub(crate) fn headers(items: &[Item]) -> Vec<&Header> {
    items
        .iter()
        .filter_map(|item| if let Item::Header(header) = item { Some(header) } else { None })
        .collect()
}

pub(crate) fn broken(items: &[Item]) -> Vec<&Broken> {
    items
        .iter()
        .filter_map(|item| if let Item::Broken(broken) = item { Some(broken) } else { None })
        .collect()
}

pub(crate) fn errors(items: &[Item]) -> Vec<&OaiError> {
    items.iter().filter_map(|item| if let Item::Error(error) = item { Some(error) } else { None }).collect()
}

pub(crate) fn next(items: &[Item]) -> Vec<&granary_oai_pmh::Next> {
    items.iter().filter_map(|item| if let Item::Next(next) = item { Some(next) } else { None }).collect()
}

/// The metadata of the only record of a page of ListRecords that has this record.
pub(crate) fn only_record(page: impl AsRef<[u8]>) -> Record {
    let items = items(page);
    assert_eq!(broken(&items), Vec::<&Broken>::new());
    let [record] = records(&items)[..] else { panic!("not one record: {items:?}") };
    record.clone()
}

pub(crate) fn text(bytes: Option<&Vec<u8>>) -> &str {
    std::str::from_utf8(bytes.expect("there is metadata")).expect("it is UTF-8")
}
