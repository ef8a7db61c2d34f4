//! What goes wrong around a harvest is said clearly, with what to do; nothing is lost or overwritten.

mod support;

use std::{path::Path, process::Command};

use granary_test_repository::{Fault, Settings};
use support::{Ended, Granary, repository, silo_of};

#[track_caller]
fn says(ended: &Ended, code: i32, texts: &[&str]) {
    assert_eq!(ended.code, Some(code), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    for text in texts {
        assert!(ended.stderr.contains(text), "{text:?} is missing in:\n{}", ended.stderr);
    }
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_repository_is_not_made_a_source() {
    let server = repository(Settings { items: 2, ..Settings::default() }).await;
    let granary = Granary::new();
    server.fault("/html", Fault::Html);
    server.fault("/json", Fault::Json);
    server.fault("/empty", Fault::Empty);
    for (path, text) in
        [("html", "not OAI-PMH"), ("json", "not OAI-PMH"), ("empty", "empty"), ("nowhere", "404")]
    {
        let ended = granary.run(&["harvest", &format!("{}/{path}", server.url())]);
        says(&ended, 2, &[text, "check the URL"]);
    }
    assert!(granary.json(0, &["sources"]).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_say_which_formats_there_are_is_harvested_in_the_one_that_was_asked_for() {
    let server = repository(Settings { items: 2, ..Settings::default() }).await;
    let granary = Granary::new();
    let url = server.oai();
    server.fault("*verb=ListMetadataFormats*", Fault::ServerError);
    says(&granary.run(&["harvest", &url]), 1, &["--metadata-prefix oai_dc", "ListMetadataFormats", "500"]);
    let report = granary.json(0, &["harvest", &url, "--metadata-prefix", "oai_dc", "--kind", "oai"]);
    assert_eq!((&report[0]["created"], &report[0]["metadata_prefix"]), (&2.into(), &"oai_dc".into()));
}

#[test]
fn a_host_that_is_not_there_is_said_so() {
    let granary = Granary::new();
    let ended =
        granary.run(&["harvest", "http://no-such-host.invalid/oai", "--allow-host", "no-such-host.invalid"]);
    says(&ended, 1, &["no-such-host.invalid", "run the same command again"]);
    // A port that nobody listens at.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let ended = granary.run(&["harvest", &format!("http://127.0.0.1:{port}/oai")]);
    says(&ended, 1, &["cannot reach", "run the same command again"]);
    for url in ["htp://x", "http://", "ftp://example.org/oai"] {
        assert_eq!(granary.run(&["harvest", url]).code, Some(2), "{url}");
    }
}

#[test]
fn wrong_usage_is_told_from_failure() {
    let granary = Granary::new();
    for args in [
        &["nonsense"][..],
        &["harvest", "--every", "soon", "http://x/"],
        &["harvest", "nosuchsilo"],
        &["status"],
        &["ls"],
        &["work", "--drain"],
        &["show", "a", "b"],
        &["--queue", "redis://127.0.0.1", "harvest", "http://127.0.0.1:1/"],
        &["--granary", "gs://bucket", "ls"],
    ] {
        let ended = granary.run(args);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{args:?}: {}", ended.stderr);
        assert!(!ended.stderr.is_empty());
    }
    let nothing = Command::new(env!("CARGO_BIN_EXE_granary")).output().unwrap();
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("granary harvest http"), "help with examples");
    for args in [&["completions", "bash"][..], &["man"], &["--help"], &["--version"]] {
        let ended = granary.expect(0, args);
        assert!(!ended.stdout.is_empty(), "{args:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_cannot_be_written_is_said_so() {
    let server = repository(Settings { items: 2, ..Settings::default() }).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "mine").unwrap();
    for place in [file.clone(), file.join("below"), Path::new("/proc/granary").to_owned()] {
        let args = ["--granary", place.to_str().unwrap(), "harvest", &server.oai()];
        let ended: Ended = Command::new(env!("CARGO_BIN_EXE_granary")).args(args).output().unwrap().into();
        says(&ended, 2, &["cannot write to the granary", "--granary"]);
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_ends_the_run_and_after_making_room_it_goes_on() {
    let server = repository(Settings { items: 40, file_size: 60_000, ..Settings::default() }).await;
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let mount = |options: &str| {
        Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&disk).status()
    };
    if !mount("size=3m").is_ok_and(|status| status.success()) {
        eprintln!("not run: a small file system cannot be mounted here");
        return;
    }
    let granary = disk.join("granary");
    let run = |args: &[&str]| -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_granary"));
        command.arg("--granary").arg(&granary).args(args).output().unwrap().into()
    };
    let full = run(&["harvest", &server.oai(), "--silo", "s"]);
    let remounted = Command::new("mount").args(["-o", "remount,size=40m"]).arg(&disk).status().unwrap();
    let (again, verified) = (run(&["harvest", &server.oai(), "--silo", "s"]), run(&["--json", "verify"]));
    let unmounted = Command::new("umount").arg("-l").arg(&disk).status().unwrap();
    assert!(remounted.success() && unmounted.success());
    says(&full, 1, &["free some space and run the same command again"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    let verified: serde_json::Value = serde_json::from_str(verified.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&verified["files"], &verified["unlisted"], &verified["missing"]),
        (&120.into(), &0.into(), &0.into())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrupt_manifest_costs_its_object_and_is_left_as_it_is() {
    let server = repository(Settings { items: 5, ..Settings::default() }).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    granary.expect(0, &["harvest", &server.oai()]);
    let manifest = granary.object(&silo, 2).join("__manifest.json");
    std::fs::write(&manifest, "{\"item_id\": ").unwrap();
    [1, 2, 3].iter().for_each(|item| server.change(*item));
    let report = granary.json(3, &["harvest"]).pop().unwrap();
    assert_eq!((&report["updated"], &report["failed"]), (&2.into(), &1.into()), "{report}");
    assert_eq!(std::fs::read_to_string(&manifest).unwrap(), "{\"item_id\": ");
    says(
        &granary.run(&["show", &silo, "oai:generic.eprints.org:2"]),
        3,
        &["is corrupt", "restore it from a copy"],
    );
    let found = granary.json(1, &["verify"]);
    assert_eq!(found[0]["problem"], "corrupt");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrupt_source_is_said_so_and_the_others_are_harvested() {
    let server = repository(Settings { items: 2, ..Settings::default() }).await;
    let granary = Granary::new();
    granary.expect(0, &["harvest", &server.oai()]);
    let corrupt = granary.path().join("_granary/sources/other.json");
    std::fs::write(&corrupt, "{").unwrap();
    let ended = granary.run(&["harvest"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    for text in ["other.json is corrupt", "move it away"] {
        assert!(ended.stderr.contains(text), "{}", ended.stderr);
    }
    assert!(ended.stdout.contains("0 new"), "the other one is: {}", ended.stdout);
    assert_eq!(std::fs::read_to_string(&corrupt).unwrap(), "{");
    let listed = granary.run(&["sources"]);
    assert!(listed.stderr.contains("other.json is corrupt") && !listed.stderr.contains('\u{1b}'));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrupt_queue_or_state_is_said_so_and_left_as_it_is() {
    let server = repository(Settings { items: 5, ..Settings::default() }).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    granary.expect(0, &["harvest", &server.oai()]);
    let queue = granary.path().join("_granary/local/queue.sqlite");
    let good = std::fs::read(&queue).unwrap();
    std::fs::write(
        &queue,
        "this is no database, but longer than its header would be, to be sure of it: ".repeat(20),
    )
    .unwrap();
    says(&granary.run(&["harvest"]), 2, &["queue.sqlite", "move it away", "granary reprocess"]);
    assert!(std::fs::read_to_string(&queue).unwrap().starts_with("this is no database"));
    std::fs::write(&queue, good).unwrap();
    let state = granary.path().join(format!("_granary/state/{silo}.json"));
    std::fs::write(&state, "{").unwrap();
    says(&granary.run(&["harvest"]), 2, &["is corrupt", "move it away"]);
    assert_eq!(std::fs::read_to_string(&state).unwrap(), "{");
    std::fs::remove_file(&state).unwrap();
    let report = granary.json(0, &["harvest"]).pop().unwrap();
    assert_eq!(
        (&report["records"], &report["unchanged"], &report["files"]),
        (&5.into(), &5.into(), &0.into())
    );
}

#[test]
fn a_silo_belongs_to_one_endpoint() {
    let granary = Granary::new();
    granary.expect(0, &["add", "http://example.org/one", "--silo", "s"]);
    says(
        &granary.run(&["add", "http://example.org/two", "--silo", "s"]),
        2,
        &["http://example.org/one", "--silo"],
    );
    says(&granary.run(&["add", "http://example.org/two", "--silo", "_granary"]), 2, &["_granary"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_cannot_be_costs_its_file_and_nobody_elses() {
    let server = repository(Settings { items: 2, ..Settings::default() }).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    granary.expect(0, &["harvest", &server.oai(), "--list-only"]);
    let long = format!("oai:x:{}", "é".repeat(2000));
    let message =
        serde_json::json!({"url": server.url(), "filename": "x", "pid": long, "silo": silo}).to_string();
    let mut child = granary.command(&["queue", "send"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), message.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    granary.expect(3, &["work", "--drain"]);
    let dead = granary.json(0, &["queue", "dead"]);
    assert!(dead[0]["detail"].as_str().unwrap().contains("too long"), "{dead:?}");
    assert_eq!(granary.json(0, &["verify"]).pop().unwrap()["files"], 6);
}
