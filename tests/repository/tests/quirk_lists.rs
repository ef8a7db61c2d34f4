//! The quirks of what lists hold, on the wire.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;

use granary_test_repository::{Quirk, Server};
use support::{HEADERS, RECORDS, ask, elements, encode, error_code, get, items, texts, walk, with_quirk};

const ITEM_3: &str = "verb=GetRecord&metadataPrefix=oai_dc&identifier=oai:generic.eprints.org:3";
const ITEM_8: &str = "verb=GetRecord&metadataPrefix=oai_dc&identifier=oai:generic.eprints.org:8";

async fn listed(server: &Server, more: &str) -> Vec<u32> {
    items(&walk(server, &format!("{HEADERS}{more}"), 9).await)
}

async fn refused(server: &Server, arguments: &str) -> Option<String> {
    error_code(ask(server, arguments).await.text())
}

#[tokio::test]
async fn seconds_are_refused_though_identify_promises_them() {
    let server = with_quirk(Quirk::SecondsRefused).await;
    let identify = ask(&server, "verb=Identify").await;
    assert_eq!(texts(identify.text(), "granularity"), ["YYYY-MM-DDThh:mm:ssZ"]);
    assert_eq!(
        refused(&server, &format!("{HEADERS}&from=2012-01-01T00:00:00Z")).await.as_deref(),
        Some("badArgument")
    );
    assert_eq!(refused(&server, &format!("{HEADERS}&from=2012-01-01&until=2015-01-01")).await, None);
}

#[tokio::test]
async fn days_are_refused() {
    let server = with_quirk(Quirk::DaysRefused).await;
    assert_eq!(
        refused(&server, &format!("{HEADERS}&until=2012-01-01")).await.as_deref(),
        Some("badArgument")
    );
    assert_eq!(refused(&server, &format!("{HEADERS}&from=2012-01-01T00:00:00Z")).await, None);
}

#[tokio::test]
async fn dates_are_refused_in_every_form() {
    let server = with_quirk(Quirk::DatesRefused).await;
    for dates in ["from=2012-01-01", "until=2012-01-01T00:00:00Z", "from=2012-01-01&until=2015-01-01"] {
        assert_eq!(refused(&server, &format!("{HEADERS}&{dates}")).await.as_deref(), Some("badArgument"));
    }
    assert_eq!(listed(&server, "").await.len(), 25);
}

#[tokio::test]
async fn same_day_changes_happen_after_each_list_and_leave_the_day() {
    let server = with_quirk(Quirk::SameDayChanges).await;
    assert_eq!(texts(ask(&server, "verb=Identify").await.text(), "granularity"), ["YYYY-MM-DD"]);
    listed(&server, "").await;
    let today = format!("{RECORDS}&from=2021-01-01");
    let (first, second) = (ask(&server, &today).await, ask(&server, &today).await);
    let headers = |page: &str| (texts(page, "identifier"), texts(page, "datestamp"));
    assert_eq!(headers(first.text()), headers(second.text()));
    assert_eq!(texts(first.text(), "identifier"), ["oai:generic.eprints.org:25"]);
    assert_eq!(texts(first.text(), "datestamp")[0].len(), 10);
    assert_ne!(texts(first.text(), "dc:title"), texts(second.text(), "dc:title"));
}

#[tokio::test]
async fn unordered_lists_hold_all_and_go_up_and_down() {
    let server = with_quirk(Quirk::Unordered).await;
    let pages = walk(&server, HEADERS, 9).await;
    let datestamps: Vec<_> = pages.iter().flat_map(|page| texts(page, "datestamp")).collect();
    assert!(!datestamps.is_sorted() && !datestamps.is_sorted_by(|a, b| a >= b));
    let mut all = items(&pages);
    all.sort_unstable();
    assert_eq!(all, (1..=25).collect::<Vec<_>>());
}

#[tokio::test]
async fn backdated_items_appear_with_old_datestamps_once_a_list_has_ended() {
    let server = with_quirk(Quirk::Backdated).await;
    assert_eq!(refused(&server, ITEM_3).await.as_deref(), Some("idDoesNotExist"));
    assert_eq!(listed(&server, "").await.len(), 20);
    assert_eq!(listed(&server, "").await.len(), 25);
    assert_eq!(listed(&server, "&from=2021-01-01").await, [0; 0]);
    assert!(texts(ask(&server, ITEM_3).await.text(), "datestamp")[0].as_str() < "2012");
}

#[tokio::test]
async fn until_is_ignored() {
    let server = with_quirk(Quirk::UntilIgnored).await;
    assert_eq!(listed(&server, "&until=2012-01-01").await.len(), 25);
    assert!(listed(&server, "&from=2012-01-01").await.len() < 25);
}

#[tokio::test]
async fn until_is_implied_a_year_after_from() {
    let server = with_quirk(Quirk::UntilImplied).await;
    let all = listed(&server, "&until=2021-01-01").await;
    let (first, later) = (listed(&server, "").await, listed(&server, "&from=2015-01-01").await);
    assert_eq!(all.len(), 25);
    assert!((1..=4).contains(&first.len()) && first[0] == 1, "{first:?}");
    assert!((1..=4).contains(&later.len()) && later[0] > 10, "{later:?}");
}

#[tokio::test]
async fn silent_deletions_leave_nothing() {
    let server = with_quirk(Quirk::SilentDeletions).await;
    server.delete(3);
    assert_eq!(texts(ask(&server, "verb=Identify").await.text(), "deletedRecord"), ["no"]);
    assert!(!listed(&server, "").await.contains(&3));
    assert_eq!(refused(&server, ITEM_3).await.as_deref(), Some("idDoesNotExist"));
}

#[tokio::test]
async fn vanishing_items_are_gone_once_a_list_has_ended() {
    let server = with_quirk(Quirk::VanishingItems).await;
    assert_eq!(listed(&server, "").await.len(), 25);
    let left = listed(&server, "").await;
    assert!(left.len() == 20 && left.iter().all(|item| item % 5 != 3), "{left:?}");
    assert_eq!(refused(&server, ITEM_3).await.as_deref(), Some("idDoesNotExist"));
}

#[tokio::test]
async fn unlisted_items_are_in_no_list_and_there_all_the_same() {
    let server = with_quirk(Quirk::UnlistedItems).await;
    let left = listed(&server, "").await;
    assert!(left.len() == 20 && left.iter().all(|item| item % 5 != 3), "{left:?}");
    assert_eq!(refused(&server, ITEM_3).await, None);
}

#[tokio::test]
async fn identifiers_are_reused_for_another_work() {
    let server = with_quirk(Quirk::IdentifiersReused).await;
    let (before, file) = (ask(&server, ITEM_3).await, server.file(3, 2));
    listed(&server, "").await;
    let after = ask(&server, ITEM_3).await;
    assert_eq!(texts(before.text(), "dc:identifier"), texts(after.text(), "dc:identifier"));
    assert_ne!(texts(before.text(), "dc:title"), texts(after.text(), "dc:title"));
    assert_ne!(texts(before.text(), "dc:creator"), texts(after.text(), "dc:creator"));
    assert_ne!(file, server.file(3, 2));
    assert_eq!(listed(&server, "&from=2021-01-01").await, [3]);
}

#[tokio::test]
async fn mostly_deleted_items_have_headers_only() {
    let server = with_quirk(Quirk::MostlyDeleted).await;
    let pages = walk(&server, HEADERS, 9).await;
    let headers = pages.iter().flat_map(|page| elements(page)).filter(|it| it.name == "header");
    let deleted = headers.filter(|header| header.attribute("status") == Some("deleted")).count();
    assert_eq!((items(&pages).len(), deleted), (25, 23));
    assert_eq!(texts(ask(&server, RECORDS).await.text(), "dc:title").len(), 1);
    assert_eq!(get(&format!("{}/3/1/paper.pdf", server.url())).await.status, 410);
}

#[tokio::test]
async fn listed_per_set_lists_an_item_once_for_each_set() {
    let server = with_quirk(Quirk::ListedPerSet).await;
    let pages = walk(&server, HEADERS, 9).await;
    let mut counts = BTreeMap::new();
    for item in items(&pages) {
        *counts.entry(item).or_insert(0) += 1;
    }
    assert!(counts.len() == 25 && counts.values().all(|count| *count == 2));
    let specs: usize = pages.iter().map(|page| texts(page, "setSpec").len()).sum();
    assert_eq!(specs, 50);
}

#[tokio::test]
async fn odd_sets_are_named_and_asked_for_by_odd_specs() {
    let server = with_quirk(Quirk::OddSets).await;
    let sets = ask(&server, "verb=ListSets").await;
    let specs = texts(sets.text(), "setSpec");
    assert_eq!(specs[0], "R&D/100% +:7374617475733D707562");
    assert!(texts(sets.text(), "setName")[0].ends_with("<of> R&D/100% +"));
    let some = walk(&server, &format!("{HEADERS}&set={}", encode(&specs[0])), 9).await;
    assert_eq!(items(&some).len(), 19);
    assert!(some.iter().all(|page| texts(page, "setSpec").contains(&specs[0])));
    assert_eq!(
        refused(&server, &format!("{HEADERS}&set=7374617475733D707562")).await.as_deref(),
        Some("noRecordsMatch")
    );
}

#[tokio::test]
async fn bad_record_spoils_each_page_of_records_that_holds_it() {
    let server = with_quirk(Quirk::BadRecord).await;
    assert_eq!(ask(&server, RECORDS).await.status, 500);
    assert_eq!(ask(&server, ITEM_8).await.status, 500);
    assert_eq!(ask(&server, ITEM_3).await.status, 200);
    assert_eq!(listed(&server, "").await.len(), 25);
    assert_eq!(ask(&server, &format!("{RECORDS}&until=2012-12-31")).await.status, 200);
}

#[tokio::test]
async fn nameless_error_does_not_tell_the_record() {
    let server = with_quirk(Quirk::NamelessError).await;
    let page = ask(&server, RECORDS).await;
    assert_eq!((page.status, error_code(page.text()).as_deref()), (200, Some("InternalException")));
    assert!(!page.text().contains("eprints.org:8"));
    assert_eq!(refused(&server, &format!("{RECORDS}&until=2012-12-31")).await, None);
    assert_eq!(refused(&server, ITEM_8).await, None);
}

#[tokio::test]
async fn the_second_repository_has_the_same_identifiers_for_other_works() {
    let server = with_quirk(Quirk::SecondRepository).await;
    let other = get(&format!("{}?{RECORDS}", server.other_oai())).await;
    let first = ask(&server, RECORDS).await;
    assert_eq!(texts(first.text(), "identifier"), texts(other.text(), "identifier"));
    assert_ne!(texts(first.text(), "dc:title"), texts(other.text(), "dc:title"));
    let url =
        texts(other.text(), "dc:identifier").into_iter().find(|url| url.ends_with("/3/1/paper.pdf")).unwrap();
    let file = get(&url).await;
    assert_eq!((file.status, file.body.len()), (200, 2_000));
    assert_ne!(file.body, server.file(3, 1));
    assert_eq!(server.log().last().unwrap().path, "/other/3/1/paper.pdf");
    server.quirk_off(Quirk::SecondRepository);
    assert_eq!(get(&url).await.status, 404);
}
