//! A source, and how it stands.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use granary_harvest::{Failing, Gap, Learned, Report, Source, State, Turn, in_full};
use granary_oai_pmh::Datestamp;
use granary_silo::SiloName;
use granary_supervisor::{Activity, Controls};
use serde::Serialize;
use url::Url;

use crate::{
    app::App,
    failure::Failure,
    model::{DepthView, ReasonView, RunView, Standing, TotalsView, dead, depth, run::run},
    totals::Signs,
};

/// How many sources are asked about at once.
const AT_ONCE: usize = 16;

/// A source, and how it stands.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SourceView {
    pub(crate) silo: SiloName,
    /// Its endpoint, without a password that may be in it.
    pub(crate) url: String,
    pub(crate) repository_name: Option<String>,
    pub(crate) standing: Standing,
    /// What it is and how it is harvested.
    pub(crate) settings: Source,
    /// What was found out about the endpoint.
    pub(crate) learned: Learned,
    pub(crate) watermark: Option<Datestamp>,
    pub(crate) gaps: Vec<Gap>,
    /// What has kept it from being harvested since its last finished run.
    pub(crate) failing: Option<Failing>,
    /// Until when the host wants no file to be asked for.
    pub(crate) downloads_not_before: Option<DateTime<Utc>>,
    pub(crate) last_run: Option<Report>,
    /// When its next run is due by its settings.
    pub(crate) next_run: Option<DateTime<Utc>>,
    pub(crate) run: Option<RunView>,
    /// Its part of the queue; of a queue that cannot tell, all of it.
    pub(crate) queue: Option<DepthView>,
    /// What its silo holds; nothing while that is being counted.
    pub(crate) totals: Option<TotalsView>,
}

/// A source alone.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SourceDetail {
    #[serde(flatten)]
    pub(crate) source: SourceView,
    /// What was given up of its silo, in any of its runs.
    pub(crate) failures: Vec<ReasonView>,
}

/// What this process does, where it does anything.
pub(crate) struct Doings {
    controls: Option<Controls>,
    activities: BTreeMap<SiloName, Activity>,
    now: DateTime<Utc>,
}

impl Doings {
    pub(crate) fn of(app: &App) -> Self {
        let supervisor = app.console.supervisor.as_ref();
        Self {
            controls: supervisor.map(granary_supervisor::Supervisor::controls),
            activities: supervisor.map(granary_supervisor::Supervisor::activities).unwrap_or_default(),
            now: Utc::now(),
        }
    }

    /// How a source stands.
    pub(crate) fn standing(&self, source: &Source, state: &State) -> Standing {
        let activity = self.activities.get(&source.silo).copied();
        Standing::of(source, state, activity, self.controls.as_ref(), self.now)
    }
}

/// All sources, by the names of their silos.
pub(crate) async fn sources(app: &App) -> Result<Vec<SourceView>, Failure> {
    let (sources, doings) = (app.granary().sources().await?, Doings::of(app));
    stream::iter(sources.into_iter().map(|source| view(app, source, &doings)))
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

/// One source.
///
/// # Errors
/// When there is none of this name.
pub(crate) async fn source(app: &App, silo: &SiloName) -> Result<SourceView, Failure> {
    let source = app.granary().source(silo).await?.ok_or_else(|| no_such_source(silo))?;
    view(app, source, &Doings::of(app)).await
}

pub(crate) fn no_such_source(silo: &SiloName) -> Failure {
    Failure::not_found(format!("there is no source {silo}"))
}

/// What was given up of a source's silo, in any of its runs.
pub(crate) async fn failures(app: &App, source: &SourceView) -> Result<Vec<ReasonView>, Failure> {
    match &app.console.queue {
        Some(queue) if source.queue.is_none_or(|depth| depth.dead > 0) => {
            Ok(dead(&**queue, Some(&source.silo)).await?.reasons)
        }
        Some(_) | None => Ok(Vec::new()),
    }
}

async fn view(app: &App, mut source: Source, doings: &Doings) -> Result<SourceView, Failure> {
    let granary = app.granary();
    let (state, unreadable) = match granary.state(&source.silo).await {
        Ok(state) => (state, None),
        Err(error @ granary_harvest::Error::Document { .. }) => (State::default(), Some(in_full(&error))),
        Err(error) => return Err(error.into()),
    };
    let standing = match unreadable {
        Some(detail) => Standing::Unreadable { detail },
        None => doings.standing(&source, &state),
    };
    let last_run = match &state.last_run {
        // What is wrong with a report is said where it is read.
        Some(run) => granary.report(&source.silo, run).await.ok().flatten(),
        None => None,
    };
    let queue = app.console.queue.as_deref();
    let tasks = match queue {
        Some(queue) => Some(depth(queue, Some(&source.silo)).await?),
        None => None,
    };
    let run = run(granary, queue, &source.silo, &state, tasks, doings.now).await?;
    let unhindered = State { lease: None, failing: None, not_before: None, ..state.clone() };
    let next_run = match unhindered.turn(source.every(), doings.now) {
        Turn::Later(next) => Some(next),
        Turn::Due | Turn::GoesOn | Turn::Leased(_) | Turn::NotBefore(_) | Turn::Failing(_) => None,
    };
    let signs = Signs {
        last_run: state.last_run.clone(),
        is_filled: standing.is_moving() || tasks.is_some_and(|tasks| tasks.open() > 0),
        dead: tasks.map_or(0, |tasks| tasks.dead),
    };
    source.url = without_password(source.url);
    Ok(SourceView {
        url: source.url.to_string(),
        repository_name: state.learned.repository_name.clone(),
        totals: app.totals.of(granary, &source.silo, signs),
        silo: source.silo.clone(),
        standing,
        settings: source,
        learned: state.learned,
        watermark: state.watermark,
        gaps: state.gaps,
        failing: state.failing,
        downloads_not_before: state.downloads_not_before.filter(|until| *until > doings.now),
        last_run,
        next_run,
        run,
        queue: tasks,
    })
}

fn without_password(mut url: Url) -> Url {
    // Fails only for URLs that have none.
    let _ = url.set_password(None);
    url
}
