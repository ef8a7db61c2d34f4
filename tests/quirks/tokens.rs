//! 1 to 8, 10: lists and their tokens.

use granary_test_repository::{Fault, Granularity, Quirk, Settings};

use crate::case::{Case, ITEMS, says, warns};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q01_an_empty_token_ends_a_list_and_is_never_sent() {
    for quirk in [Quirk::EmptyToken, Quirk::BlankToken, Quirk::EmptyTokenRestarts] {
        let case = Case::new(quirk).await;
        let report = case.first(0, &[]);
        assert_eq!(report["pages"], 3, "{quirk:?}");
        case.is_whole(&report);
        let empty =
            |query: &String| query.ends_with("resumptionToken=") || query.contains("resumptionToken=&");
        assert!(!case.queries().iter().any(empty), "{quirk:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q02_a_page_that_comes_again_is_a_loop_and_smaller_windows_get_behind_it() {
    for quirk in [Quirk::PageRepeats, Quirk::PageRepeatsUnderNewTokens] {
        let case = Case::new(quirk).await;
        case.is_whole(&case.first(0, &[]));
        assert!(case.queries().len() < 40, "{quirk:?}: {}", case.queries().len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q02_a_list_that_begins_again_ends_when_as_many_came_as_were_announced() {
    let case = Case::new(Quirk::ListRepeats).await;
    let report = case.first(0, &[]);
    case.is_whole(&report);
    assert_eq!(report["records"], ITEMS, "the page that came again is not counted");
    warns(&report, "began again at its end");
    case.server.change(3);
    let report = case.again(0, &[]);
    assert_eq!((&report["updated"], &report["gaps"]), (&1.into(), &0.into()), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q02_a_loop_within_a_single_day_is_reported_as_one_and_never_as_success() {
    let days = Settings { granularity: Granularity::Day, page_size: 2, ..Case::settings() };
    let case = Case::with(days).await;
    case.first(0, &[]);
    (1..=6).for_each(|item| case.server.change(item));
    case.server.quirk(Quirk::PageRepeats);
    let report = case.again(3, &[]);
    assert_eq!(report["gaps"], 1, "{report}");
    says(report["open_gaps"][0]["reason"].as_str().unwrap(), &["the same pages come again and again"]);
    case.server.quirk_off(Quirk::PageRepeats);
    assert_eq!(case.again(0, &[])["gaps"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q03_the_same_token_with_other_pages_is_no_loop() {
    let case = Case::new(Quirk::SameToken).await;
    let report = case.first(0, &[]);
    assert_eq!(report["pages"], 3, "{report}");
    case.is_whole(&report);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q04_empty_pages_with_tokens_are_borne_and_too_many_are_the_end_with_a_warning() {
    let case = Case::new(Quirk::EmptyPages).await;
    case.is_whole(&case.first(0, &[]));

    let case = Case::new(Quirk::EmptyPagesForever).await;
    let report = case.first(0, &[]);
    case.is_whole(&report);
    warns(&report, "empty pages");
    assert!(case.queries().len() < 40, "{}", case.queries().len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q05_a_token_that_has_expired_is_never_the_end_of_its_list() {
    for quirk in [Quirk::TokenExpiresOnce, Quirk::TokensExpire] {
        let case = Case::new(quirk).await;
        let report = case.first(0, &[]);
        case.is_whole(&report);
        assert_eq!(report["records"], ITEMS, "what came again is counted once: {report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q05_a_list_that_ends_before_all_has_come_is_halved_until_all_has() {
    let case = Case::new(Quirk::EndsEarly).await;
    let report = case.first(0, &[]);
    case.is_whole(&report);
    assert!(case.queries().len() < 30, "{}", case.queries().len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q06_a_token_that_is_good_for_one_request_is_tried_once_more_and_then_the_window_begins_anew() {
    let case = Case::new(Quirk::SingleUseTokens).await;
    case.is_whole(&case.first(0, &[]));
    let queries = case.queries();
    assert!(queries.windows(3).all(|three| three[0] != three[1] || three[1] != three[2]), "{queries:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q07_a_harvest_that_was_cut_short_goes_on_by_the_token_that_it_had() {
    let case = Case::with(Case::settings()).await;
    case.server.fault("/cgi/oai2?*cursor%3D20*", Fault::Hang);
    let mut child = case.granary.spawn(&["harvest", &case.server.oai(), "--no-files"]);
    while !case.queries().iter().any(|query| query.contains("cursor%3D20")) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    case.server.mend();
    case.server.clear_log();
    let report = case.again(0, &[]);
    case.is_whole(&report);
    assert_eq!(case.queries().len(), 1, "the last page, and nothing else: {:?}", case.queries());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q07_connections_that_break_off_cost_time_and_nothing_else() {
    let case =
        Case::with(Settings { page_size: 3, quirks: vec![Quirk::BreaksOff], ..Case::settings() }).await;
    case.is_whole(&case.first(0, &[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q08_a_token_is_sent_as_it_came_encoded_once_whatever_it_holds() {
    for quirk in [Quirk::OddToken, Quirk::PlusIsPlus, Quirk::EncodedToken] {
        let case = Case::new(quirk).await;
        let report = case.first(0, &[]);
        assert_eq!(report["pages"], 3, "every token was understood: {quirk:?}");
        case.is_whole(&report);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q10_where_a_token_is_no_good_alone_the_prefix_goes_with_it_and_that_is_remembered() {
    let case = Case::new(Quirk::PrefixWithToken).await;
    let report = case.first(0, &[]);
    case.is_whole(&report);
    assert_eq!(report["pages"], 4, "one was refused");
    assert_eq!(case.status()["needs"], serde_json::json!(["prefix_with_token"]));
    says(&case.status_text(), &["it needs the metadata prefix beside each resumption token"]);

    (1..=15).for_each(|item| case.server.change(item));
    let report = case.again(0, &[]);
    assert_eq!((&report["pages"], &report["updated"]), (&2.into(), &15.into()), "none was refused: {report}");

    // A repository that has been mended since does not want it any more.
    case.server.quirk_off(Quirk::PrefixWithToken);
    (1..=15).for_each(|item| case.server.change(item));
    let report = case.again(0, &[]);
    assert_eq!((&report["updated"], &report["gaps"]), (&15.into(), &0.into()), "{report}");
}
