//! 9, 11 to 17: what a list selects, datestamps and windows.

use std::collections::BTreeSet;

use granary_test_repository::{Quirk, Settings};
use serde_json::json;

use crate::case::{Case, ITEMS, says, warns};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q09_records_that_a_token_brings_from_outside_the_window_are_kept_counted_and_warned_of() {
    let case = Case::new(Quirk::TokenForgetsSelection).await;
    case.is_whole(&case.first(0, &[]));
    (1..=15).for_each(|item| case.server.change(item));
    let report = case.again(0, &[]);
    assert_eq!((&report["updated"], &report["unchanged"]), (&15.into(), &10.into()), "{report}");
    warns(&report, "outside the dates asked for");
    case.holds(1..=ITEMS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q11_dates_that_are_refused_are_tried_once_in_the_other_form_and_that_is_remembered() {
    let case = Case::new(Quirk::SecondsRefused).await;
    case.is_whole(&case.first(0, &[]));
    assert_eq!(case.status()["needs"], json!(["days"]));
    says(&case.status_text(), &["it needs from and until in days"]);
    case.server.clear_log();
    case.server.change(3);
    let report = case.again(0, &[]);
    assert_eq!((&report["updated"], &report["pages"]), (&1.into(), &1.into()), "{report}");
    let seconds = |query: &String| query.contains("until=") && query.contains("%3A");
    assert!(!case.queries().iter().any(seconds), "{:?}", case.queries());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q11_where_identify_promises_seconds_dates_are_never_sent_as_days() {
    let case = Case::new(Quirk::DaysRefused).await;
    let report = case.first(0, &["--from", "2012-01-01", "--until", "2018-12-31"]);
    assert_eq!((&report["pages"], &report["gaps"]), (&2.into(), &0.into()), "none was refused: {report}");
    assert_eq!(case.status()["needs"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q12_with_days_for_datestamps_the_last_day_is_asked_for_again_and_told_apart_by_content() {
    let case = Case::new(Quirk::SameDayChanges).await;
    case.is_whole(&case.first(0, &[]));
    for _ in 0..2 {
        let report = case.again(0, &[]);
        assert_eq!((&report["records"], &report["updated"]), (&1.into(), &1.into()), "{report}");
    }
    case.server.quirk_off(Quirk::SameDayChanges);
    case.again(0, &[]);
    let report = case.again(0, &[]);
    assert_eq!((&report["updated"], &report["failed"]), (&0.into(), &0.into()), "{report}");
    assert_eq!(case.granary.manifest(&case.silo, ITEMS)["versions"].as_array().unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q13_the_watermark_is_the_repositorys_clock_and_follows_from_no_record() {
    let case = Case::new(Quirk::Unordered).await;
    case.is_whole(&case.first(0, &[]));
    let report = &case.status()["last_run"];
    assert!(
        report["watermark"].as_str() >= report["started"].as_str().map(|started| &started[..16]),
        "{report}"
    );
    assert_eq!(case.again(0, &[])["records"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q14_records_with_old_datestamps_are_found_by_looking_back() {
    let case = Case::new(Quirk::Backdated).await;
    assert_eq!(case.first(0, &[])["created"], 20);
    assert_eq!(case.again(0, &[])["created"], 0, "nobody would ask for them");
    let report = case.again(0, &["--look-back", "10000d"]);
    assert_eq!((&report["created"], &report["unchanged"]), (&5.into(), &20.into()), "{report}");
    case.holds(1..=ITEMS);
    assert_eq!(case.again(0, &[])["unchanged"], ITEMS, "the source keeps the option");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q15_until_is_always_sent_and_a_repository_that_ignores_it_loses_nothing() {
    for quirk in [Quirk::UntilIgnored, Quirk::UntilImplied] {
        let case = Case::new(quirk).await;
        case.is_whole(&case.first(0, &[]));
        let mut lists =
            case.queries().into_iter().filter(|query| query.starts_with("verb=ListRecords&metadata"));
        assert!(lists.all(|query| query.contains("&until=")), "{quirk:?}");
    }
    let case = Case::new(Quirk::UntilIgnored).await;
    let report = case.first(0, &["--until", "2015-12-31"]);
    warns(&report, "outside the dates asked for");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q15_where_dates_are_refused_in_every_form_all_is_listed_each_time_until_they_are_taken() {
    let case = Case::new(Quirk::DatesRefused).await;
    case.is_whole(&case.first(0, &[]));
    assert_eq!(case.status()["needs"], json!(["no_dates"]));
    case.server.clear_log();
    case.server.change(3);
    let report = case.again(0, &[]);
    assert_eq!((&report["updated"], &report["unchanged"]), (&1.into(), &(ITEMS - 1).into()), "{report}");
    assert_eq!(case.queries().len(), 5, "Identify, a refusal, three pages: {:?}", case.queries());
    case.server.quirk_off(Quirk::DatesRefused);
    assert_eq!(case.again(0, &[])["records"], 1, "the one that changed lately");
    assert_eq!(case.status()["needs"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q15_whoever_wants_some_dates_only_gets_no_others_where_dates_are_refused() {
    let case = Case::new(Quirk::DatesRefused).await;
    case.fails(2, &["--from", "2015-01-01"], &["badArgument"]);
    case.holds([]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q15_gaps_of_dates_that_are_not_heeded_do_not_become_more() {
    let quirks = vec![Quirk::UntilIgnored, Quirk::TokensExpire];
    let case = Case::with(Settings { quirks, ..Case::settings() }).await;
    let spans = |report: &serde_json::Value| {
        let gaps = report["open_gaps"].as_array().unwrap().iter();
        gaps.map(|gap| format!("{} {}", gap["from"], gap["until"])).collect::<BTreeSet<_>>()
    };
    let before = spans(&case.first(3, &[]));
    assert!(!before.is_empty());
    assert_eq!(spans(&case.again(3, &[])), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q16_that_nothing_matches_is_understood_whatever_the_status_says() {
    let case = Case::new(Quirk::NoRecordsIs422).await;
    case.is_whole(&case.first(0, &[]));
    let report = case.again(0, &[]);
    assert_eq!((&report["records"], &report["pages"]), (&0.into(), &1.into()), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q17_that_nothing_matches_a_token_is_the_end_with_a_warning_unless_too_few_have_come() {
    let case = Case::new(Quirk::NoRecordsOnToken).await;
    let report = case.first(0, &[]);
    case.is_whole(&report);
    warns(&report, "noRecordsMatch");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q15_dates_that_are_not_heeded_at_all_are_a_gap_and_not_a_harvest_without_end() {
    // Neither the tokens nor the dates work: there is no way to the records behind the second page.
    let quirks = vec![Quirk::UntilIgnored, Quirk::TokensExpire];
    let case = Case::with(Settings { quirks, ..Case::settings() }).await;
    let report = case.first(3, &[]);
    says(report["open_gaps"][0]["reason"].as_str().unwrap(), &["does not heed the dates"]);
    assert!(case.queries().len() < 60, "{}", case.queries().len());
}
