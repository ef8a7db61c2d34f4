//! The harvest step: works through a run's windows, page by page.

use std::{sync::atomic::Ordering, time::Instant};

use granary_oai_pmh::{
    Datestamp, ErrorCode, Item, List, Need, Request, Retry, Selection, Step, Summary, Trouble, Warning,
};
use granary_queue::Task;
use tokio::task::JoinSet;

use crate::{
    choice::Choice,
    context::Progress,
    endpoint::client_error,
    error::Error,
    harvest_run::HarvestRun,
    record_worker::{Handled, RecordWorker},
    report::{Counts, PROBLEMS_NAMED, Problem},
    source::Kind,
    state::Gap,
    transfer::in_full,
    window::{Holds, Progress as WindowProgress, Verdict, Window},
};

/// How many records of a page are stored at once.
const RECORDS_AT_ONCE: usize = 16;

/// How many tasks are held before they are queued; a page's end queues the rest.
const TASKS_HELD: usize = 1000;

/// How many windows in a row may be in trouble, and nothing be got in between, before the endpoint is taken for one that
/// answers nothing: more than it takes to halve a century down to a second (32 times).
const FAILURES_IN_A_ROW: u32 = 40;

/// How a harvest step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// All windows are done.
    Done,
    /// The deadline is near, or it was asked to stop: there is a checkpoint.
    Stopped,
}

/// Records being stored, each with its datestamp.
type Work = JoinSet<(String, Result<Handled, Error>)>;

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
    fn may_be_a_mishap(&self) -> bool {
        match self {
            Self::NoAnswer(_) => false,
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

impl HarvestRun {
    /// Takes pages until all windows are done, the deadline nears or the host stops. Leaves a checkpoint after each page:
    /// whoever goes on repeats one page at most.
    ///
    /// # Errors
    /// When the store, the queue or the endpoint fails; the checkpoint is there all the same.
    pub async fn list(&mut self, deadline: Option<Instant>) -> Result<Listing, Error> {
        let result = self.work_windows(deadline).await;
        if let Err(error) = &result {
            self.held.note_wait(error).await?;
        }
        result
    }

    async fn work_windows(&mut self, deadline: Option<Instant>) -> Result<Listing, Error> {
        let mut failures = 0;
        while let Some(window) = self.run.windows.current() {
            if self.run.limited {
                return Ok(Listing::Done);
            }
            if self.context.stop.is_cancelled() || deadline.is_some_and(|deadline| Instant::now() >= deadline)
            {
                return Ok(Listing::Stopped);
            }
            let records = self.run.counts.records;
            let trouble = match window.progress {
                WindowProgress::Items => self.item_by_item().await?,
                WindowProgress::Waiting | WindowProgress::Listing(_) => self.next_page().await?,
            };
            // That there is nothing in a window says nothing about lists that hold something.
            failures = match (&trouble, self.run.counts.records > records) {
                (None, true) => 0,
                (None, false) => failures,
                (Some(_), _) => failures + 1,
            };
            if let Some((trouble, detail)) = &trouble {
                self.resolve(trouble, detail).await?;
            }
            if failures >= FAILURES_IN_A_ROW {
                self.checkpoint().await?;
                let detail = trouble.map(|(_, detail)| detail).unwrap_or_default();
                return Err(Error::EveryListFails { url: self.source.url.to_string(), detail });
            }
            self.checkpoint().await?;
        }
        Ok(Listing::Done)
    }

    /// Asks for the next page of the window in work and stores what is on it. Returns what is wrong, if anything is.
    async fn next_page(&mut self) -> Result<Option<(Trouble, String)>, Error> {
        let so_far = self.run.so_far();
        let Some(list) = self.current_list() else { return Ok(None) };
        let request = list.request().clone();
        if let Some(window) = self.run.windows.current() {
            window.begun.get_or_insert(so_far);
        }
        let read = self.read_page(&request).await?;
        self.run.counts.pages += 1;
        if self.run.limited {
            return Ok(None);
        }
        if self.run.windows.current().is_some_and(|window| window.outside > 0) {
            self.run.warn("records came that lie outside the dates asked for; they are stored".to_owned());
        }
        let page = match &read.failure {
            None => read.summary.finish(),
            Some(failure) if failure.may_be_a_mishap() => read.summary.cut_off(),
            Some(_) => read.summary.unanswered(),
        };
        let Some(list) = self.current_list() else { return Ok(None) };
        let size_before = list.complete_list_size();
        let step = list.answered(&page);
        let (size, found) = (list.complete_list_size(), list.take_found());
        if let (None, Some(size)) = (size_before, size) {
            self.run.announced = Some(self.run.announced.unwrap_or(0) + size);
            self.show_totals();
        }
        if let Some(need) = found {
            self.learn(need);
        }
        match step {
            Step::Ask => Ok(None),
            Step::Again => {
                // What came of it will come again.
                self.run.go_back_to(so_far);
                self.show_totals();
                Ok(None)
            }
            Step::Done { warnings } => {
                if warnings.contains(&Warning::BeganAgain) {
                    // Its last page was its first one.
                    self.run.go_back_to(so_far);
                }
                warnings.iter().for_each(|warning| self.run.warn(warning.to_string()));
                self.run.windows.done();
                Ok(None)
            }
            Step::Trouble(Trouble::Refused(error)) => self.refused(&error.code, &error.text).await.map(Some),
            Step::Trouble(trouble) => {
                let detail = match read.failure {
                    Some(failure) => self.page_failed(failure.into_error()).await?,
                    None => format!("{}: {trouble}", request.url(&self.source.url)),
                };
                Ok(Some((trouble, detail)))
            }
        }
    }

    /// The list of the window in work; begins it when it has not been.
    fn current_list(&mut self) -> Option<&mut List> {
        let (prefix, granularity, verb) = (self.list_prefix(), self.run.granularity, self.list_verb());
        Some(self.run.windows.current()?.list(&prefix, granularity, &self.needs, verb))
    }

    /// Takes note of something that the repository needs. What is asked for from now on is asked for so.
    fn learn(&mut self, need: Need) {
        tracing::info!(silo = %self.source.silo, "found out: {need}");
        need.learn(&mut self.needs);
        self.run.granularity = need.granularity().unwrap_or(self.run.granularity);
    }

    async fn refused(&mut self, code: &ErrorCode, text: &str) -> Result<(Trouble, String), Error> {
        let endpoint = self.endpoint().await?;
        Err(endpoint.refused(&self.source, code, text).await)
    }

    /// Reads a page and stores its records as they come.
    pub(crate) async fn read_page(&mut self, request: &Request) -> Result<PageRead, Error> {
        let mut summary = Summary::default();
        let mut page = match self.client.open(request).await {
            Ok(page) => page,
            Err(error) => return Ok(PageRead { summary, failure: Some(Failure::NoAnswer(error)) }),
        };
        let url = page.url().to_string();
        let mut done = Page::default();
        let mut work = Work::new();
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
        while self.collect_next(&mut work, &mut done).await? {}
        self.queue_tasks(&mut done.tasks).await?;
        self.run.counts.add(&done.counts);
        let room = PROBLEMS_NAMED.saturating_sub(self.run.problems.len());
        self.run.problems.extend(done.problems.into_iter().take(room));
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
                work.spawn(async move { (datestamp, job.record(record, url).await) });
            }
            Item::Header(header) => {
                self.count_record(done);
                let datestamp = header.datestamp.clone();
                self.compare_with_window(&datestamp);
                let (job, url) = (self.worker(), url.to_owned());
                work.spawn(async move { (datestamp, job.header(header, url).await) });
            }
            Item::Broken(broken) => {
                self.count_record(done);
                done.counts.failed += 1;
                Progress::add(&self.context.progress.failed, 1);
                self.run.quarantined += 1;
                let name = format!("{}-{:06}.xml", self.run.id, self.run.quarantined);
                let kept = self.context.granary.quarantine(&self.source.silo, &name, broken.fragment).await?;
                let detail = format!("{url}: {}", broken.reason);
                tracing::warn!(silo = %self.source.silo, "{detail}; kept in {kept}");
                self.note_unread(&broken.header.datestamp, &detail);
                let identifier = Some(broken.header.identifier).filter(|identifier| !identifier.is_empty());
                done.problems.push(Problem { identifier, detail, quarantined: Some(kept) });
            }
            Item::ResponseDate(_)
            | Item::Request { .. }
            | Item::Identify(_)
            | Item::Format(_)
            | Item::Set(_)
            | Item::Error(_)
            | Item::Next(_) => {}
        }
        while work.len() >= RECORDS_AT_ONCE && self.collect_next(work, done).await? {}
        Ok(())
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
        let (datestamp, handled) = match work.join_next().await {
            None => return Ok(false),
            Some(Ok(handled)) => handled,
            Some(Err(panic)) => std::panic::resume_unwind(panic.into_panic()),
        };
        self.collect(&datestamp, handled?, done).await?;
        Ok(true)
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
        done.problems.extend(handled.problem);
        if done.tasks.len() >= TASKS_HELD {
            self.queue_tasks(&mut done.tasks).await?;
        }
        Ok(())
    }

    /// Bytes and manifests are safe before what follows from them is queued.
    pub(crate) async fn queue_tasks(&mut self, tasks: &mut Vec<Task>) -> Result<(), Error> {
        self.context.granary.sync().await?;
        if !tasks.is_empty() {
            self.context.queue.send(tasks).await?;
            Progress::add(&self.context.progress.queued, tasks.len() as u64);
            self.run.queued += tasks.len() as u64;
            tasks.clear();
        }
        Ok(())
    }

    /// Tells a page that cannot be had from an endpoint that cannot be reached: the latter ends the step.
    pub(crate) async fn page_failed(&mut self, error: granary_oai_pmh::Error) -> Result<String, Error> {
        if let Retry::NotBefore(_) = error.retry() {
            return Err(client_error(&self.client, &self.source, error));
        }
        tracing::warn!(silo = %self.source.silo, "{}", in_full(&error));
        match self.endpoint().await {
            Ok(_) => Ok(in_full(&error)),
            // It has answered as a repository before: a page for maintenance passes.
            Err(Error::NotARepository { url, source, .. }) => Err(Error::Unavailable { url, source }),
            Err(error) => Err(error),
        }
    }

    /// Lets the windows decide what becomes of the one in trouble.
    async fn resolve(&mut self, trouble: &Trouble, detail: &str) -> Result<(), Error> {
        let heedless = |window: &mut Window| window.depth > 0 && window.outside > 0;
        if self.run.windows.current().is_some_and(heedless) {
            self.give_up(&format!("{detail}; and the repository does not heed the dates asked for"));
            return Ok(());
        }
        let (latest, earliest) = (self.run.response_date.clone(), self.run.earliest.clone());
        let may_be_few = self.run.windows.may_be_few(trouble, self.run.granularity, &earliest, &latest);
        let holds = if may_be_few { self.holds().await? } else { Holds::Many };
        let begun = self.run.windows.current().and_then(|window| window.begun.take());
        let verdict = self.run.windows.trouble(trouble, holds, self.run.granularity, &earliest, &latest);
        tracing::warn!(silo = %self.source.silo, ?verdict, "a window cannot be finished: {detail}");
        match verdict {
            // What was counted of it will be counted again.
            Verdict::Restarted | Verdict::Halved | Verdict::ItemByItem => {
                if let Some(begun) = begun {
                    self.run.go_back_to(begun);
                    self.show_totals();
                }
            }
            Verdict::GivenUp => self.give_up(detail),
        }
        Ok(())
    }

    fn show_totals(&self) {
        let progress = &self.context.progress;
        progress.announced.store(self.run.announced.unwrap_or(0), Ordering::Relaxed);
        progress.records.store(self.run.counts.records, Ordering::Relaxed);
    }

    pub(crate) fn give_up(&mut self, detail: &str) {
        if let Some(window) = self.run.windows.done() {
            self.run.gaps.push(Gap::of(&window, detail));
        }
    }

    fn list_verb(&self) -> fn(Selection) -> Request {
        match self.kind {
            Kind::Eprints3 => Request::list_identifiers,
            Kind::Oai | Kind::Auto => Request::list_records,
        }
    }

    /// The prefix to list with. Identifiers are listed by the one that every repository has.
    pub(crate) fn list_prefix(&self) -> String {
        match self.kind {
            Kind::Eprints3 => "oai_dc".to_owned(),
            Kind::Oai | Kind::Auto => self.prefix.clone(),
        }
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
