//! A list followed from page to page: pages as they come, the state machine as it is used.

mod common;

use common::{page, parse, record};
use granary_oai_pmh::{
    Ending, ErrorCode, List, Needs, PageSummary, Request, Selection, Step, Summary, Trouble, Warning,
};
use url::Url;

const DONE: Step = Step::Done { warnings: Vec::new() };

fn list_records() -> List {
    let selection = Selection { metadata_prefix: "oai_dc".to_owned(), ..Selection::default() };
    List::new(Request::list_records(selection), &Needs::new())
}

/// The summary of a page with this content.
fn summary(content: &str) -> PageSummary {
    let (items, end) = parse(page(content));
    let mut summary = Summary::default();
    items.iter().for_each(|item| summary.observe(item));
    if end.is_ok() { summary.finish() } else { summary.cut_off() }
}

/// A page of ListRecords: records of these numbers, and a token.
fn records(numbers: std::ops::Range<usize>, token: &str) -> PageSummary {
    let records: String = numbers.map(|number| record(number, "<r/>")).collect();
    summary(&format!("<ListRecords>{records}<resumptionToken>{token}</resumptionToken></ListRecords>"))
}

fn asked(list: &List) -> String {
    let base = Url::parse("http://x/oai?a=b").expect("it is a URL");
    list.request().url(&base).query().expect("there is a verb").to_owned()
}

#[test]
fn a_list_asks_with_its_arguments_first_and_then_with_the_token_alone() {
    let mut list = list_records();
    assert_eq!(asked(&list), "a=b&verb=ListRecords&metadataPrefix=oai_dc");
    assert_eq!(list.answered(&records(0..3, " a+b c ")), Step::Ask);
    assert_eq!(asked(&list), "a=b&verb=ListRecords&resumptionToken=a%2Bb%20c");
    assert_eq!(list.answered(&records(3..5, " \n")), DONE);
    assert_eq!((list.pages(), list.seen()), (2, 5));
}

#[test]
fn the_fingerprint_of_a_page_follows_from_its_items_and_not_from_its_token() {
    assert_eq!(records(0..3, "a").fingerprint, records(0..3, "b").fingerprint);
    assert_ne!(records(0..3, "a").fingerprint, records(1..4, "a").fingerprint);
    assert_ne!(records(0..3, "a").fingerprint, records(0..2, "a").fingerprint);
    let dated = |date: &str| {
        let header = format!("<header><identifier>1</identifier><datestamp>{date}</datestamp></header>");
        summary(&format!("<ListIdentifiers>{header}</ListIdentifiers>")).fingerprint
    };
    assert_ne!(dated("2020-01-01"), dated("2020-01-02"));
}

#[test]
fn a_page_that_repeats_is_a_loop_even_after_a_checkpoint() {
    let mut list = list_records();
    list.answered(&records(0..3, "same"));
    list.answered(&records(3..6, "same"));
    let kept = serde_json::to_string(&list).unwrap();
    let mut list: List = serde_json::from_str(&kept).unwrap();
    assert_eq!(list.clone().answered(&records(3..6, "same")), Step::Trouble(Trouble::Loop));
    assert_eq!(list.answered(&records(0..3, "same")), Step::Trouble(Trouble::BeginsAgain));
}

#[test]
fn a_page_that_is_cut_off_is_asked_for_again_and_is_no_loop_then() {
    let mut list = list_records();
    let cut = PageSummary { ending: Ending::CutOff, ..records(0..2, "") };
    assert_eq!(list.answered(&cut), Step::Again);
    assert_eq!((list.pages(), list.seen()), (0, 0));
    assert_eq!(list.answered(&records(0..3, "")), DONE);
}

#[test]
fn records_that_cannot_be_used_count_as_seen() {
    let broken = "<record><header/></record>";
    let token = "<resumptionToken completeListSize='3'/>";
    let page = summary(&format!(
        "<ListRecords>{}{broken}{}{token}</ListRecords>",
        record(1, "<r/>"),
        record(2, "<r/>")
    ));
    assert_eq!(page.items, 3);
    assert_eq!(list_records().answered(&page), DONE);
}

#[test]
fn more_items_than_announced_are_no_trouble() {
    let token = "<resumptionToken completeListSize='1'/>";
    let page =
        summary(&format!("<ListRecords>{}{}{token}</ListRecords>", record(1, "<r/>"), record(2, "<r/>")));
    assert!(matches!(list_records().answered(&page), Step::Done { .. }));
}

#[test]
fn an_error_in_the_middle_of_a_page_is_never_its_end() {
    let mut list = list_records();
    let error = "<error code='InternalException'>out of memory</error>";
    let page = summary(&format!("<ListRecords>{}{error}</ListRecords>", record(1, "<r/>")));
    assert_eq!(list.answered(&page), Step::Again);
    let Step::Trouble(Trouble::Failed(error)) = list.answered(&page) else { panic!("taken for whole") };
    assert_eq!(error.code, ErrorCode::Unknown("InternalException".to_owned()));
}

#[test]
fn no_records_match_is_the_end_with_a_warning_unless_too_few_have_come() {
    let error = summary("<error code='noRecordsMatch'/>");
    let mut list = list_records();
    list.answered(&records(0..3, "a"));
    let warnings = vec![Warning::EndedByNoRecordsMatch];
    assert_eq!(list.answered(&error), Step::Done { warnings });
    let mut list = list_records();
    let token = "<resumptionToken completeListSize='9'>t</resumptionToken>";
    list.answered(&summary(&format!("<ListRecords>{}{token}</ListRecords>", record(1, "<r/>"))));
    assert_eq!(list.answered(&error), Step::Trouble(Trouble::Short { seen: 1, announced: 9 }));
}

#[test]
fn sets_are_followed_over_many_pages() {
    let mut list = List::new(Request::list_sets(), &Needs::new());
    let sets = |number: usize, token: &str| {
        let set = format!("<set><setSpec>s{number}</setSpec><setName>n</setName></set>");
        summary(&format!("<ListSets>{set}<resumptionToken>{token}</resumptionToken></ListSets>"))
    };
    for number in 0..20 {
        assert_eq!(list.answered(&sets(number, "t")), Step::Ask, "page {number}");
    }
    assert_eq!(list.answered(&sets(19, "t")), Step::Trouble(Trouble::Loop));
}
