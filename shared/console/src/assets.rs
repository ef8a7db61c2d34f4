//! What pages are dressed in. Part of the program: nothing is loaded from elsewhere.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use crate::{files, routes::Routes};

/// `Content-Type` and content.
type Asset = (&'static str, &'static str);

const STYLE: Asset = (
    "text/css; charset=utf-8",
    concat!(include_str!("../assets/style.css"), include_str!("../assets/live.css")),
);
const SCRIPT: Asset = ("text/javascript; charset=utf-8", include_str!("../assets/live.js"));
const ICON: Asset = ("image/svg+xml", include_str!("../assets/icon.svg"));

pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .get("/assets/style.css", async |headers: HeaderMap| serve(&headers, STYLE))
        // What browsers ask for beside a file that names no icon.
        .get("/favicon.ico", async |headers: HeaderMap| serve(&headers, ICON))
        .get("/assets/live.js", async |headers: HeaderMap| serve(&headers, SCRIPT))
        .get("/assets/icon.svg", async |headers: HeaderMap| serve(&headers, ICON))
}

/// Kept by the browser, which asks whether it is still the same.
fn serve(asked: &HeaderMap, (content_type, content): Asset) -> Response {
    let e_tag = format!("\"{}\"", hex::encode(&Sha256::digest(content)[..16]));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::ETAG, HeaderValue::from_str(&e_tag).unwrap_or(HeaderValue::from_static(""))),
    ];
    match files::is_known(asked, &e_tag) {
        true => (StatusCode::NOT_MODIFIED, headers).into_response(),
        false => (headers, content).into_response(),
    }
}
