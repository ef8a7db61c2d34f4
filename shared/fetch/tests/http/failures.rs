//! Why it failed, how often it was tried, and whether to try again.

use std::sync::Arc;
use std::time::Duration;

use granary_fetch::{Error, Fetcher, HostPolicy, Policy, Reason, Request, Retry, Statuses, Tls};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use url::Url;

use crate::server::{Reply, Server, fetcher, get, impatient, ok, policy, raw, response};

/// How a status fails, and how many requests it took three tries to find out.
async fn check(status: &str, headers: &[&str], reason: Reason, retry: Retry, requests: usize) {
    let server = Server::script([response(status, headers, "no")]).await;
    let error = fetcher().get(get(&server.url("/a"))).await.expect_err(status);
    assert_eq!((error.reason(), error.retry()), (reason, retry), "{status}: {error}");
    assert_eq!(server.asked().len(), requests, "{status}");
    assert!(error.to_string().contains("/a"), "{error}");
}

#[tokio::test]
async fn what_is_gone_or_forbidden_is_asked_for_once() {
    check("404 Not Found", &[], Reason::Gone, Retry::Never, 1).await;
    check("410 Gone", &[], Reason::Gone, Retry::Never, 1).await;
    check("401 Unauthorized", &[], Reason::Forbidden, Retry::Never, 1).await;
    check("403 Forbidden", &[], Reason::Forbidden, Retry::Never, 1).await;
}

#[tokio::test]
async fn what_is_temporary_is_tried_as_often_as_the_policy_says() {
    for status in ["425 Too Early", "429 Too Many", "500 Error", "502 Bad", "503 Unavailable", "504 Timeout"]
    {
        check(status, &[], Reason::Unreachable, Retry::Later, 3).await;
    }
    check("408 Request Timeout", &[], Reason::Timeout, Retry::Later, 3).await;
}

#[tokio::test]
async fn a_temporary_failure_that_passes_is_no_failure() {
    for status in ["408 x", "425 x", "429 x", "500 x", "502 x", "503 x", "504 x"] {
        let no = response(status, &[], "");
        let server = Server::script([no.clone(), no, ok("at last")]).await;
        let response = fetcher().get(get(&server.url("/"))).await.unwrap();
        assert_eq!(response.bytes().await.unwrap(), "at last", "{status}");
    }
}

#[tokio::test]
async fn a_firewall_is_recognised_and_not_asked_again() {
    check("403 Forbidden", &["cf-mitigated: challenge"], Reason::Blocked, Retry::Never, 1).await;
    check("503 Unavailable", &["cf-mitigated: challenge"], Reason::Blocked, Retry::Never, 1).await;
    check("405 Not Allowed", &["x-amzn-waf-action: captcha"], Reason::Blocked, Retry::Never, 1).await;
}

/// AWS WAF answers a challenged request with 202, this header, and a script in the body.
#[tokio::test]
async fn a_challenge_with_a_status_of_success_is_a_block() {
    check("202 Accepted", &["x-amzn-waf-action: challenge"], Reason::Blocked, Retry::Never, 1).await;
}

#[tokio::test]
async fn a_firewall_is_no_answer_even_where_every_status_is() {
    let head = ["cf-mitigated: challenge"];
    let server = Server::script([response("403 Forbidden", &head, "<html>Just a moment...")]).await;
    let request = Request { statuses: Statuses::Any, ..get(&server.url("/")) };
    assert_eq!(fetcher().get(request).await.unwrap_err().reason(), Reason::Blocked);
}

#[tokio::test]
async fn a_final_error_status_is_an_answer_where_every_status_is() {
    for status in ["400 Bad Request", "404 Not Found", "422 Unprocessable"] {
        let server = Server::script([response(status, &[], "<OAI-PMH/>")]).await;
        let request = Request { statuses: Statuses::Any, ..get(&server.url("/")) };
        let response = fetcher().get(request).await.unwrap();
        assert_eq!(response.status.to_string(), status[..3]);
        assert_eq!(response.bytes().await.unwrap(), "<OAI-PMH/>");
        assert_eq!(server.asked().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_500_is_an_answer_where_every_status_is_once_tries_are_used_up() {
    let server = Server::script([response("500 Error", &[], "<OAI-PMH/>")]).await;
    let request = Request { statuses: Statuses::Any, ..get(&server.url("/")) };
    let response = fetcher().get(request).await.unwrap();
    assert_eq!(response.status, 500);
    assert_eq!(response.bytes().await.unwrap(), "<OAI-PMH/>");
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_request_to_wait_is_no_answer_even_where_every_status_is() {
    let server = Server::script([response("503 Unavailable", &["Retry-After: 86400"], "<OAI-PMH/>")]).await;
    let request = Request { statuses: Statuses::Any, ..get(&server.url("/")) };
    let error = fetcher().get(request).await.unwrap_err();
    assert!(matches!(error.retry(), Retry::NotBefore(_)), "{error}");
}

#[tokio::test]
async fn a_refused_connection_is_unreachable() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url: Url = format!("http://{closed}/").parse().unwrap();
    let error = fetcher().get(Request::new(url)).await.unwrap_err();
    assert_eq!((error.reason(), error.retry()), (Reason::Unreachable, Retry::Later), "{error}");
}

/// A label of more than 63 bytes cannot be in the DNS (RFC 1035, section 2.3.4), so that nobody needs to be asked.
#[tokio::test]
async fn a_host_that_does_not_exist_is_unreachable() {
    let url: Url = format!("http://{}.example/", "a".repeat(64)).parse().unwrap();
    let error = impatient().get(Request::new(url)).await.unwrap_err();
    assert_eq!((error.reason(), error.retry()), (Reason::Unreachable, Retry::Later), "{error}");
}

#[tokio::test]
async fn a_connection_closed_without_a_word_is_tried_again() {
    let server = Server::script([vec![], b"HTTP/1.1 200".to_vec(), ok("at last")]).await;
    let response = fetcher().get(get(&server.url("/"))).await.unwrap();
    assert_eq!(response.bytes().await.unwrap(), "at last");
}

/// A fetcher that waits for 200 ms.
fn hasty() -> Fetcher {
    let short = Duration::from_millis(200);
    Fetcher::new(Policy { connect_timeout: short, idle_timeout: short, ..policy() }).expect("a fetcher")
}

#[tokio::test]
async fn a_server_that_says_nothing_times_out_and_is_tried_again() {
    let silent = Server::start(|_| async { Reply::Stall(vec![]) }).await;
    let error = hasty().get(get(&silent.url("/"))).await.unwrap_err();
    assert_eq!((error.reason(), error.retry()), (Reason::Timeout, Retry::Later), "{error}");
    assert_eq!(silent.asked().len(), 3);
}

#[tokio::test]
async fn a_body_that_stalls_times_out() {
    let server =
        Server::start(|_| async { Reply::Stall(raw("200 OK", &["Content-Length: 10"], "half")) }).await;
    let mut response = hasty().get(get(&server.url("/"))).await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "half");
    let error = response.chunk().await.unwrap_err();
    assert_eq!((error.reason(), error.retry()), (Reason::Timeout, Retry::Later), "{error}");
}

#[tokio::test]
async fn a_handshake_that_is_never_answered_times_out() {
    let silent = Server::start(|_| async { Reply::Stall(vec![]) }).await;
    let url: Url = format!("https://127.0.0.1:{}/", silent.port()).parse().unwrap();
    let error = hasty().get(Request::new(url)).await.unwrap_err();
    assert_eq!((error.reason(), error.retry()), (Reason::Timeout, Retry::Later), "{error}");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_for_good() {
    let server = self_signed().await;
    let url: Url = format!("https://localhost:{}/", server.port).parse().unwrap();
    let error = fetcher().get(Request::new(url)).await.unwrap_err();
    assert!(matches!(error, Error::Certificate { .. }), "{error:?}");
    assert!(error.to_string().contains("certificate"), "{error}");
    assert_eq!((error.reason(), error.retry()), (Reason::Unreachable, Retry::Never));
    assert_eq!(server.handshakes.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_certificate_may_be_trusted_for_one_host_or_not_be_looked_at() {
    let server = self_signed().await;
    let url: Url = format!("https://localhost:{}/", server.port).parse().unwrap();
    let fetcher = impatient();
    let adapt = |tls: Tls| fetcher.adapt("localhost", &HostPolicy { tls, ..HostPolicy::default() });
    for trusting in [Tls::Authority(server.pem.clone()), Tls::Unchecked] {
        adapt(trusting).unwrap();
        assert_eq!(fetcher.get(get(&url)).await.unwrap().bytes().await.unwrap(), "over TLS");
        adapt(Tls::Public).unwrap();
        assert!(matches!(fetcher.get(get(&url)).await, Err(Error::Certificate { .. })));
    }
    let error = adapt(Tls::Authority("no certificate".to_owned())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the certificates that are to be trusted for localhost cannot be read as PEM"
    );
}

struct SelfSigned {
    port: u16,
    /// Its certificate.
    pem: String,
    handshakes: Arc<std::sync::atomic::AtomicUsize>,
}

/// A TLS server for `localhost` that signed its certificate itself. Runs as long as the test's runtime.
async fn self_signed() -> SelfSigned {
    let identity = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let pem = identity.cert.pem();
    let key = PrivateKeyDer::Pkcs8(identity.signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(vec![identity.cert.into()], key))
        .expect("a TLS configuration");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let handshakes = Arc::<std::sync::atomic::AtomicUsize>::default();
    let count = handshakes.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            // Fails when the client does not believe us.
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(&ok("over TLS")).await;
                let _ = stream.shutdown().await;
            }
        }
    });
    SelfSigned { port, pem, handshakes }
}
