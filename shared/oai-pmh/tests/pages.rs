//! One small page for each rule of reading them.

mod common;

use std::mem::discriminant;

use common::{
    broken, errors, headers, items, list_records, next, only_record, page, parse, parse_pieces, record,
    records, text,
};
use granary_oai_pmh::{
    Broken, ErrorCode, Header, Item, Limits, MetadataFormat, Next, OaiError, PageError, Set, Token,
};

// --- items --------------------------------------------------------------------------------------------------------

#[test]
fn the_head_of_a_page_is_when_and_to_what_it_answers() {
    let page = page("<request verb=\"GetRecord\" identifier='a&amp;b'>\n http://x/oai </request>");
    let arguments =
        vec![("verb".to_owned(), "GetRecord".to_owned()), ("identifier".to_owned(), "a&b".to_owned())];
    let expected = [
        Item::ResponseDate("2020-01-01T00:00:00Z".to_owned()),
        Item::Request { arguments, base_url: "http://x/oai".to_owned() },
    ];
    assert_eq!(items(page), expected);
}

#[test]
fn a_header_has_identifier_datestamp_sets_and_status() {
    let page = page(
        "<ListIdentifiers><header status=\"deleted\"><identifier> oai:x:&lt;1&gt;&#233;&amp;<![CDATA[&amp;]]> \
         </identifier><datestamp>\n2020-01-01 </datestamp><setSpec>a:b</setSpec><setSpec>c</setSpec></header>\
         <header><identifier>oai:x:2</identifier></header></ListIdentifiers>",
    );
    let first = Header {
        identifier: "oai:x:<1>é&&amp;".to_owned(),
        datestamp: "2020-01-01".to_owned(),
        sets: vec!["a:b".to_owned(), "c".to_owned()],
        deleted: true,
    };
    let second = Header { identifier: "oai:x:2".to_owned(), ..Header::default() };
    assert_eq!(headers(&items(page)), [&first, &second]);
}

#[test]
fn formats_and_sets_are_read() {
    let formats = page(
        "<ListMetadataFormats><metadataFormat><metadataPrefix>oai_dc</metadataPrefix><schema>http://s</schema>\
         <metadataNamespace>http://n</metadataNamespace></metadataFormat></ListMetadataFormats>",
    );
    let format =
        MetadataFormat { prefix: "oai_dc".into(), schema: "http://s".into(), namespace: "http://n".into() };
    assert!(items(formats).contains(&Item::Format(format)));
    let sets = page(
        "<ListSets><set><setSpec>a:b</setSpec><setName>Art &amp; Music</setName><setDescription> <d xmlns='u'/> \
         </setDescription></set><set><setSpec>c</setSpec></set></ListSets>",
    );
    let items = items(sets);
    let description = Some(b"<d xmlns='u'/>".to_vec());
    assert!(items.contains(&Item::Set(Set { spec: "a:b".into(), name: "Art & Music".into(), description })));
    assert!(items.contains(&Item::Set(Set { spec: "c".into(), ..Set::default() })));
    assert_eq!(next(&items).len(), 1);
}

#[test]
fn entities_other_than_the_predefined_stay_as_they_are_and_nothing_is_fetched_for_them() {
    let entity = "<!DOCTYPE OAI-PMH [<!ENTITY e SYSTEM \"file:///etc/passwd\"> <!ENTITY f \"]>\">]>";
    let page =
        page("<ListIdentifiers><header><identifier>&e;&eacute;&f;</identifier></header></ListIdentifiers>");
    let page = page.replacen("<OAI-PMH", &format!("{entity}<OAI-PMH"), 1);
    assert_eq!(headers(&items(page))[0].identifier, "&e;&eacute;&f;");
}

// --- what a list ends with ------------------------------------------------------------------------------------------

#[test]
fn a_list_goes_on_or_ends_once() {
    let end = |complete_list_size, cursor| Next::End { complete_list_size, cursor };
    let more = |token, complete_list_size, cursor, expires: Option<&str>| Next::More {
        token: Token::new(token).unwrap(),
        complete_list_size,
        cursor,
        expires: expires.map(str::to_owned),
    };
    for (token, expected) in [
        ("", end(None, None)),
        ("<resumptionToken/>", end(None, None)),
        ("<resumptionToken> \n </resumptionToken>", end(None, None)),
        ("<resumptionToken completeListSize='733' cursor=\"600\" />", end(Some(733), Some(600))),
        ("<resumptionToken> a+b/c&amp;d </resumptionToken>", more("a+b/c&d", None, None, None)),
        (
            "<resumptionToken completeListSize=' 9 ' cursor='x' expirationDate='2020-01-01'>t</resumptionToken>",
            more("t", Some(9), None, Some("2020-01-01")),
        ),
    ] {
        for verb in ["ListRecords", "ListIdentifiers", "ListSets"] {
            let items = items(page(&format!("<{verb}>{token}</{verb}>")));
            assert_eq!(next(&items), [&expected], "{verb} {token}");
        }
    }
}

// --- errors ----------------------------------------------------------------------------------------------------------

#[test]
fn an_error_is_an_item_also_inside_a_list_and_with_an_odd_code() {
    let error = |code, text: &str| OaiError { code, text: text.to_owned() };
    for (xml, expected) in [
        ("<error code='noRecordsMatch'/>", error(ErrorCode::NoRecordsMatch, "")),
        (
            "<error code='badVerb'>no\n  such &lt;verb&gt;</error>",
            error(ErrorCode::BadVerb, "no such <verb>"),
        ),
        (
            "<ListRecords><error code=\"idDoesNotExist\">x</error></ListRecords>",
            error(ErrorCode::IdDoesNotExist, "x"),
        ),
        ("<error code='InternalException'/>", error(ErrorCode::Unknown("InternalException".to_owned()), "")),
        ("<error code=''>x</error>", error(ErrorCode::Unknown(String::new()), "x")),
        ("<error>x</error>", error(ErrorCode::Unknown(String::new()), "x")),
    ] {
        assert_eq!(errors(&items(page(xml))), [&expected], "{xml}");
    }
}

// --- records ---------------------------------------------------------------------------------------------------------

#[test]
fn metadata_is_kept_as_it_was_received() {
    let metadata = "<d:r xmlns:d='u'  a = \"&lt;\" >\n<!-- c --><![CDATA[<x>&amp;]]>&eacute;&#233;<?p i?><d:e/>\r\n</d:r>";
    assert_eq!(
        text(only_record(list_records(&record(1, &format!("\n  {metadata} \t")))).metadata.as_ref()),
        metadata
    );
}

#[test]
fn elements_of_metadata_that_are_named_like_ours_are_none_of_ours() {
    let metadata = "<record xmlns=\"http://www.loc.gov/MARC21/slim\"><header><identifier>no</identifier></header>\
                    <metadata/><resumptionToken>no</resumptionToken><error code='no'/></record>";
    let items = items(list_records(&record(1, metadata)));
    assert_eq!(text(records(&items)[0].metadata.as_ref()), metadata);
    assert_eq!(records(&items)[0].header.identifier, "oai:x:1");
    assert_eq!(next(&items), [&Next::End { complete_list_size: None, cursor: None }]);
    assert!(errors(&items).is_empty());
}

#[test]
fn what_a_record_says_about_itself_is_kept_likewise() {
    let about = "<about> <p xsi:type='a'/> </about><about><q xmlns='u'/></about>";
    let page = list_records(&record(1, "<d xmlns='u'/>").replace("</record>", &format!("{about}</record>")));
    let expected = "<p xmlns=\"http://www.openarchives.org/OAI/2.0/\" \
                    xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type='a'/>";
    let about = only_record(page).about;
    assert_eq!(about.len(), 2);
    assert_eq!(sorted_attributes(&about[0]), sorted_attributes(expected.as_bytes()));
    assert_eq!(about[1], b"<q xmlns='u'/>");
}

/// The pieces of a tag, in an order that does not matter.
fn sorted_attributes(tag: &[u8]) -> Vec<&str> {
    let mut pieces: Vec<_> =
        std::str::from_utf8(tag).expect("it is UTF-8").split_inclusive(' ').map(str::trim).collect();
    pieces.sort_unstable();
    pieces
}

#[test]
fn declarations_are_inherited_from_the_nearest_element_that_has_them_and_only_when_used() {
    let page = "<OAI-PMH xmlns:a='outer' xmlns:b='b' xmlns:c='c' xmlns:q='say \"q\"'><ListRecords xmlns:a='middle'>\
                <record xmlns:a='inner'><header><identifier>1</identifier></header><metadata>\
                <a:r t='b:x'>abc:<q:e c-a='b'/></a:r></metadata></record></ListRecords></OAI-PMH>";
    let record = only_record(page);
    let metadata = text(record.metadata.as_ref());
    let (tag, rest) = metadata.split_once('>').unwrap();
    assert!(tag.starts_with("<a:r ") && tag.contains(" t='b:x'"), "{metadata}");
    assert!(tag.contains("xmlns:a=\"inner\"") || tag.contains("xmlns:a='inner'"), "{metadata}");
    assert!(!tag.contains("outer") && !tag.contains("middle"), "{metadata}");
    assert!(tag.contains("xmlns:b="), "a prefix in a value is used: {metadata}");
    assert!(!tag.contains("xmlns:c="), "{metadata}");
    assert!(
        tag.contains("xmlns:q='say \"q\"'") || tag.contains("xmlns:q=\"say &quot;q&quot;\""),
        "{metadata}"
    );
    assert_eq!(rest, "abc:<q:e c-a='b'/></a:r>");
}

#[test]
fn a_root_element_that_undoes_the_default_namespace_stays_without() {
    let metadata = "<r xmlns=\"\"><e/></r>";
    assert_eq!(text(only_record(list_records(&record(1, metadata))).metadata.as_ref()), metadata);
}

#[test]
fn a_declaration_in_the_middle_of_a_record_is_left_out_and_that_is_said() {
    let metadata = "<?xml version=\"1.0\" encoding='UTF-8'?>\n<r xmlns='u'>x<?xml-stylesheet href='s'?></r>";
    let record = only_record(list_records(&record(1, metadata)));
    assert_eq!(text(record.metadata.as_ref()), "<r xmlns='u'>x<?xml-stylesheet href='s'?></r>");
    assert_eq!(record.repaired.len(), 1, "{:?}", record.repaired);
}

#[test]
fn a_deleted_record_needs_no_metadata() {
    let page = list_records("<record><header status='deleted'><identifier>1</identifier></header></record>");
    let record = only_record(page);
    assert!(record.header.deleted);
    assert_eq!(record.metadata, None);
}

#[test]
fn a_record_without_datestamp_is_a_record() {
    let header = "<header><identifier>1</identifier></header>";
    let record =
        only_record(list_records(&format!("<record>{header}<metadata><r xmlns='u'/></metadata></record>")));
    assert_eq!(record.header.datestamp, "");
    assert_eq!(record.header.datestamp_parsed(), None);
}

#[test]
fn what_cannot_be_used_is_given_as_it_was_received_and_costs_itself_only() {
    for (xml, reason) in [
        ("<record><header status='deleted'><!-- none --></header></record>", "identifier"),
        ("<record><metadata><r/></metadata></record>", ""),
        (
            "<record><header><identifier>  </identifier></header><metadata><r/></metadata></record>",
            "identifier",
        ),
        ("<record><header><identifier>oai:x:7</identifier></header></record>", "oai:x:7"),
        ("<record/>", ""),
    ] {
        let page = list_records(&[record(1, "<r/>"), xml.to_owned(), record(2, "<r/>")].concat());
        let items = items(page);
        assert_eq!(records(&items).len(), 2, "{xml}");
        let [Broken { fragment, reason: said, .. }] = broken(&items)[..] else { panic!("{xml}: {items:?}") };
        assert_eq!(String::from_utf8_lossy(fragment), xml);
        assert!(said.contains(reason), "{xml}: {said}");
    }
    let header = "<header><datestamp>2020-01-01</datestamp></header>";
    let items = items(page(&format!("<ListIdentifiers>{header}</ListIdentifiers>")));
    assert_eq!(broken(&items)[0].fragment, header.as_bytes());
    assert_eq!(broken(&items)[0].header.datestamp, "2020-01-01", "it says where to look for it again");
}

#[test]
fn a_record_beyond_its_limit_costs_itself_only() {
    let limits = Limits { record_bytes: 2000, ..Limits::default() };
    for large in [
        format!("<r>{}</r>", "x".repeat(5000)),
        format!("<r><![CDATA[{}]]></r>", "x".repeat(5000)),
        format!("<r>{}</r>", "<e>x</e>".repeat(600)),
    ] {
        let page = list_records(&[record(1, "<r/>"), record(2, &large), record(3, "<r/>")].concat());
        let whole = parse_pieces([page.as_bytes()], limits);
        assert_eq!(whole.1, Ok(()));
        assert_eq!(
            records(&whole.0).iter().map(|r| r.header.identifier.as_str()).collect::<Vec<_>>(),
            ["oai:x:1", "oai:x:3"]
        );
        let [broken] = broken(&whole.0)[..] else { panic!("{:?}", whole.0) };
        assert!(broken.fragment.starts_with(b"<record><header>") && broken.fragment.len() <= 2000);
        assert_eq!(broken.header.identifier, "oai:x:2");
        assert_eq!(parse_pieces(page.as_bytes().chunks(1), limits), whole, "byte by byte");
    }
}

// --- names and namespaces --------------------------------------------------------------------------------------------

#[test]
fn a_page_may_have_prefixes_or_no_namespace_or_wrappers() {
    let record = "<X:record><X:header><X:identifier>1</X:identifier></X:header><X:metadata><r xmlns='u'/></X:metadata></X:record>";
    let list = format!("<X:ListRecords>{record}<X:resumptionToken>t</X:resumptionToken></X:ListRecords>");
    for page in [
        format!("<X:OAI-PMH xmlns:X=\"http://www.openarchives.org/OAI/2.0/\">{list}</X:OAI-PMH>")
            .replace("X:", "oai:")
            .replace(":X", ":oai"),
        format!("<OAI-PMH>{list}</OAI-PMH>").replace("X:", ""),
        format!("<OAI-PMH><bogus><more>{list}</more></bogus></OAI-PMH>").replace("X:", ""),
    ] {
        let items = items(&page);
        assert_eq!(records(&items)[0].header.identifier, "1", "{page}");
        assert_eq!(text(records(&items)[0].metadata.as_ref()), "<r xmlns='u'/>", "{page}");
        assert!(matches!(next(&items)[..], [Next::More { .. }]), "{page}");
    }
}

// --- encodings -------------------------------------------------------------------------------------------------------

#[test]
fn a_page_in_another_encoding_is_decoded_and_that_is_said() {
    let page = list_records(&record(1, "<r xmlns='u'>é</r>"));
    let latin = page.replace("UTF-8", "ISO-8859-1").replace('é', "\u{1}");
    let latin: Vec<u8> = latin.bytes().map(|byte| if byte == 1 { 0xe9 } else { byte }).collect();
    let utf16 = format!("\u{feff}{}", page.replace("UTF-8", "UTF-16"));
    for (bytes, encoding) in [
        (latin, "ISO-8859-1"),
        (utf16.encode_utf16().flat_map(u16::to_le_bytes).collect(), "UTF-16"),
        (utf16.encode_utf16().flat_map(u16::to_be_bytes).collect(), "UTF-16"),
    ] {
        let record = only_record(bytes);
        assert_eq!(text(record.metadata.as_ref()), "<r xmlns='u'>é</r>");
        assert!(
            record.repaired.iter().any(|it| it.starts_with("transcoded from ") && it.contains(encoding)),
            "{record:?}"
        );
    }
}

#[test]
fn utf8_needs_no_repair_with_or_without_a_byte_order_mark() {
    let page = list_records(&record(1, "<r xmlns='u'>é𝐀</r>"));
    for page in [page.clone(), format!("\u{feff}{page}"), format!("\n \n{page}")] {
        let record = only_record(page);
        assert_eq!(text(record.metadata.as_ref()), "<r xmlns='u'>é𝐀</r>");
        assert_eq!(record.repaired, Vec::<String>::new());
    }
}

#[test]
fn metadata_is_always_utf8_and_what_was_mended_is_said() {
    let page = list_records(&record(1, "<r xmlns='u'>caf\u{1}</r>")).into_bytes();
    let page: Vec<u8> = page.into_iter().map(|byte| if byte == 1 { 0xe9 } else { byte }).collect();
    let record = only_record(page);
    assert_eq!(text(record.metadata.as_ref()), "<r xmlns='u'>café</r>");
    assert_eq!(record.repaired.len(), 1, "{:?}", record.repaired);
}

#[test]
fn characters_that_xml_forbids_are_replaced_and_that_is_said() {
    for (sent, kept) in [
        ("a\u{3}b", "a\u{fffd}b"),
        ("a\u{ffff}b", "a\u{fffd}b"),
        ("a&#x1A;b", "a\u{fffd}b"),
        ("a&#0;b", "a\u{fffd}b"),
        ("a&#55349;b", "a\u{fffd}b"),
    ] {
        let record = only_record(list_records(&record(1, &format!("<r xmlns='u'>{sent}</r>"))));
        assert_eq!(text(record.metadata.as_ref()), format!("<r xmlns='u'>{kept}</r>"), "{sent:?}");
        assert!(!record.repaired.is_empty(), "{sent:?}");
    }
    // Two references to halves of one character are that character.
    let record = only_record(list_records(&record(1, "<r xmlns='u'>&#55349;&#56320;<![CDATA[&#0;]]></r>")));
    let metadata = text(record.metadata.as_ref()).to_uppercase();
    assert!(metadata.contains("&#X1D400;") || metadata.contains('\u{1d400}'), "{metadata}");
    assert!(metadata.contains("<![CDATA[&#0;]]>"), "in CDATA it is no reference: {metadata}");
}

// --- pages that are not whole ----------------------------------------------------------------------------------------

#[test]
fn something_else_than_a_page_is_told_by_its_root() {
    let long = format!("<html><body>{}", "x".repeat(1000));
    for (body, begins) in [
        ("<!DOCTYPE html>\n<html><head><title>Just a moment</title></head></html>", "<!DOCTYPE html> <html>"),
        ("{\"error\": \"not found\"}", "{\"error\": \"not found\"}"),
        ("Internal Server Error", "Internal Server Error"),
        ("<?xml version='1.0'?><rss/>", "<?xml"),
        ("<oai_dc:dc xmlns:oai_dc='u'/>", "<oai_dc:dc"),
        (long.as_str(), "<html><body>xxx"),
    ] {
        let outcome = parse(body);
        assert!(outcome.0.is_empty(), "{body}");
        let Err(PageError::NotOaiPmh { start, .. }) = &outcome.1 else { panic!("{body}: {outcome:?}") };
        assert!(start.starts_with(begins) && start.chars().count() <= 200, "{body}: {start}");
        assert_eq!(
            parse_pieces(body.as_bytes().chunks(1), Limits::default()),
            outcome,
            "{body} byte by byte"
        );
    }
}

#[test]
fn a_page_of_nothing_is_empty() {
    for body in ["", " \r\n\t", "\u{feff}", "\u{feff}\n"] {
        assert_eq!(parse(body), (Vec::new(), Err(PageError::Empty)), "{body:?}");
        assert_eq!(
            parse_pieces(body.as_bytes().chunks(1), Limits::default()).1,
            Err(PageError::Empty),
            "{body:?}"
        );
    }
}

#[test]
fn a_page_that_is_cut_off_gives_what_was_whole_and_never_an_end() {
    let page = list_records(&[record(1, "<r/>"), record(2, "<r/>")].concat());
    let (whole, _) = parse(&page);
    // A page that is cut off before that may be anything's.
    for cut in page.find("<responseDate>").unwrap()..page.len() {
        let (items, end) = parse(&page[..cut]);
        assert!(matches!(end, Err(PageError::Truncated { .. })), "{cut}: {end:?}");
        assert_eq!(records(&items).len(), page[..cut].matches("</record>").count(), "{cut}");
        assert_eq!(items, whole[..items.len()], "{cut}");
        assert!(next(&items).is_empty() || page[..cut].contains("</ListRecords>"), "{cut}");
    }
}

#[test]
fn a_page_that_is_not_well_formed_gives_the_items_before_the_fault() {
    for fault in ["<a></b>", "</record>", "<a", "1 < 2", "<a <b>", "<!x>"] {
        let page = list_records(&[record(1, "<r/>"), fault.to_owned(), record(2, "<r/>")].concat());
        let outcome = parse(&page);
        assert!(matches!(outcome.1, Err(PageError::NotWellFormed { .. })), "{fault}: {outcome:?}");
        assert_eq!(records(&outcome.0).len(), 1, "{fault}");
        assert!(next(&outcome.0).is_empty(), "{fault}");
        assert_eq!(
            parse_pieces(page.as_bytes().chunks(1), Limits::default()),
            outcome,
            "{fault} byte by byte"
        );
    }
}

#[test]
fn what_comes_after_the_root_is_ignored() {
    let page = list_records(&record(1, "<r/>"));
    let expected = items(&page);
    for rest in ["\n", "<b>Notice</b>: undefined <br /", "<OAI-PMH><ListRecords>", "</OAI-PMH>", "\u{0}"] {
        assert_eq!(items(format!("{page}{rest}")), expected, "{rest}");
    }
}

#[test]
fn limits_end_a_page_and_not_the_process() {
    let limits = Limits {
        depth: 10,
        tag_bytes: 300,
        field_bytes: 300,
        record_bytes: 10_000,
        passed_over_bytes: 50_000,
        preamble_bytes: 1_000,
    };
    for content in [
        "<a>".repeat(20),
        format!("<a b='{}'/>", "x".repeat(1000)),
        format!("<ListRecords><resumptionToken>{}</resumptionToken></ListRecords>", "x".repeat(1000)),
        format!("<ListRecords><record>{}</record></ListRecords>", "x ".repeat(40_000)),
    ] {
        let page = page(&content);
        let outcome = parse_pieces([page.as_bytes()], limits);
        let end = outcome.1.unwrap_err();
        assert!(!matches!(end, PageError::Truncated { .. } | PageError::NotWellFormed { .. }), "{end:?}");
        let (items, again) = parse_pieces(page.as_bytes().chunks(1), limits);
        assert_eq!(
            (items, discriminant(&again.unwrap_err())),
            (outcome.0, discriminant(&end)),
            "byte by byte"
        );
    }
}

#[test]
fn what_has_not_begun_by_then_is_no_page() {
    let limits = Limits { preamble_bytes: 1_000, ..Limits::default() };
    let page = list_records(&record(1, "<r/>"));
    let behind = |bytes: usize| format!("{}{page}", " ".repeat(bytes));
    let (items, end) = parse_pieces(behind(900).as_bytes().chunks(100), limits);
    assert!(end.is_ok() && records(&items).len() == 1, "{end:?}");
    let (items, end) = parse_pieces(behind(2_000).as_bytes().chunks(100), limits);
    assert!(items.is_empty() && matches!(end, Err(PageError::NotOaiPmh { .. })), "{end:?}");
}

/// What is large is taken out of the page's bytes, and what is small is copied: the outcome is the same.
#[test]
fn large_metadata_is_made_to_stand_alone_like_any_other() {
    let check = |filling: &str| {
        let page = format!(
            "<OAI-PMH xmlns='u' xmlns:x='v'><ListRecords><record><header><identifier>1</identifier></header>\
             <metadata> \n<x:r><?xml version='1.0'?>{filling}<e/></x:r> </metadata>\
             <about><a/></about></record></ListRecords></OAI-PMH>"
        );
        let items = items(&page);
        let [record] = &records(&items)[..] else { panic!("one record") };
        let metadata = String::from_utf8(record.metadata.clone().unwrap()).unwrap();
        let (start, end) = metadata.split_once(filling).unwrap();
        assert_eq!((start, end), ("<x:r xmlns=\"u\" xmlns:x=\"v\">", "<e/></x:r>"));
        assert_eq!((record.about.len(), record.repaired.len()), (1, 1));
    };
    check("small");
    check(&"large".repeat(1 << 20));
}
