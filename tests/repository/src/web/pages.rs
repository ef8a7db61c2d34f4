//! Pages for people.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::Response,
};

use crate::{repository::Repository, xml::escape};

/// An HTML page. `body` is HTML.
pub(crate) fn html(status: StatusCode, title: &str, body: &str) -> Response {
    page(status, title, "", body)
}

/// The text of an HTML page. `head` and `body` are HTML.
pub(crate) fn markup(title: &str, head: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n{head}</head>\n\
         <body>\n<h1>{title}</h1>\n{body}</body>\n</html>\n"
    )
}

pub(super) fn page(status: StatusCode, title: &str, head: &str, body: &str) -> Response {
    let mut response = Response::new(Body::from(markup(title, head, body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

pub(crate) fn not_found() -> Response {
    html(StatusCode::NOT_FOUND, "Not found", "<p>There is nothing here.</p>\n")
}

/// What a deleted item leaves.
pub(crate) fn deleted() -> Response {
    html(StatusCode::GONE, "Deleted", "<p>This item has been removed from the repository.</p>\n")
}

/// The page at the end of a redirect away from what is not public.
pub(crate) async fn login() -> Response {
    let form = "<form method=\"post\" action=\"/login\"><input name=\"user\"><input name=\"password\" type=\"password\"></form>\n";
    html(StatusCode::OK, "Log in", form)
}

pub(crate) async fn home(State(repository): State<Arc<Repository>>) -> Response {
    let url = escape(&repository.oai_url());
    let body = format!("<p>OAI-PMH: <a href=\"{url}?verb=Identify\">{url}</a></p>\n");
    html(StatusCode::OK, "Test repository", &body)
}
