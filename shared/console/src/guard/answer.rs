//! Around every handler: who asks, whether they may, what went wrong, and what every answer says.

use std::panic::AssertUnwindSafe;

use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use futures::FutureExt;

use crate::{
    app::{App, Shell},
    failure::{self, Failure},
    guard::{Visitor, body, headers},
    links,
};

/// Answers a request, if need be in place of its handler. A handler that panics costs its own answer only.
pub(crate) async fn answer(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_api = ["/api/", "/metrics", "/healthz"].iter().any(|beginning| path.starts_with(beginning));
    // Whoever watches over the process knows no secret, and learns none.
    let visitor = match path {
        "/healthz" => Ok(Visitor::Stranger),
        _ => Visitor::of(&app, request.uri(), request.headers()).await,
    };
    let (visitor, response) = match visitor {
        Ok(visitor) => (visitor.clone(), admitted(&app, visitor, request, next, is_api).await),
        Err(failure) => (Visitor::Stranger, failure.into_response()),
    };
    let mut response = failure::shown(&Shell::new(app, visitor), is_api, response);
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    headers::complete(response)
}

async fn admitted(app: &App, visitor: Visitor, mut request: Request, next: Next, is_api: bool) -> Response {
    if visitor == Visitor::Stranger && !is_for_strangers(request.uri().path()) {
        return refused(&request, is_api);
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        request = match with_token(app, &visitor, request).await {
            Ok(request) => request,
            Err(failure) => return failure.into_response(),
        };
    }
    request.extensions_mut().insert(visitor);
    let uri = request.uri().clone();
    AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_| panicked(&uri))
}

/// What there is to see for who has not logged in.
fn is_for_strangers(path: &str) -> bool {
    ["/login", "/healthz", "/favicon.ico"].contains(&path) || path.starts_with("/assets/")
}

/// Programs are told; people are asked who they are, and led on to what they wanted to see.
fn refused(request: &Request, is_api: bool) -> Response {
    match request.uri().path_and_query() {
        _ if is_api => {
            let text = "this needs the secret: Authorization: Bearer SECRET";
            Failure::new(StatusCode::UNAUTHORIZED, text).into_response()
        }
        Some(wanted) if request.method() == Method::GET => {
            Redirect::to(&links::login(wanted.as_str())).into_response()
        }
        _ => Redirect::to("/login").into_response(),
    }
}

/// The request, once it is sure that it was not sent by somebody else's page.
async fn with_token(app: &App, visitor: &Visitor, request: Request) -> Result<Request, Failure> {
    let (request, bytes) = body::read(request).await?;
    let is_own = || {
        let token = body::token(request.headers(), &bytes);
        token.is_some_and(|token| app.keys.is_token(visitor, &token))
    };
    match *visitor == Visitor::Program || is_own() {
        true => Ok(request),
        false => Err(Failure::forbidden(
            "this was not sent by a page of this console, or the console was started again since; load the page again",
        )),
    }
}

fn panicked(uri: &Uri) -> Response {
    tracing::error!("console: the handler of {} panicked", uri.path());
    Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "the console failed to answer; its log says more")
        .into_response()
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, middleware::from_fn_with_state, routing::get};
    use tokio_util::sync::CancellationToken;
    use tower::ServiceExt;

    use super::*;
    use crate::{Console, Guard};

    async fn panics() -> &'static str {
        panic!("on purpose")
    }

    #[tokio::test]
    async fn a_handler_that_panics_costs_its_own_answer_only() {
        let folder = tempfile::tempdir().unwrap();
        let granary = granary_harvest::Granary::create(folder.path()).unwrap();
        let app = App::new(Console::showing(granary, Guard::Loopback { port: 80 }), CancellationToken::new());
        let router = Router::new().route("/api/panics", get(panics)).route("/works", get(async || "works"));
        let router = router.layer(from_fn_with_state(app.clone(), answer)).with_state(app);
        for (path, status) in [("/api/panics", 500), ("/works", 200)] {
            let request = Request::get(path).header("host", "localhost").body(Body::empty()).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), status, "{path}");
            assert_eq!(response.headers()["x-content-type-options"], "nosniff", "{path}");
        }
    }
}
