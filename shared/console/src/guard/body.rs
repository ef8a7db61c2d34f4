//! The body of a request that changes something: read whole, because it is small or refused.

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, StatusCode, header},
};
use http_body_util::{BodyExt, Limited};
use tokio::time::{Duration, timeout};

use crate::failure::Failure;

/// How long a body may be, in bytes: a form has hundreds.
const LONGEST: usize = 64 << 10;
/// How long it may take to come.
const TIME: Duration = Duration::from_secs(30);

/// Reads the body. The request that comes back has it again.
///
/// # Errors
/// When it is longer than 64 KiB, or takes longer than half a minute.
pub(super) async fn read(request: Request) -> Result<(Request, Bytes), Failure> {
    let (parts, body) = request.into_parts();
    let too_long =
        || Failure::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is longer than {LONGEST} bytes"));
    let announced =
        parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > LONGEST as u64) {
        return Err(too_long());
    }
    let read = timeout(TIME, Limited::new(body, LONGEST).collect()).await;
    let read =
        read.map_err(|_| Failure::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time"))?;
    let bytes = read.map_err(|_| too_long())?.to_bytes();
    Ok((Request::from_parts(parts, Body::from(bytes.clone())), bytes))
}

/// The token that came along: in the header `X-Granary-Token`, or in the field `token` of a form.
pub(super) fn token(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    if let Some(token) = headers.get("x-granary-token") {
        return token.to_str().ok().map(str::to_owned);
    }
    let content_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    if !content_type.starts_with("application/x-www-form-urlencoded") {
        return None;
    }
    let mut fields = form_urlencoded::parse(body);
    fields.find(|(name, _)| name == "token").map(|(_, token)| token.into_owned())
}
