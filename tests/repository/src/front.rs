//! What every request passes first: the log and the faults.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::{
        HeaderName, Method, StatusCode,
        header::{FROM, RANGE, USER_AGENT},
    },
    middleware::Next,
    response::Response,
};

use crate::{
    faulty::{self, Unanswered},
    log::Logged,
    repository::Repository,
    web,
    wire::Wire,
};

/// How long a form may be. A request of OAI-PMH is far shorter.
const FORM_LIMIT_BYTES: usize = 64 * 1024;

/// Logs the request, and answers it well or as a fault has it. What is under `/_repository/` goes past both.
pub(crate) async fn front(
    State(repository): State<Arc<Repository>>,
    Extension(wire): Extension<Wire>,
    request: Request,
    next: Next,
) -> Response {
    if request.uri().path().starts_with("/_repository/") {
        return next.run(request).await;
    }
    let Some((request, query)) = read_query(request).await else {
        return web::html(StatusCode::PAYLOAD_TOO_LARGE, "Too large", "<p>This form is too large.</p>\n");
    };
    let path = request.uri().path().to_owned();
    let ticket = repository.log.begin(entry(&repository, &request, &query));
    let response = match repository.faults.strike(request.method(), &path, &query) {
        None => next.run(request).await,
        Some(fault) => faulty::answer(&repository, fault, &query, request, next, wire).await,
    };
    if response.extensions().get::<Unanswered>().is_none() {
        repository.log.answered(ticket, response.status().as_u16());
    }
    response
}

/// The request with its query; of a POST, its form. `None` when the form is too long or breaks off.
async fn read_query(request: Request) -> Option<(Request, String)> {
    if request.method() != Method::POST {
        let query = request.uri().query().unwrap_or_default().to_owned();
        return Some((request, query));
    }
    let (parts, body) = request.into_parts();
    let form = axum::body::to_bytes(body, FORM_LIMIT_BYTES).await.ok()?;
    let query = String::from_utf8_lossy(&form).into_owned();
    Some((Request::from_parts(parts, Body::from(form)), query))
}

fn entry(repository: &Repository, request: &Request, query: &str) -> Logged {
    let header = |name: HeaderName| {
        request.headers().get(name).map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned())
    };
    Logged {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: query.to_owned(),
        status: 0,
        range: header(RANGE),
        user_agent: header(USER_AGENT),
        from: header(FROM),
        elapsed_ms: u64::try_from(repository.started.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}
