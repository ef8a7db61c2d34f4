//! What holds for any bytes at all.

mod common;

use common::{list_records, parse, parse_pieces, record, records};
use granary_oai_pmh::{Limits, PageError};
use proptest::prelude::*;

/// Pieces of XML and of what is not, to be put together at random.
const PIECES: &[&str] = &[
    "<",
    ">",
    "</",
    "/>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?xml version='1.0'?>",
    "<?",
    "?>",
    "<!DOCTYPE x [",
    "]>",
    "\"",
    "'",
    "=",
    "&",
    "&amp;",
    "&#x1D400;",
    "&#55349;",
    "&#0;",
    ";",
    " ",
    "\n",
    "x",
    "é",
    "\u{0}",
    "\u{ffff}",
    "<OAI-PMH xmlns='u' xmlns:a='v'>",
    "</OAI-PMH>",
    "<ListRecords>",
    "</ListRecords>",
    "<record>",
    "</record>",
    "<header>",
    "<header status='deleted'>",
    "</header>",
    "<identifier>",
    "</identifier>",
    "<metadata>",
    "</metadata>",
    "<about>",
    "</about>",
    "<a:r>",
    "</a:r>",
    "<r/>",
    "<resumptionToken>",
    "</resumptionToken>",
    "<Identify>",
    "</Identify>",
    "<description>",
    "</description>",
    "<error code='badVerb'/>",
    "<set>",
    "</set>",
];

fn soup() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        9 => prop::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..5),
    ];
    let start =
        prop::sample::select(vec!["", "<OAI-PMH>", "<OAI-PMH><ListRecords><record>", "\u{feff}<OAI-PMH>"]);
    (start, prop::collection::vec(piece, 0..60))
        .prop_map(|(start, pieces)| [start.as_bytes(), &pieces.concat()].concat())
}

/// Small limits, so that they are met.
fn limits() -> Limits {
    Limits { depth: 8, tag_bytes: 60, field_bytes: 40, record_bytes: 200, ..Limits::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_pieces_in_which_bytes_come_make_no_difference(bytes in soup(), sizes in prop::collection::vec(1usize..20, 1..9)) {
        for limits in [Limits::default(), limits()] {
            let whole = parse_pieces([bytes.as_slice()], limits);
            prop_assert_eq!(&parse_pieces(bytes.chunks(1), limits), &whole, "byte by byte");
            let mut sizes = sizes.iter().cycle();
            let mut rest = bytes.as_slice();
            let pieces = std::iter::from_fn(|| {
                let (piece, left) = rest.split_at(rest.len().min(*sizes.next()?));
                rest = left;
                (!piece.is_empty()).then_some(piece)
            });
            prop_assert_eq!(&parse_pieces(pieces, limits), &whole);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn metadata_of_any_text_comes_back_as_it_was_sent(text in "[^<&\\p{Cc}\u{fffe}\u{ffff}]{0,40}", count in 1usize..4) {
        let metadata = format!("<r xmlns='u'>{text}</r>");
        let page = list_records(&(0..count).map(|number| record(number, &metadata)).collect::<String>());
        let (items, end) = parse(&page);
        prop_assert_eq!(end, Ok(()));
        prop_assert_eq!(records(&items).len(), count);
        for record in records(&items) {
            prop_assert_eq!(common::text(record.metadata.as_ref()), metadata.as_str());
            prop_assert!(record.repaired.is_empty());
        }
    }

    #[test]
    fn a_page_cut_off_anywhere_never_looks_whole(count in 0usize..4, cut in any::<prop::sample::Index>()) {
        let page = list_records(&(0..count).map(|number| record(number, "<r xmlns='u'/>")).collect::<String>());
        let (whole, _) = parse(&page);
        let (items, end) = parse(&page[..cut.index(page.len())]);
        let incomplete = matches!(end, Err(PageError::Truncated { .. } | PageError::Empty | PageError::NotOaiPmh { .. }));
        prop_assert!(incomplete);
        prop_assert_eq!(&items[..], &whole[..items.len()]);
    }
}
