//! The fixity check.

use axum::{Json, extract::State};
use granary_silo::SiloName;
use serde::{Deserialize, Serialize};

use crate::{
    api::InJson,
    app::App,
    change::Changing,
    failure::Failure,
    model::{self, FixityView},
};

/// The check that runs, or the last one; nothing before the first.
#[derive(Debug, Serialize)]
pub(crate) struct Checked {
    check: Option<FixityView>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// All silos, when none is named.
    silo: Option<SiloName>,
}

pub(crate) async fn check(State(app): State<App>) -> Json<Checked> {
    Json(Checked { check: model::fixity(&app) })
}

pub(crate) async fn start(
    State(app): State<App>,
    Changing(supervisor): Changing,
    InJson(wanted): InJson<Wanted>,
) -> Result<Json<Checked>, Failure> {
    supervisor.check(wanted.silo.as_ref()).await?;
    Ok(check(State(app)).await)
}

pub(crate) async fn stop(State(app): State<App>, Changing(supervisor): Changing) -> Json<Checked> {
    supervisor.stop_check();
    check(State(app)).await
}
