//! How everything stands, in short.

use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use granary_harvest::{Source, State, in_full};
use granary_silo::SiloName;
use granary_supervisor::{Supervisor, Switch, Worker};
use serde::Serialize;

use crate::{
    app::App,
    failure::Failure,
    model::{DepthView, Doings, Standing, depth, no_such_source},
};

/// How many states are read at once.
const AT_ONCE: usize = 16;

/// How everything stands: nothing that takes long to find out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct StatusView {
    /// Where the granary lies.
    pub(crate) granary: String,
    pub(crate) version: &'static str,
    pub(crate) read_only: bool,
    /// Nothing where no schedule runs here.
    pub(crate) schedule: Option<Switch>,
    pub(crate) workers: Vec<Worker>,
    /// Nothing where there is no queue.
    pub(crate) queue: Option<DepthView>,
    pub(crate) sources: Vec<SourceStatus>,
}

/// How a source stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct SourceStatus {
    pub(crate) silo: SiloName,
    pub(crate) standing: Standing,
    pub(crate) run: Option<RunStatus>,
}

/// How far the listing of a run is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct RunStatus {
    pub(crate) run: String,
    pub(crate) started: DateTime<Utc>,
    pub(crate) records: u64,
    pub(crate) announced: Option<u64>,
    pub(crate) is_listed: bool,
}

/// How everything stands.
pub(crate) async fn status(app: &App) -> Result<StatusView, Failure> {
    let supervisor = app.console.supervisor.as_ref();
    let doings = Doings::of(app);
    let sources = app.granary().sources().await?;
    let reads: Vec<_> = sources.iter().map(|source| source_status(app, source, &doings)).collect();
    Ok(StatusView {
        granary: app.place(),
        version: env!("CARGO_PKG_VERSION"),
        read_only: supervisor.is_none(),
        schedule: supervisor.map(|supervisor| supervisor.controls().schedule),
        workers: supervisor.map(Supervisor::workers).unwrap_or_default(),
        queue: match &app.console.queue {
            Some(queue) => Some(depth(&**queue, None).await?),
            None => None,
        },
        sources: stream::iter(reads).buffered(AT_ONCE).try_collect().await?,
    })
}

/// How one source stands.
///
/// # Errors
/// When there is none of this name.
pub(crate) async fn status_of(app: &App, silo: &SiloName) -> Result<SourceStatus, Failure> {
    let source = app.granary().source(silo).await?.ok_or_else(|| no_such_source(silo))?;
    source_status(app, &source, &Doings::of(app)).await
}

async fn source_status(app: &App, source: &Source, doings: &Doings) -> Result<SourceStatus, Failure> {
    let silo = source.silo.clone();
    let state = match app.granary().state(&silo).await {
        Ok(state) => state,
        Err(error @ granary_harvest::Error::Document { .. }) => {
            let standing = Standing::Unreadable { detail: in_full(&error) };
            return Ok(SourceStatus { silo, standing, run: None });
        }
        Err(error) => return Err(error.into()),
    };
    Ok(SourceStatus { silo, standing: doings.standing(source, &state), run: run_status(&state) })
}

fn run_status(state: &State) -> Option<RunStatus> {
    state.run.as_ref().map(|run| RunStatus {
        run: run.id.clone(),
        started: run.started,
        records: run.counts.records,
        announced: run.announced,
        is_listed: run.is_listed(),
    })
}
