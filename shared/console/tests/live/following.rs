//! Pages that follow, and whoever watches over the process.

use futures::StreamExt;
use reqwest::{Response, StatusCode};
use serde_json::json;

use crate::place::{Kind, Place, ten, until};

/// Reads events until one says that something has changed.
async fn next_change(response: &mut Response) -> String {
    let mut text = String::new();
    loop {
        let chunk = response.chunk().await.unwrap().expect("the stream goes on");
        text.push_str(std::str::from_utf8(&chunk).unwrap());
        if let Some(at) = text.find("event: change")
            && text[at..].contains("\n\n")
        {
            return text;
        }
    }
}

#[tokio::test]
async fn whoever_follows_is_told_of_a_change_and_two_see_the_same() {
    let place = Place::new(ten()).await;
    let (mut one, mut other) = (place.get("/api/events").await, place.get("/api/events").await);
    assert_eq!(one.headers()["content-type"], "text/event-stream");
    assert_eq!(one.headers()["cache-control"], "no-cache");
    place.granary.put_source(&place.source("maths")).await.unwrap();
    next_change(&mut one).await;
    next_change(&mut other).await;
    until(async || place.standing("maths").await == "idle").await;
    until(async || place.json("/api/sources/maths").await["totals"]["objects"] == 10).await;
    // Totals and the last line of the log may still come in between one and the other.
    until(async || place.page("/sources/maths").await == place.page("/sources/maths").await).await;
    // Those that follow do not keep the console from ending.
    place.end().await;
    assert!(one.bytes_stream().all(async |chunk| chunk.is_ok()).await);
}

#[tokio::test]
async fn a_hundred_may_follow_and_one_more_is_told_so() {
    let place = Place::new(ten()).await;
    let followers = futures::future::join_all((0..100).map(|_| place.get("/api/events"))).await;
    assert!(followers.iter().all(|response| response.status() == StatusCode::OK));
    assert_eq!(place.get("/api/events").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    drop(followers);
    until(async || place.get("/api/events").await.status() == StatusCode::OK).await;
    place.end().await;
}

#[tokio::test]
async fn the_log_goes_on_after_the_last_line_that_was_read() {
    let place = Place::new(ten()).await;
    tracing::info!(silo = "maths", "the first");
    tracing::warn!("the second");
    let lines = place.json("/api/log").await;
    let texts = |lines: &serde_json::Value| -> Vec<String> {
        lines.as_array().unwrap().iter().map(|line| line["message"].as_str().unwrap().to_owned()).collect()
    };
    let all = texts(&lines);
    let at = all.iter().position(|text| text == "the first").unwrap();
    assert_eq!(all[at + 1], "the second");
    let since = lines[at]["time"].as_str().unwrap();
    assert_eq!(texts(&place.json(&format!("/api/log?since={since}")).await)[0], "the second");
    assert_eq!(texts(&place.json("/api/log?silo=maths").await), ["the first"]);
    assert!(!place.page("/log?level=warn").await.contains("the first"));
    assert!(place.page("/log?level=warn&silo=").await.contains("the second"));
    assert_eq!(place.get("/api/log?since=yesterday").await.status(), StatusCode::BAD_REQUEST);
    place.end().await;
}

#[tokio::test]
async fn metrics_are_in_the_format_of_prometheus() {
    let place = Place::new(ten()).await;
    place.follow("/sources", &[("url", place.repository.oai().as_str()), ("silo", "maths")]).await;
    until(async || place.standing("maths").await == "idle").await;
    let response = place.get("/metrics").await;
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = response.text().await.unwrap();
    let mut known = std::collections::BTreeSet::new();
    for line in text.lines() {
        match line.strip_prefix("# ") {
            Some(about) => {
                let mut words = about.split(' ');
                if words.next() == Some("TYPE") {
                    assert!(known.insert(words.next().unwrap()), "{line}");
                    assert!(matches!(words.next(), Some("gauge" | "counter")), "{line}");
                }
            }
            None => {
                let (name, value) = line.rsplit_once(' ').unwrap();
                assert!(known.contains(name.split('{').next().unwrap()), "{line}");
                value.parse::<f64>().unwrap();
            }
        }
    }
    for line in [
        "granary_queue_messages{state=\"waiting\"} 0",
        "granary_source_last_run_records{silo=\"maths\"} 10",
        "granary_source_last_run_files{silo=\"maths\"} 20",
        "granary_source_running{silo=\"maths\"} 0",
        "granary_files_stored_total 20",
        "granary_worker_crashes_total 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
    place.end().await;
}

#[tokio::test]
async fn health_is_whether_the_granary_can_be_read() {
    let place = Place::of_kind(Kind::ReadOnly, ten()).await;
    assert_eq!(place.page("/healthz").await, "ok\n");
    let root = place.folder.path().join("granary");
    std::fs::rename(&root, place.folder.path().join("elsewhere")).unwrap();
    let response = place.get("/healthz").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let answer: serde_json::Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_ne!(answer["error"], json!(null));
    place.end().await;
}
