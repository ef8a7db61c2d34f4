//! 18 to 24, 32, 39: what is wrong with the bytes of a page.

use granary_test_repository::{Quirk, Settings};
use serde_json::Value;

use crate::case::{Case, ITEMS, says};

/// What had to be mended of an item.
fn repaired(case: &Case, item: u32) -> String {
    let version = case.version(item);
    let repaired = version["repaired"].as_array().map(Vec::as_slice).unwrap_or_default();
    repaired.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; ")
}

/// Item 8 is stored as text that any parser takes, and says that it was mended; item 7 needed nothing.
async fn is_mended(quirk: Quirk, mended: &str, title: &str) {
    let case = Case::new(quirk).await;
    case.is_whole(&case.first(0, &[]));
    says(&repaired(&case, 8), &[mended]);
    assert_eq!(repaired(&case, 7), "", "{quirk:?}");
    let metadata = case.metadata(8);
    says(&metadata, &[title]);
    let forbidden = |c: char| c.is_control() && !c.is_whitespace() || matches!(c, '\u{fffe}' | '\u{ffff}');
    assert!(!metadata.contains(forbidden), "{metadata:?}");
    assert_eq!(case.again(0, &[])["records"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q18_characters_that_xml_forbids_are_mended_in_their_record_which_says_so() {
    is_mended(Quirk::ControlCharacters, "U+0003", "\u{fffd}").await;
    is_mended(Quirk::ControlReferences, "references to no character", "\u{fffd}").await;
    is_mended(Quirk::NonCharacters, "U+FFFE", "\u{fffd}").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q19_references_to_surrogates_are_joined_and_lone_ones_replaced() {
    is_mended(Quirk::SurrogatePairs, "joined", "\u{1d44c}").await;
    is_mended(Quirk::LoneSurrogates, "references to no character", "\u{fffd}").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q20_a_page_is_read_in_the_encoding_that_it_is_in_and_not_in_the_one_that_it_declares() {
    let stored = |quirk: Quirk, title: &'static str, mended: &'static str| async move {
        let case = Case::new(quirk).await;
        case.is_whole(&case.first(0, &[]));
        says(&case.metadata(8), &[title]);
        says(&repaired(&case, 8), &[mended]);
    };
    stored(Quirk::InvalidUtf8, "café", "windows-1252").await;
    stored(Quirk::Windows1252, "the farmer’s", "windows-1252").await;
    // Both at once: what is declared to be in ISO-8859-1 has names beyond ASCII, in UTF-8.
    let extras = Settings { quirks: vec![Quirk::WrongDeclaration], extras: true, ..Case::settings() };
    let case = Case::with(extras).await;
    case.is_whole(&case.first(0, &[]));
    let odd = (1..=ITEMS).find(|item| !case.metadata(*item).is_ascii()).unwrap();
    says(&repaired(&case, odd), &["declared as ISO-8859-1 and read as UTF-8"]);
    assert!(!case.metadata(odd).contains('Ã'), "{}", case.metadata(odd));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q21_what_follows_the_end_of_the_root_is_ignored() {
    let case = Case::new(Quirk::NoticesAfterRoot).await;
    let report = case.first(0, &[]);
    assert_eq!(report["pages"], 3, "{report}");
    case.is_whole(&report);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q22_a_page_that_is_torn_off_is_asked_for_again_and_its_records_are_counted_once() {
    let case = Case::new(Quirk::PageTornOff).await;
    let report = case.first(0, &[]);
    case.is_whole(&report);
    assert_eq!(
        (&report["records"], &report["pages"]),
        (&ITEMS.into(), &6.into()),
        "each page twice: {report}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q22_a_page_that_is_always_cut_off_is_got_behind_item_by_item() {
    let case = Case::new(Quirk::PageCutOff).await;
    let report = case.first(0, &[]);
    case.is_whole(&report);
    assert_eq!(report["records"], ITEMS, "{report}");
    assert!(case.queries().len() < 60, "{}", case.queries().len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q23_a_piece_of_text_of_any_length_costs_no_record_and_no_token() {
    let case = Case::new(Quirk::HugePages).await;
    let report = case.first(0, &[]);
    assert_eq!(report["pages"], 3, "{report}");
    case.is_whole(&report);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q24_an_html_page_with_status_200_is_no_page_of_a_list() {
    let case = Case::new(Quirk::HtmlPage).await;
    case.is_whole(&case.first(0, &[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q24_where_a_list_is_always_an_html_page_its_first_words_are_shown() {
    let days = granary_test_repository::Granularity::Day;
    let settings = Settings { granularity: days, page_size: 1, ..Case::settings() };
    let case = Case::with(settings).await;
    case.first(0, &[]);
    (1..=6).for_each(|item| case.server.change(item));
    case.server.quirk(Quirk::HtmlPage);
    let report = case.again(3, &[]);
    says(report["open_gaps"][0]["reason"].as_str().unwrap(), &["not OAI-PMH", "Welcome", "resumptionToken"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q32_an_error_with_an_unknown_code_is_tried_again_and_never_the_end() {
    for quirk in [Quirk::UnknownErrorCode, Quirk::EmptyErrorCode, Quirk::ErrorInsideList] {
        let case = Case::new(quirk).await;
        let report = case.first(0, &[]);
        assert_eq!(report["pages"], 5, "{quirk:?}: each page with a token twice");
        case.is_whole(&report);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q39_an_xml_declaration_inside_a_record_is_left_out() {
    let case = Case::new(Quirk::DeclarationInRecord).await;
    case.is_whole(&case.first(0, &[]));
    assert!(!case.metadata(8).contains("<?xml"), "{}", case.metadata(8));
    says(&repaired(&case, 8), &["XML declaration"]);
}
