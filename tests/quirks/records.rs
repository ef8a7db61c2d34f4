//! 30, 31, 33 to 38, 43, 45: what is wrong with records.

use granary_test_repository::{Fault, Kind, Quirk, Settings};
use serde_json::{Value, json};

use crate::case::{Case, ITEMS, item_of, says, warns};

/// Items 3, 8, 13 and so on: those that quirks of single records concern.
fn concerned(item: &u32) -> bool {
    item % 5 == 3
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q30_a_record_that_breaks_its_page_costs_itself_only_and_is_asked_for_again_until_it_is_mended() {
    let case = Case::new(Quirk::BadRecord).await;
    let report = case.first(3, &[]);
    assert_eq!((&report["created"], &report["gaps"]), (&24.into(), &1.into()), "{report}");
    let gap = &report["open_gaps"][0];
    says(gap["reason"].as_str().unwrap(), &["oai:generic.eprints.org:8", "verb=GetRecord", "HTTP 500"]);
    assert_eq!(gap["from"], gap["until"], "it is a second, and no more");
    case.holds((1..=ITEMS).filter(|item| *item != 8));
    assert!(case.server.log().len() < 60, "{}", case.server.log().len());
    says(&case.status_text(), &["gap ", "oai:generic.eprints.org:8"]);

    case.server.clear_log();
    let report = case.again(3, &[]);
    assert_eq!((&report["records"], &report["gaps"]), (&0.into(), &1.into()), "{report}");
    assert!(case.server.log().len() < 20, "{}", case.server.log().len());

    case.server.quirk_off(Quirk::BadRecord);
    let report = case.again(0, &[]);
    assert_eq!((&report["created"], &report["gaps"]), (&1.into(), &0.into()), "{report}");
    case.holds(1..=ITEMS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q30_where_no_page_of_records_can_be_had_every_record_is_fetched_by_itself() {
    let case = Case::with(Case::settings()).await;
    case.server.fault("/cgi/oai2?verb=ListRecords*", Fault::ServerError);
    let report = case.first(0, &[]);
    case.is_whole(&report);
    assert_eq!(report["records"], ITEMS, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q31_where_no_list_may_be_long_the_windows_become_smaller() {
    let case = Case::new(Quirk::DeepPagingLimit).await;
    case.is_whole(&case.first(0, &[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q33_what_vanishes_without_a_word_is_kept_and_a_sweep_marks_it() {
    let case = Case::new(Quirk::SilentDeletions).await;
    case.is_whole(&case.first(0, &[]));
    case.server.delete(3);
    assert_eq!(case.again(0, &[])["deleted"], 0);
    case.holds(1..=ITEMS);
    assert_eq!(case.version(3)["deleted"], false);

    let case = Case::new(Quirk::VanishingItems).await;
    case.is_whole(&case.first(0, &[]));
    assert_eq!(case.again(0, &["--look-back", "10000d"])["unchanged"], 20);
    case.holds(1..=ITEMS);
    let report = case.again(0, &["--sweep", "--max-absent", "5"]);
    assert_eq!((&report["sweep"]["absent"], &report["sweep"]["listed"]), (&5.into(), &20.into()), "{report}");
    case.holds(1..=ITEMS);
    let (gone, there) = (case.version(3), case.version(4));
    assert_eq!((&gone["absent"], &there["absent"]), (&true.into(), &Value::Null));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q33_what_only_the_lists_lack_is_not_marked() {
    let case = Case::with(Settings { page_size: 100, ..Case::settings() }).await;
    case.is_whole(&case.first(0, &[]));
    case.server.quirk(Quirk::UnlistedItems);
    let report = case.again(0, &["--sweep", "--max-absent", "5"]);
    assert_eq!((&report["sweep"]["absent"], &report["sweep"]["present"]), (&0.into(), &5.into()), "{report}");
    warns(&report, "oai:generic.eprints.org:3 is there, and the list of identifiers lacks it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q34_an_identifier_that_is_given_to_another_work_makes_a_marked_version_and_both_works_stay() {
    let settings = Settings { seed: 2, quirks: vec![Quirk::IdentifiersReused], ..Case::settings() };
    let case = Case::with(settings).await;
    case.is_whole(&case.first(0, &[]));
    let before = case.metadata(3);
    let report = case.again(0, &[]);
    assert_eq!((&report["updated"], &report["other_works"]), (&1.into(), &1.into()), "{report}");
    warns(&report, "oai:generic.eprints.org:3 may have been given to another work");
    assert_ne!(case.metadata(3), before);
    let old = case.granary.object(&case.silo, 3).join("__1/oai_dc");
    assert_eq!(std::fs::read_to_string(old).unwrap(), before);
    let marked = case.version(3)["possibly_other_work"].as_str().unwrap().to_owned();
    assert_eq!(marked, r#""R&D of weevils" by Okafor, Ada"#);
    let shown = case.granary.expect(0, &["show", &case.silo, "oai:generic.eprints.org:3"]).stdout;
    says(&shown, &["possibly another work than before", &marked]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q34_a_title_that_shares_a_word_with_the_one_before_may_be_the_same_work() {
    // Measurements of weevils, by Okafor; R&D of weevils, by Šimůnek.
    let case = Case::new(Quirk::IdentifiersReused).await;
    case.is_whole(&case.first(0, &[]));
    let report = case.again(0, &[]);
    assert_eq!((&report["updated"], &report["other_works"]), (&1.into(), &Value::Null), "{report}");
    assert_eq!(case.version(3)["possibly_other_work"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q34_of_an_eprint_its_export_tells_that_it_is_another_work() {
    let case = Case::with(Settings { seed: 2, kind: Kind::Eprints, ..Case::settings() }).await;
    case.is_whole(&case.first(0, &[]));
    case.server.reuse(3);
    let report = case.again(0, &[]);
    assert_eq!((&report["updated"], &report["other_works"]), (&1.into(), &1.into()), "{report}");
    assert_eq!(case.version(3)["possibly_other_work"], r#""R&D of weevils" by Okafor"#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q35_records_that_were_deleted_before_they_were_ever_seen_make_a_count_and_no_objects() {
    let case = Case::new(Quirk::MostlyDeleted).await;
    let report = case.first(0, &[]);
    assert_eq!((&report["deleted"], &report["created"]), (&23.into(), &2.into()), "{report}");
    case.holds([10, 20]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q36_a_record_that_is_listed_in_each_of_its_sets_is_one_object_with_all_of_them() {
    let case = Case::new(Quirk::ListedPerSet).await;
    let report = case.first(0, &[]);
    assert_eq!((&report["created"], &report["records"]), (&ITEMS.into(), &50.into()), "{report}");
    case.holds(1..=ITEMS);
    let all = json!(["7374617475733D707562", "747970653D61727469636C65"]);
    let manifest = case.granary.manifest(&case.silo, 1);
    assert_eq!(manifest["granary"]["versions"]["1"]["sets"], all);
    assert_eq!((&manifest["metadata"]["setSpec"], &manifest["versions"]), (&all, &json!(["1"])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q37_a_set_may_be_called_whatever_it_likes() {
    let case = Case::new(Quirk::OddSets).await;
    let set = "R&D/100% +:747970653D746865736973";
    let report = case.first(0, &["--set", set]);
    let theses = || (1..=ITEMS).filter(|item| item % 3 == 0);
    assert_eq!(report["created"], theses().count(), "{report}");
    case.holds(theses());
    assert!(case.version(3)["sets"].as_array().unwrap().contains(&set.into()), "{}", case.version(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q38_a_record_without_identifier_or_metadata_is_kept_apart_and_asked_for_until_it_is_mended() {
    for quirk in [Quirk::IdentifierMissing, Quirk::MetadataMissing] {
        let case = Case::new(quirk).await;
        let report = case.first(3, &[]);
        assert_eq!((&report["created"], &report["failed"]), (&20.into(), &5.into()), "{report}");
        case.holds((1..=ITEMS).filter(|item| !concerned(item)));
        for problem in report["problems"].as_array().unwrap() {
            let kept = case.granary.path().join(problem["quarantined"].as_str().unwrap());
            says(&std::fs::read_to_string(kept).unwrap(), &["<record>"]);
            says(problem["detail"].as_str().unwrap(), &["verb=ListRecords", "has no"]);
        }
        // The second run does not forget them.
        let report = case.again(3, &[]);
        assert_eq!((&report["failed"], &report["gaps"]), (&5.into(), &5.into()), "{report}");
        assert_eq!(case.status()["gaps"].as_array().unwrap().len(), 5);
        case.server.quirk_off(quirk);
        let report = case.again(0, &[]);
        assert_eq!((&report["created"], &report["gaps"]), (&5.into(), &0.into()), "{report}");
        case.holds(1..=ITEMS);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q38_a_record_without_a_datestamp_is_stored_all_the_same() {
    let case = Case::new(Quirk::DatestampMissing).await;
    case.is_whole(&case.first(0, &[]));
    assert_eq!(case.version(8)["datestamp"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q43_what_fails_is_named_with_its_url_though_the_repository_does_not_say() {
    let case = Case::new(Quirk::NamelessError).await;
    case.is_whole(&case.first(0, &[]));

    // Where the record cannot be had by itself either, the report has its name, and the URL that was asked.
    let case = Case::new(Quirk::NamelessError).await;
    case.server.fault("/cgi/oai2?verb=GetRecord&*%3A8&*", Fault::Json);
    let report = case.first(3, &[]);
    let gap = &report["open_gaps"][0];
    says(
        gap["reason"].as_str().unwrap(),
        &["oai:generic.eprints.org:8", &case.server.oai(), "verb=GetRecord"],
    );
    assert_eq!(report["created"], 24);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q45_the_same_identifiers_in_two_repositories_are_two_works_in_two_silos() {
    let case = Case::with(Settings { quirks: vec![Quirk::SecondRepository], ..Case::settings() }).await;
    case.is_whole(&case.first(0, &[]));
    let other = case.server.other_oai();
    let taken = case.granary.expect(2, &["harvest", &other, "--no-files"]);
    says(&taken.stderr, &[&case.server.oai(), "--silo"]);
    let report = case.granary.json(0, &["harvest", &other, "--no-files", "--silo", "other"]).pop().unwrap();
    assert_eq!(report["created"], ITEMS);
    let metadata =
        |silo: &str| std::fs::read_to_string(case.granary.object(silo, 3).join("__1/oai_dc")).unwrap();
    assert_ne!(metadata(&case.silo), metadata("other"));
    let all = case.granary.json(0, &["ls", "other"]);
    assert_eq!(all.iter().map(|object| item_of(&object["identifier"])).max(), Some(ITEMS));
}
