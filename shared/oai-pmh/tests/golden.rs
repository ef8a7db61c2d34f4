//! What real repositories have sent, each page with its expected outcome. The pages are other people's and are not kept
//! here: `GRANARY_GOLDEN` names the folder that has them in `oai/`.

mod common;

use std::{ffi::OsString, fs, path::PathBuf};

use common::{Outcome, broken, headers, next, parse, parse_pieces, records};
use granary_oai_pmh::{DeletedRecord, ErrorCode, Granularity, Item, Limits, Next, PageError};

/// How a page ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    NotOaiPmh,
    NotWellFormed,
}

/// What a page comes to.
#[derive(Debug, PartialEq, Eq)]
struct Expected {
    records: usize,
    headers: usize,
    deleted: usize,
    broken: usize,
    formats: usize,
    identify: usize,
    error: Option<&'static str>,
    /// Token, completeListSize, cursor, of the last [`Next`] that says anything.
    next: Option<(Option<&'static str>, Option<u64>, Option<u64>)>,
    end: End,
}

const PAGE: Expected = Expected {
    records: 0,
    headers: 0,
    deleted: 0,
    broken: 0,
    formats: 0,
    identify: 0,
    error: None,
    next: None,
    end: End::Whole,
};
const METADATA_ALONE: Expected = Expected { end: End::NotOaiPmh, ..PAGE };

const fn error(code: &'static str) -> Expected {
    Expected { error: Some(code), ..PAGE }
}

const EXPECTED: &[(&str, Expected)] = &[
    ("bnf-root-namespaces-ark", {
        let next = Some((Some("1!53691!20513471!2505879!100!2402263!oai_dc"), Some(2_402_263), Some(0)));
        Expected { records: 1, next, ..PAGE }
    }),
    ("cds-marcxml-getrecord", Expected { records: 1, ..PAGE }),
    ("dspace-xoai-metadata-bundles", METADATA_ALONE),
    ("error-badArgument", error("badArgument")),
    ("error-badResumptionToken", error("badResumptionToken")),
    ("error-badVerb-nsdl", error("badVerb")),
    ("error-cannotDisseminateFormat", error("cannotDisseminateFormat")),
    ("error-idDoesNotExist", error("idDoesNotExist")),
    ("error-noRecordsMatch", error("noRecordsMatch")),
    ("error-noSetHierarchy", error("noSetHierarchy")),
    ("error-undefinedError", error("undefinedError")),
    ("exlibris-alma-listidentifiers-1", {
        let token = "2017-01-01@2017-01-03@oai_komplett@marc21@15180036410002201";
        Expected { headers: 100, next: Some((Some(token), None, None)), ..PAGE }
    }),
    ("exlibris-alma-listidentifiers-2", Expected { headers: 10, ..PAGE }),
    ("gulbenkian-dspace-listidentifiers-1", {
        let token = "oai_dc/2016-01-01T00:00:00Z/2017-01-01T00:00:00Z//100";
        Expected { headers: 100, next: Some((Some(token), Some(154), Some(0))), ..PAGE }
    }),
    (
        "gulbenkian-dspace-listidentifiers-2",
        Expected { headers: 54, deleted: 1, next: Some((None, Some(154), Some(1))), ..PAGE },
    ),
    ("halle-dspace-mets-getrecord", Expected { records: 1, ..PAGE }),
    ("halle-iddoesnotexist", error("idDoesNotExist")),
    ("halle-mets-deleted", Expected { records: 1, deleted: 1, ..PAGE }),
    ("halle-vls-mets-mods-getrecord", Expected { records: 1, ..PAGE }),
    ("hbo-didl-metadata", METADATA_ALONE),
    ("ideals-dspace-ore-metadata", METADATA_ALONE),
    ("invenio-arxiv-no-namespace", Expected { records: 1, ..PAGE }),
    ("invenio-arxiv-norecordsmatch-text", error("noRecordsMatch")),
    ("invenio-inspire-listrecords", Expected { records: 2, ..PAGE }),
    ("janeway-listidentifiers-jats", Expected { headers: 1, ..PAGE }),
    ("janeway-listrecords-jats", Expected { records: 1, ..PAGE }),
    ("mit-dspace-getrecord-deleted", Expected { records: 1, deleted: 1, ..PAGE }),
    ("mit-dspace-listrecords-deleted", Expected { records: 1, deleted: 1, ..PAGE }),
    (
        "nsdl-last-page-empty-token-attrs",
        Expected { headers: 133, next: Some((None, Some(733), Some(600))), ..PAGE },
    ),
    ("ojs-cdata", Expected { records: 1, ..PAGE }),
    ("pos-identifier-with-space", Expected { records: 1, ..PAGE }),
    ("pyoai-dspace-2003-listrecords", Expected { records: 16, ..PAGE }),
    ("pyoai-identify-bogus-wrapper", Expected { identify: 1, end: End::NotWellFormed, ..PAGE }),
    ("rubyoai-identify-no-namespace", Expected { identify: 1, ..PAGE }),
    ("sickle-deleted-without-identifier", Expected { records: 1, broken: 1, ..PAGE }),
    ("sickle-getrecord-utf8", Expected { records: 1, ..PAGE }),
    ("sickle-listidentifiers-deleted-token", {
        let next = Some((Some("ListIdentifiers2.xml"), Some(4), Some(0)));
        Expected { headers: 2, deleted: 1, next, ..PAGE }
    }),
    ("sickle-listmetadataformats", Expected { formats: 5, ..PAGE }),
    ("vufind-identify", Expected { identify: 1, ..PAGE }),
    ("vufind-token-no-datestamp", Expected { records: 1, next: Some((Some("more"), None, None)), ..PAGE }),
    ("vufind-unknown-error-code", error("foo")),
];

#[expect(clippy::print_stderr, reason = "who runs the tests has to know that this one was not")]
fn folder() -> Option<PathBuf> {
    let Some(golden) = std::env::var_os("GRANARY_GOLDEN") else {
        eprintln!("not run: GRANARY_GOLDEN is not set");
        return None;
    };
    Some(PathBuf::from(golden).join("oai"))
}

/// The page, where there are golden pages.
fn golden(name: &str) -> Option<Vec<u8>> {
    Some(fs::read(folder()?.join(format!("{name}.xml"))).expect("it can be read"))
}

#[test]
fn every_page_has_its_expected_outcome() {
    let Some(folder) = folder() else { return };
    for (name, expected) in EXPECTED {
        let page = fs::read(folder.join(format!("{name}.xml"))).unwrap();
        assert_eq!(summary(&parse(&page)), *expected, "{name}");
    }
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort_unstable();
    let expected: Vec<_> = EXPECTED.iter().map(|(name, _)| OsString::from(format!("{name}.xml"))).collect();
    assert_eq!(files, expected, "each page has a row");
}

/// What a page comes to. The code of an error and the text of a token are looked up in the table, to be compared.
fn summary((items, end): &Outcome) -> Expected {
    let code = |item: &Item| if let Item::Error(error) = item { Some(error.code.to_string()) } else { None };
    let error = items
        .iter()
        .find_map(code)
        .map(|code| EXPECTED.iter().find_map(|(_, e)| e.error.filter(|e| *e == code)));
    let token = |token: &str| EXPECTED.iter().find_map(|(_, e)| e.next?.0.filter(|known| *known == token));
    let next = next(items).last().map(|next| match next {
        Next::More { token: text, complete_list_size, cursor, .. } => {
            (Some(token(text.as_str()).unwrap_or("?")), *complete_list_size, *cursor)
        }
        Next::End { complete_list_size, cursor } => (None, *complete_list_size, *cursor),
    });
    let deleted_records = records(items).iter().filter(|record| record.header.deleted).count();
    Expected {
        records: records(items).len(),
        headers: headers(items).len(),
        deleted: deleted_records + headers(items).iter().filter(|header| header.deleted).count(),
        broken: broken(items).len(),
        formats: items.iter().filter(|item| matches!(item, Item::Format(_))).count(),
        identify: items.iter().filter(|item| matches!(item, Item::Identify(_))).count(),
        error: error.map(|known| known.unwrap_or("?")),
        next: next.filter(|next| *next != (None, None, None)),
        end: match end {
            Ok(()) => End::Whole,
            Err(PageError::NotOaiPmh { .. }) => End::NotOaiPmh,
            Err(PageError::NotWellFormed { .. }) => End::NotWellFormed,
            Err(other) => panic!("{other}"),
        },
    }
}

#[test]
fn the_pieces_in_which_a_page_comes_make_no_difference() {
    let Some(folder) = folder() else { return };
    // Pieces of 1 to 97 bytes, in an order without pattern.
    let mut size = 1usize;
    for (name, _) in EXPECTED {
        let page = fs::read(folder.join(format!("{name}.xml"))).unwrap();
        let whole = parse(&page);
        assert_eq!(parse_pieces(page.chunks(1), Limits::default()), whole, "{name} byte by byte");
        let mut rest = &page[..];
        let pieces = std::iter::from_fn(|| {
            size = (size * 31 + 17) % 97 + 1;
            let (piece, left) = rest.split_at(size.min(rest.len()));
            rest = left;
            (!piece.is_empty()).then_some(piece)
        });
        assert_eq!(parse_pieces(pieces, Limits::default()), whole, "{name} in pieces");
    }
}

#[test]
fn a_page_that_is_cut_off_gives_its_whole_records() {
    let Some(page) = golden("pyoai-dspace-2003-listrecords") else { return };
    let (whole, _) = parse(&page);
    for cut in (0..page.len()).step_by(501) {
        let (items, end) = parse(&page[..cut]);
        let ended = page[..cut].windows(9).filter(|window| window == b"</record>").count();
        assert_eq!(records(&items).len(), ended, "cut at {cut}");
        assert_eq!(items, whole[..items.len()], "cut at {cut}");
        match end {
            Err(PageError::Empty) if cut == 0 => {}
            Err(PageError::Truncated { .. }) => {}
            other => panic!("cut at {cut}: {other:?}"),
        }
    }
}

#[test]
fn prefixes_that_are_declared_on_the_root_only_come_with_the_metadata() {
    let Some(page) = golden("bnf-root-namespaces-ark") else { return };
    let (items, _) = parse(page);
    let metadata = common::text(records(&items)[0].metadata.as_ref());
    let (tag, _) = metadata.split_once('>').unwrap();
    assert!(tag.starts_with("<oai_dc:dc "), "{tag}");
    assert!(tag.contains(" xmlns:oai_dc=\"http://www.openarchives.org/OAI/2.0/oai_dc/\""), "{tag}");
    assert!(tag.contains(" xmlns:dc=\"http://purl.org/dc/elements/1.1/\""), "{tag}");
    assert!(!tag.contains("xmlns:xsi") && !tag.contains("xmlns="), "what is not used is not added: {tag}");
    assert!(metadata.ends_with("</oai_dc:dc>"));
}

#[test]
fn a_root_element_without_namespace_of_its_own_gets_the_one_it_inherits() {
    let Some(page) = golden("janeway-listrecords-jats") else { return };
    let (items, _) = parse(page);
    let metadata = common::text(records(&items)[0].metadata.as_ref());
    let (tag, _) = metadata.split_once('>').unwrap();
    assert!(
        tag.starts_with("<article") && tag.contains(" xmlns=\"http://www.openarchives.org/OAI/2.0/\""),
        "{tag}"
    );
}

#[test]
fn metadata_that_stands_alone_is_the_bytes_that_were_received() {
    for name in ["cds-marcxml-getrecord", "sickle-getrecord-utf8", "ojs-cdata", "halle-dspace-mets-getrecord"]
    {
        let Some(page) = golden(name) else { return };
        let (items, _) = parse(&page);
        let page = String::from_utf8(page).unwrap();
        let (_, rest) = page.split_once("<metadata>").unwrap();
        let (metadata, _) = rest.rsplit_once("</metadata>").unwrap();
        assert_eq!(common::text(records(&items)[0].metadata.as_ref()), metadata.trim(), "{name}");
    }
}

#[test]
fn identifiers_and_sets_are_as_the_repository_writes_them() {
    let Some(page) = golden("pos-identifier-with-space") else { return };
    let (items, _) = parse(page);
    let header = &records(&items)[0].header;
    assert_eq!(header.identifier, "oai:pos.sissa.it:LATTICE 2013/001");
    assert_eq!(header.sets, ["conference:LATTICE 2013", "group:9"]);
    assert_eq!(header.datestamp, "2014-04-28");
}

#[test]
fn identify_is_read_without_namespace_and_within_a_bogus_wrapper() {
    let identify = |name| {
        let (items, _) = parse(golden(name)?);
        items
            .into_iter()
            .find_map(|item| if let Item::Identify(identify) = item { Some(identify) } else { None })
    };
    let Some(erasmus) = identify("pyoai-identify-bogus-wrapper") else { return };
    assert_eq!(erasmus.repository_name.as_deref(), Some("DSpace at Erasmus"));
    assert_eq!(erasmus.compression, ["gzip", "deflate"]);
    assert_eq!(erasmus.deleted_record, Some(DeletedRecord::Persistent));
    assert_eq!(erasmus.granularity, Some(Granularity::Second));
    assert_eq!(erasmus.descriptions.len(), 1);
    let Some(pmc) = identify("rubyoai-identify-no-namespace") else { return };
    assert_eq!(pmc.base_url.as_deref(), Some("http://www.pubmedcentral.gov/oai/oai.cgi"));
    assert_eq!(pmc.earliest_datestamp.as_deref(), Some("1999-01-01"));
    assert_eq!(pmc.deleted_record, Some(DeletedRecord::No));
    assert_eq!(pmc.granularity, Some(Granularity::Day));
}

#[test]
fn an_error_comes_with_its_text_in_one_line() {
    let Some(page) = golden("error-idDoesNotExist") else { return };
    let (items, _) = parse(page);
    let error = common::errors(&items)[0];
    assert_eq!(error.code, ErrorCode::IdDoesNotExist);
    assert!(
        error.text.starts_with("oai:lcoa1.loc.gov:loc.rbc/rbpe.00000111 has the structure of a valid"),
        "{error}"
    );
}
