//! A console that only shows.

use reqwest::StatusCode;
use serde_json::json;

use crate::place::{Kind, Place, ten};

#[tokio::test]
async fn a_console_that_only_shows_refuses_each_change_and_offers_none() {
    let place = Place::of_kind(Kind::ReadOnly, ten()).await;
    place.granary.put_source(&place.source("maths")).await.unwrap();
    let changes: Vec<_> = granary_console::endpoints()
        .into_iter()
        .filter(|endpoint| endpoint.method != "GET" && !["/login", "/logout"].contains(&endpoint.path))
        .collect();
    assert!(changes.len() >= 20, "{changes:?}");
    for change in changes {
        let path = change.path.replace("{silo}", "maths");
        let (status, answer) = place.call(change.method, &path, Some(json!({}))).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{change:?}: {answer}");
        if path.starts_with("/api/") {
            assert_eq!(answer, json!({"error": "this console only shows"}), "{change:?}");
        }
    }
    assert!(place.granary.source(&"maths".parse().unwrap()).await.unwrap().is_some());
    for path in ["/", "/sources/maths", "/queue", "/verify"] {
        let page = place.page(path).await;
        assert!(!page.contains("method=\"post\"") && !page.contains("/sources/new"), "{path}: {page}");
    }
    for path in ["/sources/new", "/sources/maths/edit", "/sources/maths/remove"] {
        assert_eq!(place.get(path).await.status(), StatusCode::FORBIDDEN, "{path}");
    }
    let status = place.json("/api/status").await;
    assert_eq!(
        (&status["read_only"], &status["schedule"], &status["workers"]),
        (&json!(true), &json!(null), &json!([]))
    );
    assert_eq!(status["sources"][0]["standing"]["state"], "due");
    place.end().await;
}
