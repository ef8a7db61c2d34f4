//! The quirks of HTTP and of the connection, on the wire.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{sync::Arc, time::SystemTime};

use granary_test_repository::{Quirk, Server};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use support::{
    End, HEADERS, RECORDS, Reply, ask, get, get_with, onwards, open, post, texts, token, with_quirk,
};
use tokio::{io::AsyncReadExt, io::AsyncWriteExt, net::TcpStream};
use tokio_rustls::TlsConnector;

/// The statuses of so many requests.
async fn statuses(server: &Server, arguments: &str, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(ask(server, arguments).await.status);
    }
    statuses
}

async fn with_agent(server: &Server, agent: &str) -> Reply {
    get_with(&format!("{}?verb=Identify", server.oai()), &[("user-agent", agent)]).await
}

#[tokio::test]
async fn challenges_are_told_by_their_headers() {
    let server = with_quirk(Quirk::WafChallenge).await;
    let waf = ask(&server, "verb=Identify").await;
    assert_eq!((waf.status, waf.header("x-amzn-waf-action"), waf.body.len()), (202, Some("challenge"), 0));
    let server = with_quirk(Quirk::CloudflareChallenge).await;
    let cloudflare = ask(&server, "verb=Identify").await;
    assert_eq!((cloudflare.status, cloudflare.header("cf-mitigated")), (403, Some("challenge")));
    assert!(cloudflare.text().contains("Just a moment..."));
    assert_eq!(get(&format!("{}/3/1/paper.pdf", server.url())).await.status, 200, "files are not concerned");
}

#[tokio::test]
async fn blocked_for_a_day_after_two_requests() {
    let server = with_quirk(Quirk::BlockedForADay).await;
    assert_eq!(statuses(&server, RECORDS, 4).await, [200, 200, 429, 429]);
    assert_eq!(ask(&server, RECORDS).await.header("retry-after"), Some("86400"));
    server.quirk_off(Quirk::BlockedForADay);
    assert_eq!(ask(&server, RECORDS).await.status, 200);
}

#[tokio::test]
async fn rate_limit_strikes_every_fourth_request() {
    let server = with_quirk(Quirk::RateLimit).await;
    assert_eq!(statuses(&server, RECORDS, 7).await, [200, 200, 200, 429, 200, 200, 200]);
    assert_eq!(ask(&server, RECORDS).await.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn retry_after_may_be_a_date() {
    let server = with_quirk(Quirk::RetryAfterDate).await;
    assert_eq!(statuses(&server, RECORDS, 3).await, [200, 200, 200]);
    let before = SystemTime::now();
    let reply = ask(&server, RECORDS).await;
    let until = httpdate::parse_http_date(reply.header("retry-after").unwrap()).unwrap();
    assert_eq!(reply.status, 503);
    // Dates are in whole seconds, so of two seconds at least one is ahead.
    assert!(until > before);
}

#[tokio::test]
async fn overloaded_answers_the_third_request_for_each_thing() {
    let server = with_quirk(Quirk::Overloaded).await;
    assert_eq!(statuses(&server, RECORDS, 4).await, [503, 503, 200, 200]);
    let other = ask(&server, HEADERS).await;
    assert_eq!((other.status, other.header("retry-after")), (503, None));
}

#[tokio::test]
async fn user_agents_are_refused() {
    let server = with_quirk(Quirk::RobotsRefused).await;
    assert_eq!(ask(&server, "verb=Identify").await.status, 403);
    assert_eq!(with_agent(&server, "python-requests/2.32").await.status, 403);
    assert_eq!(with_agent(&server, "harvester/1 (https://example.org/)").await.status, 200);
    assert_eq!(with_agent(&server, "harvester/1 (a@example.org)").await.status, 200);
    let server = with_quirk(Quirk::BrowsersOnly).await;
    assert_eq!(with_agent(&server, "harvester/1 (https://example.org/)").await.status, 403);
    assert_eq!(with_agent(&server, "Mozilla/5.0 (compatible; harvester/1; a@example.org)").await.status, 200);
}

#[tokio::test]
async fn resets_once_for_each_request() {
    let server = with_quirk(Quirk::ResetsOnce).await;
    for arguments in ["verb=Identify", RECORDS] {
        let first = ask(&server, arguments).await;
        assert_eq!((first.status, first.end), (0, End::Reset));
        assert_eq!(ask(&server, arguments).await.status, 200);
    }
    let noted: Vec<_> = server.log().iter().map(|logged| logged.status).collect();
    assert_eq!(noted, [0, 200, 0, 200]);
}

#[tokio::test]
async fn hangs_once_at_the_first_token() {
    let server = with_quirk(Quirk::HangsOnce).await;
    let first = ask(&server, HEADERS).await;
    let arguments = onwards("ListIdentifiers", &token(first.text()).unwrap().text);
    let url = format!("{}?{arguments}", server.oai());
    // Either of the two may be the first that the server sees.
    let (mut one, mut two) = (open("GET", &url, &[], "").await, open("GET", &url, &[], "").await);
    let (mut of_one, mut of_two) = (Vec::new(), Vec::new());
    tokio::select! {
        _ = one.read_to_end(&mut of_one) => {}
        _ = two.read_to_end(&mut of_two) => {}
    }
    assert!(of_one.is_empty() != of_two.is_empty());
    let mut noted: Vec<_> = server.log().iter().map(|logged| logged.status).collect();
    noted.sort_unstable();
    assert_eq!(noted, [0, 200, 200]);
    assert_eq!(ask(&server, &arguments).await.status, 200);
}

#[tokio::test]
async fn down_at_first_recovers_after_twenty_requests() {
    let server = with_quirk(Quirk::DownAtFirst).await;
    assert_eq!(statuses(&server, "verb=Identify", 22).await, [vec![500; 20], vec![200; 2]].concat());
}

#[tokio::test]
async fn moved_leads_to_the_new_address_with_the_query() {
    let server = with_quirk(Quirk::Moved).await;
    let reply = ask(&server, HEADERS).await;
    let target = format!("{}/new/oai2?{HEADERS}", server.url());
    assert_eq!((reply.status, reply.header("location")), (301, Some(target.as_str())));
    assert_eq!(texts(get(&target).await.text(), "identifier").len(), 10);
    let posted = post(&server.oai(), HEADERS).await;
    assert_eq!((posted.status, posted.header("location")), (301, Some(target.as_str())));
    let new = format!("{}/new/oai2", server.url());
    assert_eq!(texts(get(&format!("{new}?verb=Identify")).await.text(), "baseURL"), [new]);
}

#[tokio::test]
async fn moved_without_query_leaves_the_query_to_the_client() {
    let server = with_quirk(Quirk::MovedWithoutQuery).await;
    let reply = ask(&server, HEADERS).await;
    let target = format!("{}/new/oai2", server.url());
    assert_eq!((reply.status, reply.header("location")), (301, Some(target.as_str())));
    assert_eq!(texts(get(&format!("{target}?{HEADERS}")).await.text(), "identifier").len(), 10);
}

#[tokio::test]
async fn base_url_differs_from_the_address_that_answers() {
    let server = with_quirk(Quirk::BaseUrlDiffers).await;
    let named = texts(ask(&server, "verb=Identify").await.text(), "baseURL").remove(0);
    assert_ne!(named, server.oai());
    assert_eq!(get(&format!("{named}?verb=Identify")).await.status, 404);
}

/// Asks for Identify by HTTPS, trusting the server's own certificate.
async fn by_https(server: &Server) -> Result<String, std::io::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(server.certificate().as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(server.url().trim_start_matches("http://")).await.unwrap();
    let mut stream =
        TlsConnector::from(Arc::new(config)).connect("127.0.0.1".try_into().unwrap(), stream).await?;
    let request = "GET /cgi/oai2?verb=Identify HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    Ok(text)
}

#[tokio::test]
async fn self_signed_tls_is_served_beside_http() {
    let server = with_quirk(Quirk::SelfSignedTls).await;
    let answer = by_https(&server).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("<Identify>"), "{answer}");
    assert_eq!(ask(&server, "verb=Identify").await.status, 200);
    assert!(server.https_oai().starts_with("https://127.0.0.1:"));
    let served = get(&format!("{}/_repository/certificate", server.url())).await;
    assert_eq!(served.text(), server.certificate());
    server.quirk_off(Quirk::SelfSignedTls);
    assert!(by_https(&server).await.is_err(), "there is no TLS without a quirk that wants it");
}

#[tokio::test]
async fn expired_tls_is_refused_even_by_those_who_trust_it() {
    let server = with_quirk(Quirk::ExpiredTls).await;
    let error = by_https(&server).await.unwrap_err();
    assert!(error.to_string().to_lowercase().contains("expired"), "{error}");
}

#[tokio::test]
async fn to_https_redirects_http_to_the_same_port() {
    let server = with_quirk(Quirk::ToHttps).await;
    let reply = ask(&server, HEADERS).await;
    let target = format!("{}?{HEADERS}", server.https_oai());
    assert_eq!((reply.status, reply.header("location")), (301, Some(target.as_str())));
    let answer = by_https(&server).await.unwrap();
    assert!(answer.contains(&format!("<baseURL>{}</baseURL>", server.https_oai())), "{answer}");
}
