//! Repositories whose records come with their metadata.

mod support;

use granary_test_repository::{Granularity, Kind, Settings};
use support::{Granary, fetched, repository, silo_of, verbs};

fn settings() -> Settings {
    Settings { items: 25, page_size: 10, kind: Kind::DublinCore, ..Settings::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_and_the_files_that_dublin_core_links_to_are_stored() {
    let server = repository(settings()).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    let report = granary.json(0, &["harvest", &server.oai()]).pop().unwrap();
    assert_eq!((&report["created"], &report["files"], &report["pages"]), (&25.into(), &50.into(), &3.into()));
    let manifest = granary.manifest(&silo, 7);
    assert_eq!(manifest["metadata_files"]["1"], serde_json::json!(["oai_dc"]));
    let metadata = std::fs::read_to_string(granary.object(&silo, 7).join("__1/oai_dc")).unwrap();
    assert!(metadata.starts_with("<oai_dc:dc") && metadata.ends_with("</oai_dc:dc>"), "{metadata}");
    granary.expect(0, &["verify"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_without_an_announced_digest_are_compared_by_conditional_requests() {
    let server = repository(settings()).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    granary.expect(0, &["harvest", &server.oai()]);
    server.change(3);
    server.clear_log();
    let report = granary.json(0, &["harvest"]).pop().unwrap();
    assert_eq!((&report["updated"], &report["files"]), (&1.into(), &1.into()));
    let statuses: Vec<_> = server.log().iter().filter(|l| l.path != "/cgi/oai2").map(|l| l.status).collect();
    assert_eq!(
        (statuses.len(), statuses.iter().filter(|status| **status == 304).count()),
        (2, 1),
        "{statuses:?}"
    );
    let inventory = &granary.manifest(&silo, 3)["granary"]["versions"]["2"]["inventory"];
    let old = inventory
        .as_object()
        .unwrap()
        .values()
        .filter(|e| e["path"].as_str().unwrap().starts_with("__1/"))
        .count();
    assert_eq!(old, 1, "{inventory}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_days_the_last_day_is_listed_again_and_told_apart_by_content() {
    for kind in [Kind::DublinCore, Kind::Eprints] {
        let server = repository(Settings { kind, granularity: Granularity::Day, ..settings() }).await;
        let (granary, silo) = (Granary::new(), silo_of(&server));
        granary.expect(0, &["harvest", &server.oai()]);
        server.change(1);
        let report = granary.json(0, &["harvest"]).pop().unwrap();
        assert_eq!((&report["updated"], &report["unchanged"]), (&1.into(), &0.into()), "{kind:?}");
        let report = granary.json(0, &["harvest"]).pop().unwrap();
        assert_eq!((&report["updated"], &report["unchanged"]), (&0.into(), &1.into()), "{kind:?}");
        server.change(1);
        let report = granary.json(0, &["harvest"]).pop().unwrap();
        assert_eq!(
            (&report["updated"], &report["unchanged"]),
            (&1.into(), &0.into()),
            "the same day, changed: {kind:?}"
        );
        assert_eq!(granary.manifest(&silo, 1)["versions"], serde_json::json!(["1", "2", "3"]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_files_means_metadata_only_and_reprocess_fetches_them_later() {
    let server = repository(settings()).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    let report = granary.json(0, &["harvest", &server.oai(), "--no-files"]).pop().unwrap();
    assert_eq!((&report["created"], &report["files"]), (&25.into(), &0.into()));
    assert!(fetched(&server).is_empty());
    let queued = granary.json(0, &["reprocess", &silo]).pop().unwrap();
    assert_eq!(queued["queued"], 50);
    granary.expect(0, &["work", "--drain"]);
    assert_eq!(granary.json(0, &["reprocess", &silo]).pop().unwrap()["queued"], 0);
    server.clear_log();
    assert_eq!(granary.json(0, &["reprocess", &silo, "--redownload"]).pop().unwrap()["queued"], 50);
    granary.expect(0, &["work", "--drain"]);
    assert!(server.log().iter().all(|logged| logged.status == 304));
    assert_eq!(granary.manifest(&silo, 1)["versions"], serde_json::json!(["1"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sets_and_dates_select() {
    let server = repository(settings()).await;
    let granary = Granary::new();
    let all = granary.json(0, &["harvest", &server.oai(), "--no-files"]).pop().unwrap();
    let dated = [
        "harvest",
        &server.oai(),
        "--silo",
        "dated",
        "--no-files",
        "--from",
        "2012-01-01",
        "--until",
        "2014-12-31",
    ];
    let some = granary.json(0, &dated).pop().unwrap();
    let expected = server.log().len();
    assert!(expected > 0 && some["records"].as_u64() < all["records"].as_u64(), "{some}");
    let again = granary.json(0, &["harvest", "dated"]).pop().unwrap();
    assert_eq!((&again["created"], &again["updated"]), (&0.into(), &0.into()));
    assert!(verbs(&server).contains(&"ListRecords".to_owned()));
}
