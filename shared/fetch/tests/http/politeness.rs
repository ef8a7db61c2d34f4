//! Saying who we are, waiting for our turn, and leaving alone who wants to be.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use granary_fetch::{Encoding, Fetcher, HostPolicy, Policy, Reason, Request, Retry, Validators};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::server::{Asked, Reply, Server, fetcher, get, impatient, ok, policy, response};

/// The one request that a fetcher with this policy sends.
async fn sent(policy: Policy, change: impl FnOnce(&mut Request)) -> Asked {
    let server = Server::script([ok("")]).await;
    let mut request = get(&server.url("/"));
    change(&mut request);
    Fetcher::new(policy).expect("a fetcher").get(request).await.expect("an answer");
    server.asked()[0].clone()
}

#[tokio::test]
async fn an_address_to_complain_to_is_sent_in_user_agent_and_from() {
    let asked = sent(Policy { contact: Some("me@example.org".into()), ..policy() }, |_| {}).await;
    let user_agent = asked.header("user-agent").unwrap();
    assert!(user_agent.contains(env!("CARGO_PKG_VERSION")), "{user_agent}");
    assert!(user_agent.contains("me@example.org"), "{user_agent}");
    assert_eq!(asked.header("from"), Some("me@example.org"));
}

#[tokio::test]
async fn a_page_to_complain_on_is_sent_in_user_agent_only() {
    let asked = sent(Policy { contact: Some("https://example.org/bot".into()), ..policy() }, |_| {}).await;
    assert!(asked.header("user-agent").unwrap().contains("+https://example.org/bot"));
    assert_eq!(asked.header("from"), None);
}

#[tokio::test]
async fn a_user_agent_of_the_policy_replaces_ours_whole() {
    let policy =
        Policy { user_agent: Some("Other/1".into()), contact: Some("me@example.org".into()), ..policy() };
    assert_eq!(sent(policy, |_| {}).await.header("user-agent"), Some("Other/1"));
}

#[tokio::test]
async fn a_host_may_be_shown_another_user_agent_and_another_contact() {
    let server = Server::script([ok("")]).await;
    let fetcher = Fetcher::new(Policy { contact: Some("me@example.org".into()), ..policy() }).unwrap();
    let asks = async || {
        fetcher.get(get(&server.url("/"))).await.unwrap();
        let asked = server.asked().pop().unwrap();
        ["user-agent", "from"].map(|name| asked.header(name).unwrap_or_default().to_owned())
    };
    let special = HostPolicy { user_agent: Some("Other/1".into()), ..HostPolicy::default() };
    fetcher.adapt("127.0.0.1", &special).unwrap();
    assert_eq!(asks().await, ["Other/1", "me@example.org"]);
    assert_eq!(fetcher.user_agent("127.0.0.1"), "Other/1");
    let special = HostPolicy { contact: Some("you@example.org".into()), ..HostPolicy::default() };
    fetcher.adapt("127.0.0.1", &special).unwrap();
    assert!(asks().await[0].contains("you@example.org"));
    fetcher.adapt("127.0.0.1", &HostPolicy::default()).unwrap();
    assert!(asks().await[0].contains("me@example.org"));
    assert!(fetcher.user_agent("elsewhere.example.org").contains("me@example.org"));
}

#[tokio::test]
async fn what_is_accepted_is_sent() {
    let asked = sent(policy(), |request| request.accept = Some("text/xml".into())).await;
    assert_eq!(asked.header("accept"), Some("text/xml"));
    let offered = asked.header("accept-encoding").unwrap();
    assert_eq!(offered, "gzip");
    let asked = sent(policy(), |request| request.encoding = Encoding::Identity).await;
    assert_eq!(asked.header("accept-encoding"), Some("identity"));
}

#[tokio::test]
async fn what_is_known_makes_a_request_conditional_and_unchanged_is_an_answer() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let head = ["ETag: \"a\"", "Content-Encoding: gzip"];
    let server = Server::script([crate::server::raw("304 Not Modified", &head, "")]).await;
    let validators = Validators { etag: Some("\"a\"".into()), last_modified: Some(date.into()) };
    let response = fetcher().get(Request { validators, ..get(&server.url("/")) }).await.unwrap();
    assert!(response.not_modified());
    assert_eq!(response.etag(), Some("\"a\""));
    assert_eq!(response.bytes().await.unwrap(), "");
    assert_eq!(server.asked()[0].header("if-none-match"), Some("\"a\""));
    assert_eq!(server.asked()[0].header("if-modified-since"), Some(date));
}

#[tokio::test]
async fn an_unconditional_request_sends_no_conditions() {
    let asked = sent(policy(), |_| {}).await;
    for header in ["if-none-match", "if-modified-since", "if-range", "range"] {
        assert_eq!(asked.header(header), None, "{header}");
    }
}

#[tokio::test]
async fn no_more_requests_than_allowed_are_under_way_at_one_host() {
    const ALLOWED: usize = 2;
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    // Two must be there at once for either of them to be answered; a third would be counted.
    let both = Arc::new(Barrier::new(ALLOWED));
    let counters = (now, most.clone(), both);
    let server = Server::start(move |_| {
        let (now, most, both) = counters.clone();
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            both.wait().await;
            now.fetch_sub(1, Ordering::SeqCst);
            Reply::Close(ok("x"))
        }
    })
    .await;
    let fetcher = Fetcher::new(Policy { connections_per_host: ALLOWED, ..policy() }).unwrap();
    let mut requests = JoinSet::new();
    for number in 0..5 * ALLOWED {
        let (fetcher, url) = (fetcher.clone(), server.url(&format!("/{number}")));
        requests.spawn(async move { fetcher.get(Request::new(url)).await?.bytes().await });
    }
    for result in requests.join_all().await {
        assert_eq!(result.unwrap(), "x");
    }
    assert_eq!(most.load(Ordering::SeqCst), ALLOWED);
}

#[tokio::test]
async fn a_connection_is_held_until_the_body_is_dropped() {
    let server = Server::start(|asked| async move {
        match asked.number {
            0 => Reply::Stall(crate::server::raw("200 OK", &["Content-Length: 10"], "half")),
            _ => Reply::Close(ok("second")),
        }
    })
    .await;
    let fetcher = Fetcher::new(Policy { connections_per_host: 1, ..policy() }).unwrap();
    let mut first = fetcher.get(get(&server.url("/1"))).await.unwrap();
    assert_eq!(first.chunk().await.unwrap().unwrap(), "half");
    let (clone, url) = (fetcher.clone(), server.url("/2"));
    let second = tokio::spawn(async move { clone.get(Request::new(url)).await?.bytes().await });
    // Time enough to do what must not happen; too little of it can only hide a fault, never make one.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(server.asked().len(), 1);
    drop(first);
    assert_eq!(second.await.unwrap().unwrap(), "second");
}

#[tokio::test]
async fn a_connection_is_given_back_when_the_body_is_read_to_its_end() {
    let server = Server::script([ok("x")]).await;
    let fetcher = Fetcher::new(Policy { connections_per_host: 1, ..policy() }).unwrap();
    let mut first = fetcher.get(get(&server.url("/1"))).await.unwrap();
    while first.chunk().await.unwrap().is_some() {}
    assert_eq!(fetcher.get(get(&server.url("/2"))).await.unwrap().bytes().await.unwrap(), "x");
    drop(first);
}

fn busy(status: &str, retry_after: &str) -> Vec<u8> {
    response(status, &[&format!("Retry-After: {retry_after}")], "busy")
}

#[tokio::test]
async fn a_short_retry_after_in_seconds_is_waited_out() {
    for status in ["429 Too Many Requests", "503 Service Unavailable"] {
        let server = Server::script([busy(status, "1"), ok("now")]).await;
        let response = fetcher().get(get(&server.url("/"))).await.unwrap();
        assert_eq!(response.bytes().await.unwrap(), "now");
        let asked = server.asked();
        assert!(asked[1].at.duration_since(asked[0].at).unwrap() >= Duration::from_secs(1), "{status}");
    }
}

#[tokio::test]
async fn a_short_retry_after_as_a_date_is_waited_out() {
    let date = SystemTime::now() + Duration::from_secs(2);
    let text = httpdate::fmt_http_date(date);
    let server = Server::script([busy("503 Unavailable", &text), ok("now")]).await;
    fetcher().get(get(&server.url("/"))).await.unwrap();
    assert!(server.asked()[1].at >= httpdate::parse_http_date(&text).unwrap());
}

#[tokio::test]
async fn a_long_retry_after_is_an_error_with_the_time_and_nobody_asks_the_host_again() {
    let date = "Fri, 01 Jan 2049 00:00:00 GMT";
    for retry_after in ["86400", date] {
        let server = Server::script([busy("429 Too Many Requests", retry_after)]).await;
        let fetcher = fetcher();
        let before = SystemTime::now();
        let first = fetcher.get(get(&server.url("/1"))).await.unwrap_err();
        let Retry::NotBefore(time) = first.retry() else { panic!("{retry_after}: {first}") };
        assert!(SystemTime::from(time) >= before + Duration::from_secs(86400), "{retry_after}");
        assert_eq!(first.reason(), Reason::Unreachable);
        let second = fetcher.clone().get(get(&server.url("/2"))).await.unwrap_err();
        assert_eq!(second.retry(), Retry::NotBefore(time), "{retry_after}");
        assert_eq!(server.asked().len(), 1, "{retry_after}");
    }
}

#[tokio::test]
async fn a_short_retry_after_counts_for_every_request_to_the_host() {
    let server = Server::script([busy("503 Unavailable", "1"), ok("now")]).await;
    let fetcher = impatient();
    let error = fetcher.get(get(&server.url("/1"))).await.unwrap_err();
    assert!(matches!(error.retry(), Retry::NotBefore(_)), "the only try is used up: {error}");
    fetcher.get(get(&server.url("/2"))).await.unwrap();
    let asked = server.asked();
    assert!(asked[1].at.duration_since(asked[0].at).unwrap() >= Duration::from_secs(1));
}

#[tokio::test]
async fn one_host_that_wants_to_be_left_alone_does_not_stop_another() {
    let server = Server::script([busy("429 Too Many Requests", "86400")]).await;
    let other = Server::start_on("127.0.0.2", |_| async { Reply::Close(ok("here")) }).await;
    let fetcher = fetcher();
    fetcher.get(get(&server.url("/"))).await.unwrap_err();
    assert_eq!(fetcher.get(get(&other.url("/"))).await.unwrap().bytes().await.unwrap(), "here");
}

#[tokio::test]
async fn a_busy_server_that_does_not_say_when_is_asked_again_after_a_while() {
    for head in [&[][..], &["Retry-After: soon"]] {
        let server = Server::script([response("503 Unavailable", head, ""), ok("now")]).await;
        assert_eq!(fetcher().get(get(&server.url("/"))).await.unwrap().bytes().await.unwrap(), "now");
    }
}
