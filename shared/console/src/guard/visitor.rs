//! Who asks.

use axum::http::{HeaderMap, Uri, header};

use crate::{
    app::App,
    failure::Failure,
    guard::{Guard, Verdict, host, sessions::SessionId},
};
use axum::http::StatusCode;

/// The cookie of a session.
pub(crate) const COOKIE: &str = "granary_session";

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Visitor {
    /// Who may see no more than the page to log in.
    #[default]
    Stranger,
    /// Somebody on this machine, of a console without a secret.
    Local,
    /// Somebody who has logged in.
    Session(SessionId),
    /// A program that sent the secret along. No web page can make a browser do that.
    Program,
}

impl Visitor {
    /// Whose request this is.
    ///
    /// # Errors
    /// Of one that comes to a name that is not this machine's, and of a secret that is wrong.
    pub(crate) async fn of(app: &App, uri: &Uri, headers: &HeaderMap) -> Result<Self, Failure> {
        let given = bearer(headers);
        if given.is_some_and(|given| !given.is_empty() && app.keys.are_same(given, &app.console.key)) {
            return Ok(Self::Program);
        }
        match &app.console.guard {
            Guard::Loopback { .. } if given.is_some() => Err(wrong()),
            Guard::Loopback { port } if host::is_here(uri, headers, *port) => Ok(Self::Local),
            Guard::Loopback { port } => Err(Failure::forbidden(format!(
                "this console answers only to http://localhost:{port} and http://127.0.0.1:{port}"
            ))),
            Guard::Secret(secret) => match given {
                None => Ok(session(app, headers).map_or(Self::Stranger, Self::Session)),
                Some(given) => match secret.check(&app.keys, given).await {
                    Verdict::Right => Ok(Self::Program),
                    Verdict::Wrong => Err(wrong()),
                    Verdict::TooMany => Err(too_many()),
                },
            },
        }
    }

    pub(crate) fn has_session(&self) -> bool {
        matches!(self, Self::Session(_))
    }

    /// What tells its token from those of others.
    pub(super) fn mark(&self) -> &[u8] {
        match self {
            Self::Stranger => b"stranger",
            Self::Local => b"local",
            Self::Session(id) => id.as_bytes(),
            Self::Program => b"program",
        }
    }
}

fn wrong() -> Failure {
    Failure::new(StatusCode::UNAUTHORIZED, "the secret is wrong")
}

/// What is said when more attempts wait than are taken.
pub(crate) fn too_many() -> Failure {
    Failure::new(StatusCode::TOO_MANY_REQUESTS, "too many secrets are being tried; try again in a minute")
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, secret) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

fn session(app: &App, headers: &HeaderMap) -> Option<SessionId> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(name, value)| (name == COOKIE).then(|| app.sessions.find(value))?)
}
