//! The walk of 2010: list, look into the queue, work it with several processes.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod support;

use granary_test_repository::Settings;
use support::{Ended, Granary, fetched, repository, silo_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_workers_at_once_fetch_everything_and_nothing_twice() {
    let server = repository(Settings { items: 120, ..Settings::default() }).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    granary.expect(0, &["harvest", &server.oai(), "--list-only"]);
    let depth = granary.json(0, &["queue"]).pop().unwrap();
    assert_eq!(depth["waiting"], 120, "one task for each item's export");

    let peeked = granary.expect(0, &["queue", "peek", "3"]).stdout;
    assert_eq!(peeked.lines().count(), 3);
    for line in peeked.lines() {
        let message: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
        let keys: Vec<_> = message.keys().take(4).map(String::as_str).collect();
        assert_eq!(keys, ["url", "filename", "pid", "silo"]);
        assert_eq!((&message["filename"], &message["silo"]), (&"XML".into(), &silo.as_str().into()));
    }
    let depth = granary.json(0, &["queue"]).pop().unwrap();
    assert_eq!(depth["waiting"], 120, "looking takes nothing");

    let workers: Vec<_> = (0..3).map(|_| granary.spawn(&["work", "--drain", "--json"])).collect();
    let mut settled = 0;
    for worker in workers {
        let ended: Ended = worker.wait_with_output().unwrap().into();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let done: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        settled += done["tasks"].as_u64().unwrap();
    }
    assert_eq!(settled, 360);
    let fetched = fetched(&server);
    assert_eq!(fetched.len(), 360);
    assert!(fetched.values().all(|times| *times == 1), "something was fetched twice");
    let verified = granary.json(0, &["verify"]).pop().unwrap();
    assert_eq!((&verified["objects"], &verified["files"]), (&120.into(), &360.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_with_only_the_four_keys_is_downloaded_and_stored() {
    let server = repository(Settings { items: 3, ..Settings::default() }).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    granary.expect(0, &["add", &server.oai()]);
    let export = format!("{}/cgi/export/eprint/1/XML/mieprints-eprint-1.xml", server.url());
    let message = serde_json::json!({"url": export, "filename": "XML", "pid": "oai:generic.eprints.org:1", "silo": format!("data/{silo}")});
    assert_eq!(granary.send(&message.to_string()).code, Some(0));
    let file = serde_json::json!({"url": export, "filename": "copy.xml", "pid": "oai:generic.eprints.org:2", "silo": silo});
    assert_eq!(granary.send(&file.to_string()).code, Some(0));
    granary.expect(0, &["work", "--drain"]);
    let manifest = granary.manifest(&silo, 1);
    let inventory = manifest["granary"]["versions"]["1"]["inventory"].as_object().unwrap();
    assert_eq!(inventory.len(), 3, "the files that the metadata names came with it: {inventory:?}");
    let manifest = granary.manifest(&silo, 2);
    assert_eq!(manifest["files"]["1"], serde_json::json!(["copy.xml"]));
    granary.expect(0, &["verify"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_no_task_goes_to_the_dead_letters_and_the_rest_arrives() {
    let server = repository(Settings { items: 2, ..Settings::default() }).await;
    let granary = Granary::new();
    granary.expect(0, &["harvest", &server.oai(), "--list-only"]);
    let bad = granary.send("{\"url\": \"http://x/\"}\n");
    assert_eq!(bad.code, Some(2), "a mistake at the keyboard is told at once");
    let stray =
        serde_json::json!({"url": server.url(), "filename": "x", "pid": "oai:x:1", "silo": "nowhere"});
    assert_eq!(granary.send(&stray.to_string()).code, Some(0));
    granary.expect(3, &["work", "--drain"]);
    let dead = granary.json(0, &["queue", "dead"]);
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0]["reason"], "bad_message");
    assert!(dead[0]["detail"].as_str().unwrap().contains("there is no silo nowhere"), "{}", dead[0]);
    assert_eq!(granary.json(0, &["verify"]).pop().unwrap()["files"], 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_files_of_one_name_are_both_kept_and_a_message_sent_twice_is_fetched_once() {
    let server = repository(Settings { items: 3, ..Settings::default() }).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    granary.expect(0, &["add", &server.oai()]);
    let export = |item| format!("{}/cgi/export/eprint/{item}/XML/x.xml", server.url());
    let message = |item: u32, name: &str| {
        serde_json::json!({"url": export(item), "filename": name, "pid": "oai:x:1", "silo": silo}).to_string()
    };
    let messages = [message(1, "p.xml"), message(2, "p.xml"), message(1, "p.xml"), message(3, "p.xml/below")];
    assert_eq!(granary.send(&messages.join("\n")).code, Some(0));
    granary.expect(0, &["work", "--drain"]);
    // The third one's place is taken by a file, which shows only when its bytes are there.
    assert_eq!(fetched(&server).into_values().collect::<Vec<_>>(), [1, 1, 2]);
    let shown = granary.json(0, &["show", &silo, "oai:x:1"]).pop().unwrap();
    assert_eq!(shown["versions"][0]["files"].as_array().unwrap().len(), 3, "{shown}");
    let verified = granary.json(0, &["verify"]).pop().unwrap();
    assert_eq!((&verified["files"], &verified["unlisted"]), (&3.into(), &0.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_of_a_state_that_is_past_makes_no_version() {
    let server = repository(Settings { items: 2, ..Settings::default() }).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    granary.expect(0, &["harvest", &server.oai(), "--list-only"]);
    let old = granary.expect(0, &["queue", "peek", "1"]).stdout;
    granary.expect(0, &["work", "--drain"]);
    server.delete(1);
    granary.expect(0, &["harvest"]);
    assert_eq!(granary.send(&old).code, Some(0));
    granary.expect(0, &["work", "--drain"]);
    let manifest = granary.manifest(&silo, 1);
    assert_eq!(manifest["versions"], serde_json::json!(["1", "2"]));
    assert_eq!(manifest["granary"]["versions"]["2"]["deleted"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_announced_again_while_its_task_waits_is_fetched_once_for_the_newer_version() {
    let kind = granary_test_repository::Kind::DublinCore;
    let server = repository(Settings { items: 2, kind, ..Settings::default() }).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    granary.expect(0, &["harvest", &server.oai(), "--list-only"]);
    server.change(1);
    granary.expect(0, &["harvest", "--list-only"]);
    granary.expect(0, &["work", "--drain"]);
    let inventory = &granary.manifest(&silo, 1)["granary"]["versions"]["2"]["inventory"];
    assert_eq!(inventory.as_object().unwrap().len(), 3, "{inventory}");
    assert!(fetched(&server).values().all(|times| *times == 1), "{:?}", fetched(&server));
}
