//! The controls over HTTP do what those of the library do.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use granary_test_repository::{Server, Settings};
use md5::{Digest, Md5};
use serde_json::Value;
use sha2::Sha256;
use support::{get, get_with, post, send};

async fn start() -> Server {
    Server::start(Settings { items: 40, extras: true, ..Settings::default() }).await.unwrap()
}

async fn json(url: &str) -> Value {
    serde_json::from_slice(&get(url).await.body).unwrap()
}

fn home(server: &Server) -> String {
    format!("{}/", server.url())
}

/// The status that a control answers with.
async fn control(server: &Server, path: &str) -> u16 {
    post(&format!("{}/_repository/{path}", server.url()), "").await.status
}

#[tokio::test]
async fn items_are_listed_with_the_digests_of_their_files() {
    let server = start().await;
    let items = json(&format!("{}/_repository/items", server.url())).await;
    let items = items.as_array().unwrap();
    assert_eq!(items.len(), 40);
    let files: Vec<_> = items.iter().flat_map(|item| item["files"].as_array().unwrap()).collect();
    assert_eq!(files.len(), 40 * 2 + 4 + 1 + 1);
    for file in files {
        let reply = get(file["url"].as_str().unwrap()).await;
        if file["access"] == "staffonly" || file["access"] == "embargoed" {
            assert_eq!(reply.status, 302);
            continue;
        }
        assert_eq!(file["size"], reply.body.len());
        assert_eq!(file["md5"], hex::encode(Md5::digest(&reply.body)));
        assert_eq!(file["sha256"], hex::encode(Sha256::digest(&reply.body)));
    }
}

#[tokio::test]
async fn items_are_changed_and_deleted() {
    let server = start().await;
    let url = format!("{}/_repository/items", server.url());
    let before = json(&url).await;
    assert_eq!(control(&server, "change?item=3").await, 204);
    assert_eq!(control(&server, "delete?item=4").await, 204);
    let after = json(&url).await;
    assert_ne!(before[2]["datestamp"], after[2]["datestamp"]);
    assert_ne!(before[2]["files"][0]["md5"], after[2]["files"][0]["md5"]);
    assert_eq!(before[2]["files"][1], after[2]["files"][1]);
    assert_eq!((&after[3]["deleted"], &after[3]["files"]), (&Value::Bool(true), &Value::Array(Vec::new())));
    assert_eq!(control(&server, "change?item=41").await, 404);
    assert_eq!(control(&server, "delete?item=0").await, 404);
}

#[tokio::test]
async fn every_fault_has_a_name() {
    let server = start().await;
    for kind in [
        "not-found",
        "gone",
        "forbidden",
        "server-error",
        "unavailable",
        "unavailable&retry-after=3",
        "too-many-requests&retry-after=3",
        "truncate",
        "wrong-digest",
        "wrong-size",
        "login-page",
        "html",
        "redirect&target=file:///etc/passwd",
        "redirect-loop",
        "slow&delay=10",
        "hang",
        "reset",
        "empty",
        "bad-token",
        "json",
    ] {
        assert_eq!(control(&server, &format!("fault?path=/never&kind={kind}")).await, 204, "{kind}");
    }
}

#[tokio::test]
async fn faults_are_switched_on_for_some_times_and_mended() {
    let server = start().await;
    let paper = format!("{}/5/1/paper.pdf", server.url());
    assert_eq!(control(&server, "fault?path=/5/1/*&kind=unavailable&retry-after=9&times=1").await, 204);
    assert_eq!(control(&server, "fault?path=/5/1/*&kind=gone").await, 204);
    let first = get(&paper).await;
    assert_eq!((first.status, first.header("retry-after")), (503, Some("9")));
    assert_eq!(get(&paper).await.status, 410);
    assert_eq!(control(&server, "mend").await, 204);
    assert_eq!(get(&paper).await.status, 200);
}

#[tokio::test]
async fn a_fault_that_is_asked_for_wrongly_is_refused() {
    let server = start().await;
    for query in [
        "kind=gone",
        "path=/*",
        "path=/*&kind=nonsense",
        "path=/*&kind=slow",
        "path=/*&kind=redirect",
        "path=/*&kind=redirect&target=a%0Ab",
        "path=/*&kind=too-many-requests",
        "path=/*&kind=gone&time=3",
    ] {
        assert_eq!(control(&server, &format!("fault?{query}")).await, 400, "{query}");
    }
}

#[tokio::test]
async fn no_fault_reaches_the_controls() {
    let server = start().await;
    assert_eq!(control(&server, "fault?path=*&kind=gone").await, 204);
    assert_eq!(control(&server, "mend").await, 204);
    assert_eq!(get(&home(&server)).await.status, 200);
}

#[tokio::test]
async fn the_log_tells_who_asked_for_what() {
    let server = start().await;
    let identify = format!("{}?verb=Identify", server.oai());
    get_with(&identify, &[("user-agent", "probe/1"), ("from", "a@example.org"), ("range", "bytes=0-1")])
        .await;
    let url = format!("{}/_repository/log", server.url());
    let log = json(&url).await;
    assert_eq!(log.as_array().unwrap().len(), 1, "controls are not logged");
    for (key, value) in [
        ("method", "GET"),
        ("path", "/cgi/oai2"),
        ("query", "verb=Identify"),
        ("user_agent", "probe/1"),
        ("from", "a@example.org"),
        ("range", "bytes=0-1"),
    ] {
        assert_eq!(log[0][key], value, "{key}");
    }
    assert_eq!(log[0]["status"], 200);
    assert_eq!(send("DELETE", &url, &[], "").await.status, 204);
    assert_eq!(json(&url).await, Value::Array(Vec::new()));
}

#[tokio::test]
async fn many_requests_at_once_are_all_answered() {
    let server = start().await;
    let url = server.url();
    let requests = (0..200).map(|at| {
        let url = format!("{url}/{}/2/data.txt", at % 8 * 5 + 5);
        tokio::spawn(async move { get(&url).await.status })
    });
    for request in requests.collect::<Vec<_>>() {
        assert_eq!(request.await.unwrap(), 200);
    }
    assert_eq!(server.log().len(), 200);
}

#[tokio::test]
async fn a_page_of_no_records_is_refused() {
    assert!(Server::start(Settings { page_size: 0, ..Settings::default() }).await.is_err());
}

#[tokio::test]
async fn a_stopped_server_gives_its_port_back() {
    let server = start().await;
    let port = server.url().rsplit(':').next().unwrap().parse().unwrap();
    server.stop().await;
    let again = Server::start_at(Settings::default(), port).await.unwrap();
    assert_eq!(get(&home(&again)).await.status, 200);
}
