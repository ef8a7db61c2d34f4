//! Landing pages that mean harm cost themselves only.

use granary_test_repository::{Fault, Format, Landing, Settings};
use serde_json::Value;

use crate::{
    metadata::{public_digests, stored_digests},
    support::{Granary, repository, silo_of},
    web::{Answer, html, pdf, serve},
};

/// Harvests a repository in which the landing page of item 3 leads to one of these pages: the other items are stored whole.
/// Gives the item's version and the report.
async fn check(
    code: i32,
    path: &str,
    pages: impl FnOnce(&str) -> Vec<(&'static str, Answer)>,
) -> (Value, Value) {
    let web = serve(pages).await;
    let settings =
        Settings { items: 6, format: Format::Landing, landing: Landing::Links, ..Settings::default() };
    let server = repository(settings).await;
    server.fault("/3/", Fault::Redirect { target: format!("{web}{path}") });
    let (granary, silo) = (Granary::new(), silo_of(&server));
    let report = granary.json(code, &["harvest", &server.oai()]).pop().unwrap();
    for (item, digests) in public_digests(&server).await.into_iter().filter(|(item, _)| *item != 3) {
        assert_eq!(stored_digests(&granary, &silo, item, "oai_dc"), digests, "item {item}");
    }
    granary.expect(0, &["verify"]);
    (granary.manifest(&silo, 3)["granary"]["versions"]["1"].clone(), report)
}

fn reasons(version: &Value) -> Vec<&str> {
    let failures = version["failures"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut reasons: Vec<_> = failures.iter().map(|failure| failure["reason"].as_str().unwrap()).collect();
    reasons.sort_unstable();
    reasons
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_names_internal_addresses_files_of_this_machine_and_itself_gets_nothing() {
    let page = |web: &str| {
        let urls = ["http://169.254.169.254/latest/paper.pdf", "file:///etc/passwd", &format!("{web}/page")];
        vec![("/page", html(urls.map(pdf).concat()))]
    };
    let (version, report) = check(3, "/page", page).await;
    assert_eq!(reasons(&version), ["bad_metadata", "refused"], "{version}");
    assert_eq!(version["inventory"].as_object().unwrap().len(), 1, "metadata only: {version}");
    assert_eq!(report["failed"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_leads_to_an_internal_address_is_refused() {
    let settings = Settings { items: 2, format: Format::Landing, ..Settings::default() };
    let server = repository(settings).await;
    server.fault("/1/", Fault::Redirect { target: "http://169.254.169.254/latest/meta-data/".to_owned() });
    server.fault("/2/", Fault::Redirect { target: "file:///etc/passwd".to_owned() });
    let (granary, silo) = (Granary::new(), silo_of(&server));
    let report = granary.json(3, &["harvest", &server.oai()]).pop().unwrap();
    assert_eq!(report["without_files"], serde_json::json!({"no_landing_page": 2}));
    for item in [1, 2] {
        assert_eq!(reasons(&granary.manifest(&silo, item)["granary"]["versions"]["1"]), ["refused"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_without_an_end_is_read_up_to_its_first_megabyte() {
    let (version, report) = check(0, "/page", |_| vec![("/page", Answer::Endless)]).await;
    assert_eq!(version["without_files"]["reason"], "none_named", "{version}");
    assert_eq!(report["without_files"]["none_named"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_page_with_thousands_of_links_a_thousand_are_taken_and_the_rest_is_told() {
    let page = |web: &str| {
        let links: String = (0..5_000)
            .map(|n| format!("<link rel=\"item\" href=\"{web}/file/{n}.txt\" type=\"text/plain\">"))
            .collect();
        let file = Answer::Whole("Content-Type: text/plain", b"it".to_vec());
        vec![("/page", html(links)), ("/file/*", file)]
    };
    let (version, _) = check(0, "/page", page).await;
    assert_eq!(version["inventory"].as_object().unwrap().len(), 1_001, "metadata too");
    let detail = version["failures"][0]["detail"].as_str().unwrap();
    assert!(detail.ends_with("it names 5000 files, only the first 1000 are taken"), "{detail}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn link_sets_that_lead_in_circles_are_followed_for_a_while_only() {
    let page = |web: &str| {
        let set = |to: &str| {
            let set =
                format!(r#"{{"linkset":[{{"anchor":"{web}/page","linkset":[{{"href":"{web}/{to}"}}]}}]}}"#);
            Answer::Whole("Content-Type: application/linkset+json", set.into_bytes())
        };
        let links: String =
            (0..100).map(|n| format!("<link rel=\"linkset\" href=\"{web}/set/{n}\">")).collect();
        vec![("/page", html(links)), ("/set/*", set("set/0"))]
    };
    let (version, report) = check(0, "/page", page).await;
    assert_eq!(version["without_files"]["reason"], "none_named", "{version}");
    assert_eq!(report["failed"], 0);
}
