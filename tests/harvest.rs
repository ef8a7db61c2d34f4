//! The main job: a repository is mirrored, and kept current.

mod support;

use granary_test_repository::Settings;
use support::{Granary, fetched, files, repository, sha256sum, silo_of, verbs};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_items_with_two_files_each_are_stored_whole() {
    let server = repository(Settings::default()).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    let report = granary.json(0, &["harvest", &server.oai()]).pop().unwrap();
    assert_eq!(
        (&report["records"], &report["created"], &report["files"]),
        (&500.into(), &500.into(), &1000.into())
    );
    let sum =
        ["created", "updated", "unchanged", "deleted", "failed"].map(|key| report[key].as_u64().unwrap());
    assert_eq!(sum.iter().sum::<u64>(), 500);
    assert_eq!(report["bytes"], 2_000_000);
    assert_eq!((&report["failed"], &report["skipped"], &report["gaps"]), (&0.into(), &0.into(), &0.into()));

    let stored = files(&granary.path().join(&silo));
    let sums = sha256sum(&stored);
    let mut compared = 0;
    for item in 1..=500 {
        let manifest = granary.manifest(&silo, item);
        let inventory = manifest["granary"]["versions"]["1"]["inventory"].as_object().unwrap().clone();
        assert_eq!(inventory.len(), 3, "metadata and two files: {inventory:?}");
        for (name, entry) in inventory {
            let path = granary.object(&silo, item).join(entry["path"].as_str().unwrap());
            assert_eq!(entry["sha256"], sums[&path].as_str(), "{}", path.display());
            assert_eq!(entry["size"], std::fs::metadata(&path).unwrap().len(), "{name}");
            compared += 1;
        }
        for position in [1, 2] {
            let bytes = server.file(item, position);
            let there = stored.iter().filter(|path| path.starts_with(granary.object(&silo, item)));
            assert!(
                there.clone().any(|path| std::fs::read(path).unwrap() == bytes),
                "item {item}, file {position}"
            );
        }
    }
    assert_eq!(compared, 1500);
    let verified = granary.json(0, &["verify"]).pop().unwrap();
    assert_eq!((&verified["objects"], &verified["files"]), (&500.into(), &1500.into()));
    assert_eq!(
        (&verified["missing"], &verified["corrupt"], &verified["unlisted"]),
        (&0.into(), &0.into(), &0.into())
    );
    assert!(fetched(&server).values().all(|times| *times == 1), "something was fetched twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_with_nothing_new_asks_identify_and_one_list() {
    let server = repository(Settings { items: 30, ..Settings::default() }).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    granary.expect(0, &["harvest", &server.oai()]);
    let before = granary.tree(&silo);
    server.clear_log();
    let report = granary.json(0, &["harvest"]).pop().unwrap();
    assert_eq!(verbs(&server), ["Identify", "ListIdentifiers"]);
    assert!(fetched(&server).is_empty());
    assert_eq!((&report["records"], &report["files"]), (&0.into(), &0.into()));
    assert_eq!(granary.tree(&silo), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_items_get_versions_that_hold_only_what_changed_and_a_deleted_one_keeps_its_files() {
    let server = repository(Settings { items: 30, ..Settings::default() }).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    granary.expect(0, &["harvest", &server.oai()]);
    let before = granary.tree(&silo);
    (1..=5).for_each(|item| server.change(item));
    server.delete(6);
    server.clear_log();
    let report = granary.json(0, &["harvest", &silo]).pop().unwrap();
    assert_eq!((&report["updated"], &report["deleted"], &report["files"]), (&5.into(), &1.into(), &5.into()));
    assert_eq!(fetched(&server).len(), 10, "five exports and five files: {:?}", fetched(&server));
    for item in 1..=5 {
        let manifest = granary.manifest(&silo, item);
        assert_eq!(manifest["versions"], serde_json::json!(["1", "2"]));
        let inventory = manifest["granary"]["versions"]["2"]["inventory"].as_object().unwrap();
        let old =
            inventory.values().filter(|entry| entry["path"].as_str().unwrap().starts_with("__1/")).count();
        assert_eq!((inventory.len(), old), (3, 1), "{inventory:?}");
        assert_eq!(files(&granary.object(&silo, item).join("__2")).len(), 2, "metadata and the changed file");
        assert!(
            files(&granary.object(&silo, item))
                .iter()
                .any(|p| std::fs::read(p).unwrap() == server.file(item, 1))
        );
    }
    let manifest = granary.manifest(&silo, 6);
    assert_eq!(manifest["granary"]["versions"]["2"]["deleted"], true);
    assert_eq!(manifest["metadata"]["deleted_at_version"], "2");
    assert_eq!(files(&granary.object(&silo, 6).join("__1")).len(), 3);
    let after = granary.tree(&silo);
    for (path, bytes) in before.iter().filter(|(path, _)| !path.ends_with("__manifest.json")) {
        assert_eq!(after.get(path), Some(bytes), "{path} was touched");
    }
    granary.expect(0, &["verify"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_harvests_of_one_source_do_not_run_at_once_and_two_sources_do() {
    let settings = Settings { items: 60, ..Settings::default() };
    let (one, two) = (repository(settings.clone()).await, repository(settings).await);
    let granary = Granary::new();
    granary.expect(0, &["add", &one.oai()]);
    let slow = granary_test_repository::Fault::Slow { delay: std::time::Duration::from_millis(20) };
    one.fault("/cgi/oai2*", slow);
    let first = granary.spawn(&["harvest", &silo_of(&one)]);
    let other = granary.spawn(&["harvest", &two.oai()]);
    while one.log().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let second = granary.run(&["harvest", &silo_of(&one)]);
    assert_eq!(second.code, Some(1), "{}", second.stderr);
    assert!(second.stderr.contains("is in progress since 20"), "{}", second.stderr);
    for child in [first, other] {
        let ended: support::Ended = child.wait_with_output().unwrap().into();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    }
    let status = granary.json(0, &["status"]).pop().unwrap();
    for silo in status["silos"].as_array().unwrap() {
        assert_eq!((&silo["objects"], &silo["files"]), (&60.into(), &180.into()), "{silo}");
    }
    granary.expect(0, &["verify"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silo_reads_well_by_every_command() {
    let server = repository(Settings { items: 3, ..Settings::default() }).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    granary.expect(0, &["harvest", &server.oai(), "--contact", "me@example.org", "--every", "1d"]);
    assert!(server.log().iter().all(|logged| logged.from.as_deref() == Some("me@example.org")));
    let id = "oai:generic.eprints.org:2";

    assert_eq!(granary.json(0, &["ls"])[0]["silo"], silo.as_str());
    let objects = granary.json(0, &["ls", &silo]);
    assert_eq!(objects.len(), 3);
    assert!(std::path::Path::new(objects[0]["path"].as_str().unwrap()).join("__manifest.json").exists());
    assert_eq!(granary.json(0, &["ls", &silo, "--prefix", id]).len(), 1);

    let shown = granary.json(0, &["show", &silo, id]).pop().unwrap();
    let listed = shown["versions"][0]["files"].as_array().unwrap().clone();
    let file = listed.iter().find(|file| file["is_metadata"] == false).unwrap();
    let name = file["name"].as_str().unwrap();
    let bytes = std::fs::read(file["path"].as_str().unwrap()).unwrap();
    let output = granary.command(&["cat", &silo, id, name, "--version", "1"]).output().unwrap();
    assert_eq!(output.stdout, bytes);

    let source = granary.json(0, &["sources"]).pop().unwrap();
    assert_eq!((&source["every_seconds"], &source["contact"]), (&86400.into(), &"me@example.org".into()));
    let status = granary.json(0, &["status", &silo]).pop().unwrap();
    assert_eq!((&status["objects"], &status["kind"]), (&3.into(), &"eprints3".into()));

    granary.expect(0, &["remove", &silo]);
    assert!(granary.json(0, &["sources"]).is_empty());
    assert_eq!(granary.json(0, &["ls", &silo]).len(), 3, "the silo stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_of_the_output_that_goes_away_is_no_failure() {
    let server = repository(Settings { items: 300, files_per_item: 0, ..Settings::default() }).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    granary.expect(0, &["harvest", &server.oai()]);
    let mut child = granary.spawn(&["ls", &silo]);
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), String::from_utf8(ended.stderr).unwrap().as_str()), (Some(0), ""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_export_form_of_2010_and_templates_work() {
    let plain = granary_test_repository::ExportForm::Plain2010;
    let server = repository(Settings { items: 3, export_form: plain, ..Settings::default() }).await;
    let granary = Granary::new();
    let report = granary.json(0, &["harvest", &server.oai()]).pop().unwrap();
    assert_eq!((&report["created"], &report["files"]), (&3.into(), &6.into()));
    let template = "%(pid)s/%(prefix)s/mieprints-eprint-%(pid)s.xml";
    let args = ["harvest", &server.oai(), "--silo", "other", "--template", template, "--kind", "eprints3"];
    let report = granary.json(0, &args).pop().unwrap();
    assert_eq!((&report["silo"], &report["created"]), (&"other".into(), &3.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_says_what_it_would_do_and_writes_nothing() {
    let server = repository(Settings { items: 30, ..Settings::default() }).await;
    let granary = Granary::new();
    let preview = granary.json(0, &["harvest", &server.oai(), "--dry-run", "--limit", "4"]).pop().unwrap();
    assert_eq!(preview["kind"], "eprints3");
    assert_eq!(preview["records"].as_array().unwrap().len(), 4);
    assert!(!granary.path().exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_ends_the_run_and_the_next_one_fetches_the_rest() {
    let server = repository(Settings { items: 30, page_size: 10, ..Settings::default() }).await;
    let granary = Granary::new();
    let report = granary.json(0, &["harvest", &server.oai(), "--limit", "7"]).pop().unwrap();
    assert_eq!((&report["records"], &report["created"]), (&7.into(), &7.into()));
    let report = granary.json(0, &["harvest", "--limit", "15"]).pop().unwrap();
    assert_eq!(
        (&report["records"], &report["pages"], &report["unchanged"]),
        (&15.into(), &2.into(), &7.into())
    );
    let report = granary.json(0, &["harvest"]).pop().unwrap();
    assert_eq!(
        (&report["records"], &report["created"], &report["unchanged"]),
        (&30.into(), &15.into(), &15.into())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_run_is_not_finished_under_other_options() {
    let server = repository(Settings { items: 40, page_size: 10, ..Settings::default() }).await;
    let granary = Granary::new();
    let url = server.oai();
    let base = ["harvest", &url, "--silo", "s", "--no-files"];
    // The second page fails for good while Identify answers: the run is left in the middle.
    server.fault("/cgi/oai2?*", granary_test_repository::Fault::Unavailable { retry_after: Some(86400) });
    granary.expect(1, &[&base[..], &["--until", "2012-01-01"]].concat());
    server.mend();
    std::fs::remove_file(granary.path().join("_granary/state/s.json")).ok();
    let some = granary.json(0, &[&base[..], &["--until", "2014-12-31"]].concat()).pop().unwrap();
    let all = granary.json(0, &["harvest", "s", "--until", "2030-01-01"]).pop().unwrap();
    let count = |report: &serde_json::Value| report["created"].as_u64().unwrap();
    assert!(count(&some) > 0 && count(&all) > 0, "{some} {all}");
    assert_eq!(count(&some) + count(&all), 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_set_is_another_list_whatever_a_limit_left() {
    let server = repository(Settings { items: 20, ..Settings::default() }).await;
    let granary = Granary::new();
    let published = "7374617475733D707562";
    let url = server.oai();
    let base = ["harvest", &url, "--silo", "s", "--no-files"];
    granary.json(0, &[&base[..], &["--from", "2015-01-01"]].concat());
    granary.json(0, &[&base[..], &["--from", "2010-01-01", "--set", published, "--limit", "1"]].concat());
    granary.json(0, &["harvest", "s"]);
    granary.json(0, &["harvest", &url, "--silo", "whole", "--no-files", "--set", published]);
    let ids = |silo| {
        let objects = granary.json(0, &["ls", silo]);
        objects
            .iter()
            .map(|object| object["identifier"].to_string())
            .collect::<std::collections::BTreeSet<_>>()
    };
    let (found, whole) = (ids("s"), ids("whole"));
    assert!(whole.len() > 10 && whole.is_subset(&found), "{whole:?}\n{found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overlapping_sets_count_an_object_once() {
    let kind = granary_test_repository::Kind::DublinCore;
    let server = repository(Settings { items: 12, kind, ..Settings::default() }).await;
    let granary = Granary::new();
    let args = [
        "harvest",
        &server.oai(),
        "--no-files",
        "--set",
        "7374617475733D707562",
        "--set",
        "7374617475733D707562",
    ];
    let report = granary.json(0, &args).pop().unwrap();
    let objects = granary.json(0, &["ls", &silo_of(&server)]).len() as u64;
    assert!(objects > 3);
    let found = ["records", "created", "unchanged"].map(|key| report[key].as_u64().unwrap());
    assert_eq!(found, [2 * objects, objects, objects]);
}
