//! Who may ask, where there is no secret.

use axum::http::{Method, StatusCode};
use granary_console::endpoints;

use crate::support::{Asking, form, request};

#[tokio::test]
async fn a_console_on_this_machine_answers_only_to_its_names() {
    let console = Asking::here().await;
    for host in ["localhost:8000", "127.0.0.1:8000", "[::1]:8000"] {
        let answer = console.ask(request(Method::GET, "/silos", &[("host", host)])).await;
        assert_eq!(answer.status, StatusCode::OK, "{host}");
    }
    for host in [
        "evil.example:8000",
        "localhost.evil.example:8000",
        "localhost:9000",
        "localhost",
        "127.0.0.1:80",
        "[::2]:8000",
    ] {
        for path in ["/silos", "/api/silos", "/silos/maths/file?id=oai:maths:7&name=paper.pdf", "/none"] {
            let answer = console.ask(request(Method::GET, path, &[("host", host)])).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{host}{path}");
            let text = answer.text();
            let place = console.made.folder.path().to_string_lossy().into_owned();
            assert!(!text.contains(&place) && !text.contains("token"), "{host} learns nothing: {text}");
        }
    }
    let answer = console.ask(request(Method::GET, "/healthz", &[("host", "10.0.0.1")])).await;
    assert_eq!((answer.status, answer.text()), (StatusCode::OK, "ok\n".to_owned()));
}

/// Every one, known or not: a form of somebody else's page must not get as far as its handler.
#[tokio::test]
async fn nothing_changes_without_the_token_of_a_page() {
    let console = Asking::here().await;
    let changes = endpoints().into_iter().filter(|endpoint| endpoint.method != "GET");
    let paths = changes
        .map(|endpoint| endpoint.path.replace("{silo}", "maths"))
        .chain(["/none".to_owned(), "/silos".to_owned()]);
    for path in paths {
        for (headers, body) in [
            (vec![], ""),
            (vec![], "token="),
            (vec![], "token=00"),
            (vec![], "token=é"),
            (vec![("x-granary-token", "00")], ""),
            (vec![("origin", "http://localhost:8000")], "a=b"),
        ] {
            let answer = console.ask(form(&path, &headers, body)).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {headers:?} {body}");
        }
        // A program that sends a wrong secret is told that it is wrong.
        let answer = console.ask(form(&path, &[("authorization", "Bearer 00")], "")).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE] {
            let answer = console.ask(request(method.clone(), &path, &[])).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_is_not_read() {
    let console = Asking::here().await;
    let long = format!("a={}", "b".repeat(64 << 10));
    assert_eq!(console.ask(form("/logout", &[], &long)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let lie = [("content-length", "99999999")];
    assert_eq!(console.ask(form("/logout", &lie, "a=b")).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    let console = Asking::here().await;
    for path in
        ["/silos", "/none", "/silos/maths/object", "/api/silos", "/api/none", "/assets/style.css", "/healthz"]
    {
        let answer = console.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{path}: {policy}");
        assert!(
            policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"),
            "{path}: {policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert!(["no-store", "no-cache"].contains(&answer.header("cache-control")), "{path}");
        assert!(answer.headers.get("access-control-allow-origin").is_none(), "{path}");
    }
}

#[tokio::test]
async fn style_and_icon_are_asked_for_again_only_when_they_have_changed() {
    let console = Asking::here().await;
    for (path, content_type) in
        [("/assets/style.css", "text/css; charset=utf-8"), ("/assets/icon.svg", "image/svg+xml")]
    {
        let answer = console.get(path).await;
        assert_eq!(answer.header("content-type"), content_type);
        let known = [("if-none-match", answer.header("etag"))];
        let again = console.ask(request(Method::GET, path, &known)).await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
    }
    let style = console.get("/assets/style.css").await.text();
    assert!(!style.contains("url(") && !style.contains("@import"), "nothing is loaded from elsewhere");
}
