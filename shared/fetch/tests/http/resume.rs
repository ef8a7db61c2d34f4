//! Going on where a transfer broke off.

use std::time::Duration;

use granary_fetch::{Backoff, Encoding, Error, Fetcher, Policy, Reason, Request, Retry};

use crate::server::{Reply, Server, fetcher, get, ok, policy, raw, response};

const ETAG: &str = "ETag: \"a\"";

/// "0123456789" that breaks off after five bytes.
fn half(head: &[&str]) -> Vec<u8> {
    raw("200 OK", &[head, &["Content-Length: 10"]].concat(), "01234")
}

/// The rest of it.
fn rest(range: &str, head: &[&str]) -> Vec<u8> {
    response("206 Partial Content", &[head, &[&format!("Content-Range: bytes {range}")]].concat(), "56789")
}

fn resumed(server: &Server) -> Request {
    Request { encoding: Encoding::Identity, resume: true, ..get(&server.url("/paper.pdf")) }
}

async fn read(server: &Server) -> Result<bytes::Bytes, Error> {
    fetcher().get(resumed(server)).await?.bytes().await
}

#[tokio::test]
async fn a_broken_body_is_continued_where_it_broke() {
    let server = Server::script([half(&[ETAG]), rest("5-9/10", &[ETAG])]).await;
    assert_eq!(read(&server).await.unwrap(), "0123456789");
    let asked = server.asked();
    assert_eq!(asked[0].header("range"), None);
    assert_eq!(asked[1].header("range"), Some("bytes=5-"));
    assert_eq!(asked[1].header("if-range"), Some("\"a\""));
    assert_eq!(asked[1].header("accept-encoding"), Some("identity"));
    assert_eq!(asked[1].target, "/paper.pdf");
}

#[tokio::test]
async fn a_part_that_nobody_asked_for_is_the_beginning_and_no_file() {
    let part = |range: &str, body: &str| {
        response("206 Partial Content", &[ETAG, &format!("Content-Range: bytes {range}")], body)
    };
    let server = Server::script([part("0-4/10", "01234"), rest("5-9/10", &[ETAG])]).await;
    assert_eq!(read(&server).await.unwrap(), "0123456789");
    assert_eq!(server.asked()[1].header("range"), Some("bytes=5-"));
    let whole = Server::script([part("0-9/10", "0123456789")]).await;
    assert_eq!(read(&whole).await.unwrap(), "0123456789");
    for range in ["5-9/10", "0-4/*", "?"] {
        let server = Server::script([part(range, "01234")]).await;
        let error = read(&server).await.unwrap_err();
        assert!(matches!(error, Error::Truncated { .. }), "{range}: {error}");
    }
}

#[tokio::test]
async fn a_date_serves_where_there_is_no_strong_etag() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let head = [&format!("Last-Modified: {date}"), "ETag: W/\"a\"", "Date: Sun, 06 Nov 1994 09:00:00 GMT"];
    let server = Server::script([half(&head), rest("5-9/10", &head)]).await;
    assert_eq!(read(&server).await.unwrap(), "0123456789");
    assert_eq!(server.asked()[1].header("if-range"), Some(date));
}

#[tokio::test]
async fn a_body_of_unknown_length_is_continued_too() {
    let chunked = raw("200 OK", &[ETAG, "Transfer-Encoding: chunked"], "5\r\n01234\r\n");
    let server = Server::script([chunked, rest("5-9/10", &[ETAG])]).await;
    assert_eq!(read(&server).await.unwrap(), "0123456789");
}

#[tokio::test]
async fn a_body_is_continued_in_several_parts() {
    let part = raw("206 Partial Content", &[ETAG, "Content-Range: bytes 5-9/10", "Content-Length: 5"], "56");
    let last = response("206 Partial Content", &[ETAG, "Content-Range: bytes 7-9/10"], "789");
    let server = Server::script([half(&[ETAG]), part, last]).await;
    assert_eq!(read(&server).await.unwrap(), "0123456789");
    assert_eq!(server.asked()[2].header("range"), Some("bytes=7-"));
}

#[tokio::test]
async fn a_part_that_is_shorter_than_the_rest_is_not_the_end() {
    let part = response("206 Partial Content", &[ETAG, "Content-Range: bytes 5-6/10"], "56");
    let last = response("206 Partial Content", &[ETAG, "Content-Range: bytes 7-9/10"], "789");
    let server = Server::script([half(&[ETAG]), part, last]).await;
    assert_eq!(read(&server).await.unwrap(), "0123456789");
}

#[tokio::test]
async fn nothing_is_continued_that_may_have_changed_unseen() {
    for head in [&[][..], &["ETag: W/\"a\""]] {
        let server = Server::script([half(head), rest("5-9/10", head)]).await;
        let error = read(&server).await.unwrap_err();
        assert!(matches!(error, Error::Truncated { received: 5, expected: Some(10), .. }), "{error}");
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn nothing_is_continued_unless_it_is_wanted() {
    let server = Server::script([half(&[ETAG]), rest("5-9/10", &[ETAG])]).await;
    let request = Request { resume: false, ..resumed(&server) };
    let error = fetcher().get(request).await.unwrap().bytes().await.unwrap_err();
    assert!(matches!(error, Error::Truncated { .. }), "{error}");
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn tries_to_continue_are_bounded_and_end_in_truncated() {
    let server = Server::start(|asked| async move {
        Reply::Close(match asked.header("range") {
            None => half(&[ETAG]),
            Some(_) => {
                raw("206 Partial Content", &[ETAG, "Content-Range: bytes 5-9/10", "Content-Length: 5"], "")
            }
        })
    })
    .await;
    let error = read(&server).await.unwrap_err();
    assert!(matches!(error, Error::Truncated { received: 5, expected: Some(10), .. }), "{error}");
    assert_eq!((error.reason(), error.retry()), (Reason::Unreachable, Retry::Later));
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_temporary_failure_to_continue_is_tried_again() {
    let server =
        Server::script([half(&[ETAG]), response("502 Bad Gateway", &[], ""), rest("5-9/10", &[ETAG])]).await;
    assert_eq!(read(&server).await.unwrap(), "0123456789");
}

/// What a server says instead of the rest of the same body.
async fn check_changed(instead: Vec<u8>) {
    let text = String::from_utf8_lossy(&instead).into_owned();
    let server = Server::script([half(&[ETAG]), instead]).await;
    match read(&server).await {
        Err(error @ Error::Changed { .. }) => assert_eq!(error.retry(), Retry::Later),
        other => panic!("{other:?} of {text}"),
    }
}

#[tokio::test]
async fn a_file_that_changed_in_between_is_not_continued() {
    check_changed(response("200 OK", &["ETag: \"b\""], "9876543210")).await;
}

#[tokio::test]
async fn a_part_that_begins_elsewhere_is_not_the_rest() {
    check_changed(rest("4-8/10", &[ETAG])).await;
    check_changed(rest("0-4/10", &[ETAG])).await;
    check_changed(response("206 Partial Content", &[ETAG], "56789")).await;
}

#[tokio::test]
async fn a_part_of_a_body_of_another_length_is_not_the_rest() {
    check_changed(rest("5-9/11", &[ETAG])).await;
}

#[tokio::test]
async fn a_part_of_a_body_with_another_etag_is_not_the_rest() {
    check_changed(rest("5-9/10", &["ETag: \"b\""])).await;
}

#[tokio::test]
async fn a_part_that_goes_on_beyond_the_end_is_not_the_rest() {
    check_changed(response("206 Partial Content", &[ETAG, "Content-Range: bytes 5-10/11"], "56789X")).await;
}

#[tokio::test]
async fn a_file_that_is_shorter_now_is_not_continued_and_not_asked_for_again() {
    let shorter = response("416 Range Not Satisfiable", &["Content-Range: bytes */3"], "");
    let server = Server::script([half(&[ETAG]), shorter]).await;
    let error = read(&server).await.unwrap_err();
    assert_eq!((error.reason(), error.retry()), (Reason::Unreachable, Retry::Later), "{error}");
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_file_that_is_gone_in_between_is_not_asked_for_again() {
    let server = Server::script([half(&[ETAG]), response("404 Not Found", &[], "")]).await;
    read(&server).await.unwrap_err();
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_long_retry_after_while_continuing_is_told_with_its_time() {
    let server =
        Server::script([half(&[ETAG]), response("503 Unavailable", &["Retry-After: 86400"], "")]).await;
    let error = read(&server).await.unwrap_err();
    assert!(matches!(error.retry(), Retry::NotBefore(_)), "{error}");
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn the_limit_holds_across_parts() {
    // Without an announced length, so that only the bytes tell.
    let chunked = raw("200 OK", &[ETAG, "Transfer-Encoding: chunked"], "5\r\n01234\r\n");
    let server = Server::script([chunked, rest("5-9/10", &[ETAG])]).await;
    let request = Request { max_bytes: Some(9), ..resumed(&server) };
    let error = fetcher().get(request).await.unwrap().bytes().await.unwrap_err();
    assert_eq!(error.reason(), Reason::TooBig, "{error}");
}

#[tokio::test]
async fn a_connection_is_enough_to_continue_on() {
    let server = Server::script([half(&[ETAG]), rest("5-9/10", &[ETAG]), ok("next")]).await;
    let fetcher = Fetcher::new(Policy { connections_per_host: 1, ..policy() }).unwrap();
    assert_eq!(fetcher.get(resumed(&server)).await.unwrap().bytes().await.unwrap(), "0123456789");
    assert_eq!(fetcher.get(get(&server.url("/"))).await.unwrap().bytes().await.unwrap(), "next");
}

/// What is read from a body that breaks off, by one who drops the first wait for the rest and then waits in earnest.
async fn read_after_dropping_a_wait(whole: Vec<u8>) -> Result<String, Error> {
    let server = Server::script([whole, rest("5-9/10", &[ETAG])]).await;
    let slow = Backoff { base: Duration::from_millis(200), cap: Duration::from_millis(200) };
    let fetcher = Fetcher::new(Policy { backoff: slow, ..policy() }).expect("a fetcher");
    let mut response = fetcher.get(resumed(&server)).await?;
    let mut text = String::new();
    // Drops a wait in the back-off, most likely; if not, the test proves less, and still what it says.
    while let Ok(chunk) = tokio::time::timeout(Duration::from_millis(50), response.chunk()).await {
        let Some(bytes) = chunk? else { return Ok(text) };
        text.push_str(&String::from_utf8_lossy(&bytes));
    }
    while let Some(bytes) = response.chunk().await? {
        text.push_str(&String::from_utf8_lossy(&bytes));
    }
    Ok(text)
}

#[tokio::test]
async fn a_wait_that_is_dropped_while_continuing_loses_nothing() {
    assert_eq!(read_after_dropping_a_wait(half(&[ETAG])).await.unwrap(), "0123456789");
}

#[tokio::test]
async fn a_wait_that_is_dropped_while_continuing_does_not_end_a_body_of_unknown_length() {
    let chunked = raw("200 OK", &[ETAG, "Transfer-Encoding: chunked"], "5\r\n01234\r\n");
    assert_eq!(read_after_dropping_a_wait(chunked).await.unwrap(), "0123456789");
}
