//! Whatever a repository or a visitor sends, it is text.

use axum::http::StatusCode;
use granary_console::endpoints;

use crate::{
    made::{EVIL, EVIL_IDENTIFIER},
    support::{Asking, encoded},
};

/// Everything that a page of ours may have in it. Narrow on purpose: what an attack brings in is none of it.
const TAGS: &[&str] = &[
    "!DOCTYPE", "a", "body", "button", "caption", "code", "dd", "del", "details", "div", "dl", "dt",
    "footer", "form", "h1", "h2", "h3", "head", "header", "html", "input", "ins", "label", "li", "link",
    "main", "meta", "nav", "noscript", "ol", "option", "p", "pre", "q", "section", "select", "span",
    "summary", "table", "tbody", "td", "th", "thead", "time", "title", "tr", "ul",
];
/// Our own script, in just this form.
const SCRIPT: &[&str] = &["script src=\"/assets/live.js\" defer", "script"];

/// Reads a page as our templates write them, attributes always in double quotes, and fails at anything else.
pub(crate) fn check_is_harmless(page: &str) {
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        let tag = &rest[at + 1..];
        let end = end_of_tag(tag).unwrap_or_else(|| panic!("a tag without an end: {tag:.80}"));
        check_tag(tag[..end].trim_start_matches('/'));
        rest = &tag[end + 1..];
    }
}

/// The `>` outside of quotes.
fn end_of_tag(tag: &str) -> Option<usize> {
    let mut in_quotes = false;
    tag.bytes().position(|byte| {
        in_quotes ^= byte == b'"';
        byte == b'>' && !in_quotes
    })
}

fn check_tag(tag: &str) {
    let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
    assert!(TAGS.contains(&name) || SCRIPT.contains(&tag), "<{tag}>");
    while !rest.is_empty() {
        let end = rest.find([' ', '=']).unwrap_or(rest.len());
        let attribute = &rest[..end];
        let is_plain = attribute.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        assert!(is_plain && !attribute.starts_with("on") && attribute != "style", "{attribute} in <{tag}>");
        rest = match rest[end..].strip_prefix('=') {
            None => rest[end..].trim_start(),
            Some(value) if name == "!DOCTYPE" => value,
            Some(value) => {
                let quoted = value.strip_prefix('"').unwrap_or_else(|| panic!("no quotes in <{tag}>"));
                let (value, after) = quoted.split_once('"').unwrap();
                check_value(attribute, value);
                after.trim_start()
            }
        };
    }
}

fn check_value(attribute: &str, value: &str) {
    if ["href", "action", "src"].contains(&attribute) {
        let is_safe = ["/", "#", "http://", "https://"].iter().any(|beginning| value.starts_with(beginning));
        assert!(is_safe, "{attribute}={value}");
    }
}

#[tokio::test]
async fn a_repository_whose_titles_and_names_are_attacks_does_nothing_on_any_page() {
    let console = Asking::here().await;
    let id = encoded(EVIL_IDENTIFIER);
    for path in [
        "/silos".to_owned(),
        "/silos/maths".to_owned(),
        format!("/silos/maths?beginning={}", encoded("oai:evil")),
        format!("/silos/maths/object?id={id}"),
        format!("/silos/maths/object?id={id}&version=1"),
        format!("/silos/maths/compare?id={id}&from=1&to=1"),
        "/silos/old".to_owned(),
    ] {
        let page = console.page(&path).await;
        check_is_harmless(&page);
        assert!(!page.contains("<script") && !page.contains("<img"), "{path}");
    }
    let page = console.page(&format!("/silos/maths/object?id={id}")).await;
    assert!(
        page.contains("&#60;script&#62;alert(1)&#60;/script&#62;"),
        "the title is shown as it is: {page}"
    );
    assert!(page.contains(">javascript:alert(4)"), "what leads nowhere safe is text: {page}");
}

#[tokio::test]
async fn what_a_visitor_asks_for_is_text_in_what_is_answered() {
    let console = Asking::here().await;
    let (evil, id) = (encoded(EVIL), encoded(EVIL_IDENTIFIER));
    for (path, status) in [
        (format!("/silos/maths?beginning={evil}"), StatusCode::OK),
        (format!("/silos/maths?after={evil}"), StatusCode::OK),
        (format!("/silos/{evil}"), StatusCode::BAD_REQUEST),
        (format!("/{evil}"), StatusCode::NOT_FOUND),
        (format!("/silos/maths/object?id={evil}"), StatusCode::NOT_FOUND),
        (format!("/silos/maths/object?id={id}&version={evil}"), StatusCode::NOT_FOUND),
        (format!("/silos/maths/file?id={id}&name={evil}"), StatusCode::NOT_FOUND),
        (format!("/silos/maths/compare?id={id}&from={evil}"), StatusCode::NOT_FOUND),
    ] {
        let answer = console.get(&path).await;
        assert_eq!(answer.status, status, "{path}");
        check_is_harmless(&answer.text());
    }
}

/// Not one of them fails: with nothing asked for, with nonsense, and with attacks.
#[tokio::test]
async fn every_address_answers_whatever_is_asked_of_it() {
    let console = Asking::here().await;
    let queries = [
        "",
        "?",
        "?id=",
        "?id=%00%FF&name=%2e%2e%2f&version=&from=&to=&after=&limit=-1&beginning=%F0",
        "?=&&==%",
    ];
    for endpoint in endpoints().into_iter().filter(|endpoint| endpoint.method == "GET") {
        if endpoint.path == "/api/events" {
            // It has no end.
            continue;
        }
        for silo in ["maths", "old", "none", "..", "%2e%2e", "_granary", "%00"] {
            for query in queries {
                let path = format!("{}{query}", endpoint.path.replace("{silo}", silo));
                let answer = console.get(&path).await;
                assert!(!answer.status.is_server_error(), "{path}: {} {}", answer.status, answer.text());
                let is_api = ["/api/", "/healthz"].iter().any(|beginning| path.starts_with(beginning));
                match answer.header("content-type") {
                    "text/html; charset=utf-8" => check_is_harmless(&answer.text()),
                    _ if is_api && answer.status.is_client_error() => {
                        assert!(answer.json()["error"].is_string(), "{path}");
                    }
                    _ => {}
                }
            }
        }
    }
}
