//! The queue and who works it.

use axum::{Json, extract::State};
use granary_queue::Redrive;
use granary_silo::SiloName;
use granary_supervisor::{Controls, Switch, Worker};
use serde::{Deserialize, Serialize};

use crate::{
    api::InJson,
    app::App,
    change::Changing,
    failure::Failure,
    model::{self, DeadView, PeekedView, QueueView, select},
    pages::InQuery,
};

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    silo: Option<SiloName>,
}

pub(crate) async fn queue(
    State(app): State<App>,
    InQuery(asked): InQuery<Asked>,
) -> Result<Json<QueueView>, Failure> {
    model::queue(&app, asked.silo.as_ref()).await.map(Json)
}

pub(crate) async fn messages(
    State(app): State<App>,
    InQuery(asked): InQuery<Asked>,
) -> Result<Json<Vec<PeekedView>>, Failure> {
    model::messages(&app, asked.silo.as_ref()).await.map(Json)
}

pub(crate) async fn dead(
    State(app): State<App>,
    InQuery(asked): InQuery<Asked>,
) -> Result<Json<DeadView>, Failure> {
    model::dead_letters(&app, asked.silo.as_ref()).await.map(Json)
}

/// Which dead letters to put back: those with these ids, those with this reason, or all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    silo: Option<SiloName>,
    reason: Option<String>,
    ids: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Redriven {
    redriven: u64,
}

pub(crate) async fn redrive(
    Changing(supervisor): Changing,
    InJson(wanted): InJson<Wanted>,
) -> Result<Json<Redriven>, Failure> {
    let which = match (wanted.ids, wanted.reason) {
        (Some(_), Some(_)) => return Err(Failure::unprocessable("ids or a reason, not both")),
        (Some(ids), None) => Redrive::Ids(ids),
        (None, Some(reason)) => Redrive::Reason(reason),
        (None, None) => Redrive::All,
    };
    let redriven = supervisor.context().queue.redrive(&which, &select(wanted.silo.as_ref())).await?;
    tracing::info!(redriven, "dead letters were put back into the queue");
    Ok(Json(Redriven { redriven }))
}

pub(crate) async fn workers(State(app): State<App>) -> Json<Vec<Worker>> {
    let supervisor = app.console.supervisor.as_ref();
    Json(supervisor.map(granary_supervisor::Supervisor::workers).unwrap_or_default())
}

pub(crate) async fn start_workers(Changing(supervisor): Changing) -> Result<Json<Controls>, Failure> {
    supervisor.set_workers(Switch::On)?;
    Ok(Json(supervisor.controls()))
}

pub(crate) async fn stop_workers(Changing(supervisor): Changing) -> Result<Json<Controls>, Failure> {
    supervisor.set_workers(Switch::Off)?;
    Ok(Json(supervisor.controls()))
}

pub(crate) async fn start_schedule(Changing(supervisor): Changing) -> Result<Json<Controls>, Failure> {
    supervisor.set_schedule(Switch::On)?;
    Ok(Json(supervisor.controls()))
}

pub(crate) async fn stop_schedule(Changing(supervisor): Changing) -> Result<Json<Controls>, Failure> {
    supervisor.set_schedule(Switch::Off)?;
    Ok(Json(supervisor.controls()))
}
