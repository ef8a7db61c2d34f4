//! One page of a list: reads it, and stores its records as they come.

use futures::{FutureExt, future::BoxFuture};
use granary_oai_pmh::{Datestamp, Item, Request, Summary};
use granary_queue::Task;
use granary_silo::Silo;
use tokio::task::JoinSet;

use crate::{
    choice::Choice,
    context::Progress,
    download,
    error::Error,
    harvest_run::HarvestRun,
    record_worker::{Handled, RecordWorker},
    report::{Counts, PROBLEMS_NAMED, Problem},
    state::Gap,
    transfer::shortened,
    window::Window,
};

/// How many records are stored in one go: by one thread in a directory, at the same time in a bucket.
const RECORDS_TOGETHER: usize = 16;

/// How many goes there are at once, while the next records are read: more than there are processors, for the kernel leaves
/// threads that could run behind others, and a processor idle.
const GOES_AT_ONCE: usize = 6;

/// How many tasks are held before they are queued; a page's end queues the rest.
const TASKS_HELD: usize = 1000;

/// How many records of a run are kept in quarantine.
const QUARANTINED: u64 = 1_000;

/// What became of a record with this datestamp.
type Stored = (String, Result<Handled, Error>);

/// Records being stored, and those that will be next.
#[derive(Default)]
struct Work {
    next: Vec<BoxFuture<'static, Stored>>,
    goes: JoinSet<Vec<Stored>>,
}

impl Work {
    fn start(&mut self, silo: &Silo) {
        if !self.next.is_empty() {
            let (silo, next) = (silo.clone(), std::mem::take(&mut self.next));
            self.goes.spawn(async move { silo.run_all(next).await });
        }
    }
}

/// A page that was read, as far as it could be.
pub(crate) struct PageRead {
    pub(crate) summary: Summary,
    pub(crate) failure: Option<Failure>,
}

/// Why a page could not be read to its end.
pub(crate) enum Failure {
    /// There was no answer, as often as the fetcher tries.
    NoAnswer(granary_oai_pmh::Error),
    /// There was one, and it broke off or was something else.
    BreaksOff(granary_oai_pmh::Error),
}

impl Failure {
    /// Whether the same request may have a better answer at once.
    pub(crate) fn may_be_a_mishap(&self) -> bool {
        match self {
            Self::NoAnswer(_) => false,
            Self::BreaksOff(error) if error.is_too_much() => false,
            // With an error status it has been asked for as often as the fetcher tries.
            Self::BreaksOff(granary_oai_pmh::Error::Page { status, .. }) => *status < 400,
            Self::BreaksOff(_) => true,
        }
    }

    pub(crate) fn into_error(self) -> granary_oai_pmh::Error {
        match self {
            Self::NoAnswer(error) | Self::BreaksOff(error) => error,
        }
    }
}

/// What a page, or what was read of it, came to.
#[derive(Default)]
pub(crate) struct Page {
    pub(crate) counts: Counts,
    pub(crate) tasks: Vec<Task>,
    pub(crate) problems: Vec<Problem>,
}

impl Page {
    /// Names a problem, as long as a report would.
    fn add_problem(&mut self, problem: Problem) {
        if self.problems.len() < PROBLEMS_NAMED {
            self.problems.push(problem);
        }
    }
}

impl HarvestRun {
    /// Reads a page and stores its records as they come.
    pub(crate) async fn read_page(&mut self, request: &Request) -> Result<PageRead, Error> {
        let mut summary = Summary::default();
        let mut page = match self.client.open(request).await {
            Ok(page) => page,
            Err(error) => return Ok(PageRead { summary, failure: Some(Failure::NoAnswer(error)) }),
        };
        let url = page.url().to_string();
        let mut done = Page::default();
        let mut work = Work::default();
        let failure = loop {
            match page.next().await {
                Ok(None) => break None,
                Ok(Some(item)) => {
                    summary.observe(&item);
                    self.take_item(item, &url, &mut done, &mut work).await?;
                }
                Err(error) => break Some(error),
            }
            if self.run.limited {
                break None;
            }
        };
        self.collect_all(&mut work, &mut done).await?;
        self.take_in(done).await?;
        Ok(PageRead { summary, failure: failure.map(Failure::BreaksOff) })
    }

    async fn take_item(
        &mut self,
        item: Item,
        url: &str,
        done: &mut Page,
        work: &mut Work,
    ) -> Result<(), Error> {
        match item {
            Item::Record(record) => {
                self.count_record(done);
                let datestamp = record.header.datestamp.clone();
                self.compare_with_window(&datestamp);
                let (job, url) = (self.worker(), url.to_owned());
                let place = self.context.room.for_bytes(record.metadata.as_ref().map_or(0, Vec::len)).await;
                let is_large = place.is_taken();
                work.next.push(async move { (datestamp, job.record(record, url, place).await) }.boxed());
                if is_large {
                    // The next one may be as large: it is not read while this one is held.
                    self.collect_all(work, done).await?;
                }
            }
            Item::Header(header) => {
                self.count_record(done);
                let datestamp = header.datestamp.clone();
                self.compare_with_window(&datestamp);
                let (job, url) = (self.worker(), url.to_owned());
                work.next.push(async move { (datestamp, job.header(header, url).await) }.boxed());
            }
            Item::Broken(broken) => {
                self.count_record(done);
                done.counts.failed += 1;
                Progress::add(&self.context.progress.failed, 1);
                let detail = shortened(format!("{}: {url}", broken.reason));
                self.note_unread(&broken.header.datestamp, &detail);
                let identifier = Some(broken.header.identifier).filter(|identifier| !identifier.is_empty());
                let quarantined = self.quarantine(broken.fragment).await?;
                let kept = quarantined.as_deref().unwrap_or("no quarantine, which is full");
                tracing::warn!(silo = %self.source.silo, "{detail}; kept in {kept}");
                done.add_problem(Problem { identifier: identifier.map(shortened), detail, quarantined });
            }
            Item::ResponseDate(_)
            | Item::Request { .. }
            | Item::Identify(_)
            | Item::Format(_)
            | Item::Set(_)
            | Item::Error(_)
            | Item::Next(_) => {}
        }
        if work.next.len() >= RECORDS_TOGETHER {
            work.start(&self.silo);
        }
        while work.goes.len() >= GOES_AT_ONCE && self.collect_next(work, done).await? {}
        Ok(())
    }

    /// Puts aside what could not be read, as it was received; not without end.
    async fn quarantine(&mut self, fragment: Vec<u8>) -> Result<Option<String>, Error> {
        if self.run.quarantined >= QUARANTINED {
            return Ok(None);
        }
        self.run.quarantined += 1;
        let name = format!("{}-{:06}.xml", self.run.id, self.run.quarantined);
        self.context.granary.quarantine(&self.source.silo, &name, fragment).await.map(Some)
    }

    pub(crate) fn count_record(&mut self, done: &mut Page) {
        done.counts.records += 1;
        Progress::add(&self.context.progress.records, 1);
        if self.limit.is_some_and(|limit| self.run.counts.records + done.counts.records >= limit) {
            // What is left is not asked for; the watermark stays where it is.
            self.run.limited = true;
        }
    }

    /// What lies outside the window is stored all the same, and noted: dividing the window by date is of no use then.
    fn compare_with_window(&mut self, datestamp: &str) {
        let granularity = self.run.granularity;
        if let Some(window) = self.run.windows.current() {
            window.outside += u64::from(window.excludes(datestamp, granularity));
        }
    }

    /// The granule of a record that could not be read or stored becomes a gap, so that later runs try it again; without
    /// a datestamp, the whole window.
    pub(crate) fn note_unread(&mut self, datestamp: &str, detail: &str) {
        let Some(window) = self.run.windows.iter().last() else { return };
        let granule = datestamp.parse::<Datestamp>().ok().map(|stamp| stamp.at(self.run.granularity));
        let span = match granule {
            Some(stamp) => Window::new(Some(stamp.clone()), Some(stamp), window.set.clone()),
            None => Window::new(window.from.clone(), window.until.clone(), window.set.clone()),
        };
        self.run.note_unread(Gap::of(&span, &format!("a record could not be read or stored: {detail}")));
    }

    async fn collect_next(&mut self, work: &mut Work, done: &mut Page) -> Result<bool, Error> {
        let stored = match work.goes.join_next().await {
            None => return Ok(false),
            Some(Ok(stored)) => stored,
            Some(Err(panic)) => std::panic::resume_unwind(panic.into_panic()),
        };
        for (datestamp, handled) in stored {
            self.collect(&datestamp, handled?, done).await?;
        }
        Ok(true)
    }

    async fn collect_all(&mut self, work: &mut Work, done: &mut Page) -> Result<(), Error> {
        work.start(&self.silo);
        while self.collect_next(work, done).await? {}
        Ok(())
    }

    pub(crate) async fn collect(
        &mut self,
        datestamp: &str,
        handled: Handled,
        done: &mut Page,
    ) -> Result<(), Error> {
        if handled.counts.failed > 0 {
            let detail = handled.problem.as_ref().map_or("", |problem| problem.detail.as_str());
            self.note_unread(datestamp, detail);
        }
        done.counts.add(&handled.counts);
        done.tasks.extend(handled.tasks);
        handled.problem.into_iter().for_each(|problem| done.add_problem(problem));
        handled.warning.into_iter().for_each(|warning| self.run.warn(warning));
        if done.tasks.len() >= TASKS_HELD {
            self.queue_tasks(&mut done.tasks).await?;
        }
        Ok(())
    }

    /// Queues what follows from a page, then counts it.
    pub(crate) async fn take_in(&mut self, mut done: Page) -> Result<(), Error> {
        self.queue_tasks(&mut done.tasks).await?;
        self.run.counts.add(&done.counts);
        let room = PROBLEMS_NAMED.saturating_sub(self.run.problems.len());
        self.run.problems.extend(done.problems.into_iter().take(room));
        Ok(())
    }

    /// Bytes and manifests are safe before what follows from them is queued.
    pub(crate) async fn queue_tasks(&mut self, tasks: &mut Vec<Task>) -> Result<(), Error> {
        self.context.granary.sync().await?;
        if !tasks.is_empty() {
            download::send(&self.context, tasks).await?;
            tasks.clear();
        }
        Ok(())
    }

    pub(crate) fn worker(&self) -> RecordWorker {
        let window = self.run.windows.iter().last();
        let first_pass = !self.resumed && window.is_some_and(Window::is_first_pass);
        RecordWorker {
            silo: self.silo.clone(),
            prefix: self.prefix.clone(),
            template: self.template.clone(),
            choice: Choice::of(&self.source),
            run: self.run.id.clone(),
            first_pass,
            silo_was_empty: self.run.first,
            refetch_from: self.refetch_from.clone(),
        }
    }
}
