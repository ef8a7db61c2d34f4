//! `/queue`: the queue, what was given up, and who works it.

use askama::Template;
use axum::{
    extract::State,
    response::{Redirect, Response},
};
use granary_queue::Redrive;
use granary_silo::SiloName;
use granary_supervisor::{Switch, WorkerState};
use serde::Deserialize;

use crate::{
    app::{App, Shell},
    change::{Changing, MayChange},
    chart::Chart,
    failure::Failure,
    html::{self, Frame, Section},
    links,
    model::{self, DeadView, LetterView, PeekedView, QueueView, select},
    pages::{InForm, InQuery},
    show,
};

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    #[serde(default, deserialize_with = "super::empty_is_none")]
    silo: Option<SiloName>,
    /// How many were just put back.
    redriven: Option<u64>,
}

#[derive(Template)]
#[template(path = "queue.html")]
struct QueuePage {
    frame: Frame,
    may_change: bool,
    silo: Option<SiloName>,
    redriven: Option<u64>,
    queue: QueueView,
    messages: Vec<PeekedView>,
    dead: DeadView,
    chart: Option<Chart>,
}

pub(crate) async fn queue(
    State(app): State<App>,
    shell: Shell,
    MayChange(may_change): MayChange,
    InQuery(asked): InQuery<Asked>,
) -> Result<Response, Failure> {
    let silo = asked.silo;
    let queue = model::queue(&app, silo.as_ref()).await?;
    html::page(&QueuePage {
        frame: shell.frame(Some(Section::Queue), "Queue"),
        may_change,
        redriven: asked.redriven,
        messages: model::messages(&app, silo.as_ref()).await?,
        dead: model::dead_letters(&app, silo.as_ref()).await?,
        chart: chart(&queue),
        queue,
        silo,
    })
}

/// The depth over time, once there is some time.
fn chart(queue: &QueueView) -> Option<Chart> {
    let samples = &queue.samples;
    let open = samples.iter().map(|sample| sample.waiting + sample.delayed + sample.in_flight).collect();
    let dead = samples.iter().map(|sample| sample.dead).collect();
    (samples.len() > 1)
        .then(|| Chart::lines("depth", "Depth of the queue", &[("to be done", open), ("given up", dead)]))
}

/// Puts dead letters back. A form says which: `which` is `all`, `reason` with a `reason`, or `ids` with any number of `id`.
pub(crate) async fn redrive(
    Changing(supervisor): Changing,
    InForm(fields): InForm<Vec<(String, String)>>,
) -> Result<Redirect, Failure> {
    let value =
        |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let which = match value("which") {
        Some("all") => Redrive::All,
        Some("reason") => Redrive::Reason(value("reason").unwrap_or_default().to_owned()),
        Some("ids") => {
            let ids = fields.iter().filter(|(name, _)| name == "id");
            Redrive::Ids(ids.map(|(_, id)| id.clone()).collect())
        }
        Some(_) | None => return Err(Failure::bad_request("which dead letters is not said")),
    };
    let silo = value("silo").filter(|silo| !silo.is_empty()).map(str::parse::<SiloName>).transpose();
    let silo = silo.map_err(|error| Failure::bad_request(error.to_string()))?;
    let redriven = supervisor.context().queue.redrive(&which, &select(silo.as_ref())).await?;
    tracing::info!(redriven, "dead letters were put back into the queue");
    let silo = silo.as_ref().map_or("", SiloName::as_str);
    Ok(Redirect::to(&format!("/queue?silo={silo}&redriven={redriven}#dead")))
}

pub(crate) async fn start_workers(Changing(supervisor): Changing) -> Result<Redirect, Failure> {
    supervisor.set_workers(Switch::On)?;
    Ok(Redirect::to("/queue"))
}

pub(crate) async fn stop_workers(Changing(supervisor): Changing) -> Result<Redirect, Failure> {
    supervisor.set_workers(Switch::Off)?;
    Ok(Redirect::to("/queue"))
}

pub(crate) async fn start_schedule(Changing(supervisor): Changing) -> Result<Redirect, Failure> {
    supervisor.set_schedule(Switch::On)?;
    Ok(Redirect::to("/queue"))
}

pub(crate) async fn stop_schedule(Changing(supervisor): Changing) -> Result<Redirect, Failure> {
    supervisor.set_schedule(Switch::Off)?;
    Ok(Redirect::to("/queue"))
}

impl QueuePage {
    fn is_moving(&self) -> bool {
        self.queue.depth.is_some_and(|depth| depth.open() > 0)
    }

    fn has_crashes(&self) -> bool {
        self.queue.workers.iter().any(|worker| worker.crashes > 0)
    }

    fn silo_name(&self) -> &str {
        self.silo.as_ref().map_or("", SiloName::as_str)
    }

    /// The page of the object of a dead letter.
    fn object(&self, letter: &LetterView) -> Option<String> {
        let silo = letter.message.silo.as_ref()?.parse().ok()?;
        let identifier = letter.message.identifier.as_ref()?.parse().ok()?;
        Some(links::object(&silo, &identifier))
    }
}
