//! A run in progress.

use chrono::{DateTime, TimeDelta, Utc};
use granary_harvest::{Counts, Granary, Problem, State};
use granary_queue::Queue;
use granary_silo::SiloName;
use serde::Serialize;

use crate::{failure::Failure, model::DepthView};

/// What a run is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// Its records are being listed; files are fetched at the same time.
    Listing,
    /// All is listed; files are still being fetched.
    Downloading,
}

/// A run in progress.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct RunView {
    pub(crate) run: String,
    /// When it began.
    pub(crate) started: DateTime<Utc>,
    /// When it was gone on with, if it was interrupted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resumed: Option<DateTime<Utc>>,
    pub(crate) phase: Phase,
    #[serde(flatten)]
    pub(crate) counts: Counts,
    /// How many records its lists announce.
    pub(crate) announced: Option<u64>,
    /// Windows that are still to be listed.
    pub(crate) windows_left: u64,
    /// Windows that it has given up.
    pub(crate) given_up: u64,
    /// Tasks of the silo that are still in the queue.
    pub(crate) tasks: Option<DepthView>,
    /// How much of it is done.
    pub(crate) percent: Option<u8>,
    /// How long it will go on at the pace that it had up to now.
    pub(crate) seconds_left: Option<u64>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<String>,
}

/// From when on its pace says something.
const PACE_AFTER: TimeDelta = TimeDelta::seconds(5);
/// How much of it has to be done before its pace says something.
const PACE_FROM: f64 = 0.02;
/// A run that was taken up so long after it began was interrupted.
const INTERRUPTED: TimeDelta = TimeDelta::minutes(1);

/// The run of a source that is in progress.
pub(crate) async fn run(
    granary: &Granary,
    queue: Option<&dyn Queue>,
    silo: &SiloName,
    state: &State,
    tasks: Option<DepthView>,
    now: DateTime<Utc>,
) -> Result<Option<RunView>, Failure> {
    let Some(run) = &state.run else { return Ok(None) };
    let counts = granary.counts(silo, run, queue).await?;
    let phase = if run.is_listed() { Phase::Downloading } else { Phase::Listing };
    let taken_up = state.lease.as_ref().map(|lease| lease.since);
    let resumed = taken_up.filter(|since| *since - run.started > INTERRUPTED);
    let progress =
        Progress { phase, counts, announced: run.announced, open: tasks.map_or(0, |tasks| tasks.open()) };
    let is_steady = taken_up.is_some() && resumed.is_none();
    Ok(Some(RunView {
        run: run.id.clone(),
        started: run.started,
        resumed,
        phase,
        counts,
        announced: run.announced,
        windows_left: run.windows.len() as u64,
        given_up: run.gaps.len() as u64,
        tasks,
        percent: progress.percent(),
        seconds_left: progress.time_left(now - run.started).filter(|_| is_steady),
        problems: run.problems.clone(),
        warnings: run.warnings.clone(),
    }))
}

/// What tells how far a run is.
#[derive(Debug, Clone, Copy)]
struct Progress {
    phase: Phase,
    counts: Counts,
    announced: Option<u64>,
    /// Tasks in the queue.
    open: u64,
}

impl Progress {
    /// How much of the list has come, where its length is known.
    fn listed(&self) -> Option<f64> {
        let announced = self.announced.filter(|announced| *announced > 0)?;
        Some((self.counts.records as f64 / announced as f64).min(1.0))
    }

    /// How many of the tasks that are known are done.
    fn worked(&self) -> f64 {
        let done = (self.counts.files + self.counts.failed) as f64;
        match self.open {
            0 => 1.0,
            open => done / (done + open as f64),
        }
    }

    /// The part of the whole that is done. While it lists, the list tells: what is fetched meanwhile belongs to what has come.
    fn done(&self) -> Option<f64> {
        match self.phase {
            Phase::Listing => self.listed(),
            Phase::Downloading => Some(self.worked()),
        }
    }

    /// Never 100: then the run is no longer in progress.
    fn percent(&self) -> Option<u8> {
        self.done().map(|done| (done * 100.0).clamp(0.0, 99.0) as u8)
    }

    fn time_left(&self, elapsed: TimeDelta) -> Option<u64> {
        let left = |done: f64| elapsed.as_seconds_f64() * (1.0 - done) / done;
        let done = self.done().filter(|done| elapsed >= PACE_AFTER && *done >= PACE_FROM)?;
        // Files may come more slowly than records.
        let of_files = Some(self.worked()).filter(|worked| *worked >= PACE_FROM).map_or(0.0, left);
        Some(left(done).max(of_files).round() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(phase: Phase, records: u64, announced: Option<u64>, files: u64, open: u64) -> Progress {
        Progress { phase, counts: Counts { records, files, ..Counts::default() }, announced, open }
    }

    #[test]
    fn how_far_a_run_is_follows_from_its_list_and_then_from_its_tasks() {
        use Phase::{Downloading, Listing};
        let minute = TimeDelta::minutes(1);
        for (progress, percent, left) in [
            (progress(Listing, 250, Some(1000), 0, 0), Some(25), Some(180)),
            (progress(Listing, 250, None, 0, 0), None, None),
            (progress(Listing, 1, Some(1000), 0, 0), Some(0), None),
            // Nine files of ten are still to come: they take longer than the list.
            (progress(Listing, 500, Some(1000), 10, 90), Some(50), Some(540)),
            (progress(Listing, 2000, Some(1000), 0, 0), Some(99), Some(0)),
            (progress(Downloading, 1000, Some(1000), 50, 150), Some(25), Some(180)),
            (progress(Downloading, 1000, Some(1000), 50, 0), Some(99), Some(0)),
        ] {
            assert_eq!((progress.percent(), progress.time_left(minute)), (percent, left), "{progress:?}");
            assert_eq!(progress.time_left(TimeDelta::seconds(1)), None);
        }
    }
}
