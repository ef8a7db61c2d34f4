//! What goes wrong with a request, and how the visitor is told: a page, or for the API a line of JSON.

use askama::Template;
use axum::{
    Json,
    http::{Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use granary_harvest::in_full;
use serde_json::json;

use crate::{
    app::Shell,
    html::{self, Frame},
};

/// Why a request is not answered as asked. [`shown`] makes it readable.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    /// For the visitor: lower case, without a full stop.
    pub(crate) text: String,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    pub(crate) fn not_found(text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, text)
    }

    pub(crate) fn bad_request(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    pub(crate) fn forbidden(text: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, text)
    }

    /// What the visitor can do nothing about. It is logged here.
    pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        let text = in_full(error);
        tracing::error!("console: {text}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, text)
    }
}

impl From<granary_silo::Error> for Failure {
    fn from(error: granary_silo::Error) -> Self {
        use granary_silo::Error as E;
        match &error {
            E::NoSuchSilo { .. } | E::NotASilo { .. } => Self::not_found(in_full(&error)),
            E::Name(_) | E::TooLong { .. } | E::NotAnIdentifier { .. } => Self::bad_request(in_full(&error)),
            _ => Self::internal(&error),
        }
    }
}

impl From<granary_harvest::Error> for Failure {
    fn from(error: granary_harvest::Error) -> Self {
        use granary_harvest::Error as E;
        match error {
            E::Silo(error) => error.into(),
            E::NoSuchSource(_) => Self::not_found(in_full(&error)),
            E::Name(_) => Self::bad_request(in_full(&error)),
            E::OtherEndpoint { .. } | E::Leased { .. } => Self::new(StatusCode::CONFLICT, in_full(&error)),
            error => Self::internal(&error),
        }
    }
}

impl From<granary_queue::Error> for Failure {
    fn from(error: granary_queue::Error) -> Self {
        Self::internal(&error)
    }
}

impl From<object_store::Error> for Failure {
    fn from(error: object_store::Error) -> Self {
        Self::internal(&error)
    }
}

impl From<askama::Error> for Failure {
    fn from(error: askama::Error) -> Self {
        Self::internal(&error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Answers paths that are none.
pub(crate) async fn no_such_page(uri: Uri) -> Failure {
    Failure::not_found(format!("there is no page {}", uri.path()))
}

/// Answers methods that a path does not know.
pub(crate) async fn no_such_method(method: Method, uri: Uri) -> Failure {
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, format!("{} does not answer {method}", uri.path()))
}

/// A failure in the form that is asked for; any other answer as it is.
pub(crate) fn shown(shell: &Shell, is_api: bool, response: Response) -> Response {
    let Some(failure) = response.extensions().get::<Failure>() else { return response };
    let body = match is_api {
        true => Json(json!({ "error": failure.text })).into_response(),
        false => {
            let heading = heading(failure.status);
            let page =
                ErrorPage { frame: shell.frame(None, heading), heading, text: sentence(&failure.text) };
            html::page(&page).unwrap_or_else(|_| failure.text.clone().into_response())
        }
    };
    // What the handler has said beside it stays: `Allow`, `Content-Range`.
    let (mut parts, _) = response.into_parts();
    let (body_parts, body) = body.into_parts();
    parts.headers.remove(axum::http::header::CONTENT_LENGTH);
    parts.headers.extend(body_parts.headers);
    Response::from_parts(parts, body)
}

fn heading(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "Not found",
        StatusCode::FORBIDDEN => "Not allowed",
        StatusCode::TOO_MANY_REQUESTS => "Too many attempts",
        status if status.is_client_error() => "This cannot be answered",
        _ => "Something went wrong",
    }
}

/// A text of ours as a sentence, but for one that begins with a name.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let begins_with_a_word = text.split(' ').next().is_some_and(|word| word.chars().all(char::is_alphabetic));
    match begins_with_a_word {
        true => format!("{first}{}.", chars.as_str()),
        false => format!("{text}."),
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    frame: Frame,
    heading: &'static str,
    text: String,
}
