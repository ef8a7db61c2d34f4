//! `harvest --sweep`: what a repository drops without a word is marked as absent, and nothing else is.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod support;

use std::time::Duration;

use granary_test_repository::{Fault, Kind, Quirk, Server, Settings};
use serde_json::Value;
use support::{Ended, Granary, repository, silo_of, verbs};

/// How many items the repository has.
const ITEMS: u32 = 25;

/// The items that quirks of single records concern.
const CONCERNED: [u32; 5] = [3, 8, 13, 18, 23];

/// All requests for single records.
const SINGLE: &str = "/cgi/oai2?verb=GetRecord*";

/// All requests for lists of identifiers.
const ROLL: &str = "/cgi/oai2?verb=ListIdentifiers*";

/// A repository that has been harvested.
struct Case {
    server: Server,
    granary: Granary,
    silo: String,
}

impl Case {
    /// Harvested whole: Dublin Core, all on one page.
    async fn new(quirks: &[Quirk]) -> Self {
        Self::with(Settings { quirks: quirks.to_vec(), ..Self::settings() }, &["--no-files"]).await
    }

    async fn with(settings: Settings, options: &[&str]) -> Self {
        let server = repository(settings).await;
        let (silo, granary) = (silo_of(&server), Granary::new());
        granary.expect(0, &[&["harvest", &server.oai()], options].concat());
        server.clear_log();
        Self { server, granary, silo }
    }

    fn settings() -> Settings {
        Settings { items: ITEMS, page_size: 100, kind: Kind::DublinCore, ..Settings::default() }
    }

    /// Harvests and sweeps; `more` are options. Gives the report.
    #[track_caller]
    fn sweep(&self, code: i32, more: &[&str]) -> Value {
        self.granary
            .json(code, &[&["harvest", &self.silo, "--sweep"], more].concat())
            .pop()
            .expect("a report")
    }

    /// The items concerned vanish when the list of a sweep has ended.
    #[track_caller]
    fn let_some_vanish(&self) {
        self.server.quirk(Quirk::VanishingItems);
        assert_eq!(numbers(&self.sweep(0, &[]), ["listed", "missing"]), [25, 0]);
    }

    /// The newest version of an item, by its name and as the manifest has it.
    #[track_caller]
    fn newest(&self, item: u32) -> (String, Value) {
        let manifest = self.granary.manifest(&self.silo, item);
        let name = manifest["versions"].as_array().unwrap().last().unwrap().as_str().unwrap().to_owned();
        assert_eq!(manifest["currentversion"], name);
        let version = manifest["granary"]["versions"][&name].clone();
        (name, version)
    }

    /// The items whose objects are marked as absent.
    #[track_caller]
    fn absent(&self) -> Vec<u32> {
        (1..=ITEMS).filter(|item| self.newest(*item).1["absent"] == true).collect()
    }

    /// How often single records were asked for.
    fn asked(&self) -> usize {
        verbs(&self.server).iter().filter(|verb| *verb == "GetRecord").count()
    }
}

/// These numbers of a report's sweep, in this order.
#[track_caller]
fn numbers<const N: usize>(report: &Value, names: [&str; N]) -> [u64; N] {
    names.map(|name| report["sweep"][name].as_u64().unwrap_or_else(|| panic!("{name}: {report}")))
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_listed_no_more_and_unknown_when_asked_for_is_marked_and_stays() {
    let case = Case::with(Settings { quirks: vec![Quirk::SilentDeletions], ..Case::settings() }, &[]).await;
    let before = case.granary.manifest(&case.silo, 3);
    case.server.delete(3);
    let report = case.sweep(0, &[]);
    assert_eq!(report["sweep"]["outcome"], "complete");
    assert_eq!(numbers(&report, ["listed", "live", "missing", "absent"]), [24, 25, 1, 1]);
    assert_eq!(case.absent(), [3]);

    let manifest = case.granary.manifest(&case.silo, 3);
    let (name, version) = case.newest(3);
    let was = &before["granary"]["versions"]["1"];
    assert_eq!(name, "2");
    assert_eq!((&version["inventory"], &version["datestamp"]), (&was["inventory"], &was["datestamp"]));
    assert_eq!((&version["deleted"], &version["run"]), (&false.into(), &report["run"]));
    says(version["request"].as_str().unwrap(), &["verb=GetRecord", "generic.eprints.org%3A3"]);
    // What the original RecordSilo asks of a manifest.
    assert_eq!(manifest["date"], manifest["version_dates"]["2"]);
    assert_eq!(manifest["files"]["2"], serde_json::json!([]));
    let dates = [&before, &manifest].map(|manifest| manifest["date"].as_str().unwrap());
    assert!(dates[0] < dates[1], "the time at which it was found");

    let id = "oai:generic.eprints.org:3";
    says(&case.granary.expect(0, &["show", &case.silo, id]).stdout, &["version 2", "absent", "paper.pdf"]);
    assert_eq!(case.granary.json(0, &["show", &case.silo, id])[0]["versions"][1]["absent"], true);
    says(&case.granary.expect(0, &["status", &case.silo]).stdout, &["last sweep", "1 of 25 objects missing"]);
    assert_eq!(case.granary.json(0, &["status", &case.silo])[0]["last_sweep"]["absent"], 1);
    case.granary.expect(0, &["verify"]);

    let tree = case.granary.tree(&case.silo);
    let again = case.sweep(0, &[]);
    assert_eq!(numbers(&again, ["listed", "live", "missing", "absent"]), [24, 24, 0, 0]);
    assert_eq!(case.granary.tree(&case.silo), tree, "a second sweep finds nothing to do");
    case.granary.expect(0, &["harvest", &case.silo]);
    assert_eq!(case.granary.tree(&case.silo), tree);
    assert!(case.granary.json(0, &["status", &case.silo])[0]["last_sweep"].is_object(), "it is remembered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_marked_when_the_list_is_short_of_its_size_and_the_harvest_is_finished_all_the_same() {
    let settings = Settings { page_size: 10, quirks: vec![Quirk::SilentDeletions], ..Case::settings() };
    let case = Case::with(settings, &["--no-files"]).await;
    case.server.delete(1);
    case.server.change(4);
    case.server.quirk(Quirk::UnlistedItems);
    let report = case.sweep(3, &["--max-absent", "100%"]);
    assert_eq!(
        (&report["sweep"]["outcome"], &report["updated"]),
        (&"incomplete".into(), &1.into()),
        "{report}"
    );
    says(report["sweep"]["detail"].as_str().unwrap(), &["19 of 24 items"]);
    assert_eq!((case.absent(), case.asked()), (vec![], 0));
    case.server.clear_log();
    case.granary.expect(0, &["harvest", &case.silo]);
    let from = case.server.log().iter().any(|logged| logged.query.contains("&from=20"));
    assert!(from, "the watermark has moved");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_marked_when_the_list_is_cut_short() {
    let case = Case::new(&[Quirk::SilentDeletions]).await;
    case.server.delete(3);
    case.server.fault(ROLL, Fault::Html);
    let ended = case.granary.expect(3, &["harvest", &case.silo, "--sweep"]);
    says(&ended.stderr, &["the sweep was impossible, and nothing is marked", "verb=ListIdentifiers"]);
    assert_eq!((case.absent(), case.asked()), (vec![], 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_marked_when_the_endpoint_wants_to_be_left_alone_and_the_run_is_finished() {
    let case = Case::new(&[Quirk::SilentDeletions]).await;
    case.server.delete(3);
    case.server.fault(ROLL, Fault::Unavailable { retry_after: Some(3600) });
    let report = case.sweep(1, &[]);
    assert_eq!(report["sweep"]["outcome"], "unavailable", "{report}");
    let status = case.granary.json(0, &["status", &case.silo]).pop().unwrap();
    assert!(status["not_before"].is_string() && status["run"].is_null(), "{status}");
    assert_eq!((case.absent(), case.asked()), (vec![], 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_lists_may_not_be_long_parts_of_them_make_a_whole() {
    let settings = Settings { page_size: 5, quirks: vec![Quirk::SilentDeletions], ..Case::settings() };
    let case = Case::with(settings, &["--no-files"]).await;
    case.server.delete(3);
    case.server.fault("/cgi/oai2?verb=ListIdentifiers&resumptionToken*", Fault::BadToken);
    let report = case.sweep(0, &[]);
    assert_eq!(numbers(&report, ["listed", "missing", "absent"]), [24, 1, 1]);
    assert_eq!(case.absent(), [3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_too_many_are_missing_none_is_asked_for_and_none_is_marked() {
    let case = Case::new(&[Quirk::SilentDeletions]).await;
    [3, 4].into_iter().for_each(|item| case.server.delete(item));
    let ended: Ended = case.granary.expect(3, &["harvest", &case.silo, "--sweep"]);
    says(
        &ended.stderr,
        &["held back", "2 of 25 objects are missing", "more than 5% allows", "--max-absent 2"],
    );
    assert_eq!((case.absent(), case.asked()), (vec![], 0));
    says(&case.granary.expect(0, &["status", &case.silo]).stdout, &["held back", "--max-absent 2"]);
    assert_eq!(case.sweep(3, &["--max-absent", "1"])["sweep"]["outcome"], "held_back");
    assert_eq!(numbers(&case.sweep(0, &["--max-absent", "2"]), ["absent"]), [2]);
    assert_eq!(case.absent(), [3, 4]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_list_marks_nothing_unless_there_is_no_brake() {
    let case = Case::new(&[Quirk::SilentDeletions]).await;
    (1..=ITEMS).for_each(|item| case.server.delete(item));
    let report = case.sweep(3, &["--max-absent", "1000"]);
    says(report["sweep"]["detail"].as_str().unwrap(), &["nothing at all is listed", "--max-absent 100%"]);
    assert_eq!(case.absent(), Vec::<u32>::new());
    assert_eq!(numbers(&case.sweep(0, &["--max-absent", "100%"]), ["listed", "absent"]), [0, 25]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_back_with_its_old_datestamp_is_found_by_the_next_sweep() {
    let case = Case::new(&[]).await;
    let before = case.newest(3).1;
    case.let_some_vanish();
    case.sweep(0, &["--max-absent", "5"]);
    assert_eq!(case.absent(), CONCERNED);
    case.server.quirk_off(Quirk::VanishingItems);
    case.granary.expect(0, &["harvest", &case.silo]);
    assert_eq!(case.absent(), CONCERNED, "an incremental list does not have them");
    let report = case.sweep(0, &[]);
    assert_eq!(numbers(&report, ["returned", "missing"]), [5, 0]);
    assert_eq!((&report["updated"], case.absent()), (&5.into(), vec![]), "{report}");
    let (name, version) = case.newest(3);
    assert_eq!((name.as_str(), &version["datestamp"]), ("3", &before["datestamp"]));
    assert_eq!(version["inventory"]["oai_dc"]["path"], "__1/oai_dc", "the same bytes are not stored twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_back_changed_is_brought_by_any_harvest() {
    let case = Case::new(&[Quirk::SilentDeletions]).await;
    case.server.delete(3);
    case.sweep(0, &[]);
    case.server.change(3);
    case.granary.expect(0, &["harvest", &case.silo]);
    let (name, version) = case.newest(3);
    assert_eq!((name.as_str(), &version["absent"]), ("3", &Value::Null));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn items_of_eprints_are_marked_and_fetched_again_by_their_exports() {
    let case = Case::with(Settings { kind: Kind::Eprints, ..Case::settings() }, &[]).await;
    case.let_some_vanish();
    case.sweep(0, &["--max-absent", "5"]);
    assert_eq!(case.absent(), CONCERNED);
    case.server.quirk_off(Quirk::VanishingItems);
    let report = case.sweep(0, &[]);
    assert_eq!((numbers(&report, ["returned"]), &report["updated"]), ([5], &5.into()), "{report}");
    assert_eq!(case.absent(), Vec::<u32>::new());
    let files = case.newest(3).1["inventory"].as_object().unwrap().len();
    assert_eq!(files, 3, "the export and both files");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_the_lists_lack_is_stored_as_it_is_now_and_what_was_deleted_as_deleted() {
    let case = Case::new(&[]).await;
    case.server.quirk(Quirk::UnlistedItems);
    case.server.delete(3);
    case.server.change(8);
    let report = case.sweep(0, &["--max-absent", "5"]);
    assert_eq!(numbers(&report, ["missing", "absent", "deleted", "present"]), [5, 0, 1, 4]);
    assert_eq!(
        (&report["deleted"], &report["updated"], &report["unchanged"]),
        (&1.into(), &1.into(), &3.into())
    );
    assert_eq!(case.absent(), Vec::<u32>::new());
    assert_eq!(case.newest(3).1["deleted"], true);
    assert_eq!((case.newest(8).0.as_str(), case.newest(13).0.as_str()), ("2", "1"));
    let warnings = report["warnings"].as_array().unwrap();
    assert!(warnings.iter().any(|it| it.as_str().unwrap().contains(":13 is there")), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_told_clearly_is_not_marked_and_said() {
    let case = Case::new(&[Quirk::SilentDeletions]).await;
    [3, 4, 5].into_iter().for_each(|item| case.server.delete(item));
    case.server.fault("/cgi/oai2?verb=GetRecord&*%3A4&*", Fault::Html);
    case.server.fault("/cgi/oai2?verb=GetRecord&*%3A5&*", Fault::NotFound);
    let report = case.sweep(3, &["--max-absent", "3"]);
    assert_eq!(numbers(&report, ["missing", "absent", "unconfirmed"]), [3, 1, 2]);
    assert_eq!(case.absent(), [3]);
    let problems = report["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 2, "{report}");
    says(problems[0]["detail"].as_str().unwrap(), &["whether it is absent cannot be told", "verb=GetRecord"]);

    case.server.mend();
    assert_eq!(numbers(&case.sweep(0, &["--max-absent", "2"]), ["absent", "unconfirmed"]), [2, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_single_record_can_be_had_it_gives_up_after_some() {
    let case = Case::new(&[Quirk::SilentDeletions]).await;
    (1..=20).for_each(|item| case.server.delete(item));
    case.server.fault(SINGLE, Fault::Html);
    let report = case.sweep(3, &["--max-absent", "100%"]);
    assert_eq!(numbers(&report, ["missing", "absent", "unconfirmed"]), [20, 0, 20]);
    assert_eq!(case.asked(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_the_source_asks_for_is_missed() {
    let articles = "747970653D61727469636C65";
    let theses = "747970653D746865736973";
    let settings = Settings { quirks: vec![Quirk::SilentDeletions], ..Case::settings() };
    let case = Case::with(settings, &["--no-files", "--set", articles]).await;
    case.granary.expect(0, &["harvest", &case.silo, "--set", theses]);
    // An article, a thesis of 2011 and one of 2020.
    [1, 3, 24].into_iter().for_each(|item| case.server.delete(item));
    let report = case.sweep(0, &["--until", "2015-01-01"]);
    assert_eq!(numbers(&report, ["missing", "absent"]), [1, 1]);
    assert_eq!(case.absent(), [3]);
    case.sweep(0, &["--until", "2030-01-01"]);
    assert_eq!(case.absent(), [3, 24]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_recordsilo_made_is_live_and_keeps_what_it_lists() {
    let case = Case::new(&[Quirk::SilentDeletions]).await;
    let path = case.granary.object(&case.silo, 3).join("__manifest.json");
    let mut manifest = case.granary.manifest(&case.silo, 3);
    manifest.as_object_mut().unwrap().remove("granary").unwrap();
    std::fs::write(&path, manifest.to_string()).unwrap();
    case.server.delete(3);
    assert_eq!(numbers(&case.sweep(0, &[]), ["live", "absent"]), [25, 1]);
    let after = case.granary.manifest(&case.silo, 3);
    assert_eq!(case.newest(3).1["inventory"]["oai_dc"]["path"], "__1/oai_dc");
    assert_eq!(
        (&after["files"]["1"], &after["versions"]),
        (&manifest["files"]["1"], &serde_json::json!(["1", "2"]))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_asks_and_run_again_it_ends_as_if_undisturbed() {
    let case = Case::new(&[]).await;
    case.let_some_vanish();
    case.server.fault(SINGLE, Fault::Slow { delay: Duration::from_millis(100) });
    let sweep = ["harvest", case.silo.as_str(), "--sweep", "--max-absent", "5"];
    let mut child = case.granary.spawn(&sweep);
    while case.asked() < 3 {
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!((1..5).contains(&case.absent().len()), "{:?}", case.absent());

    case.server.mend();
    let report = case.granary.json(0, &sweep).pop().unwrap();
    assert_eq!(numbers(&report, ["listed", "live", "missing", "absent"]), [20, 25, 5, 5]);
    assert_eq!(case.absent(), CONCERNED);
    assert!(CONCERNED.iter().all(|item| case.newest(*item).0 == "2"), "each is marked once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rehearsal_says_what_is_missing_and_asks_for_no_record_and_writes_nothing() {
    let case = Case::new(&[Quirk::SilentDeletions]).await;
    [3, 4].into_iter().for_each(|item| case.server.delete(item));
    let files = support::files(&case.granary.path()).len();
    let rehearse = ["harvest", case.silo.as_str(), "--sweep", "--dry-run"];
    says(
        &case.granary.expect(0, &rehearse).stdout,
        &["2 of 25 objects are missing", "nothing would be marked", "oai:generic.eprints.org:3\n"],
    );
    let found = case.granary.json(0, &[&rehearse[..], &["--max-absent", "2"]].concat()).pop().unwrap();
    assert_eq!(
        (&found["allowed"], &found["missing"][1]),
        (&true.into(), &"oai:generic.eprints.org:4".into())
    );
    assert_eq!((case.absent(), case.asked()), (vec![], 0));
    assert_eq!(support::files(&case.granary.path()).len(), files);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn options_that_make_no_sense_are_refused() {
    let granary = Granary::new();
    for options in
        [&["--max-absent", "5"][..], &["--sweep", "--limit", "3"], &["--sweep", "--max-absent", "101%"]]
    {
        granary.expect(2, &[&["harvest", "http://127.0.0.1:9/oai"], options].concat());
    }
}
