//! Sources: added, harvested, stopped, changed, removed.

use std::time::Duration;

use granary_test_repository::{Fault, Settings};
use reqwest::StatusCode;
use serde_json::json;

use crate::place::{Place, ten, until};

#[tokio::test]
async fn a_source_is_added_by_its_form_and_harvested_to_its_end() {
    let place = Place::new(ten()).await;
    let home = place.page("/").await;
    assert!(home.contains("There are no sources yet"), "{home}");
    let url = format!("  {} ", place.repository.oai());
    let to = place.follow("/sources", &[("url", &url), ("silo", "maths"), ("every", "12h")]).await;
    assert_eq!(to, "/sources/maths");
    until(async || place.standing("maths").await == "idle").await;
    until(async || place.json("/api/sources/maths").await["totals"]["objects"] == 10).await;
    let source = place.json("/api/sources/maths").await;
    assert_eq!(source["totals"], json!({"objects": 10, "files": 30, "bytes": source["totals"]["bytes"]}));
    assert_eq!(source["settings"]["every_seconds"], 43_200);
    let last = &source["last_run"];
    assert_eq!(
        (&last["records"], &last["created"], &last["files"], &last["failed"]),
        (&json!(10), &json!(10), &json!(20), &json!(0))
    );
    let page = place.page("/sources/maths").await;
    for text in ["idle", "Past runs", "data-label=\"Records\" class=\"number\">10<", "12h", "Test repository"]
    {
        assert!(page.contains(text), "{text} in {page}");
    }
    let run = last["run"].as_str().unwrap();
    let page = place.page(&format!("/sources/maths/runs/{run}")).await;
    assert!(page.contains("<dt>Records</dt><dd>10</dd>"), "{page}");
    assert_eq!(place.get("/sources/maths/runs/..%2f..%2fstate").await.status(), StatusCode::NOT_FOUND);
    let log = place.page("/log?silo=maths").await;
    assert!(log.contains("the run begins"), "{log}");
    place.end().await;
}

#[tokio::test]
async fn what_is_wrong_in_the_form_is_said_beside_it_and_what_was_typed_stays() {
    let place = Place::new(ten()).await;
    let elsewhere = format!("http://{}/nothing", place.repository.oai().split('/').nth(2).unwrap());
    for (fields, text) in [
        (vec![("url", "ftp://x.org/"), ("every", "soon")], "this is not an http or https URL"),
        (vec![("url", elsewhere.as_str()), ("every", "1d")], "does not answer as an OAI-PMH repository"),
        (vec![("url", "http://127.0.0.1:9/oai"), ("every", "1d")], "cannot be harvested now"),
    ] {
        let response = place.form("/sources", &fields).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let page = response.text().await.unwrap();
        assert!(page.contains("id=\"url-wrong\"") && page.contains(text), "{text} in {page}");
        for (name, value) in fields {
            let typed = format!(
                "id=\"{name}\" name=\"{name}\" type=\"{}\" value=\"{value}\"",
                if name == "url" { "url" } else { "text" }
            );
            assert!(page.contains(&typed), "{typed} in {page}");
        }
    }
    assert!(place.granary.sources().await.unwrap().is_empty());
    // Without being asked it is added all the same, and fails visibly.
    place.follow("/sources", &[("url", &elsewhere), ("silo", "wrong"), ("without_asking", "yes")]).await;
    until(async || place.standing("wrong").await == "failing").await;
    let page = place.page("/sources/wrong").await;
    assert!(page.contains("does not answer as an OAI-PMH repository"), "{page}");
    place.end().await;
}

#[tokio::test]
async fn a_silo_belongs_to_one_endpoint() {
    let place = Place::new(ten()).await;
    place.granary.put_source(&place.source("maths")).await.unwrap();
    let refused = async |url: &str| {
        let body = json!({"url": url, "silo": "maths", "without_asking": true});
        let (status, answer) = place.call("POST", "/api/sources", Some(body)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
        answer["error"].as_str().unwrap().to_owned()
    };
    assert!(refused(place.repository.oai().as_str()).await.contains("there is a source maths already"));
    place.follow("/sources/maths/remove", &[]).await;
    assert_eq!(place.get("/sources/maths").await.status(), StatusCode::NOT_FOUND);
    assert!(
        place.granary.silos().await.unwrap().iter().any(|silo| silo.as_str() == "maths"),
        "its silo stays"
    );
    assert!(refused("http://other.example.org/oai").await.contains("maths is the silo of"));
    place.end().await;
}

#[tokio::test]
async fn a_run_that_is_stopped_is_held_until_it_is_started_and_page_and_api_say_so() {
    let place = Place::new(Settings { items: 300, ..Settings::default() }).await;
    place.repository.fault("/cgi/oai2*", Fault::Slow { delay: Duration::from_millis(150) });
    place.granary.put_source(&place.source("maths")).await.unwrap();
    let (status, answer) = place.call("POST", "/api/sources/maths/start", None).await;
    assert_eq!((status, &answer["silo"]), (StatusCode::OK, &json!("maths")));
    until(async || place.standing("maths").await == "running").await;
    until(async || place.json("/api/sources/maths").await["run"]["records"].as_u64() > Some(0)).await;
    let page = place.page("/sources/maths").await;
    assert!(page.contains("Run in progress") && page.contains("http-equiv=\"refresh\""), "{page}");
    assert_eq!(place.follow("/sources/maths/stop", &[]).await, "/sources/maths");
    until(async || place.standing("maths").await == "held").await;
    assert!(place.page("/").await.contains(">stopped</span>"));
    let source = place.json("/api/sources/maths").await;
    assert!(source["run"].is_object() && source["last_run"].is_null(), "{source}");
    place.repository.mend();
    assert_eq!(place.follow("/sources/maths/start", &[]).await, "/sources/maths");
    until(async || place.standing("maths").await == "idle").await;
    assert_eq!(place.json("/api/sources/maths").await["last_run"]["records"], 300);
    place.end().await;
}

#[tokio::test]
async fn settings_are_changed_by_form_and_by_api_alike() {
    let place = Place::new(ten()).await;
    place.supervisor().set_schedule(granary_supervisor::Switch::Off).unwrap();
    place.granary.put_source(&place.source("maths")).await.unwrap();
    let page = place.page("/sources/maths/edit").await;
    assert!(page.contains("value=\"originals\" selected"), "{page}");
    let to = place.follow("/sources/maths", &[("every", "2d"), ("sets", "a\r\nb"), ("files", "none")]).await;
    assert_eq!(to, "/sources/maths");
    let silo = "maths".parse().unwrap();
    let source = place.granary.source(&silo).await.unwrap().unwrap();
    assert_eq!((source.every_seconds, source.sets.len()), (Some(172_800), 2));
    assert_eq!(source.url.as_str(), place.repository.oai().as_str());
    let change = async |body| place.call("PUT", "/api/sources/maths", Some(body)).await;
    let (status, answer) = change(json!({"every": "1w", "files": "some"})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer["error"].as_str().unwrap().starts_with("files: "), "{answer}");
    assert_eq!(change(json!({"every": "1w", "unknown": 1})).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(change(json!({"every": "1w"})).await.0, StatusCode::OK);
    let source = place.granary.source(&silo).await.unwrap().unwrap();
    assert_eq!((source.every_seconds, source.sets.len()), (Some(604_800), 0));
    assert_eq!(place.call("DELETE", "/api/sources/maths", None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(place.call("DELETE", "/api/sources/maths", None).await.0, StatusCode::NOT_FOUND);
    place.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_answers_while_fifty_ask_at_a_time_during_a_harvest() {
    let place = Place::new(Settings { items: 400, ..Settings::default() }).await;
    place.follow("/sources", &[("url", place.repository.oai().as_str()), ("silo", "maths")]).await;
    let paths = [
        "/",
        "/sources/maths",
        "/queue",
        "/verify",
        "/log",
        "/silos",
        "/silos/maths",
        "/api/status",
        "/api/sources",
        "/metrics",
    ];
    let mut rounds = 0;
    while place.standing("maths").await != "idle" || rounds < 2 {
        let asked = (0..50).map(|number| place.page(paths[number % paths.len()]));
        let pages = futures::future::join_all(asked).await;
        assert!(pages.iter().all(|page| !page.is_empty()));
        rounds += 1;
    }
    assert_eq!(place.json("/api/sources/maths").await["last_run"]["files"], 800);
    place.end().await;
}
