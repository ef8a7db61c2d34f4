//! The last stage: status, headers, body, and where the connection ends.

use std::io::Write as _;

use axum::http::{
    HeaderValue, StatusCode,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING},
};
use flate2::{Compression, write::GzEncoder};

use crate::oai::{Code, Facts};

use super::{BAD_ITEM, Cut, Hook, Memory, Quirks, Reply, Seen};

/// Changes an answer before it is sent.
pub(crate) fn change(quirks: &Quirks, reply: &mut Reply, seen: &Seen<'_>, facts: &Facts) {
    for (hook, memory) in quirks.hooks() {
        if let Hook::Response(change) = hook {
            change(reply, seen, facts, &memory);
        }
    }
}

pub(super) fn no_records_is_422(reply: &mut Reply, _: &Seen<'_>, facts: &Facts, _: &Memory<'_>) {
    if facts.error == Some(Code::NoRecordsMatch) {
        reply.status = StatusCode::UNPROCESSABLE_ENTITY;
    }
}

pub(super) fn first_token_page_is_cut(reply: &mut Reply, seen: &Seen<'_>, _: &Facts, memory: &Memory<'_>) {
    if seen.argument("resumptionToken").is_some() && memory.nth("page by token") == 1 {
        reply.cut = Cut::Half;
    }
}

pub(super) fn first_answer_is_cut(reply: &mut Reply, seen: &Seen<'_>, _: &Facts, memory: &Memory<'_>) {
    if seen.is_list() && memory.nth(seen.query) == 1 {
        reply.cut = Cut::Half;
    }
}

pub(super) fn third_page_is_html(reply: &mut Reply, _: &Seen<'_>, facts: &Facts, _: &Memory<'_>) {
    if facts.is_third_page() {
        *reply = Reply::html(StatusCode::OK, "Welcome");
    }
}

pub(super) fn third_page_times_out(reply: &mut Reply, _: &Seen<'_>, facts: &Facts, _: &Memory<'_>) {
    if facts.is_third_page() {
        *reply = Reply::html(StatusCode::GATEWAY_TIMEOUT, "Gateway timeout");
    }
}

pub(super) fn bad_record(reply: &mut Reply, _: &Seen<'_>, facts: &Facts, _: &Memory<'_>) {
    if facts.verb != "ListIdentifiers" && facts.items.contains(&BAD_ITEM) {
        *reply = Reply::html(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error");
    }
}

pub(super) fn gzip_lie(reply: &mut Reply, seen: &Seen<'_>, _: &Facts, _: &Memory<'_>) {
    if takes_gzip(seen) {
        reply.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
}

pub(super) fn gzip_unannounced(reply: &mut Reply, _: &Seen<'_>, _: &Facts, _: &Memory<'_>) {
    reply.body = gzip(&reply.body);
}

pub(super) fn gzip_broken(reply: &mut Reply, seen: &Seen<'_>, _: &Facts, _: &Memory<'_>) {
    if takes_gzip(seen) {
        reply.body = gzip(&reply.body);
        reply.body.truncate(reply.body.len() / 2);
        reply.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
}

fn takes_gzip(seen: &Seen<'_>) -> bool {
    seen.header(ACCEPT_ENCODING).contains("gzip")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("writing to memory does not fail")
}
