//! What every answer says to the browser about itself.

use axum::{
    http::{HeaderName, HeaderValue},
    response::Response,
};

/// What a page of ours may do: load its own style, script and pictures, and send its forms here. Nothing inline, nothing from
/// elsewhere, in no frame.
const OUR_PAGES: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                         form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Said unless the handler has said something else.
const ALWAYS: &[(&str, &str)] = &[
    ("content-security-policy", OUR_PAGES),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    // What is shown changes all the time, and is for who has logged in.
    ("cache-control", "no-store"),
    // No other site learns anything by embedding what is here, nor by opening it.
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
];

pub(super) fn complete(mut response: Response) -> Response {
    for (name, value) in ALWAYS {
        let header = response.headers_mut().entry(HeaderName::from_static(name));
        header.or_insert(HeaderValue::from_static(value));
    }
    response
}
