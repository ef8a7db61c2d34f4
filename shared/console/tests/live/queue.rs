//! The queue: what was given up, tried again; workers and schedule switched; the check.

use granary_queue::Select;
use granary_test_repository::{Fault, Server};
use reqwest::StatusCode;
use serde_json::json;

use crate::place::{Place, ten, until};

/// A place where all files of some items are gone and those of another are refused.
async fn with_dead_letters() -> Place {
    let place = Place::new(ten()).await;
    let faults = |server: &Server| {
        server.fault("/1/*", Fault::NotFound);
        server.fault("/2/*", Fault::NotFound);
        server.fault("/3/*", Fault::Forbidden);
    };
    faults(&place.repository);
    place.follow("/sources", &[("url", place.repository.oai().as_str()), ("silo", "maths")]).await;
    until(async || place.standing("maths").await == "idle").await;
    place
}

async fn dead(place: &Place) -> u64 {
    place.queue.depth(&Select::All).await.unwrap().dead
}

#[tokio::test]
async fn dead_letters_are_tried_again_one_a_reason_or_all() {
    let place = with_dead_letters().await;
    let letters = place.json("/api/queue/dead").await;
    assert_eq!(
        letters["reasons"],
        json!([{"reason": "gone", "count": 4}, {"reason": "forbidden", "count": 2}])
    );
    let page = place.page("/queue").await;
    for text in
        ["Try these again", "Try all again", "Try the chosen ones again", "gone", "forbidden", "HTTP 404"]
    {
        assert!(page.contains(text), "{text} in {page}");
    }
    let source = place.json("/api/sources/maths").await;
    assert_eq!(source["failures"], letters["reasons"]);
    place.repository.mend();

    let of_gone =
        letters["letters"].as_array().unwrap().iter().find(|letter| letter["reason"] == "gone").unwrap();
    let id = of_gone["id"].as_str().unwrap();
    let to = place.follow("/queue/redrive", &[("which", "ids"), ("id", id)]).await;
    assert_eq!(to, "/queue?silo=&redriven=1#dead");
    assert!(place.page("/queue?silo=&redriven=1").await.contains("1 put back into the queue"));
    until(async || dead(&place).await == 5).await;
    let to = place
        .follow("/queue/redrive", &[("which", "reason"), ("reason", "forbidden"), ("silo", "maths")])
        .await;
    assert_eq!(to, "/queue?silo=maths&redriven=2#dead");
    until(async || dead(&place).await == 3).await;
    assert_eq!(place.form("/queue/redrive", &[("which", "some")]).await.status(), StatusCode::BAD_REQUEST);
    let (status, answer) = place.call("POST", "/api/queue/redrive", Some(json!({}))).await;
    assert_eq!((status, answer), (StatusCode::OK, json!({"redriven": 3})));
    let is_drained = async || place.queue.depth(&Select::All).await.unwrap().is_drained();
    until(is_drained).await;
    let files = place.granary.silo(&"maths".parse().unwrap()).await.unwrap().usage().await.unwrap().files;
    assert_eq!((dead(&place).await, files), (0, 30));
    place.end().await;
}

#[tokio::test]
async fn workers_and_schedule_are_paused_and_started_and_stay_so() {
    let place = Place::new(ten()).await;
    place.follow("/workers/stop", &[]).await;
    place.follow("/schedule/stop", &[]).await;
    let queue = place.json("/api/queue").await;
    assert_eq!(
        (&queue["controls"]["workers"], &queue["controls"]["schedule"]),
        (&json!("off"), &json!("off"))
    );
    assert!(place.page("/queue").await.contains("Nothing is fetched until the workers are started"));
    assert!(place.page("/").await.contains("The schedule is paused"));
    until(async || {
        place.json("/api/workers").await.as_array().unwrap().iter().all(|worker| worker["state"] == "paused")
    })
    .await;

    place.follow("/sources", &[("url", place.repository.oai().as_str()), ("silo", "maths")]).await;
    until(async || place.json("/api/queue/messages").await.as_array().unwrap().len() == 10).await;
    assert!(place.page("/queue?silo=maths").await.contains("/cgi/export"));
    assert_eq!(place.json("/api/queue?silo=other").await["depth"]["waiting"], 0);
    let (status, controls) = place.call("POST", "/api/workers/start", None).await;
    assert_eq!((status, &controls["workers"]), (StatusCode::OK, &json!("on")));
    until(async || place.standing("maths").await == "paused").await;
    assert_eq!(place.call("POST", "/api/schedule/start", None).await.1["schedule"], "on");
    until(async || place.standing("maths").await == "idle").await;
    place.end().await;
}

#[tokio::test]
async fn a_check_is_started_watched_and_its_findings_are_shown() {
    let place = Place::new(ten()).await;
    assert_eq!(place.json("/api/verify").await, json!({"check": null}));
    assert!(place.page("/verify").await.contains("Nothing was checked yet"));
    place.follow("/sources", &[("url", place.repository.oai().as_str()), ("silo", "maths")]).await;
    until(async || place.standing("maths").await == "idle").await;
    assert_eq!(place.follow("/verify", &[("silo", "")]).await, "/verify");
    until(async || place.json("/api/verify").await["check"]["outcome"] == "sound").await;
    assert!(place.page("/verify").await.contains("Nothing is missing and nothing is corrupt"));

    let silo = place.granary.silo(&"maths".parse().unwrap()).await.unwrap();
    let object = silo.page("", None, 1).await.unwrap().objects.remove(0);
    let folder = place.folder.path().join("granary").join(object.folder).join("__1");
    let file = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&file, "other").unwrap();
    let (status, _) = place.call("POST", "/api/verify", Some(json!({"silo": "maths"}))).await;
    assert_eq!(status, StatusCode::OK);
    until(async || place.json("/api/verify").await["check"]["outcome"] == "damaged").await;
    let page = place.page("/verify").await;
    assert!(page.contains("corrupt") && page.contains(file.file_name().unwrap().to_str().unwrap()), "{page}");
    let (status, _) = place.call("POST", "/api/verify", Some(json!({"silo": "other"}))).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    place.end().await;
}
