//! The first stage: requests that do not get their answer.

use axum::http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{ACCEPT_ENCODING, LOCATION, RETRY_AFTER, USER_AGENT},
};
use chrono::TimeDelta;
use url::form_urlencoded;

use crate::datestamp;

use super::{Hook, Memory, Quirks, Reply};

/// A request, as the quirks of HTTP see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    /// `http://127.0.0.1:PORT`, by whatever way the request came.
    pub(crate) url: &'a str,
    pub(crate) path: &'a str,
    /// Its query, and its form behind it.
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) channel: Channel,
}

/// How a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    Plain,
    Tls,
}

/// What a request gets instead of its answer.
#[derive(Debug, Clone)]
pub(crate) enum Instead {
    Reply(Reply),
    /// The connection is reset.
    Reset,
    /// Nothing, ever.
    Hang,
}

/// What the quirks that are on give instead of the answer; the first one that gives anything decides.
pub(crate) fn instead(quirks: &Quirks, seen: &Seen<'_>) -> Option<Instead> {
    quirks.hooks().find_map(|(hook, memory)| {
        let Hook::Gate(gate) = hook else { return None };
        gate(seen, &memory)
    })
}

impl Seen<'_> {
    pub(super) fn argument(&self, name: &str) -> Option<String> {
        let mut pairs = form_urlencoded::parse(self.query.as_bytes());
        pairs.find(|(given, _)| given == name).map(|(_, value)| value.into_owned())
    }

    pub(super) fn is_list(&self) -> bool {
        self.argument("verb").is_some_and(|verb| verb == "ListRecords" || verb == "ListIdentifiers")
    }

    pub(super) fn header(&self, name: HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

fn page(status: StatusCode, title: &str) -> Option<Instead> {
    Some(Instead::Reply(Reply::html(status, title)))
}

fn page_with(status: StatusCode, title: &str, name: HeaderName, value: HeaderValue) -> Option<Instead> {
    Some(Instead::Reply(Reply::html(status, title).with(name, value)))
}

pub(super) fn breaks_off(seen: &Seen<'_>, memory: &Memory<'_>) -> Option<Instead> {
    (seen.is_list() && (5..15).contains(&memory.nth("list"))).then_some(Instead::Reset)
}

pub(super) fn waf_challenge(_: &Seen<'_>, _: &Memory<'_>) -> Option<Instead> {
    let (name, value) = (HeaderName::from_static("x-amzn-waf-action"), HeaderValue::from_static("challenge"));
    Some(Instead::Reply(Reply::new(StatusCode::ACCEPTED, "text/html", Vec::new()).with(name, value)))
}

pub(super) fn cloudflare_challenge(_: &Seen<'_>, _: &Memory<'_>) -> Option<Instead> {
    let (name, value) = (HeaderName::from_static("cf-mitigated"), HeaderValue::from_static("challenge"));
    page_with(StatusCode::FORBIDDEN, "Just a moment...", name, value)
}

pub(super) fn blocked_for_a_day(_: &Seen<'_>, memory: &Memory<'_>) -> Option<Instead> {
    if memory.nth("request") < 3 {
        return None;
    }
    page_with(
        StatusCode::TOO_MANY_REQUESTS,
        "Too many requests",
        RETRY_AFTER,
        HeaderValue::from_static("86400"),
    )
}

pub(super) fn rate_limit(_: &Seen<'_>, memory: &Memory<'_>) -> Option<Instead> {
    if !memory.nth("request").is_multiple_of(4) {
        return None;
    }
    page_with(StatusCode::TOO_MANY_REQUESTS, "Too many requests", RETRY_AFTER, HeaderValue::from_static("1"))
}

pub(super) fn retry_after_date(_: &Seen<'_>, memory: &Memory<'_>) -> Option<Instead> {
    if !memory.nth("request").is_multiple_of(4) {
        return None;
    }
    page_with(
        StatusCode::SERVICE_UNAVAILABLE,
        "Unavailable",
        RETRY_AFTER,
        datestamp::http_header(datestamp::now() + TimeDelta::seconds(2)),
    )
}

pub(super) fn overloaded(seen: &Seen<'_>, memory: &Memory<'_>) -> Option<Instead> {
    (memory.nth(seen.query) < 3).then(|| page(StatusCode::SERVICE_UNAVAILABLE, "Unavailable")).flatten()
}

pub(super) fn robots_refused(seen: &Seen<'_>, _: &Memory<'_>) -> Option<Instead> {
    let agent = seen.header(USER_AGENT);
    let honest = agent.contains('@') || agent.contains("http://") || agent.contains("https://");
    if honest { None } else { page(StatusCode::FORBIDDEN, "Forbidden") }
}

pub(super) fn browsers_only(seen: &Seen<'_>, _: &Memory<'_>) -> Option<Instead> {
    let browser = seen.header(USER_AGENT).starts_with("Mozilla/");
    if browser { None } else { page(StatusCode::FORBIDDEN, "Forbidden") }
}

pub(super) fn resets_once(seen: &Seen<'_>, memory: &Memory<'_>) -> Option<Instead> {
    (memory.nth(seen.query) == 1).then_some(Instead::Reset)
}

pub(super) fn hangs_once(seen: &Seen<'_>, memory: &Memory<'_>) -> Option<Instead> {
    (seen.argument("resumptionToken").is_some() && memory.nth("token") == 1).then_some(Instead::Hang)
}

pub(super) fn accept_encoding_breaks(seen: &Seen<'_>, _: &Memory<'_>) -> Option<Instead> {
    match seen.header(ACCEPT_ENCODING) {
        "" | "identity" => None,
        _ => page(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"),
    }
}

pub(super) fn down_at_first(_: &Seen<'_>, memory: &Memory<'_>) -> Option<Instead> {
    if memory.nth("request") > 20 {
        return None;
    }
    page(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
}

pub(super) fn moved(seen: &Seen<'_>, _: &Memory<'_>) -> Option<Instead> {
    let query = if seen.query.is_empty() { String::new() } else { format!("?{}", seen.query) };
    (seen.path != NEW_PATH).then(|| redirect(&format!("{}{NEW_PATH}{query}", seen.url))).flatten()
}

pub(super) fn moved_without_query(seen: &Seen<'_>, _: &Memory<'_>) -> Option<Instead> {
    (seen.path != NEW_PATH).then(|| redirect(&format!("{}{NEW_PATH}", seen.url))).flatten()
}

pub(super) fn to_https(seen: &Seen<'_>, _: &Memory<'_>) -> Option<Instead> {
    match seen.channel {
        Channel::Tls => None,
        Channel::Plain => redirect(&format!("{}{}?{}", https(seen.url), seen.path, seen.query)),
    }
}

/// Where the endpoint has moved to.
pub(crate) const NEW_PATH: &str = "/new/oai2";

/// The same address by HTTPS, which is at the same port.
pub(super) fn https(url: &str) -> String {
    url.replacen("http://", "https://", 1)
}

fn redirect(target: &str) -> Option<Instead> {
    let target = HeaderValue::from_str(target).expect("a URL that came in a request line goes into a header");
    page_with(StatusCode::MOVED_PERMANENTLY, "Moved", LOCATION, target)
}
