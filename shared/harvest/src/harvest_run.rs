//! A run of one source, from its lease to its report.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use granary_oai_pmh::{Client, Datestamp, Granularity, Need, Needs};
use granary_queue::{Queue, Select};
use granary_silo::{Silo, SiloName};

use crate::{
    clock,
    context::{Context, Progress},
    endpoint::Endpoint,
    error::Error,
    granary::Granary,
    lease::Held,
    report::{Counts, Problem, Report},
    source::{Kind, Source},
    state::{Learned, Quiet, RUN_TIME, Run, State},
    tally::Tally,
    transfer::in_full,
    window::Windows,
    workers::is_far_off,
};

/// For how long a queue whose depth is approximate must be seen empty: its numbers lag by up to a minute.
const EMPTY_FOR: TimeDelta = TimeDelta::minutes(3);

/// For how long nothing of a run is settled before what is left is lost: a message is hidden for twelve hours at most, and
/// may be put off more than once.
const SILENT_FOR: TimeDelta = TimeDelta::hours(36);

/// A run in progress, held by its lease.
///
/// Begin it (or go on with one that was interrupted), [`list`](Self::list) until it is done, work the queue, then
/// [`finish`](Self::finish). Dropped in between, it is as if the process had been killed: the next one goes on.
pub struct HarvestRun {
    pub(crate) context: Context,
    pub(crate) source: Source,
    pub(crate) held: Held,
    pub(crate) silo: Silo,
    pub(crate) client: Client,
    pub(crate) run: Run,
    pub(crate) kind: Kind,
    pub(crate) prefix: String,
    pub(crate) template: Option<String>,
    pub(crate) limit: Option<u64>,
    pub(crate) refetch_from: Option<Datestamp>,
    /// Whether an interrupted run is gone on with: its last page may have been stored in part.
    pub(crate) resumed: bool,
    /// What the endpoint was found to need.
    pub(crate) needs: Needs,
    /// Whether records have come: what kept the source from being harvested is over.
    pub(crate) goes_well: bool,
    /// Whether identifiers could not be listed either, when a page of records could not, and no page since.
    pub(crate) no_identifiers: bool,
}

/// What becomes of tasks that are not settled when a run is finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outstanding {
    /// They are in the queue, and will be worked later.
    Waiting,
    /// They are gone: [`HarvestRun::is_drained`] has said so. The report counts them as failed, and the watermark stays, so
    /// that the next run lists again what they were for.
    Lost,
}

impl HarvestRun {
    /// Takes the lease of a source and begins a run, or goes on with the one that was interrupted. A new run asks
    /// Identify; `limit` ends it after so many records.
    ///
    /// # Errors
    /// [`Error::Leased`] when a run is in progress, [`Error::NotBefore`] when the endpoint wants to be left alone, and
    /// what the endpoint and the store say.
    pub async fn begin(context: &Context, source: &Source, limit: Option<u64>) -> Result<Self, Error> {
        let silo = context.granary.create_silo(&source.silo, source.url.as_str()).await?;
        let mut held = Held::take(&context.granary, &source.silo).await?;
        match Self::prepare(context, source, limit, silo, &mut held).await {
            Ok(prepared) => {
                let (silo, run, resumed) = (&source.silo, &prepared.run.id, prepared.resumed);
                tracing::info!(%silo, run, resumed, "the run begins");
                Ok(prepared.with(held))
            }
            Err(error) => {
                held.note_wait(&error).await?;
                held.release().await?;
                Err(error)
            }
        }
    }

    async fn prepare(
        context: &Context,
        source: &Source,
        limit: Option<u64>,
        silo: Silo,
        held: &mut Held,
    ) -> Result<Prepared, Error> {
        if let Some(until) = held.state().not_before.filter(|until| *until > clock::now()) {
            return Err(Error::NotBefore { silo: source.silo.clone(), until });
        }
        source.admit(&context.fetcher)?;
        if held.state().learned.needs.contains(&Need::NoCompression) {
            context.fetcher.note_bad_compression(source.url.host_str().unwrap_or_default());
        }
        let interrupted = held.state().run.clone();
        let (run, client, resumed) = match interrupted {
            // One that a limit has ended is not what is asked for now, unless by the same limit.
            Some(run)
                if run.asked == source.asked()
                    && !(run.limited && limit.is_none_or(|limit| limit > run.counts.records)) =>
            {
                let needs = &held.state().learned.needs;
                (run, Client::new(context.fetcher.clone(), source.url.clone(), needs), true)
            }
            other => {
                let (run, client) = Self::plan_anew(context, source, &silo, held, other).await?;
                (run, client, false)
            }
        };
        let learned = &held.state().learned;
        let by_days = run.granularity == Granularity::Day;
        let watermark = held.state().watermark.clone();
        context.progress.announced.store(run.announced.unwrap_or(0), std::sync::atomic::Ordering::Relaxed);
        Progress::add(&context.progress.records, run.counts.records);
        Ok(Prepared {
            kind: learned.kind.unwrap_or(Kind::Oai),
            prefix: learned.metadata_prefix.clone().unwrap_or_else(|| "oai_dc".to_owned()),
            template: learned.template.clone(),
            needs: learned.needs.clone(),
            refetch_from: watermark.filter(|_| by_days).map(|watermark| watermark.at(Granularity::Day)),
            context: context.clone(),
            source: source.clone(),
            silo,
            client,
            run,
            limit,
            resumed,
        })
    }

    /// Plans a run and saves the plan. `other` is one that was planned for other options: its gaps are this one's to try.
    async fn plan_anew(
        context: &Context,
        source: &Source,
        silo: &Silo,
        held: &mut Held,
        other: Option<Run>,
    ) -> Result<(Run, Client), Error> {
        if let Some(other) = other {
            held.save(|state| {
                state.gaps = other.open_gaps();
                state.run = None;
            })
            .await?;
        }
        let endpoint = Endpoint::open(&context.fetcher, source, &held.state().learned.needs).await?;
        let mut learned = endpoint.learn(&context.fetcher, source, &held.state().learned).await?;
        endpoint.client.learn(&mut learned.needs);
        let is_empty = silo.list().next().await.is_none();
        let run = plan(source, held.state(), &learned, &endpoint, is_empty);
        held.save(|state| {
            state.learned = learned.clone();
            state.not_before = None;
            state.gaps.clear();
            state.run = Some(run.clone());
        })
        .await?;
        Ok((run, endpoint.client))
    }

    /// The run's name.
    pub fn id(&self) -> &str {
        &self.run.id
    }

    /// When the run began, and whether it had been interrupted before.
    pub fn started(&self) -> (DateTime<Utc>, bool) {
        (self.run.started, self.resumed)
    }

    /// The endpoint, asked anew.
    pub(crate) async fn endpoint(&self) -> Result<Endpoint, Error> {
        Endpoint::open(&self.context.fetcher, &self.source, &self.needs).await
    }

    /// Saves how far the run is, and renews the lease.
    pub async fn checkpoint(&mut self) -> Result<(), Error> {
        let host = self.source.url.host_str().unwrap_or_default();
        if self.context.fetcher.compresses_badly(host) {
            self.needs.insert(Need::NoCompression);
        }
        self.client.learn(&mut self.needs);
        let (run, needs, goes_well) = (self.run.clone(), self.needs.clone(), self.goes_well);
        self.held
            .save(|state| {
                state.run = Some(run.clone());
                state.learned.needs.clone_from(&needs);
                if goes_well {
                    state.failing = None;
                }
            })
            .await
    }

    /// Leaves the run as it is, for the next call to go on.
    pub async fn suspend(mut self) -> Result<(), Error> {
        self.checkpoint().await?;
        self.held.release().await
    }

    /// How many records it has listed so far.
    pub fn records(&self) -> u64 {
        self.run.counts.records
    }

    /// Whether all windows are done.
    pub fn is_listed(&self) -> bool {
        self.run.is_listed()
    }

    /// What has been counted so far, by this process and by all workers.
    pub async fn counts(&self) -> Result<Counts, Error> {
        self.context.granary.counts(&self.source.silo, &self.run, Some(&*self.context.queue)).await
    }

    async fn tally(&self) -> Result<Tally, Error> {
        self.context.granary.tallied(&self.source.silo, &self.run.id).await
    }

    /// Whether all tasks of the run are settled.
    ///
    /// A queue that keeps counters knows. Another (SQS) can only guess how much it holds, and of all silos together: there
    /// the run's tally says it. A task that is not settled and will not come (moved to the dead letters by the queue itself,
    /// or expired) is waited for until the queue has been empty for some minutes, or nothing of the run was settled for a day.
    /// [`HarvestRun::finish`] then reports it as lost.
    pub async fn is_drained(&mut self) -> Result<bool, Error> {
        let depth = self.context.queue.depth(&Select::Silo(self.source.silo.to_string())).await?;
        if self.context.queue.keeps_counters() {
            return Ok(depth.is_drained());
        }
        let tally = self.tally().await?;
        if tally.outstanding() == Some(0) {
            return Ok(true);
        }
        let (now, settled, is_empty) = (clock::now(), tally.settled(), depth.is_drained());
        let quiet =
            self.run.quiet.take().filter(|quiet| quiet.settled == settled && quiet.is_empty == is_empty);
        let since = quiet.map_or(now, |quiet| quiet.since);
        self.run.quiet = Some(Quiet { settled, is_empty, since });
        Ok(now - since > if is_empty { EMPTY_FOR } else { SILENT_FOR })
    }

    /// Whether all that is left of the silo's tasks has to wait for minutes or more, because a server says so.
    pub(crate) async fn waits_for_long(&self) -> Result<bool, Error> {
        let depth = self.context.queue.depth(&Select::Silo(self.source.silo.to_string())).await?;
        Ok(self.context.queue.keeps_counters() && is_far_off(&depth))
    }

    /// How many tasks of the run have gone without being settled.
    async fn lost(&self) -> Result<u64, Error> {
        match self.context.queue.keeps_counters() {
            true => Ok(0),
            false => Ok(self.tally().await?.outstanding().unwrap_or(0)),
        }
    }

    /// Ends the run: report, watermark, gaps. Gives the lease back.
    ///
    /// The watermark is the `responseDate` of the run's first response. It stays where it was when `--limit` ended the run;
    /// windows given up are gaps, which the next run tries again.
    pub async fn finish(mut self, outstanding: Outstanding) -> Result<Report, Error> {
        let mut counts = self.counts().await?;
        let lost = match outstanding {
            Outstanding::Waiting => 0,
            Outstanding::Lost => self.lost().await?,
        };
        if lost > 0 {
            counts.failed += lost;
            let detail = format!(
                "{lost} tasks went without being done; the next harvest lists what they were for again"
            );
            self.run.problems.push(Problem { identifier: None, detail, quarantined: None });
        }
        let ended = clock::now();
        let run = &self.run;
        let state = self.held.state();
        // What was lost is listed again.
        let reached = run.reached().filter(|_| lost == 0);
        let moved = reached.is_some();
        let watermark = reached.or_else(|| state.watermark.clone());
        let gaps = run.open_gaps();
        let report = Report {
            silo: self.source.silo.clone(),
            run: run.id.clone(),
            metadata_prefix: state.learned.metadata_prefix.clone(),
            why: state.learned.why.clone(),
            counts,
            gaps: gaps.len() as u64,
            seconds: (ended - run.started).as_seconds_f64(),
            started: clock::format(run.started),
            ended: clock::format(ended),
            watermark: watermark.as_ref().map(ToString::to_string),
            sweep: run.sweep.clone(),
            problems: run.problems.clone(),
            open_gaps: gaps.clone(),
            warnings: run.warnings.clone(),
        };
        self.context.granary.put_report(&report).await?;
        let selection = run.selection.clone();
        self.held
            .save(|state| {
                if moved {
                    state.watermark.clone_from(&watermark);
                    state.selection.clone_from(&selection);
                }
                state.gaps.clone_from(&gaps);
                state.last_run = Some(report.run.clone());
                if report.sweep.is_some() {
                    state.last_sweep.clone_from(&report.sweep);
                }
                state.failing = None;
                state.run = None;
            })
            .await?;
        // While the lease lasts: the tallies of the next run are not there yet.
        if !self.context.queue.keeps_counters()
            && let Err(error) = self.context.granary.clear_tally(&self.source.silo).await
        {
            tracing::warn!(silo = %self.source.silo, "the tallies of the run stay: {}", in_full(&error));
        }
        // All is saved: a lease that cannot be given back expires by itself.
        if let Err(error) = self.held.release().await {
            tracing::warn!(silo = %self.source.silo, "the lease of the run stays: {}", in_full(&error));
        }
        Ok(report)
    }
}

impl Granary {
    /// What has been counted of a run in progress: in listing, and by all workers. A queue that keeps no counters, or none
    /// at all, means that the workers' numbers are in the run's tally.
    pub async fn counts(
        &self,
        silo: &SiloName,
        run: &Run,
        queue: Option<&dyn Queue>,
    ) -> Result<Counts, Error> {
        let kept = match queue {
            Some(queue) => queue.counters(&run.id).await?,
            None => None,
        };
        let counters = match kept {
            Some(counters) => counters,
            None => self.tallied(silo, &run.id).await?.counters,
        };
        let mut counts = run.counts;
        counts.add(&Counts::from_counters(&counters));
        Ok(counts)
    }
}

/// All of a run but its lease.
struct Prepared {
    context: Context,
    source: Source,
    silo: Silo,
    client: Client,
    run: Run,
    kind: Kind,
    prefix: String,
    template: Option<String>,
    needs: Needs,
    limit: Option<u64>,
    refetch_from: Option<Datestamp>,
    resumed: bool,
}

impl Prepared {
    fn with(self, held: Held) -> HarvestRun {
        let Self {
            context,
            source,
            silo,
            client,
            run,
            kind,
            prefix,
            template,
            needs,
            limit,
            refetch_from,
            resumed,
        } = self;
        HarvestRun {
            context,
            source,
            held,
            silo,
            client,
            run,
            kind,
            prefix,
            template,
            limit,
            refetch_from,
            resumed,
            needs,
            goes_well: false,
            no_identifiers: false,
        }
    }
}

/// What a new run has to list: from the watermark, overlapping by one granule, up to now; and the gaps of earlier runs.
fn plan(source: &Source, state: &State, learned: &Learned, endpoint: &Endpoint, silo_is_empty: bool) -> Run {
    let needed = learned.needs.iter().find_map(|need| need.granularity());
    let granularity = needed.unwrap_or_else(|| endpoint.granularity());
    let prefix = learned.metadata_prefix.as_deref().unwrap_or("oai_dc");
    let selection = source.selection(prefix);
    // A clock that is slow over there must not hide what is newer than it says.
    let now = Datestamp::of(clock::now()).max(endpoint.response_date.clone());
    // One that was fast when the watermark was set has left a span that nobody has listed.
    let tomorrow = now.plus_granule(Granularity::Day);
    let watermark =
        state.watermark.as_ref().filter(|watermark| state.selection == selection && **watermark <= tomorrow);
    let look_back = Duration::from_secs(source.look_back_seconds.unwrap_or(0));
    let overlap = watermark.map(|watermark| watermark.minus_granule(granularity).minus(look_back));
    let from = [overlap, source.from.clone()].into_iter().flatten().max();
    let until = source.until.as_ref().map(|until| until.last_at(granularity));
    let last = until.clone().map_or(now.clone(), |until| until.min(now));
    let nothing = from.as_ref().is_some_and(|from| from.at(granularity) > last.at(granularity));
    let mut windows = match nothing {
        true => Windows::default(),
        false => Windows::plan(from.as_ref(), Some(&last), &source.sets),
    };
    for gap in &state.gaps {
        windows.push(gap.window());
    }
    // Beyond `until` nothing is asked for.
    let reaches =
        until.map_or(endpoint.response_date.clone(), |until| until.min(endpoint.response_date.clone()));
    let started = clock::now();
    Run {
        id: format!("{}-{:04x}", started.format(RUN_TIME), fastrand::u16(..)),
        started,
        asked: source.asked(),
        selection,
        reaches: (!nothing).then_some(reaches),
        response_date: endpoint.response_date.clone(),
        earliest: endpoint.earliest(),
        granularity,
        first: silo_is_empty,
        windows,
        counts: Counts::default(),
        problems: Vec::new(),
        gaps: Vec::new(),
        unread: Vec::new(),
        warnings: endpoint.warnings(source),
        announced: None,
        limited: false,
        quarantined: 0,
        failures: 0,
        sweep: None,
        quiet: None,
    }
}

impl std::fmt::Debug for HarvestRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HarvestRun")
            .field("silo", &self.source.silo)
            .field("run", &self.run.id)
            .finish_non_exhaustive()
    }
}
