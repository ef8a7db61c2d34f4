use granary_oai_pmh::{Datestamp, Item, Limits, PageError, Parser};

/// What a page comes to: its items, how many of them had come before its end was told, and how it ended.
#[derive(Debug, PartialEq)]
struct Outcome {
    items: Vec<Item>,
    before_the_end: usize,
    end: Result<(), PageError>,
}

/// Limits that a page of a few hundred bytes can exceed.
const SMALL: Limits = Limits {
    depth: 8,
    tag_bytes: 300,
    field_bytes: 80,
    record_bytes: 1000,
    passed_over_bytes: 1 << 20,
    preamble_bytes: 1 << 20,
};

/// Checks the parser of OAI-PMH on a page of these bytes.
///
/// - Whatever pieces the page comes in, its items and its end are the same, and no more is held than was promised.
/// - Cut off anywhere, it gives what had come before the cut, and never looks whole where the whole page is not.
/// - A datestamp that can be read is written so that it reads back.
pub fn page(data: &[u8]) {
    for limits in [Limits::default(), SMALL] {
        let whole = read([data], limits);
        assert_eq!(read(data.chunks(1), limits), whole, "byte by byte");
        assert_eq!(read(pieces(data), limits), whole, "in pieces");
        check_cut(data, limits, &whole);
        whole.items.iter().for_each(check_datestamp);
    }
}

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limits: Limits) -> Outcome {
    let mut parser = Parser::new(limits);
    let mut items = Vec::new();
    for piece in pieces {
        parser.feed(piece);
        check_held(&parser, piece.len(), limits);
        items.extend(std::iter::from_fn(|| parser.next()));
    }
    let before_the_end = items.len();
    let end = parser.finish();
    items.extend(std::iter::from_fn(|| parser.next()));
    assert_eq!(parser.finish(), end, "the end stays what it was");
    Outcome { items, before_the_end, end }
}

/// One tag and what was fed last. Twice: a vector doubles; thrice: so much more may UTF-8 take than another encoding.
fn check_held(parser: &Parser, fed: usize, limits: Limits) {
    // What has been read is dropped from 64 KiB on, and what the encoding is decided by is at most 1 KiB.
    let most = 2 * (limits.tag_bytes + 3 * fed + (64 << 10) + (1 << 10));
    assert!(parser.buffered() <= most, "{} bytes are held, and {most} should be enough", parser.buffered());
}

/// The page cut into pieces whose lengths follow from its bytes.
fn pieces(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut seed = seed(data);
    let mut rest = data;
    std::iter::from_fn(move || {
        seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        let length = 1 + (seed >> 33) as usize % 40;
        let (piece, left) = rest.split_at(rest.len().min(length));
        rest = left;
        (!piece.is_empty()).then_some(piece)
    })
}

/// A number that follows from the bytes (FNV-1a): what is cut where stays the same when a found case is replayed, and a file
/// of the corpus is a page and nothing else.
fn seed(data: &[u8]) -> u64 {
    data.iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn check_cut(data: &[u8], limits: Limits, whole: &Outcome) {
    let at = (seed(data) >> 20) as usize % (data.len() + 1);
    let cut = read([&data[..at]], limits);
    let came = &cut.items[..cut.before_the_end];
    assert!(whole.items.starts_with(came), "cut at {at}, it gives other items: {came:?}");
    if cut.end.is_ok() {
        assert_eq!((&cut.items, &whole.end), (&whole.items, &Ok(())), "cut at {at}, it looks whole");
    }
}

fn check_datestamp(item: &Item) {
    let header = match item {
        Item::Header(header) => header,
        Item::Record(record) => &record.header,
        Item::Broken(broken) => &broken.header,
        Item::ResponseDate(_)
        | Item::Request { .. }
        | Item::Identify(_)
        | Item::Format(_)
        | Item::Set(_)
        | Item::Error(_)
        | Item::Next(_) => return,
    };
    if let Some(datestamp) = header.datestamp_parsed() {
        assert_eq!(datestamp.to_string().parse::<Datestamp>(), Ok(datestamp), "{:?}", header.datestamp);
    }
}
