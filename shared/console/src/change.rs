//! What it takes to change something: a console over a supervisor. One that only shows refuses.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use granary_harvest::in_full;
use granary_supervisor::Supervisor;

use crate::{app::App, failure::Failure};

/// The supervisor of a console that may change something. A handler that asks for it changes something.
pub(crate) struct Changing(pub(crate) Supervisor);

impl FromRequestParts<App> for Changing {
    type Rejection = Failure;

    async fn from_request_parts(_: &mut Parts, app: &App) -> Result<Self, Failure> {
        let supervisor = app.console.supervisor.clone();
        supervisor.map(Self).ok_or_else(|| Failure::forbidden("this console only shows"))
    }
}

/// Whether a page may offer changes.
pub(crate) struct MayChange(pub(crate) bool);

impl FromRequestParts<App> for MayChange {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self(app.console.supervisor.is_some()))
    }
}

impl Failure {
    /// What was sent can be read, and cannot be done.
    pub(crate) fn unprocessable(text: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, text)
    }
}

impl From<granary_supervisor::Error> for Failure {
    fn from(error: granary_supervisor::Error) -> Self {
        use granary_supervisor::Error as E;
        match error {
            E::Harvest(error) => error.into(),
            E::NotRunning(_) | E::Checking { .. } => Self::new(StatusCode::CONFLICT, in_full(&error)),
            E::Controls { .. } => Self::internal(&error),
        }
    }
}
