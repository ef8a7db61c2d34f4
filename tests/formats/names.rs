//! Files whose URLs do not say what they are called.

use granary_test_repository::{Fault, Format, Settings};
use serde_json::Value;

use crate::{
    support::{Granary, repository, silo_of},
    web::{Answer, html, pdf, serve},
};

fn file(headers: &'static str, body: &str) -> Answer {
    Answer::Whole(headers, format!("%PDF-1.4 {body}").into_bytes())
}

fn names(version: &Value) -> Vec<(String, String)> {
    let files = version["inventory"].as_object().unwrap().iter().filter(|(name, _)| *name != "oai_dc");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    files.map(|(name, entry)| (name.clone(), text(&entry["original_name"]))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_asks_to_log_in_is_not_taken_for_the_download() {
    let web = serve(|web| {
        let item = format!("<link rel=\"item\" href=\"{web}/1/download\">");
        vec![("/page", html(item)), ("/1/download", html("<title>Log in</title>"))]
    })
    .await;
    let server = repository(Settings { items: 1, format: Format::Landing, ..Settings::default() }).await;
    server.fault("/1/", Fault::Redirect { target: format!("{web}/page") });
    let (granary, silo) = (Granary::new(), silo_of(&server));
    granary.expect(3, &["harvest", &server.oai()]);
    let failures = &granary.manifest(&silo, 1)["granary"]["versions"]["1"]["failures"];
    assert_eq!((&failures[0]["name"], &failures[0]["reason"]), (&"download".into(), &"not_a_file".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_says_what_a_download_is_called_and_the_name_stays_between_runs() {
    let web = serve(|web| {
        let urls = ["1/download", "2/download", "17", "3/download", "4/paper.pdf"];
        let plain = "Content-Type: application/pdf\nETag: \"x\"";
        let named = "Content-Type: application/pdf\nContent-Disposition: attachment; filename=\"x.pdf\"; filename*=UTF-8''%C3%9Cber.pdf";
        let outside = "Content-Type: application/pdf\nContent-Disposition: attachment; filename=../../../outside";
        vec![
            ("/page", html(urls.map(|url| pdf(&format!("{web}/{url}"))).concat())),
            ("/1/download", file(named, "one")),
            ("/2/download", file(named, "two")),
            ("/17", file(plain, "seventeen")),
            ("/3/download", file(outside, "three")),
            ("/4/paper.pdf", file(named, "four")),
        ]
    })
    .await;
    let settings = Settings { items: 2, format: Format::Landing, files_per_item: 0, ..Settings::default() };
    let server = repository(settings).await;
    server.fault("/1/", Fault::Redirect { target: format!("{web}/page") });
    let (granary, silo) = (Granary::new(), silo_of(&server));
    granary.expect(0, &["harvest", &server.oai()]);
    let first = names(&granary.manifest(&silo, 1)["granary"]["versions"]["1"]);
    let plain: Vec<_> = first
        .iter()
        .filter(|(name, _)| !name.contains('~'))
        .map(|(name, original)| (name.as_str(), original.as_str()))
        .collect();
    assert_eq!(plain, [("17.pdf", "17.pdf"), ("paper.pdf", "paper.pdf"), ("Über.pdf", "Über.pdf")]);
    let others: Vec<_> = first.iter().filter(|(name, _)| name.contains('~')).collect();
    assert!(others[0].0.starts_with("outside~") && others[0].0.ends_with(".pdf"), "{others:?}");
    assert!(others[1].0.starts_with("Über~") && others[1].1 == "Über.pdf", "{others:?}");

    server.change(1);
    let report = granary.json(0, &["harvest"]).pop().unwrap();
    assert_eq!((&report["updated"], &report["files"]), (&1.into(), &0.into()), "the same bytes");
    assert_eq!(names(&granary.manifest(&silo, 1)["granary"]["versions"]["2"]), first);
    granary.expect(0, &["reprocess", &silo, "--redownload"]);
    granary.expect(0, &["work", "--drain"]);
    assert_eq!(granary.manifest(&silo, 1)["versions"], serde_json::json!(["1", "2"]));
    granary.expect(0, &["verify"]);
    let another = Granary::new();
    another.expect(0, &["harvest", &server.oai()]);
    assert_eq!(names(&another.manifest(&silo, 1)["granary"]["versions"]["1"]), first, "a mirror made later");
}
