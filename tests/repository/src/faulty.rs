//! The answer to a request that a fault has struck.

use std::{io, time::Duration};

use axum::{
    body::{Body, HttpBody},
    extract::Request,
    http::{
        HeaderName, HeaderValue, Method, StatusCode,
        header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use chrono::TimeDelta;
use futures::{Stream, StreamExt, future, stream};
use url::form_urlencoded;

use crate::{
    contents::Alteration, datestamp, fault::Fault, flood, oai, repository::Repository, web, wire::Wire,
};

/// How much a slow answer sends at a time.
const SLOW_PIECE_BYTES: usize = 1024;

/// The most headers that our side of HTTP can send.
const MOST_HEADERS: usize = 20_000;

/// Answers a request as the fault has it. `query` is the request's query or form.
pub(crate) async fn answer(
    repository: &Repository,
    fault: Fault,
    query: &str,
    mut request: Request,
    next: Next,
    wire: Wire,
) -> Response {
    match fault {
        Fault::NotFound => plain(StatusCode::NOT_FOUND, "Not found"),
        Fault::Gone => plain(StatusCode::GONE, "Gone"),
        Fault::Forbidden => plain(StatusCode::FORBIDDEN, "Forbidden"),
        Fault::ServerError => plain(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"),
        Fault::Unavailable { retry_after: None } => plain(StatusCode::SERVICE_UNAVAILABLE, "Unavailable"),
        Fault::Unavailable { retry_after: Some(seconds) } => {
            retry_after(seconds, plain(StatusCode::SERVICE_UNAVAILABLE, "Unavailable"))
        }
        Fault::UnavailableUntil { seconds } => {
            let until = datestamp::now() + TimeDelta::seconds(seconds.into());
            let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, "Unavailable");
            response.headers_mut().insert(RETRY_AFTER, datestamp::http_header(until));
            response
        }
        Fault::TooManyRequests { retry_after: seconds } => {
            retry_after(seconds, plain(StatusCode::TOO_MANY_REQUESTS, "Too many requests"))
        }
        Fault::Truncate if request.method() == Method::HEAD => next.run(request).await,
        Fault::Truncate => truncate(next.run(request).await, wire),
        Fault::WrongDigest => {
            request.extensions_mut().insert(Alteration::WrongDigest);
            next.run(request).await
        }
        Fault::WrongSize => {
            request.extensions_mut().insert(Alteration::WrongSize);
            next.run(request).await
        }
        Fault::LoginPage => redirect("/login"),
        Fault::Html => plain(StatusCode::OK, "Welcome"),
        Fault::Redirect { target } => redirect(&target),
        Fault::RedirectLoop => redirect(request.uri().path_and_query().map_or("/", |it| it.as_str())),
        Fault::Slow { delay } => slow(next.run(request).await, delay),
        Fault::Hang => future::pending().await,
        Fault::Reset => reset(&wire),
        Fault::Empty => StatusCode::OK.into_response(),
        Fault::BadToken => {
            let arguments: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            let answer = oai::bad_token(repository, &arguments, datestamp::now());
            ([(CONTENT_TYPE, "text/xml; charset=utf-8")], answer).into_response()
        }
        Fault::Flood { of, bytes, packing } => flood::answer(of, bytes, packing),
        Fault::Headers { name, count, bytes } => headers(next.run(request).await, &name, count, bytes),
        Fault::RedirectChain => {
            let hop = query.rsplit('=').next().and_then(|hop| hop.parse().ok()).unwrap_or(0_u64);
            redirect(&format!("{}?hop={}", request.uri().path(), hop + 1))
        }
        Fault::EndlessList => {
            let argument = |name: &str| {
                let mut pairs = form_urlencoded::parse(query.as_bytes());
                pairs.find(|(given, _)| given == name).map(|(_, value)| value.into_owned())
            };
            flood::page_of_endless_list(
                &argument("verb").unwrap_or_default(),
                argument("resumptionToken").as_deref(),
            )
        }
        Fault::PostOnly => {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            response
        }
        Fault::LongUrl { .. } => plain(StatusCode::URI_TOO_LONG, "URI too long"),
        Fault::Json => ([(CONTENT_TYPE, "application/json")], "{\"status\":\"ok\"}\n").into_response(),
    }
}

/// Ends the connection with a reset, before a byte of an answer.
pub(crate) fn reset(wire: &Wire) -> Response {
    wire.reset_at_end();
    // HTTP holds the headers back until the body has had its first chance, which this one uses to fail.
    let mut response = Response::new(Body::from_stream(stream::once(future::ready(Err::<Bytes, _>(cut())))));
    response.extensions_mut().insert(Unanswered);
    response
}

/// The mark of a response that never gets to the client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unanswered;

fn plain(status: StatusCode, title: &str) -> Response {
    web::html(status, title, "<p>This answer is a fault that was asked for.</p>\n")
}

fn retry_after(seconds: u64, mut response: Response) -> Response {
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// A target that no header can hold is told of, not sent.
fn redirect(target: &str) -> Response {
    match HeaderValue::from_bytes(target.as_bytes()) {
        Ok(target) => (StatusCode::FOUND, [(LOCATION, target)]).into_response(),
        Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "A header cannot hold this target"),
    }
}

/// The same answer with more headers. A name that is none makes no difference.
fn headers(mut response: Response, name: &str, count: usize, bytes: usize) -> Response {
    let value = HeaderValue::from_str(&"x".repeat(bytes));
    if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value) {
        response.headers_mut().remove(&name);
        for _ in 0..count.min(MOST_HEADERS) {
            response.headers_mut().append(&name, value.clone());
        }
    }
    response
}

/// The same head, half of the body, and the end of the connection. Without a body there is nothing to cut.
pub(crate) fn truncate(response: Response, wire: Wire) -> Response {
    let response = with_length(response);
    let Some(length_bytes) = length_bytes(&response) else { return response };
    response.map(|body| {
        let end = stream::once(async move {
            wire.flushed().await;
            Err(axum::Error::new(cut()))
        });
        Body::from_stream(first(body, length_bytes / 2).chain(end))
    })
}

/// The first so many bytes of a body.
fn first(body: Body, bytes: u64) -> impl Stream<Item = Result<Bytes, axum::Error>> {
    body.into_data_stream().scan(bytes, |left, piece| {
        future::ready(match piece {
            Ok(_) if *left == 0 => None,
            Ok(mut piece) => {
                piece.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= piece.len() as u64;
                Some(Ok(piece))
            }
            Err(error) => Some(Err(error)),
        })
    })
}

/// The same answer, with a wait before each piece.
fn slow(response: Response, delay: Duration) -> Response {
    with_length(response).map(|body| {
        let pieces = body.into_data_stream().flat_map(|piece| stream::iter(pieces(piece)));
        Body::from_stream(pieces.then(move |piece| async move {
            tokio::time::sleep(delay).await;
            piece
        }))
    })
}

fn pieces(piece: Result<Bytes, axum::Error>) -> Vec<Result<Bytes, axum::Error>> {
    match piece {
        Ok(bytes) => bytes.chunks(SLOW_PIECE_BYTES).map(|it| Ok(bytes.slice_ref(it))).collect(),
        Err(error) => vec![Err(error)],
    }
}

/// States the length of a body that has one, for streams do not know theirs.
fn with_length(mut response: Response) -> Response {
    if let Some(length @ 1..) = response.body().size_hint().exact()
        && !response.headers().contains_key(CONTENT_LENGTH)
    {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}

/// The length that the head states, when there is a body.
fn length_bytes(response: &Response) -> Option<u64> {
    let length = response.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()?;
    (length > 0).then_some(length)
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the connection is cut on purpose")
}
