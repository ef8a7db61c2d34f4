//! What cannot be had costs only itself, and is visible everywhere.

mod support;

use std::collections::BTreeMap;

use granary_test_repository::{Fault, Settings};
use support::{Granary, repository, silo_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_failure_has_its_reason_everywhere_and_is_mended_by_a_redrive() {
    let server = repository(Settings { items: 20, ..Settings::default() }).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    let redirect = |target: &str| Fault::Redirect { target: target.to_owned() };
    let faults = [
        (1, Fault::NotFound, "gone"),
        (2, Fault::Truncate, "unreachable"),
        (3, Fault::WrongDigest, "bad_digest"),
        (4, Fault::LoginPage, "not_a_file"),
        (5, redirect("http://169.254.169.254/latest/meta-data/"), "refused"),
        (6, redirect("file:///etc/passwd"), "refused"),
        (7, Fault::RedirectLoop, "redirect_loop"),
        (8, Fault::Forbidden, "forbidden"),
        (9, Fault::WrongSize, "bad_digest"),
    ];
    for (item, fault, _) in &faults {
        server.fault(&format!("/{item}/1/*"), fault.clone());
    }
    let ended = granary.expect(3, &["harvest", &server.oai()]);
    assert!(
        ended.stderr.contains("9 failed:") && ended.stderr.contains("granary queue redrive"),
        "{}",
        ended.stderr
    );

    let dead = granary.json(0, &["queue", "dead"]);
    let reasons: BTreeMap<_, _> = dead
        .iter()
        .map(|letter| {
            let item: u32 =
                letter["identifier"].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap();
            (item, letter["reason"].as_str().unwrap())
        })
        .collect();
    assert_eq!(reasons, faults.iter().map(|(item, _, reason)| (*item, *reason)).collect());
    for (item, _, reason) in &faults {
        let manifest = granary.manifest(&silo, *item);
        let record = &manifest["granary"]["versions"]["1"];
        let failures = record["failures"].as_array().unwrap();
        assert_eq!((failures.len(), &failures[0]["reason"]), (1, &(*reason).into()), "{failures:?}");
        assert!(failures[0]["url"].as_str().unwrap().contains(&format!("/{item}/1/")));
        assert_eq!(record["inventory"].as_object().unwrap().len(), 2, "metadata and the other file");
    }
    let status = granary.json(0, &["status", &silo]).pop().unwrap();
    assert_eq!((&status["last_run"]["files"], &status["last_run"]["failed"]), (&31.into(), &9.into()));
    granary.expect(0, &["verify"]);

    server.mend();
    assert_eq!(granary.json(0, &["queue", "redrive", "--reason", "gone"])[0]["redriven"], 1);
    assert_eq!(granary.json(0, &["queue", "redrive"])[0]["redriven"], 8);
    granary.expect(0, &["work", "--drain"]);
    assert!(granary.json(0, &["queue", "dead"]).is_empty());
    for (item, ..) in &faults {
        let manifest = granary.manifest(&silo, *item);
        let record = &manifest["granary"]["versions"]["1"];
        assert!(record.get("failures").is_none(), "{record}");
        assert_eq!(record["inventory"].as_object().unwrap().len(), 3);
    }
    assert_eq!(granary.json(0, &["verify"]).pop().unwrap()["files"], 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metadata_that_cannot_be_had_is_noted_in_a_version_and_completed_later() {
    let server = repository(Settings { items: 4, ..Settings::default() }).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    server.fault("/cgi/export/eprint/3/*", Fault::Html);
    let report = granary.json(3, &["harvest", &server.oai()]).pop().unwrap();
    assert_eq!((&report["created"], &report["failed"], &report["files"]), (&3.into(), &1.into(), &6.into()));
    let failures = &granary.manifest(&silo, 3)["granary"]["versions"]["1"]["failures"];
    assert_eq!(failures[0]["reason"], "not_a_file");
    server.mend();
    granary.expect(0, &["queue", "redrive"]);
    granary.expect(0, &["work", "--drain"]);
    let record = &granary.manifest(&silo, 3)["granary"]["versions"]["1"];
    assert_eq!(record["inventory"].as_object().unwrap().len(), 3, "{record}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stumbles_is_asked_again() {
    let server = repository(Settings { items: 10, page_size: 3, ..Settings::default() }).await;
    let granary = Granary::new();
    server.fault_times("/cgi/oai2?verb=ListIdentifiers*", Fault::Unavailable { retry_after: Some(1) }, 1);
    server.fault_times("/2/1/*", Fault::Truncate, 1);
    server.fault_times("/3/1/*", Fault::ServerError, 1);
    server.fault_times("/4/1/*", Fault::Reset, 1);
    let report = granary.json(0, &["harvest", &server.oai()]).pop().unwrap();
    assert_eq!(
        (&report["created"], &report["files"], &report["failed"]),
        (&10.into(), &20.into(), &0.into())
    );
    let resumed =
        server.log().iter().any(|logged| logged.path.starts_with("/2/1/") && logged.range.is_some());
    assert!(resumed, "the broken transfer was taken up by Range");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_refused_is_never_the_end_of_the_list() {
    let server = repository(Settings { items: 25, page_size: 5, ..Settings::default() }).await;
    let granary = Granary::new();
    server.fault("/cgi/oai2*", Fault::BadToken);
    let report = granary.json(0, &["harvest", &server.oai(), "--no-files"]).pop().unwrap();
    assert_eq!(
        (&report["records"], &report["created"], &report["gaps"]),
        (&25.into(), &25.into(), &0.into())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_whose_list_cannot_be_had_is_fetched_item_by_item_and_what_is_lost_is_a_gap() {
    let days = granary_test_repository::Granularity::Day;
    let kind = granary_test_repository::Kind::DublinCore;
    let server =
        repository(Settings { items: 12, page_size: 1, granularity: days, kind, ..Settings::default() })
            .await;
    let granary = Granary::new();
    granary.expect(0, &["harvest", &server.oai(), "--no-files", "--limit", "1"]);
    (1..=6).for_each(|item| server.change(item));
    // Today's six records come one to a page, and no token is taken: only the first can be listed.
    server.fault("/cgi/oai2*", Fault::BadToken);
    let report = granary.json(3, &["harvest"]).pop().unwrap();
    assert_eq!((&report["gaps"], &report["created"]), (&1.into(), &6.into()), "{report}");
    assert!(report["open_gaps"][0]["reason"].as_str().unwrap().contains("token"), "{report}");
    // A limit leaves no time for the gap, which stays one.
    let report = granary.json(3, &["harvest", "--limit", "1"]).pop().unwrap();
    assert_eq!(report["gaps"], 1, "{report}");
    server.mend();
    let report = granary.json(0, &["harvest"]).pop().unwrap();
    assert_eq!(report["gaps"], 0, "{report}");
    let status = granary.json(0, &["status"]).pop().unwrap();
    assert_eq!(status["silos"][0]["objects"], 12, "{status}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_wait_that_a_server_asks_for_is_remembered() {
    let server = repository(Settings { items: 5, ..Settings::default() }).await;
    let granary = Granary::new();
    granary.expect(0, &["harvest", &server.oai()]);
    server.fault("/cgi/oai2*", Fault::TooManyRequests { retry_after: 86400 });
    let ended = granary.expect(1, &["harvest"]);
    assert!(ended.stderr.contains("asks to wait until"), "{}", ended.stderr);
    server.mend();
    server.clear_log();
    let ended = granary.expect(1, &["harvest"]);
    assert!(ended.stderr.contains("asks to wait until"), "{}", ended.stderr);
    assert!(server.log().is_empty(), "it is left alone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restricted_embargoed_and_derived_files_are_counted_and_not_tried() {
    let server = repository(Settings { items: 50, extras: true, ..Settings::default() }).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    let report = granary.json(0, &["harvest", &server.oai()]).pop().unwrap();
    assert_eq!(report["files"], 100, "every public file: {report}");
    // A thumbnail on every tenth item, a restricted document on every 25th, an embargoed one on every 40th.
    assert_eq!(report["skipped"], 5 + 2 + 1, "{report}");
    let reasons = |item| {
        let manifest = granary.manifest(&silo, item);
        let failures =
            manifest["granary"]["versions"]["1"]["failures"].as_array().cloned().unwrap_or_default();
        failures.iter().map(|failure| failure["reason"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(reasons(25), ["restricted"]);
    assert_eq!(reasons(40), ["embargoed"]);
    assert_eq!(reasons(10), Vec::<String>::new());
    granary.expect(0, &["verify"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_a_server_puts_off_for_long_does_not_hold_up_the_next_harvest() {
    let server = repository(Settings { items: 3, ..Settings::default() }).await;
    let granary = Granary::new();
    granary.expect(0, &["harvest", &server.oai(), "--no-files"]);
    server.change(1);
    server.fault("/1/1/*", Fault::Unavailable { retry_after: Some(3600) });
    let ended = granary.expect(1, &["harvest", "--json", &silo_of(&server), "--files"]);
    assert!(ended.stderr.contains("asks to wait with some files"), "{}", ended.stderr);
    granary.expect(1, &["work", "--drain"]);
    assert_eq!(granary.json(0, &["queue"])[0]["delayed"].as_u64().map(|delayed| delayed > 0), Some(true));
    server.clear_log();
    granary.run(&["harvest", "--list-only"]);
    assert_eq!(support::verbs(&server), ["Identify", "ListIdentifiers"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_a_limit_ended_is_not_taken_for_the_whole_when_it_is_gone_on_with() {
    let server = repository(Settings { items: 30, page_size: 10, ..Settings::default() }).await;
    let granary = Granary::new();
    server.fault("/1/1/*", Fault::Slow { delay: std::time::Duration::from_secs(1) });
    let mut child = granary.spawn(&["harvest", &server.oai(), "--silo", "s", "--limit", "10"]);
    while !granary.run(&["--json", "status", "s"]).stdout.contains("\"limited\"")
        && support::fetched(&server).len() < 20
    {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    server.mend();
    let report = granary.json(0, &["harvest", "s"]).pop().unwrap();
    assert_eq!(report["records"], 30, "{report}");
    assert_eq!(granary.json(0, &["verify"]).pop().unwrap()["files"], 90);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_that_answers_no_list_is_neither_an_empty_one_nor_asked_for_ever() {
    let server = repository(Settings { items: 5, ..Settings::default() }).await;
    let granary = Granary::new();
    // Identify in place of a list, for ever.
    let target = format!("{}?verb=Identify", server.oai());
    for verb in ["ListRecords", "ListIdentifiers"] {
        server.fault(&format!("/cgi/oai2?verb={verb}*"), Fault::Redirect { target: target.clone() });
    }
    let ended = granary.expect(1, &["harvest", &server.oai(), "--kind", "oai"]);
    assert!(ended.stderr.contains("every list of"), "{}", ended.stderr);
    assert!(support::verbs(&server).len() < 400, "{}", support::verbs(&server).len());
    let status = granary.json(0, &["status"]).pop().unwrap();
    assert!(status["silos"][0]["run"].is_object(), "the run is not finished: {status}");
}
