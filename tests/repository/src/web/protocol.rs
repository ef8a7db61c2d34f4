//! The endpoint of OAI-PMH, by GET and by POST (OAI-PMH 2.0, section 3.1.1), and the quirks of its HTTP.

use std::sync::Arc;

use axum::{
    Extension,
    body::Bytes,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use futures::future;

use crate::{
    datestamp, faulty, oai,
    quirk::{self, Cut, Instead, Reply, Seen},
    repository::Repository,
    wire::Wire,
};

pub(crate) async fn oai(
    State(repository): State<Arc<Repository>>,
    Extension(wire): Extension<Wire>,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    form: Bytes,
) -> Response {
    let query = joined(query.unwrap_or_default(), &form);
    let channel = wire.channel();
    let made = move || {
        let (url, path) = (repository.url.as_str(), uri.path());
        let seen = Seen { url, path, query: &query, headers: &headers, channel };
        reply(&repository, &seen)
    };
    // Some formats tell digests, so files are read here that may be large.
    match tokio::task::spawn_blocking(made).await.expect("making an answer does not panic") {
        Instead::Reply(reply) => send(reply, wire),
        Instead::Reset => faulty::reset(&wire),
        Instead::Hang => future::pending().await,
    }
}

/// The query, and the form behind it: arguments may come in either.
fn joined(mut query: String, form: &[u8]) -> String {
    if !query.is_empty() && !form.is_empty() {
        query.push('&');
    }
    query.push_str(&String::from_utf8_lossy(form));
    query
}

fn reply(repository: &Repository, seen: &Seen<'_>) -> Instead {
    if let Some(instead) = quirk::gate::instead(&repository.quirks, seen) {
        return instead;
    }
    let answer = oai::answer(repository, seen.query, datestamp::now());
    let mut reply = Reply::new(StatusCode::OK, "text/xml; charset=utf-8", answer.document);
    quirk::response::change(&repository.quirks, &mut reply, seen, &answer.facts);
    Instead::Reply(reply)
}

fn send(reply: Reply, wire: Wire) -> Response {
    let response = (reply.status, reply.headers, reply.body).into_response();
    match reply.cut {
        Cut::Nowhere => response,
        Cut::Half => faulty::truncate(response, wire),
    }
}
