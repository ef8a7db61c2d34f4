//! Each fault is what it says, on the wire.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{io::Read as _, time::Duration};

use flate2::read::GzDecoder;
use granary_test_repository::{Fault, Flood, Packing, Server, Settings};
use support::{End, Reply, elements, encode, error_code, get, get_with, open, post, send, token};
use tokio::io::AsyncReadExt;

const SIZE: u32 = 40_001;

async fn start() -> Server {
    let settings = Settings { items: 30, page_size: 10, file_size: u64::from(SIZE), ..Settings::default() };
    Server::start(settings).await.unwrap()
}

fn paper(server: &Server) -> String {
    format!("{}/3/1/paper.pdf", server.url())
}

/// The answer for a file that a fault has struck.
async fn struck(server: &Server, fault: Fault) -> Reply {
    server.mend();
    server.fault("/3/1/*", fault);
    get(&paper(server)).await
}

#[tokio::test]
async fn statuses_are_as_named() {
    let server = start().await;
    for (fault, status, retry_after) in [
        (Fault::NotFound, 404, None),
        (Fault::Gone, 410, None),
        (Fault::Forbidden, 403, None),
        (Fault::ServerError, 500, None),
        (Fault::Unavailable { retry_after: None }, 503, None),
        (Fault::Unavailable { retry_after: Some(7) }, 503, Some("7")),
        (Fault::TooManyRequests { retry_after: 86_400 }, 429, Some("86400")),
    ] {
        let reply = struck(&server, fault.clone()).await;
        assert_eq!((reply.status, reply.header("retry-after")), (status, retry_after), "{fault:?}");
        assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(server.log().last().unwrap().status, status);
    }
}

#[tokio::test]
async fn truncate_announces_all_sends_half_and_closes() {
    let server = start().await;
    let reply = struck(&server, Fault::Truncate).await;
    let (whole, half) = (server.file(3, 1), SIZE as usize / 2);
    assert_eq!((reply.status, reply.announced(), reply.end), (200, SIZE as usize, End::Orderly));
    assert_eq!(reply.body, whole[..half]);
}

#[tokio::test]
async fn truncate_sends_half_of_what_is_left_to_a_client_that_resumes() {
    let server = start().await;
    server.fault("/3/1/*", Fault::Truncate);
    let whole = server.file(3, 1);
    let mut had = Vec::new();
    for _ in 0..5 {
        let reply = get_with(&paper(&server), &[("range", &format!("bytes={}-", had.len()))]).await;
        assert_eq!((reply.status, reply.announced()), (206, whole.len() - had.len()));
        assert_eq!(reply.body.len(), reply.announced() / 2);
        had.extend(reply.body);
    }
    assert_eq!(had, whole[..had.len()]);
    server.mend();
    let rest = get_with(&paper(&server), &[("range", &format!("bytes={}-", had.len()))]).await;
    had.extend(rest.body);
    assert_eq!(had, whole);
}

#[tokio::test]
async fn truncate_cuts_large_files_and_pages_at_the_very_byte_too() {
    let settings = Settings { items: 30, file_size: 5_000_001, ..Settings::default() };
    let server = Server::start(settings).await.unwrap();
    server.fault("*", Fault::Truncate);
    let reply = get(&paper(&server)).await;
    assert_eq!((reply.announced(), reply.body.len()), (5_000_001, 2_500_000));
    let page = get(&format!("{}?verb=ListRecords&metadataPrefix=oai_dc", server.oai())).await;
    assert_eq!((page.status, page.body.len()), (200, page.announced() / 2));
}

#[tokio::test]
async fn truncate_answers_head_and_not_modified_well() {
    let server = start().await;
    let tag = get(&paper(&server)).await.header("etag").unwrap().to_owned();
    server.fault("*", Fault::Truncate);
    let head = send("HEAD", &paper(&server), &[], "").await;
    assert_eq!((head.status, head.announced()), (200, SIZE as usize));
    assert_eq!(get_with(&paper(&server), &[("if-none-match", &tag)]).await.status, 304);
}

#[tokio::test]
async fn wrong_digest_changes_bytes_and_neither_size_nor_tag() {
    let server = start().await;
    let right = get(&paper(&server)).await;
    let wrong = struck(&server, Fault::WrongDigest).await;
    assert_eq!(wrong.header("etag"), right.header("etag"));
    assert_eq!(wrong.body.len(), right.body.len());
    assert_ne!(wrong.body, right.body);
    assert_eq!(server.file(3, 1), right.body);
    let rest = get_with(&paper(&server), &[("range", "bytes=40000-")]).await;
    assert_eq!(rest.body, wrong.body[40_000..], "a part agrees with the whole");
}

#[tokio::test]
async fn wrong_size_is_a_longer_file_than_announced() {
    let server = start().await;
    let reply = struck(&server, Fault::WrongSize).await;
    assert_eq!((reply.announced(), reply.body.len()), (SIZE as usize + 16, SIZE as usize + 16));
}

#[tokio::test]
async fn login_page_is_a_redirect_to_html_with_status_200() {
    let server = start().await;
    let reply = struck(&server, Fault::LoginPage).await;
    assert_eq!((reply.status, reply.header("location")), (302, Some("/login")));
    let login = get(&format!("{}/login", server.url())).await;
    assert_eq!((login.status, login.header("content-type")), (200, Some("text/html; charset=utf-8")));
}

#[tokio::test]
async fn html_json_and_empty_are_other_things_with_status_200() {
    let server = start().await;
    let html = struck(&server, Fault::Html).await;
    assert_eq!((html.status, html.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(html.text().starts_with("<!DOCTYPE html>"));
    let json = struck(&server, Fault::Json).await;
    assert_eq!((json.status, json.header("content-type")), (200, Some("application/json")));
    let empty = struck(&server, Fault::Empty).await;
    assert_eq!((empty.status, empty.announced(), empty.body.len()), (200, 0, 0));
}

#[tokio::test]
async fn redirect_leads_wherever_it_is_told() {
    let server = start().await;
    for target in ["http://169.254.169.254/latest/", "file:///etc/passwd", "/elsewhere"] {
        let reply = struck(&server, Fault::Redirect { target: target.to_owned() }).await;
        assert_eq!((reply.status, reply.header("location")), (302, Some(target)));
    }
    server.mend();
    server.fault("*", Fault::RedirectLoop);
    let looped = get(&format!("{}?verb=Identify", server.oai())).await;
    assert_eq!((looped.status, looped.header("location")), (302, Some("/cgi/oai2?verb=Identify")));
}

#[tokio::test(start_paused = true)]
async fn slow_waits_before_each_kib_and_sends_all() {
    let server = start().await;
    let delay = Duration::from_secs(60);
    let start = tokio::time::Instant::now();
    let reply = struck(&server, Fault::Slow { delay }).await;
    assert_eq!((reply.announced(), &reply.body), (SIZE as usize, &server.file(3, 1)));
    assert!(start.elapsed() >= delay * (SIZE / 1024));
}

#[tokio::test]
async fn hang_answers_nothing_until_the_server_ends_and_hinders_nobody() {
    let server = start().await;
    server.fault("/3/1/*", Fault::Hang);
    let mut hanging = open("GET", &paper(&server), &[], "").await;
    assert_eq!(get(&format!("{}/3/2/data.txt", server.url())).await.status, 200);
    while server.log().len() < 2 {
        tokio::task::yield_now().await;
    }
    let log = server.log();
    let hung = log.iter().find(|it| it.path == "/3/1/paper.pdf").unwrap();
    assert_eq!(hung.status, 0);
    server.stop().await;
    let mut bytes = Vec::new();
    // It may end in either way; what matters is that it ends, without an answer.
    let _ = hanging.read_to_end(&mut bytes).await;
    assert!(bytes.is_empty());
}

#[tokio::test]
async fn reset_resets_the_connection_without_an_answer() {
    let server = start().await;
    let reply = struck(&server, Fault::Reset).await;
    assert_eq!((reply.status, reply.end), (0, End::Reset));
    assert_eq!(server.log().last().unwrap().status, 0);
}

#[tokio::test]
async fn bad_token_strikes_requests_with_a_token_by_get_and_by_post() {
    let server = start().await;
    server.fault_times("/cgi/oai2", Fault::BadToken, 2);
    let first = get(&format!("{}?verb=ListRecords&metadataPrefix=oai_dc", server.oai())).await;
    let arguments =
        format!("verb=ListRecords&resumptionToken={}", encode(&token(first.text()).unwrap().text));
    for reply in [get(&format!("{}?{arguments}", server.oai())).await, post(&server.oai(), &arguments).await]
    {
        assert_eq!(reply.status, 200);
        assert_eq!(error_code(reply.text()).as_deref(), Some("badResumptionToken"));
    }
    let third = get(&format!("{}?{arguments}", server.oai())).await;
    assert_eq!(error_code(third.text()), None);
    assert!(elements(third.text()).len() > 10);
}

#[tokio::test]
async fn a_fault_may_strike_the_first_times_only_and_others_follow() {
    let server = start().await;
    server.fault_times("/3/*", Fault::Unavailable { retry_after: None }, 2);
    server.fault_times("*.pdf", Fault::Gone, 1);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(get(&paper(&server)).await.status);
    }
    assert_eq!(statuses, [503, 503, 410, 200]);
    assert_eq!(server.log().iter().map(|it| it.status).collect::<Vec<_>>(), statuses);
}

#[test]
fn the_readme_has_a_row_for_each_flood_and_no_other() {
    let (_, table) = include_str!("../README.md").split_once("### Floods").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let rows: Vec<&str> =
        table.lines().filter(|line| line.starts_with("| `") && *line != "| `kind` | the answer |").collect();
    let expected: Vec<_> =
        Flood::ALL.iter().map(|flood| format!("| `{}` | {} |", flood.name(), flood.description())).collect();
    assert_eq!(rows, expected);
}

/// The body of an answer in pieces that say how long they are.
fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let line = body.windows(2).position(|it| it == b"\r\n").unwrap();
        let length = usize::from_str_radix(std::str::from_utf8(&body[..line]).unwrap(), 16).unwrap();
        whole.extend_from_slice(&body[line + 2..line + 2 + length]);
        if length == 0 {
            return whole;
        }
        body = &body[line + 4 + length..];
    }
}

#[tokio::test]
async fn a_flood_is_as_long_as_asked_for_and_the_same_when_it_is_packed() {
    let server = start().await;
    for of in Flood::ALL {
        let bytes = 1_000_000;
        let reply = struck(&server, Fault::Flood { of: *of, bytes, packing: Packing::Plain }).await;
        let plain = unchunked(&reply.body);
        // The large records are of fifteen megabytes.
        let most = if *of == Flood::LargeRecords { 16_000_000 } else { 1_002_000 };
        assert!((1_000_000..most).contains(&plain.len()), "{of:?}: {}", plain.len());
        let reply = struck(&server, Fault::Flood { of: *of, bytes, packing: Packing::Gzip }).await;
        assert_eq!(reply.header("content-encoding"), Some("gzip"));
        let (packed, mut unpacked) = (unchunked(&reply.body), Vec::new());
        GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
        assert!(unpacked == plain, "{of:?}");
    }
}

#[tokio::test]
async fn a_flood_that_is_a_whole_list_is_one() {
    let server = start().await;
    for of in [
        Flood::HugeRecord,
        Flood::HugeAttribute,
        Flood::HugeName,
        Flood::ManySets,
        Flood::ManyFiles,
        Flood::LongFileName,
        Flood::HugeToken,
    ] {
        let reply = struck(&server, Fault::Flood { of, bytes: 10_000, packing: Packing::Plain }).await;
        let body = String::from_utf8(unchunked(&reply.body)).unwrap();
        let records = elements(&body).iter().filter(|element| element.name.ends_with("record")).count();
        assert_eq!(records, 1, "{of:?}");
        assert_eq!(token(&body).is_some(), of == Flood::HugeToken);
    }
}

#[tokio::test]
async fn headers_are_as_many_and_as_long_as_asked_for() {
    let server = start().await;
    let reply = struck(&server, Fault::Headers { name: "etag".to_owned(), count: 3, bytes: 5 }).await;
    let etags: Vec<_> =
        reply.headers.iter().filter(|(name, _)| name == "etag").map(|(_, value)| value.as_str()).collect();
    assert_eq!((etags, reply.status), (vec!["xxxxx"; 3], 200));
    let reply =
        struck(&server, Fault::Headers { name: "x-flood".to_owned(), count: 1_000_000, bytes: 1 }).await;
    assert_eq!(reply.headers.iter().filter(|(name, _)| name == "x-flood").count(), 20_000);
}

#[tokio::test]
async fn a_chain_of_redirects_never_comes_back() {
    let server = start().await;
    let first = struck(&server, Fault::RedirectChain).await;
    assert_eq!((first.status, first.header("location")), (302, Some("/3/1/paper.pdf?hop=1")));
    let next = get(&format!("{}?hop=41", paper(&server))).await;
    assert_eq!(next.header("location"), Some("/3/1/paper.pdf?hop=42"));
}

#[tokio::test]
async fn an_endless_list_has_another_item_and_another_token_on_each_page() {
    let server = start().await;
    server.fault("/cgi/oai2", Fault::EndlessList);
    for verb in ["ListRecords", "ListIdentifiers"] {
        let first = get(&format!("{}?verb={verb}&metadataPrefix=oai_dc", server.oai())).await;
        assert_eq!(token(first.text()).unwrap().text, "1");
        let later = get(&format!("{}?verb={verb}&resumptionToken=41", server.oai())).await;
        assert_eq!(token(later.text()).unwrap().text, "42");
        assert!(later.text().contains("<identifier>oai:generic.eprints.org:42</identifier>"));
    }
    let identify = get(&format!("{}?verb=Identify", server.oai())).await;
    assert!(identify.text().contains("<Identify>"));
}

#[tokio::test]
async fn get_is_refused_where_only_post_is_taken_and_where_the_url_is_too_long() {
    let server = start().await;
    server.fault_times("/cgi/oai2", Fault::PostOnly, 1);
    server.fault("/cgi/oai2", Fault::LongUrl { most: 60 });
    let arguments = "verb=Identify";
    let url = format!("{}?{arguments}", server.oai());
    assert_eq!(post(&server.oai(), arguments).await.status, 200);
    let refused = get(&url).await;
    assert_eq!((refused.status, refused.header("allow")), (405, Some("POST")));
    assert_eq!(get(&url).await.status, 200);
    let long = "verb=ListRecords&metadataPrefix=oai_dc&from=2010-01-01&until=2010-12-31";
    assert_eq!(get(&format!("{}?{long}", server.oai())).await.status, 414);
    assert_eq!(post(&server.oai(), long).await.status, 200);
}
