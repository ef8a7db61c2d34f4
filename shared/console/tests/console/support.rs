//! A console to ask.

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use granary_console::{Console, Guard, router};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::made::{Made, made};

/// A console over the granary of [`made()`].
pub(crate) struct Asking {
    pub(crate) made: Made,
    router: Router,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Asking {
    /// One on this machine, at port 8000.
    pub(crate) async fn here() -> Self {
        Self::guarded(Guard::Loopback { port: 8000 }).await
    }

    pub(crate) async fn guarded(guard: Guard) -> Self {
        let made = made().await;
        let console = Console::showing(made.granary.clone(), guard);
        Self { made, router: router(console) }
    }

    pub(crate) async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(request(Method::GET, path, &[])).await
    }

    /// What a page says. It must be there.
    pub(crate) async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.text()
    }
}

/// A request as a browser on this machine sends it, with other headers in addition.
pub(crate) fn request(method: Method, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if headers.iter().all(|(name, _)| *name != "host") {
        request = request.header(header::HOST, "localhost:8000");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

/// The same with a form.
pub(crate) fn form(path: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let headers: Vec<_> =
        headers.iter().copied().chain([("content-type", "application/x-www-form-urlencoded")]).collect();
    request(Method::POST, path, &headers).map(|_| Body::from(body.to_owned()))
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

/// A text as it stands in the value of a query.
pub(crate) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
