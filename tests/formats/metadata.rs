//! Files that metadata names.

use std::collections::BTreeMap;

use granary_test_repository::{Format, Names, Server, Settings};
use serde_json::{Value, json};

use crate::support::{Granary, files, repository, sha256sum, silo_of};

/// What the test repository says it has: of each public file, its digest, by item.
pub(crate) async fn public_digests(server: &Server) -> BTreeMap<u32, Vec<String>> {
    let items: Vec<Value> =
        serde_json::from_str(&get(&format!("{}/_repository/items", server.url())).await).unwrap();
    let digests = |item: &Value| -> Vec<String> {
        let public = item["files"].as_array().unwrap().iter().filter(|file| file["access"] == "public");
        let mut digests: Vec<_> = public.map(|file| file["sha256"].as_str().unwrap().to_owned()).collect();
        digests.sort();
        digests
    };
    items.iter().map(|item| (item["item"].as_u64().unwrap() as u32, digests(item))).collect()
}

async fn get(url: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (host, path) = url.trim_start_matches("http://").split_once('/').unwrap();
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// What lies in the first version of an item's object beside its metadata, by its digest as `sha256sum` counts it.
pub(crate) fn stored_digests(granary: &Granary, silo: &str, item: u32, metadata: &str) -> Vec<String> {
    let folder = granary.object(silo, item).join("__1");
    let stored: Vec<_> = files(&folder).into_iter().filter(|path| *path != folder.join(metadata)).collect();
    let mut digests: Vec<_> = sha256sum(&stored).into_values().collect();
    digests.sort();
    digests
}

/// A harvest of a repository with this format: the files of every item are those that it has, no more and no fewer. The
/// numbers are those of the report.
async fn check(format: Format, prefix: &str, left_out: Value, failed: u64) {
    let server = repository(Settings { items: 50, format, extras: true, ..Settings::default() }).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    let code = if failed > 0 { 3 } else { 0 };
    let harvest = ["harvest", &server.oai(), "--kind", "oai", "--metadata-prefix", prefix];
    let report = granary.json(code, &harvest).pop().unwrap();
    assert_eq!((&report["created"], &report["files"]), (&50.into(), &100.into()), "{format:?}: {report}");
    assert_eq!(report["left_out"], left_out, "{format:?}");
    assert_eq!(report["failed"], failed, "{format:?}");
    assert_eq!(report["without_files"], json!({}), "{format:?}");
    for (item, digests) in public_digests(&server).await {
        assert_eq!(stored_digests(&granary, &silo, item, prefix), digests, "{format:?}, item {item}");
    }
    granary.expect(0, &["verify"]);
    let before = granary.tree(&silo);
    let queued = granary.json(0, &["reprocess", &silo]).pop().unwrap();
    assert_eq!(queued["queued"], failed, "{format:?}: only what is missing");
    assert_eq!(queued["left_out"], left_out, "{format:?}");
    assert_eq!(granary.tree(&silo), before, "{format:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_formats_of_dspace_tell_thumbnails_and_what_is_for_staff_is_found_out_by_asking() {
    for (format, prefix) in [(Format::Mets, "mets"), (Format::Xoai, "xoai"), (Format::Ore, "ore")] {
        check(format, prefix, json!({"derived": 5}), 2).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn formats_that_tell_of_public_files_only_give_those() {
    for (format, prefix) in [(Format::OaiDc, "oai_dc"), (Format::Didl, "didl"), (Format::Jats, "jats")] {
        check(format, prefix, json!({}), 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn formats_that_tell_who_may_have_a_file_are_obeyed() {
    check(Format::Rioxx, "rioxx", json!({"embargoed": 1}), 0).await;
    check(Format::Openaire, "oai_openaire", json!({"restricted": 2, "embargoed": 1}), 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_eprint_without_documents_is_believed_and_its_landing_page_is_left_alone() {
    let server = repository(Settings { items: 7, files_per_item: 0, ..Settings::default() }).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    let report = granary.json(0, &["harvest", &server.oai()]).pop().unwrap();
    assert_eq!(report["without_files"], json!({"none_named": 7}));
    assert!(server.log().iter().all(|logged| logged.path.starts_with("/cgi/")), "exports only");
    let note = &granary.manifest(&silo, 7)["granary"]["versions"]["1"]["without_files"];
    assert_eq!(note["detail"], "it names no file (eprints3)");
    let again = granary.json(0, &["harvest"]).pop().unwrap();
    assert_eq!(again["without_files"], json!({}), "of what is new or changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_whose_files_are_all_kept_back_says_so() {
    let settings = Settings { items: 50, files_per_item: 0, extras: true, ..Settings::default() };
    let server = repository(settings).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    let report = granary.json(0, &["harvest", &server.oai()]).pop().unwrap();
    assert_eq!(report["without_files"], json!({"none_named": 44, "none_open": 6}));
    assert_eq!(report["left_out"], json!({"restricted": 2, "embargoed": 1, "derived": 5}));
    let note = &granary.manifest(&silo, 40)["granary"]["versions"]["1"]["without_files"];
    let detail = "none of its files is open (eprints3): 0 restricted, 1 embargoed, 1 derived";
    assert_eq!((&note["reason"], &note["detail"]), (&"none_open".into(), &detail.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn marc_says_in_words_only_who_may_have_a_file_so_that_is_found_out_by_asking() {
    check(Format::Marcxml, "marcxml", json!({}), 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_prefix_that_says_most_is_taken_and_the_report_and_status_say_why() {
    let server = repository(Settings { items: 3, format: Format::Mets, ..Settings::default() }).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    let report = granary.json(0, &["harvest", &server.oai()]).pop().unwrap();
    let why = "it says most about files (offered: oai_dc, mets)";
    assert_eq!((&report["metadata_prefix"], &report["why"]), (&"mets".into(), &why.into()));
    let status = granary.expect(0, &["status", &silo]).stdout;
    assert!(status.contains("metadata prefix mets") && status.contains(why), "{status}");
    let inventory = &granary.manifest(&silo, 1)["granary"]["versions"]["1"]["inventory"];
    assert!(inventory.as_object().unwrap().values().any(|entry| entry["found_by"] == "mets"), "{inventory}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_one_name_are_both_kept_whatever_names_them() {
    for format in [Format::OaiDc, Format::Mets, Format::Landing] {
        let settings =
            Settings { items: 5, files_per_item: 3, format, names: Names::Repeated, ..Settings::default() };
        let server = repository(settings).await;
        let (granary, silo) = (Granary::new(), silo_of(&server));
        let report = granary.json(0, &["harvest", &server.oai(), "--kind", "oai"]).pop().unwrap();
        assert_eq!(report["files"], 15, "{format:?}");
        let prefix = report["metadata_prefix"].as_str().unwrap();
        for (item, digests) in public_digests(&server).await {
            assert_eq!(stored_digests(&granary, &silo, item, prefix), digests, "{format:?}, item {item}");
            let manifest = granary.manifest(&silo, item);
            let names = manifest["granary"]["versions"]["1"]["inventory"].as_object().unwrap();
            assert!(names.contains_key("paper.pdf"), "{names:?}");
            assert_eq!(names.keys().filter(|name| name.starts_with("paper~")).count(), 2, "{names:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_size_or_digest_that_is_not_as_announced_is_a_failure_with_that_reason() {
    use granary_test_repository::Fault;
    let server = repository(Settings { items: 4, format: Format::Mets, ..Settings::default() }).await;
    server.fault("/2/1/*", Fault::WrongDigest);
    server.fault("/3/1/*", Fault::WrongSize);
    let (granary, silo) = (Granary::new(), silo_of(&server));
    granary.expect(0, &["harvest", &server.oai(), "--list-only"]);
    let true_file = granary.path().join("true.pdf");
    std::fs::write(&true_file, server.file(4, 1)).unwrap();
    let sha256 = sha256sum(std::slice::from_ref(&true_file)).remove(&true_file).unwrap();
    let messages = ["0".repeat(64), sha256].map(|sha256| {
        let url = format!("{}/4/1/paper.pdf?{}", server.url(), &sha256[..4]);
        let pid = "oai:generic.eprints.org:4";
        json!({"url": url, "filename": "by hand.pdf", "pid": pid, "silo": silo, "sha256": sha256}).to_string()
    });
    assert_eq!(granary.send(&messages.join("\n")).code, Some(0));
    granary.expect(3, &["work", "--drain"]);
    let stored = (1..=3).map(|item| stored_digests(&granary, &silo, item, "mets").len());
    assert_eq!(stored.collect::<Vec<_>>(), [2, 1, 1]);
    let failures = &granary.manifest(&silo, 4)["granary"]["versions"]["1"]["failures"];
    assert_eq!(failures.as_array().unwrap().len(), 1, "{failures}");
    assert!(failures[0]["detail"].as_str().unwrap().contains("has sha256"), "{failures}");
    for (item, what) in [(2, "has md5"), (3, "has size")] {
        let failures = &granary.manifest(&silo, item)["granary"]["versions"]["1"]["failures"];
        assert_eq!(failures[0]["reason"], "bad_digest");
        assert!(failures[0]["detail"].as_str().unwrap().contains(what), "{failures}");
    }
    granary.expect(0, &["verify"]);
}
