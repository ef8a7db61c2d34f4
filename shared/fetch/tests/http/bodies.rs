//! Bodies: encoded, too long, too short, and not what they claim to be.

use std::{io::Write as _, time::Duration};

use granary_fetch::{Encoding, Error, Fetcher, Pace, Policy, Reason, Request, Retry};

use crate::server::{Reply, Server, fetcher, get, impatient, ok, policy, raw, response};

const TEXT: &str = "The same bytes, however they travel. The same bytes, however they travel. \
                    The same bytes, however they travel. The same bytes, however they travel. ";

/// `TEXT` by `gzip -9n`.
const GZIP: &str = "1f8b08000000000002030bc94855284ecc4d5548aa2c492dd651c8c82f4f2d4b2d52\
                    28c948ad5428294a2c4bcdd15308a1af220034fcf7a794000000";

/// 100,000 zero bytes by `gzip -9n`: 132 bytes, most of them zeros.
fn gzip_bomb() -> Vec<u8> {
    let mut bomb = hex("1f8b0800000000000203edc13101000000c2a0f54f6d0d0fa0");
    bomb.resize(121, 0);
    bomb.extend(hex("8057037d9511d4a0860100"));
    bomb
}
/// 100,000 zero bytes by brotli at quality 11.
const BROTLI_BOMB: &str = "5b9f86817f02201e0b04b2fc0200";
/// 100,000 zero bytes by `zstd --no-check`.
const ZSTD_BOMB: &str = "28b52ffda0a086010055000010000001009b8639c002";

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(char::is_ascii_hexdigit).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16).expect("hexadecimal digits");
    digits.chunks(2).map(byte).collect()
}

fn encoded(encoding: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    response("200 OK", &[&format!("Content-Encoding: {encoding}")], body)
}

#[tokio::test]
async fn gzip_is_offered_and_undone() {
    let server = Server::script([encoded("gzip", hex(GZIP))]).await;
    let response = fetcher().get(get(&server.url("/"))).await.unwrap();
    assert_eq!(response.content_length(), None, "the length of something else");
    assert_eq!(response.bytes().await.unwrap(), TEXT);
    assert_eq!(server.asked().len(), 1);
    assert_eq!(server.asked()[0].header("accept-encoding"), Some("gzip"));
}

#[tokio::test]
async fn what_was_not_offered_is_not_undone() {
    for (encoding, bomb) in [("br", hex(BROTLI_BOMB)), ("zstd", hex(ZSTD_BOMB))] {
        let server = Server::script([encoded(encoding, &bomb)]).await;
        let response = fetcher().get(get(&server.url("/"))).await.unwrap();
        assert_eq!(response.bytes().await.unwrap(), bomb, "{encoding}");
    }
}

#[tokio::test]
async fn bytes_as_stored_are_not_decoded() {
    let server = Server::script([encoded("gzip", hex(GZIP))]).await;
    let request = Request { encoding: Encoding::Identity, ..get(&server.url("/paper.tar.gz")) };
    let response = fetcher().get(request).await.unwrap();
    assert_eq!(response.content_length(), Some(hex(GZIP).len() as u64));
    assert_eq!(response.bytes().await.unwrap(), hex(GZIP));
}

#[tokio::test]
async fn what_is_packed_for_the_way_though_it_was_asked_for_as_stored_is_unpacked_and_archives_are_not() {
    let check = async |path: &str, head: &[&str], body: Vec<u8>, expected: &[u8]| {
        let head = [head, &["Content-Encoding: X-GZIP"]].concat();
        let server = Server::script([response("200 OK", &head, body)]).await;
        let request = Request { encoding: Encoding::Identity, ..get(&server.url(path)) };
        let response = fetcher().get(request).await.unwrap();
        assert_eq!(response.bytes().await.unwrap(), expected, "{path} {head:?}");
    };
    let (packed, pdf) = (hex(GZIP), "Content-Type: application/pdf");
    check("/paper.pdf", &[pdf], packed.clone(), TEXT.as_bytes()).await;
    check("/download?id=1", &[], packed.clone(), TEXT.as_bytes()).await;
    check("/paper.pdf", &[pdf], b"%PDF-1.4".to_vec(), b"%PDF-1.4").await;
    check("/data.TGZ", &[], packed.clone(), &packed).await;
    check("/download?id=1", &["Content-Type: application/x-tar"], packed.clone(), &packed).await;
    let named = "Content-Disposition: attachment; filename=\"data.csv.gz\"";
    check("/download?id=1", &[named], packed.clone(), &packed).await;
}

#[tokio::test]
async fn the_head_tells_about_the_body() {
    let head = [
        "ETag: W/\"a\"",
        "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT",
        "Content-Type: text/xml; charset=x",
    ];
    let server = Server::script([response("200 OK", &head, "12345")]).await;
    let response = fetcher().get(get(&server.url("/"))).await.unwrap();
    assert_eq!((response.status, response.content_length()), (200, Some(5)));
    assert_eq!(response.content_type(), Some("text/xml; charset=x"));
    assert_eq!(response.header("CONTENT-TYPE"), response.content_type());
    assert_eq!(response.etag(), Some("W/\"a\""));
    assert_eq!(response.last_modified(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    assert!(!response.not_modified() && !response.moved_permanently);
}

fn check_too_big(error: &Error) {
    assert!(matches!(error, Error::TooBig { limit: 10_000, .. }), "{error}");
    assert_eq!((error.reason(), error.retry()), (Reason::TooBig, Retry::Never));
}

#[tokio::test]
async fn a_bomb_stops_at_the_limit() {
    let server = Server::script([encoded("gzip", gzip_bomb())]).await;
    let unlimited = fetcher().get(get(&server.url("/"))).await.unwrap();
    assert_eq!(unlimited.bytes().await.unwrap(), vec![0; 100_000]);
    let request = Request { max_bytes: Some(10_000), ..get(&server.url("/")) };
    check_too_big(&fetcher().get(request).await.unwrap().bytes().await.unwrap_err());
}

/// One that comes a byte at a time would otherwise be waited for for ever: each byte is a sign of life.
#[tokio::test]
async fn a_body_that_keeps_no_pace_is_not_waited_for() {
    let server = Server::start(|_| async {
        let body = std::iter::repeat_n(b"x".to_vec(), 100_000);
        Reply::Trickle([raw("200 OK", &[], "")].into_iter().chain(body).collect())
    })
    .await;
    let pace = Pace { grace: Duration::from_millis(1100), bytes_per_second: 1 << 20 };
    let slow = Fetcher::new(Policy { pace, ..policy() }).unwrap();
    let error = slow.get(get(&server.url("/"))).await.unwrap().bytes().await.unwrap_err();
    assert!(matches!(error, Error::TooSlow { received: 1.., .. }), "{error}");
    assert_eq!((error.reason(), error.retry()), (Reason::Timeout, Retry::Later));
}

#[tokio::test]
async fn a_header_that_is_very_long_is_not_looked_at_and_one_that_is_longer_still_is_no_answer() {
    let long = |bytes: usize| format!("ETag: \"{}\"", "x".repeat(bytes));
    let server = Server::script([response("200 OK", &[&long(10_000)], "body")]).await;
    let answer = fetcher().get(get(&server.url("/"))).await.unwrap();
    assert_eq!(answer.etag(), None);
    assert_eq!(answer.bytes().await.unwrap(), "body");
    for head in [vec![long(10 << 20)], vec!["x: y".to_owned(); 100_000]] {
        let head: Vec<&str> = head.iter().map(String::as_str).collect();
        let server = Server::script([response("200 OK", &head, "body")]).await;
        let error = fetcher().get(get(&server.url("/"))).await.unwrap_err();
        assert_eq!((error.reason(), error.retry()), (Reason::TooBig, Retry::Never), "{error}");
    }
}

#[tokio::test]
async fn an_announced_length_over_the_limit_is_too_big_at_once() {
    let server = Server::script([ok(vec![0; 10_001])]).await;
    let request = Request { max_bytes: Some(10_000), ..get(&server.url("/")) };
    check_too_big(&fetcher().get(request).await.unwrap_err());
}

#[tokio::test]
async fn an_unannounced_length_over_the_limit_is_too_big_when_it_comes() {
    let server = Server::script([raw("200 OK", &[], vec![0; 10_001])]).await;
    let request = Request { max_bytes: Some(10_000), ..get(&server.url("/")) };
    check_too_big(&fetcher().get(request).await.unwrap().bytes().await.unwrap_err());
}

#[tokio::test]
async fn a_body_as_long_as_the_limit_is_not_too_big() {
    for whole in [ok(vec![0; 10_000]), raw("200 OK", &[], vec![0; 10_000])] {
        let server = Server::script([whole]).await;
        let request = Request { max_bytes: Some(10_000), ..get(&server.url("/")) };
        assert_eq!(fetcher().get(request).await.unwrap().bytes().await.unwrap().len(), 10_000);
    }
}

/// A response that announces ten bytes, or a chunk of ten, and ends after five.
fn cut_short() -> [Vec<u8>; 2] {
    [
        raw("200 OK", &["Content-Length: 10"], "12345"),
        raw("200 OK", &["Transfer-Encoding: chunked"], "a\r\n12345"),
    ]
}

#[tokio::test]
async fn a_body_that_ends_early_is_truncated() {
    for encoding in [Encoding::Any, Encoding::Identity] {
        for short in cut_short() {
            let server = Server::script([short]).await;
            let request = Request { encoding, ..get(&server.url("/")) };
            let error = fetcher().get(request).await.unwrap().bytes().await.unwrap_err();
            assert!(matches!(error, Error::Truncated { received: 5, .. }), "{encoding:?}: {error}");
            assert_eq!((error.reason(), error.retry()), (Reason::Unreachable, Retry::Later));
        }
    }
}

#[tokio::test]
async fn a_truncated_body_never_looks_finished_afterwards() {
    for short in cut_short() {
        let server = Server::script([short]).await;
        let request = Request { encoding: Encoding::Identity, ..get(&server.url("/")) };
        let mut response = fetcher().get(request).await.unwrap();
        assert_eq!(response.chunk().await.unwrap().unwrap(), "12345");
        for _ in 0..3 {
            response.chunk().await.expect_err("the end never came");
        }
    }
}

#[tokio::test]
async fn a_compressed_body_that_ends_early_is_an_error() {
    let server = Server::script([encoded("gzip", &hex(GZIP)[..30])]).await;
    let error = impatient().get(get(&server.url("/"))).await.unwrap().bytes().await.unwrap_err();
    assert_eq!((error.reason(), error.retry()), (Reason::Unreachable, Retry::Later), "{error}");
}

#[tokio::test]
async fn a_body_that_breaks_before_its_first_byte_is_tried_again() {
    for encoding in [Encoding::Any, Encoding::Identity] {
        let empty = raw("200 OK", &["Content-Length: 5"], "");
        let server = Server::script([empty, ok("whole")]).await;
        let request = Request { encoding, ..get(&server.url("/")) };
        let body = fetcher().get(request).await.unwrap().bytes().await;
        assert_eq!(body.unwrap_or_else(|error| panic!("{encoding:?}: {error}")), "whole");
    }
}

#[tokio::test]
async fn a_broken_transfer_is_no_lie_about_compression() {
    let server = Server::start(|asked| async move {
        Reply::Close(match asked.number {
            0 => raw("200 OK", &["Content-Length: 5"], ""),
            _ => ok("whole"),
        })
    })
    .await;
    let fetcher = fetcher();
    // What becomes of the first request is for other tests to say.
    if let Ok(response) = fetcher.get(get(&server.url("/1"))).await {
        let _ = response.bytes().await;
    }
    fetcher.get(get(&server.url("/2"))).await.unwrap();
    let asked = server.asked();
    let last = asked.last().unwrap();
    assert_ne!(last.header("accept-encoding"), Some("identity"));
}

/// A server that says gzip and sends plain text, unless it is asked for no encoding.
async fn liar() -> Server {
    Server::start(|asked| async move {
        Reply::Close(match asked.header("accept-encoding") {
            Some("identity") => ok("plain"),
            _ => encoded("gzip", "plain"),
        })
    })
    .await
}

#[tokio::test]
async fn a_lie_about_gzip_is_seen_through_once_and_remembered() {
    let server = liar().await;
    let fetcher = fetcher();
    for path in ["/1", "/2"] {
        let response = fetcher.get(get(&server.url(path))).await.unwrap();
        assert_eq!(response.bytes().await.unwrap(), "plain");
    }
    let asked = server.asked();
    let targets: Vec<&str> = asked.iter().map(|asked| asked.target.as_str()).collect();
    assert_eq!(targets, ["/1", "/1", "/2"]);
    assert_eq!(asked[2].header("accept-encoding"), Some("identity"));
}

/// Static files that are stored compressed are sent so, whatever is asked for.
#[tokio::test]
async fn a_host_that_compresses_unasked_is_decoded_even_after_a_lie() {
    let server = Server::start(|asked| async move {
        Reply::Close(match (asked.target.as_str(), asked.header("accept-encoding")) {
            ("/lie", Some("identity")) => ok("plain"),
            ("/lie", _) => encoded("gzip", "plain"),
            _ => encoded("gzip", hex(GZIP)),
        })
    })
    .await;
    let fetcher = fetcher();
    assert_eq!(fetcher.get(get(&server.url("/lie"))).await.unwrap().bytes().await.unwrap(), "plain");
    assert_eq!(fetcher.get(get(&server.url("/true"))).await.unwrap().bytes().await.unwrap(), TEXT);
}

#[tokio::test]
async fn a_lie_about_gzip_does_not_end_in_a_circle() {
    let server = Server::script([encoded("gzip", "plain")]).await;
    if let Ok(response) = fetcher().get(get(&server.url("/"))).await {
        // Plain bytes and an error are both honest.
        let _ = response.bytes().await.map(|bytes| assert_eq!(bytes, "plain"));
    }
    assert!(server.asked().len() <= 3, "{}", server.asked().len());
}

#[tokio::test]
async fn compression_that_breaks_off_is_an_error_and_is_not_asked_for_again() {
    // So long that much of it has been handed out before it breaks off.
    let text: String = (0..50_000).map(|number| format!("{number}\n")).collect();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    let mut half = encoder.finish().unwrap();
    half.truncate(half.len() / 2);
    let server = Server::start(move |asked| {
        let half = half.clone();
        async move {
            Reply::Close(match asked.header("accept-encoding") {
                Some("identity") => ok("plain"),
                _ => encoded("gzip", half),
            })
        }
    })
    .await;
    let fetcher = fetcher();
    let error = fetcher.get(get(&server.url("/"))).await.unwrap().bytes().await.unwrap_err();
    assert!(matches!(error, Error::Encoding { .. }), "{error}");
    assert_eq!(error.retry(), Retry::Later);
    assert!(fetcher.compresses_badly("127.0.0.1"));
    assert_eq!(fetcher.get(get(&server.url("/"))).await.unwrap().bytes().await.unwrap(), "plain");
}

#[tokio::test]
async fn a_server_that_fails_whenever_it_is_asked_to_compress_is_asked_not_to_at_last() {
    let server = Server::start(|asked| async move {
        Reply::Close(match asked.header("accept-encoding") {
            Some("identity") => ok("plain"),
            _ => response("500 x", &[], ""),
        })
    })
    .await;
    let fetcher = fetcher();
    for _ in 0..2 {
        let response = fetcher.get(get(&server.url("/"))).await.unwrap();
        assert_eq!(response.bytes().await.unwrap(), "plain");
    }
    assert_eq!(server.asked().len(), 4, "three times, and once");
}

#[tokio::test]
async fn gzip_that_no_header_announces_is_unpacked_within_the_limit() {
    let server = Server::script([ok(hex(GZIP)), ok(gzip_bomb())]).await;
    let fetcher = fetcher();
    assert_eq!(fetcher.get(get(&server.url("/"))).await.unwrap().bytes().await.unwrap(), TEXT);
    let request = Request { max_bytes: Some(50_000), ..get(&server.url("/bomb")) };
    let error = fetcher.get(request).await.unwrap().bytes().await.unwrap_err();
    assert!(matches!(error, Error::TooBig { limit: 50_000, .. }), "{error}");
}
