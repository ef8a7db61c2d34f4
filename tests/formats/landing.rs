//! Files that only the landing page names.

use granary_test_repository::{Fault, Format, Landing, Settings};
use serde_json::json;

use crate::{
    metadata::{public_digests, stored_digests},
    support::{Granary, fetched, repository, silo_of},
    web::{Answer, html, pdf, serve},
};

fn settings(landing: Landing) -> Settings {
    Settings { items: 12, format: Format::Landing, landing, ..Settings::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_landing_page_names_is_fetched_and_the_page_is_not_kept() {
    for (landing, found_by) in [
        (Landing::Eprints, "html_meta"),
        (Landing::Links, "signposting"),
        (Landing::Linkset, "signposting"),
        (Landing::All, "signposting"),
    ] {
        let server = repository(settings(landing)).await;
        let (granary, silo) = (Granary::new(), silo_of(&server));
        let report = granary.json(0, &["harvest", &server.oai()]).pop().unwrap();
        assert_eq!((&report["created"], &report["files"]), (&12.into(), &24.into()), "{landing:?}: {report}");
        for (item, digests) in public_digests(&server).await {
            assert_eq!(stored_digests(&granary, &silo, item, "oai_dc"), digests, "{landing:?}, item {item}");
            let version = &granary.manifest(&silo, item)["granary"]["versions"]["1"];
            let page = format!("{}/{item}/", server.url());
            assert_eq!(version["landing_page"]["url"], page, "{version}");
            let inventory = version["inventory"].as_object().unwrap();
            assert_eq!(inventory["paper.pdf"]["found_by"], found_by, "{landing:?}");
        }
        granary.expect(0, &["verify"]);
        assert!(fetched(&server).values().all(|times| *times == 1), "{landing:?}: {:?}", fetched(&server));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn citation_tags_name_the_pdf_alone() {
    let server = repository(settings(Landing::Citation)).await;
    let granary = Granary::new();
    let report = granary.json(0, &["harvest", &server.oai()]).pop().unwrap();
    assert_eq!(report["files"], 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unchanged_record_does_not_have_its_page_asked_again_and_a_changed_one_does() {
    let server = repository(Settings {
        granularity: granary_test_repository::Granularity::Day,
        ..settings(Landing::Links)
    })
    .await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    server.change(7);
    granary.expect(0, &["harvest", &server.oai()]);
    server.clear_log();
    let report = granary.json(0, &["harvest"]).pop().unwrap();
    assert_eq!(
        (&report["unchanged"], &report["files"]),
        (&1.into(), &0.into()),
        "the last day is listed again"
    );
    assert!(fetched(&server).is_empty(), "{:?}", fetched(&server));
    server.change(7);
    let report = granary.json(0, &["harvest"]).pop().unwrap();
    assert_eq!((&report["updated"], &report["files"]), (&1.into(), &1.into()));
    let inventory = &granary.manifest(&silo, 7)["granary"]["versions"]["2"]["inventory"];
    assert!(inventory["paper.pdf"]["path"].as_str().unwrap().starts_with("__2/"), "{inventory}");
    assert!(inventory["data.txt"]["path"].as_str().unwrap().starts_with("__1/"), "{inventory}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn landing_pages_can_be_left_alone_and_asked_later() {
    let server = repository(settings(Landing::All)).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    let report = granary.json(0, &["harvest", &server.oai(), "--no-landing-pages"]).pop().unwrap();
    assert_eq!((&report["files"], &report["without_files"]), (&0.into(), &json!({"none_named": 12})));
    assert!(fetched(&server).is_empty());
    let note = &granary.manifest(&silo, 1)["granary"]["versions"]["1"]["without_files"];
    assert_eq!(*note, json!({"reason": "none_named", "detail": "it names no file (oai_dc)"}));
    let status = granary.expect(0, &["status"]).stdout;
    assert!(status.contains("records without a file to fetch (12 none named)"), "{status}");
    assert_eq!(granary.json(0, &["reprocess", &silo]).pop().unwrap()["queued"], 0);
    granary.expect(0, &["add", &server.oai(), "--landing-pages"]);
    assert_eq!(granary.json(0, &["reprocess", &silo]).pop().unwrap()["queued"], 12);
    granary.expect(0, &["work", "--drain"]);
    for (item, digests) in public_digests(&server).await {
        assert_eq!(stored_digests(&granary, &silo, item, "oai_dc"), digests, "item {item}");
        assert!(granary.manifest(&silo, item)["granary"]["versions"]["1"]["without_files"].is_null());
    }
    assert_eq!(granary.json(0, &["reprocess", &silo]).pop().unwrap()["queued"], 0, "all is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_without_a_file_has_a_reason_in_manifest_report_and_summary() {
    let server = repository(Settings { files_per_item: 0, ..settings(Landing::All) }).await;
    server.fault("/3/", Fault::Gone);
    let (granary, silo) = (Granary::new(), silo_of(&server));
    let ended = granary.expect(3, &["harvest", &server.oai()]);
    let line = "12 new or changed records have no file to fetch (11 none named, 1 no landing page)";
    assert!(ended.stdout.contains(line), "{}", ended.stdout);
    let reason = |item| granary.manifest(&silo, item)["granary"]["versions"]["1"]["without_files"].clone();
    assert_eq!(reason(1)["reason"], "none_named");
    let page = format!("{}/1/: it names no file (html_meta)", server.url());
    assert_eq!(reason(1)["detail"], page);
    assert_eq!(reason(3)["reason"], "no_landing_page");
    let failures = granary.manifest(&silo, 3)["granary"]["versions"]["1"]["failures"].clone();
    assert_eq!((&failures[0]["name"], &failures[0]["reason"]), (&"landing page".into(), &"gone".into()));
    let dead = granary.json(0, &["queue", "dead"]).pop().unwrap();
    assert_eq!(dead["reason"], "gone", "{dead}");
    let shown = granary.expect(0, &["show", &silo, "oai:generic.eprints.org:3"]).stdout;
    assert!(shown.contains("no file to fetch: no_landing_page"), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_could_not_be_had_is_asked_again_by_redrive() {
    let server = repository(settings(Landing::All)).await;
    server.fault("/3/", Fault::Gone);
    let (granary, silo) = (Granary::new(), silo_of(&server));
    granary.expect(3, &["harvest", &server.oai()]);
    server.mend();
    granary.expect(0, &["queue", "redrive"]);
    granary.expect(0, &["work", "--drain"]);
    let version = &granary.manifest(&silo, 3)["granary"]["versions"]["1"];
    assert!(version["failures"].is_null() && version["without_files"].is_null(), "{version}");
    assert_eq!(stored_digests(&granary, &silo, 3, "oai_dc"), public_digests(&server).await[&3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_answers_with_a_file_is_the_file() {
    let web = serve(|_| {
        vec![("/deep/paper.pdf", Answer::Whole("Content-Type: application/pdf", b"%PDF-1.4 it".to_vec()))]
    })
    .await;
    let server = repository(settings(Landing::All)).await;
    server.fault("/5/", Fault::Redirect { target: format!("{web}/deep/paper.pdf") });
    let (granary, silo) = (Granary::new(), silo_of(&server));
    let report = granary.json(0, &["harvest", &server.oai()]).pop().unwrap();
    assert_eq!(report["files"], 23);
    let entry = granary.manifest(&silo, 5)["granary"]["versions"]["1"]["inventory"]["paper.pdf"].clone();
    let url = format!("{}/5/", server.url());
    assert_eq!((&entry["url"], &entry["found_by"]), (&url.into(), &"landing_page".into()), "{entry}");
    let path = granary.object(&silo, 5).join(entry["path"].as_str().unwrap());
    assert_eq!(std::fs::read(path).unwrap(), b"%PDF-1.4 it");
}

/// An export with one document for everybody, whose digest is announced, and one for staff.
fn export(web: &str) -> Vec<u8> {
    let document = |security: &str, file: &str| {
        format!("<document><security>{security}</security><files><file>{file}</file></files></document>")
    };
    let public = format!(
        "<filename>the paper.pdf</filename><filesize>11</filesize><hash_type>MD5</hash_type>\
         <hash>5486ccc368ce885e5cdd9b7ac12e8930</hash><url>{web}/paper</url>"
    );
    let staff = format!("<filename>staff.pdf</filename><url>{web}/staff.pdf</url>");
    let documents = document("public", &public) + &document("staffonly", &staff);
    format!("<eprints><eprint><documents>{documents}</documents></eprint></eprints>").into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metadata_that_a_page_leads_to_is_better_than_its_meta_tags() {
    let web = serve(|web| {
        let media_type = "application/vnd.eprints.data+xml";
        let link = format!("<link rel=\"describedby\" type=\"{media_type}\" href=\"{web}/export\">");
        vec![
            ("/page", html(link + &pdf(&format!("{web}/other.pdf")))),
            ("/export", Answer::Whole("Content-Type: application/xml", export(web))),
            ("/paper", Answer::Whole("Content-Type: application/pdf", b"%PDF-1.4 it".to_vec())),
        ]
    })
    .await;
    let server = repository(Settings { items: 1, ..settings(Landing::All) }).await;
    server.fault("/1/", Fault::Redirect { target: format!("{web}/page") });
    let (granary, silo) = (Granary::new(), silo_of(&server));
    let report = granary.json(0, &["harvest", &server.oai()]).pop().unwrap();
    assert_eq!((&report["files"], &report["left_out"]), (&1.into(), &json!({"restricted": 1})));
    let version = &granary.manifest(&silo, 1)["granary"]["versions"]["1"];
    assert_eq!(version["inventory"]["the paper.pdf"]["found_by"], "eprints3", "{version}");
    assert_eq!(version["failures"][0]["reason"], "restricted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_set_that_cannot_be_had_is_the_failure_of_a_page_that_names_nothing_else() {
    let web = serve(|web| {
        let set = format!("<link rel=\"linkset\" href=\"{web}/gone\">");
        vec![
            ("/without", html(set.clone())),
            ("/with", html(set + &pdf(&format!("{web}/paper.pdf")))),
            paper(),
        ]
    })
    .await;
    let server = repository(Settings { items: 2, ..settings(Landing::All) }).await;
    server.fault("/1/", Fault::Redirect { target: format!("{web}/without") });
    server.fault("/2/", Fault::Redirect { target: format!("{web}/with") });
    let (granary, silo) = (Granary::new(), silo_of(&server));
    let report = granary.json(3, &["harvest", &server.oai()]).pop().unwrap();
    assert_eq!((&report["files"], &report["without_files"]), (&1.into(), &json!({"no_landing_page": 1})));
    let failures = &granary.manifest(&silo, 1)["granary"]["versions"]["1"]["failures"];
    assert_eq!(failures[0]["detail"], format!("{web}/gone answers HTTP 404"));
}

fn paper() -> (&'static str, Answer) {
    ("/paper.pdf", Answer::Whole("Content-Type: application/pdf", b"%PDF-1.4 it".to_vec()))
}
