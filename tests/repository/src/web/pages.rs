//! Pages for people.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::Response,
};

use crate::{
    catalogue::Status,
    item::{Access, Document, Item},
    repository::Repository,
    xml::escape,
};

/// An HTML page. `body` is HTML.
pub(crate) fn html(status: StatusCode, title: &str, body: &str) -> Response {
    page(status, title, "", body)
}

fn page(status: StatusCode, title: &str, head: &str, body: &str) -> Response {
    let title = escape(title);
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n{head}</head>\n\
         <body>\n<h1>{title}</h1>\n{body}</body>\n</html>\n"
    );
    let mut response = Response::new(Body::from(page));
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

/// An item's landing page, with a link to each public file.
pub(crate) async fn landing(State(repository): State<Arc<Repository>>, Path(item): Path<String>) -> Response {
    let Some(item) = item.parse().ok().and_then(|number| repository.item(number)) else { return not_found() };
    match item.state.status {
        Status::Live => landing_page(&repository, &item),
        Status::Deleted => deleted(),
    }
}

fn landing_page(repository: &Repository, item: &Item<'_>) -> Response {
    let documents: Vec<Document> =
        item.documents().into_iter().filter(|document| document.access == Access::Public).collect();
    let title = item.title();
    let files = documents.iter().map(|document| {
        let url = escape(&repository.file_url(document));
        (format!("<meta name=\"eprints.document_url\" content=\"{url}\">\n"), url, escape(&document.name))
    });
    let mut head = format!("<meta name=\"eprints.title\" content=\"{}\">\n", escape(&title));
    let mut links = String::new();
    for (meta, url, name) in files {
        head.push_str(&meta);
        links.push_str(&format!("<li><a href=\"{url}\">{name}</a></li>\n"));
    }
    page(StatusCode::OK, &title, &head, &format!("<ul>\n{links}</ul>\n"))
}
