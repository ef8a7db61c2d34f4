//! A page of any length is read in bounded memory.

mod common;

use common::{broken, list_records, parse, parse_pieces, record, records};
use granary_oai_pmh::{Item, Limits, PageError, Parser};

/// Feeds `piece` again and again until so many bytes have been fed, 64 KiB at a time, and returns how many records came
/// and how large the buffer ever was.
fn feed(parser: &mut Parser, piece: &[u8], bytes: usize) -> (usize, usize) {
    let (mut records, mut largest) = (0, 0);
    let chunk: Vec<u8> =
        piece.iter().copied().cycle().take(piece.len() * (65_536usize).div_ceil(piece.len())).collect();
    let mut left = bytes / chunk.len() * chunk.len();
    let mut at = 0;
    while left > 0 {
        // Not a multiple of the record's length: the seams lie everywhere.
        let length = (64 << 10).min(chunk.len() - at).min(left);
        parser.feed(&chunk[at..at + length]);
        at = (at + length) % chunk.len();
        left -= length;
        largest = largest.max(parser.buffered());
        while let Some(item) = parser.next() {
            records += usize::from(matches!(item, Item::Record(_)));
        }
    }
    (records, largest)
}

#[test]
fn fifty_megabytes_of_records_are_read_in_less_than_one() {
    let mut parser = Parser::new(Limits::default());
    parser.feed(b"<OAI-PMH><ListRecords>");
    let record = record(1, &format!("<r xmlns='u'>{}</r>", "<e a='b'>lorem ipsum dolor</e>".repeat(60)));
    let (records, largest) = feed(&mut parser, record.as_bytes(), 50 << 20);
    parser.feed(b"</ListRecords></OAI-PMH>");
    assert_eq!(parser.finish(), Ok(()));
    assert!(records * record.len() > 49 << 20, "{records}");
    assert!(largest < 1 << 20, "{largest}");
}

#[test]
fn text_between_records_is_not_held() {
    for (opening, piece) in [("", " x "), ("<![CDATA[", " ] > ")] {
        let mut parser = Parser::new(Limits::default());
        parser.feed(format!("<OAI-PMH><ListRecords>{opening}").as_bytes());
        let (_, largest) = feed(&mut parser, piece.as_bytes(), 8 << 20);
        assert!(largest < 1 << 20, "{opening}: {largest}");
    }
}

#[test]
fn a_record_beyond_its_limit_is_not_held() {
    for (opening, piece) in [("", "<e>x</e>"), ("", "text "), ("<![CDATA[", " ] > ")] {
        let limits = Limits { record_bytes: 200 << 10, ..Limits::default() };
        let mut parser = Parser::new(limits);
        parser.feed(format!("<OAI-PMH><ListRecords><record><metadata>{opening}").as_bytes());
        let (_, largest) = feed(&mut parser, piece.as_bytes(), 8 << 20);
        assert!(largest < 1 << 20, "{opening}{piece}: {largest}");
    }
}

#[test]
fn a_large_record_is_read_in_time_that_grows_with_its_length_only() {
    let mut parser = Parser::new(Limits::default());
    parser.feed(
        b"<OAI-PMH><ListRecords><record><header><identifier>1</identifier></header><metadata><r><![CDATA[",
    );
    let text = vec![b'x'; 8 << 20];
    for piece in text.chunks(512) {
        parser.feed(piece);
        assert_eq!(parser.next(), None);
    }
    parser.feed(b"]]></r></metadata></record></ListRecords></OAI-PMH>");
    assert_eq!(parser.finish(), Ok(()));
    let Some(Item::Record(record)) = parser.next() else { panic!("no record") };
    assert!(record.metadata.is_some_and(|metadata| metadata.len() > text.len()));
}

#[test]
fn names_that_have_to_be_held_are_bounded() {
    let name = "n".repeat(1000);
    let declarations: String = (0..20_000).map(|number| format!(" xmlns:n{number}='u'")).collect();
    for page in [
        format!("<OAI-PMH>{}", format!("<{name}>").repeat(100)),
        format!("<OAI-PMH{declarations}>"),
        format!("<OAI-PMH>{}", format!("<x xmlns:n='{name}'>").repeat(100)),
    ] {
        let (_, end) = parse(&page);
        let what = "the names of elements and namespaces";
        assert!(matches!(end, Err(PageError::TooLarge { what: w, .. }) if w == what), "{end:?}");
    }
    // What has been closed is not held.
    let page = format!("<OAI-PMH>{}</OAI-PMH>", format!("<{name} xmlns:n='{name}'></{name}>").repeat(100));
    assert_eq!(parse(&page).1, Ok(()));
}

/// Two records, of which the first is given up.
fn check_costs_itself_only(page: &str, limits: Limits) {
    let (items, end) = parse_pieces([page.as_bytes()], limits);
    assert_eq!((broken(&items).len(), records(&items).len(), &end), (1, 1, &Ok(())));
    assert!(broken(&items)[0].reason.contains("larger than allowed"), "{}", broken(&items)[0].reason);
    assert_eq!(broken(&items)[0].header.identifier, "oai:x:1");
    assert!(broken(&items)[0].fragment.len() <= 64 << 10);
    assert_eq!(parse_pieces(page.as_bytes().chunks(7), limits), (items, end), "in other pieces");
}

#[test]
fn a_record_of_very_many_parts_costs_itself_only() {
    for (before, part) in [
        ("</header>", "<setSpec>a</setSpec>"),
        ("</record>", "<about><a/></about>"),
        ("</metadata>", "<?xml version='1.0'?>"),
    ] {
        let many = record(1, "<r/>").replacen(before, &(part.repeat(11_000) + before), 1);
        check_costs_itself_only(&list_records(&(many + &record(2, "<r/>"))), Limits::default());
    }
}

#[test]
fn a_record_that_inherits_more_than_it_may_have_costs_itself_only() {
    let limits = Limits { record_bytes: 100_000, ..Limits::default() };
    let about = "<about><n:a/></about>".repeat(10);
    let many = record(1, "<r/>").replacen("</metadata>", &format!("</metadata>{about}"), 1);
    let page = list_records(&(many + &record(2, "<n:r/>")));
    let page = page.replacen("<OAI-PMH", &format!("<OAI-PMH xmlns:n='{}'", "u".repeat(20_000)), 1);
    check_costs_itself_only(&page, limits);
}
