//! `/login` and `/logout`: who a visitor is, where a secret opens the console.

use askama::Template;
use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use crate::{
    app::{App, Shell},
    failure::Failure,
    guard::{COOKIE, Guard, LASTS_SECONDS, Verdict, Visitor, too_many},
    html::{self, Frame},
    pages::{InForm, InQuery},
};

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Given {
    secret: String,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    next: String,
    was_wrong: bool,
}

/// The form.
pub(crate) async fn ask(
    State(app): State<App>,
    shell: Shell,
    Extension(visitor): Extension<Visitor>,
    InQuery(asked): InQuery<Asked>,
) -> Result<Response, Failure> {
    let next = place(asked.next.as_deref());
    match &app.console.guard {
        Guard::Secret(_) if visitor == Visitor::Stranger => form(&shell, next, false),
        Guard::Secret(_) | Guard::Loopback { .. } => Ok(Redirect::to(next).into_response()),
    }
}

/// Begins a session, for whoever knows the secret.
pub(crate) async fn log_in(
    State(app): State<App>,
    shell: Shell,
    headers: HeaderMap,
    InForm(given): InForm<Given>,
) -> Result<Response, Failure> {
    let next = place(given.next.as_deref());
    let Guard::Secret(secret) = &app.console.guard else { return Ok(Redirect::to(next).into_response()) };
    match secret.check(&app.keys, given.secret.trim()).await {
        Verdict::Right => {
            let cookie = cookie(&app.sessions.begin(), LASTS_SECONDS, &headers);
            Ok(([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response())
        }
        Verdict::Wrong => {
            tracing::warn!("console: somebody tried to log in with a wrong secret");
            Ok((StatusCode::FORBIDDEN, form(&shell, next, true)?).into_response())
        }
        Verdict::TooMany => Err(too_many()),
    }
}

/// Ends the session.
pub(crate) async fn log_out(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
) -> Response {
    if let Visitor::Session(id) = visitor {
        app.sessions.end(&id);
    }
    ([(header::SET_COOKIE, cookie("", 0, &headers))], Redirect::to("/login")).into_response()
}

fn form(shell: &Shell, next: &str, was_wrong: bool) -> Result<Response, Failure> {
    html::page(&LoginPage { frame: shell.frame(None, "Log in"), next: next.to_owned(), was_wrong })
}

/// The cookie of a session. Behind a proxy that speaks HTTPS the header says so; whoever forges it only makes the cookie
/// stricter.
fn cookie(value: &str, seconds: u64, headers: &HeaderMap) -> String {
    let is_https = headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
    let secure = if is_https { "; Secure" } else { "" };
    format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
}

/// Where to go on: a page of ours, whatever was asked for.
fn place(next: Option<&str>) -> &str {
    let is_ours = |next: &&str| {
        let is_elsewhere = next[1..].starts_with(['/', '\\']);
        !is_elsewhere && next.bytes().all(|byte| byte.is_ascii_graphic())
    };
    next.filter(|next| next.starts_with('/')).filter(is_ours).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_logging_in_one_stays_here() {
        for (next, expected) in [
            (Some("/silos?a=b"), "/silos?a=b"),
            (Some("//evil.org"), "/"),
            (Some("/\\evil.org"), "/"),
            (Some("https://evil.org"), "/"),
            (Some("/a\r\nX: y"), "/"),
            (Some("/é"), "/"),
            (Some(""), "/"),
            (None, "/"),
        ] {
            assert_eq!(place(next), expected, "{next:?}");
        }
    }
}
