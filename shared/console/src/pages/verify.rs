//! `/verify`: the fixity check.

use askama::Template;
use axum::{
    extract::State,
    response::{Redirect, Response},
};
use granary_silo::SiloName;
use serde::Deserialize;

use crate::{
    app::{App, Shell},
    change::{Changing, MayChange},
    failure::Failure,
    html::{self, Frame, Section},
    links,
    model::{self, FixityView, Outcome},
    pages::InForm,
    show,
};

#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default, deserialize_with = "super::empty_is_none")]
    silo: Option<SiloName>,
}

#[derive(Template)]
#[template(path = "verify.html")]
struct VerifyPage {
    frame: Frame,
    may_change: bool,
    silos: Vec<SiloName>,
    check: Option<FixityView>,
}

pub(crate) async fn verify(
    State(app): State<App>,
    shell: Shell,
    MayChange(may_change): MayChange,
) -> Result<Response, Failure> {
    let silos = app.granary().silos().await?;
    let frame = shell.frame(Some(Section::Verify), "Verify");
    html::page(&VerifyPage { frame, may_change, silos, check: model::fixity(&app) })
}

/// Begins a check.
pub(crate) async fn start(
    Changing(supervisor): Changing,
    InForm(wanted): InForm<Wanted>,
) -> Result<Redirect, Failure> {
    supervisor.check(wanted.silo.as_ref()).await?;
    Ok(Redirect::to("/verify"))
}

/// Stops the one that runs.
pub(crate) async fn stop(Changing(supervisor): Changing) -> Redirect {
    supervisor.stop_check();
    Redirect::to("/verify")
}

impl VerifyPage {
    fn is_running(&self) -> bool {
        self.check.as_ref().is_some_and(|check| check.outcome == Outcome::Running)
    }
}
