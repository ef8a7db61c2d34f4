//! A tick of a schedule: every source whose turn it is, for as long as there is time.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures::{StreamExt, stream};
use granary_silo::SiloName;

use crate::{
    clock,
    context::Context,
    error::Error,
    granary::Granary,
    harvest_run::{HarvestRun, Outstanding},
    listing::Listing,
    report::Report,
    source::Source,
    state::{self, Failing, State, Turn},
    transfer::in_full,
};

/// How many sources are harvested side by side.
const SOURCES_AT_ONCE: usize = 8;

/// How often a run that waits for its tasks looks, and how often it renews its lease.
const LOOK: Duration = Duration::from_secs(1);
const RENEWAL: Duration = Duration::from_secs(60);

/// How long a source waits that has failed: at first, and at most. Twice as long each time in between.
const FIRST_WAIT: TimeDelta = TimeDelta::minutes(5);
const LONGEST_WAIT: TimeDelta = TimeDelta::days(1);

/// What a tick came to for one source.
#[derive(Debug)]
pub enum Ticked {
    /// It was not its turn.
    Passed(Turn),
    /// Its run goes on at the next tick: there was no time for more, or tasks are still in the queue.
    GoesOn {
        /// Whether all is listed.
        is_listed: bool,
        /// Records listed so far.
        records: u64,
    },
    /// Its run is finished.
    Finished(Box<Report>),
    /// It cannot be harvested now; it is tried again later, whatever it is.
    Failed(Error),
}

impl Ticked {
    /// In one word, for logs and answers.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Passed(_) => "passed",
            Self::GoesOn { .. } => "goes_on",
            Self::Finished(_) => "finished",
            Self::Failed(_) => "failed",
        }
    }

    fn log(&self, silo: &SiloName) {
        match self {
            Self::Passed(turn) => tracing::debug!(%silo, ?turn, "not its turn"),
            Self::GoesOn { is_listed, records } => {
                tracing::info!(%silo, records, is_listed, "goes on at the next tick");
            }
            Self::Finished(report) => {
                let report = serde_json::to_string(report).unwrap_or_default();
                tracing::info!(%silo, report, "finished");
            }
            Self::Failed(error) => tracing::error!(%silo, error = in_full(error), "cannot be harvested"),
        }
    }
}

/// Harvests the sources whose turn it is, several side by side. `asked_for` are harvested though their next run is not due;
/// when it names any, only those. A tick lists and queues; somebody else works the queue, and a later tick finishes the run.
/// Each source is logged when it is done with.
///
/// It ends by the [`Context::deadlines`]: what is in hand by then is dropped, as if the process had been killed, but the
/// lease is given back. A tick at the same time, or one cut short anywhere, harms nothing.
///
/// # Errors
/// When the sources cannot be read. What concerns one source is in its [`Ticked`].
pub async fn tick(context: &Context, asked_for: &[SiloName]) -> Result<Vec<(SiloName, Ticked)>, Error> {
    let mut sources = context.granary.sources().await?;
    for silo in asked_for {
        if !sources.iter().any(|source| source.silo == *silo) {
            return Err(Error::NoSuchSource(silo.clone()));
        }
    }
    sources.retain(|source| asked_for.is_empty() || asked_for.contains(&source.silo));
    // In another order each time, so that none is always the last when there is not time for all.
    fastrand::shuffle(&mut sources);
    let why = if asked_for.is_empty() { Why::Scheduled } else { Why::AskedFor };
    let ticks = sources.iter().map(|source| async move {
        (source.silo.clone(), harvest_source(context, source, why, Patience::None).await)
    });
    Ok(stream::iter(ticks).buffer_unordered(SOURCES_AT_ONCE).collect().await)
}

/// Why a source is to be harvested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A schedule comes by: only if it is the source's turn.
    Scheduled,
    /// Somebody wants it: also when its next run is not due, or when it has failed.
    AskedFor,
}

/// What to do when all is listed, and tasks of the run are still in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Leave the run as it is; the next tick looks again.
    None,
    /// Wait for whoever works the queue, and finish the run then. When all that is left has to wait for long, because a server
    /// says so, the run is finished without it.
    UntilDrained,
}

/// Harvests one source if it is its turn, and logs what it came to. A failure is remembered in its state.
pub async fn harvest_source(context: &Context, source: &Source, why: Why, patience: Patience) -> Ticked {
    let ticked = one(context, source, why, patience).await.unwrap_or_else(Ticked::Failed);
    ticked.log(&source.silo);
    ticked
}

async fn one(context: &Context, source: &Source, why: Why, patience: Patience) -> Result<Ticked, Error> {
    let mut state = context.granary.state(&source.silo).await?;
    if context.granary.local().is_some() {
        // On one machine the lock tells whether who had the lease is still there, and `HarvestRun::begin` asks it.
        state.lease = None;
    }
    match state.turn(source.every(), clock::now()) {
        Turn::Due | Turn::GoesOn => {}
        Turn::Later(_) | Turn::Failing(_) if why == Why::AskedFor => {}
        turn => return Ok(Ticked::Passed(turn)),
    }
    if context.is_stopped() {
        return Ok(Ticked::GoesOn { is_listed: false, records: 0 });
    }
    source.admit(&context.fetcher)?;
    match harvest(context, source, patience).await {
        Ok(ticked) => Ok(ticked),
        // Another tick was faster, or the endpoint asks to wait: neither is a failure of the source.
        Err(Error::Leased { .. } | Error::TakenOver { .. }) => Ok(Ticked::Passed(Turn::Leased(clock::now()))),
        Err(Error::NotBefore { until, .. }) => Ok(Ticked::Passed(Turn::NotBefore(until))),
        Err(error) => {
            context.granary.note_failure(&source.silo, &error).await?;
            Err(error)
        }
    }
}

async fn harvest(context: &Context, source: &Source, patience: Patience) -> Result<Ticked, Error> {
    // One that is begun too late to be answered leaves its lease to expire.
    let begun = context.before_the_cut(HarvestRun::begin(context, source, None)).await;
    let mut run = begun.unwrap_or_else(|| Err(Error::OutOfTime { silo: source.silo.clone() }))?;
    let listed = match context.before_the_cut(run.list()).await {
        Some(Ok(Listing::Done)) => match patience {
            Patience::None => {
                run.is_drained().await.map(|is_drained| is_drained.then_some(Outstanding::Lost))
            }
            Patience::UntilDrained => until_drained(context, &mut run).await,
        },
        Some(Ok(Listing::Stopped)) | None => Ok(None),
        Some(Err(error)) => Err(error),
    };
    match listed {
        Ok(Some(outstanding)) => run.finish(outstanding).await.map(Box::new).map(Ticked::Finished),
        Ok(None) => {
            let ticked = Ticked::GoesOn { is_listed: run.is_listed(), records: run.records() };
            run.suspend().await?;
            Ok(ticked)
        }
        Err(error) => {
            // What went wrong matters more than whether the lease could be given back.
            let _ = run.suspend().await;
            Err(error)
        }
    }
}

/// Waits until the run's tasks are settled, and renews the lease meanwhile. Nothing when the host stops.
async fn until_drained(context: &Context, run: &mut HarvestRun) -> Result<Option<Outstanding>, Error> {
    let mut renewed = Instant::now();
    while !context.is_stopped() {
        if run.is_drained().await? {
            return Ok(Some(Outstanding::Lost));
        }
        if run.waits_for_long().await? {
            return Ok(Some(Outstanding::Waiting));
        }
        if renewed.elapsed() >= RENEWAL {
            run.checkpoint().await?;
            renewed = Instant::now();
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = context.stop.cancelled() => {}
        }
    }
    Ok(None)
}

impl Granary {
    /// Remembers that a source cannot be harvested, and when it is to be tried again.
    async fn note_failure(&self, silo: &SiloName, error: &Error) -> Result<(), Error> {
        loop {
            let known = self.read_state(silo).await?;
            let mut state = known.as_ref().map_or_else(State::default, |document| document.value.clone());
            let times = state.failing.as_ref().map_or(0, |failing| failing.times) + 1;
            let again = clock::now() + wait_after(times);
            state.failing = Some(Failing { times, detail: in_full(error), again });
            if self.write(&state::path(silo), state, known.map(|document| document.known())).await?.is_some()
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(fastrand::u64(0..50))).await;
        }
    }
}

fn wait_after(times: u32) -> TimeDelta {
    (FIRST_WAIT * 2i32.pow(times.saturating_sub(1).min(10))).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_fails_is_left_alone_for_longer_each_time_and_a_day_at_most() {
        let minutes = [1, 2, 3, 9, 10, 1000].map(|times| wait_after(times).num_minutes());
        assert_eq!(minutes, [5, 10, 20, 1280, 1440, 1440]);
    }
}
