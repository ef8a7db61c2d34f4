//! What the API says about itself.

use std::collections::BTreeSet;

use reqwest::StatusCode;

use crate::place::{Place, ten};

#[tokio::test]
async fn the_description_names_just_the_paths_that_there_are() {
    let place = Place::new(ten()).await;
    let description = place.json("/api/openapi.json").await;
    let mut described = BTreeSet::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            described.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let there: BTreeSet<_> = granary_console::endpoints()
        .into_iter()
        .filter(|endpoint| endpoint.path.starts_with("/api/"))
        .map(|endpoint| format!("{} {}", endpoint.method, endpoint.path))
        .collect();
    assert_eq!(described, there);
    place.end().await;
}

#[tokio::test]
async fn programs_are_let_in_by_the_key_alone_and_pages_by_their_token() {
    let place = Place::new(ten()).await;
    place.granary.put_source(&place.source("maths")).await.unwrap();
    let (status, _) = place.call("POST", "/api/schedule/stop", None).await;
    assert_eq!(status, StatusCode::OK);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = place.url("/api/schedule/start");
    let ask = async |key: Option<&str>| {
        let request = client.post(&url);
        let request = match key {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        request.send().await.unwrap().status()
    };
    assert_eq!(ask(None).await, StatusCode::FORBIDDEN);
    for wrong in ["the key of the test", "the key of the tests.", "x"] {
        assert_eq!(ask(Some(wrong)).await, StatusCode::UNAUTHORIZED, "{wrong}");
    }
    assert_eq!(place.json("/api/status").await["schedule"], "off");
    place.end().await;
}
