//! Following where it leads.

use granary_fetch::{Error, Fetcher, Method, Policy, Query, Reason, Request, Retry};

use crate::server::{Reply, Server, fetcher, get, ok, policy, response};

fn to(location: &str) -> Vec<u8> {
    response("302 Found", &[&format!("Location: {location}")], "elsewhere")
}

/// Where a request for `/a/b?c=d` arrives, when that redirects to `location`.
async fn landing(location: &'static str) -> String {
    let server = Server::script([to(location), ok("")]).await;
    let response = fetcher().get(get(&server.url("/a/b?c=d"))).await.expect("an answer");
    assert_eq!(response.url, server.url(&server.asked()[1].target));
    server.asked()[1].target.clone()
}

#[tokio::test]
async fn a_location_is_relative_to_the_url_that_gave_it() {
    assert_eq!(landing("e").await, "/a/e");
    assert_eq!(landing("../e").await, "/e");
    assert_eq!(landing("/e").await, "/e");
    assert_eq!(landing("?e").await, "/a/b?e");
    assert_eq!(landing("/e#part").await, "/e");
}

#[tokio::test]
async fn a_query_is_sent_as_the_server_gave_it() {
    let target = "/oai?resumptionToken=a%2Fb+c%20d|e&x=%E9";
    assert_eq!(landing(target).await, target);
}

#[tokio::test]
async fn every_status_that_redirects_is_followed_by_get() {
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let server = Server::script([response(status, &["Location: /b"], ""), ok("b")]).await;
        let response = fetcher().get(get(&server.url("/a"))).await.unwrap();
        assert_eq!((response.status, response.url.path()), (200, "/b"), "{status}");
        assert_eq!(response.bytes().await.unwrap(), "b");
    }
}

/// The protocol that it is for wants to be asked by POST there too, where a browser would ask by GET.
#[tokio::test]
async fn a_form_is_followed_by_post_and_its_query_comes_along_unless_the_answer_lies_elsewhere() {
    for (status, method, target, form) in [
        ("301 Moved", "POST", "/b", "a=b"),
        ("302 Found", "POST", "/b", "a=b"),
        ("303 See Other", "GET", "/b?a=b", ""),
        ("307 Temporary", "POST", "/b", "a=b"),
        ("308 Permanent", "POST", "/b", "a=b"),
    ] {
        let server = Server::script([response(status, &["Location: /b"], ""), ok("b")]).await;
        let url = server.url("/a?a=b");
        let request = Request { method: Method::Post, query: Query::Kept, ..get(&url) };
        fetcher().get(request).await.unwrap();
        let [first, second] = server.asked().try_into().unwrap();
        assert_eq!(
            (first.method.as_str(), first.target.as_str(), first.form.as_str()),
            ("POST", "/a", "a=b")
        );
        let came = (second.method.as_str(), second.target.as_str(), second.form.as_str());
        assert_eq!(came, (method, target, form), "{status}");
    }
}

#[tokio::test]
async fn a_permanent_move_is_told() {
    for (status, expected) in
        [("301 Moved", true), ("308 Permanent", true), ("302 Found", false), ("307 T", false)]
    {
        let server = Server::script([response(status, &["Location: /b"], ""), ok("b")]).await;
        let response = fetcher().get(get(&server.url("/a"))).await.unwrap();
        assert_eq!(response.moved_permanently, expected, "{status}");
    }
}

#[tokio::test]
async fn another_host_is_followed_to() {
    let other = Server::start_on("127.0.0.2", |_| async { Reply::Close(ok("there")) }).await;
    let server = Server::script([to(other.url("/b").as_str())]).await;
    let response = fetcher().get(get(&server.url("/a"))).await.unwrap();
    assert_eq!(response.url, other.url("/b"));
    assert_eq!(response.bytes().await.unwrap(), "there");
}

#[tokio::test]
async fn a_hop_gives_its_connection_back_before_the_next_is_taken() {
    let server = Server::script([to("/b"), to("/c"), ok("c")]).await;
    let fetcher = Fetcher::new(Policy { connections_per_host: 1, ..policy() }).unwrap();
    assert_eq!(fetcher.get(get(&server.url("/a"))).await.unwrap().bytes().await.unwrap(), "c");
}

#[tokio::test]
async fn a_loop_is_told_from_too_many_redirects() {
    let circle = Server::script([to("/b"), to("/a")]).await;
    let error = fetcher().get(get(&circle.url("/a"))).await.unwrap_err();
    assert!(matches!(error, Error::RedirectLoop { .. }), "{error}");
    assert_eq!((error.reason(), error.retry()), (Reason::RedirectLoop, Retry::Never));
    assert_eq!(circle.asked().len(), 2);

    let endless = Server::start(|asked| async move { Reply::Close(to(&format!("/{}", asked.number))) }).await;
    let fetcher = Fetcher::new(Policy { max_redirects: 3, ..policy() }).unwrap();
    let error = fetcher.get(get(&endless.url("/start"))).await.unwrap_err();
    assert!(matches!(error, Error::TooManyRedirects { count: 3, .. }), "{error}");
    assert_eq!((error.reason(), error.retry()), (Reason::RedirectLoop, Retry::Never));
    assert_eq!(endless.asked().len(), 4, "three redirects, and the one too many");
}

#[tokio::test]
async fn as_many_redirects_as_allowed_are_followed() {
    let server = Server::script([to("/b"), to("/c"), ok("c")]).await;
    let fetcher = Fetcher::new(Policy { max_redirects: 2, ..policy() }).unwrap();
    assert_eq!(fetcher.get(get(&server.url("/a"))).await.unwrap().url.path(), "/c");
}

#[tokio::test]
async fn a_redirect_to_nowhere_is_an_error_for_good() {
    for head in [&["Location: http://[::zz]/"][..], &[]] {
        let server = Server::script([response("302 Found", head, "")]).await;
        let error = fetcher().get(get(&server.url("/a"))).await.unwrap_err();
        assert_eq!(error.retry(), Retry::Never, "{error}");
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_query_is_kept_where_that_is_asked_for_and_the_redirect_has_none() {
    let server = Server::start(|asked| async move {
        let to = |location: &str| response("301 x", &[&format!("Location: {location}")], "");
        Reply::Close(match asked.target.split('?').next() {
            Some("/bare") => to("/new"),
            Some("/with") => to("/new?c=d"),
            _ => ok(asked.target),
        })
    })
    .await;
    let check = async |target: &str, query: Query, came_to: &str| {
        let request = Request { query, ..get(&server.url(target)) };
        assert_eq!(fetcher().get(request).await.unwrap().bytes().await.unwrap(), came_to);
    };
    check("/bare?a=b", Query::Kept, "/new?a=b").await;
    check("/bare?a=b", Query::AsRedirected, "/new").await;
    check("/with?a=b", Query::Kept, "/new?c=d").await;
}
