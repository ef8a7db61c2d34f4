//! The harvest step: works through a run's windows, page by page.

use std::sync::atomic::Ordering;

use granary_oai_pmh::{ErrorCode, List, Need, Request, Selection, Step, Trouble, Warning};

use crate::{
    endpoint::page_failed,
    error::Error,
    harvest_run::HarvestRun,
    page::Failure,
    source::Kind,
    state::Gap,
    window::{Holds, Progress as WindowProgress, SoFar, Verdict},
};

/// How many windows in a row may be in trouble, and nothing be got in between, before the endpoint is taken for one that
/// answers nothing: more than it takes to halve a century down to a second (32 times).
pub(crate) const FAILURES_IN_A_ROW: u32 = 40;

/// How a harvest step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// All windows are done.
    Done,
    /// The deadline is near, or it was asked to stop: there is a checkpoint.
    Stopped,
}

impl HarvestRun {
    /// Takes pages until all windows are done, the deadline nears or the host stops. Leaves a checkpoint after each page:
    /// whoever goes on repeats one page at most.
    ///
    /// # Errors
    /// When the store, the queue or the endpoint fails; the checkpoint is there all the same.
    pub async fn list(&mut self) -> Result<Listing, Error> {
        let result = self.work_windows().await;
        if let Err(error) = &result {
            self.held.note_wait(error).await?;
        }
        result
    }

    async fn work_windows(&mut self) -> Result<Listing, Error> {
        while let Some(window) = self.run.windows.current() {
            if self.run.limited {
                return Ok(Listing::Done);
            }
            if self.context.is_stopped() {
                return Ok(Listing::Stopped);
            }
            let records = self.run.counts.records;
            let trouble = match window.progress {
                WindowProgress::Items => self.item_by_item().await?,
                WindowProgress::Waiting | WindowProgress::Listing(_) => self.next_page().await?,
            };
            // That there is nothing in a window says nothing about lists that hold something.
            match (&trouble, self.run.counts.records > records) {
                (None, true) => {
                    self.run.failures = 0;
                    self.goes_well = true;
                }
                (None, false) => {}
                (Some(_), _) => self.run.failures += 1,
            }
            if let Some((trouble, detail)) = &trouble {
                self.resolve(trouble, detail).await?;
            }
            if self.run.failures >= FAILURES_IN_A_ROW {
                // The next step gives it as many tries.
                self.run.failures = 0;
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
        let counts = &self.run.counts;
        tracing::info!(
            silo = %self.source.silo, pages = counts.pages, records = counts.records, "listed a page"
        );
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
        self.no_identifiers &= !matches!(step, Step::Ask | Step::Done { .. });
        self.follow(step, so_far, read.failure, &request).await
    }

    /// Does what the list says after a page. `so_far` is what had been counted before it.
    async fn follow(
        &mut self,
        step: Step,
        so_far: SoFar,
        failure: Option<Failure>,
        request: &Request,
    ) -> Result<Option<(Trouble, String)>, Error> {
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
                let detail = match failure {
                    Some(failure) => match self.page_failed(failure.into_error()).await {
                        Ok(detail) => detail,
                        Err(error) => {
                            // The page will be asked for again, and counted then.
                            self.run.go_back_to(so_far);
                            return Err(error);
                        }
                    },
                    None => format!("{}: {trouble}", request.url(&self.source.url)),
                };
                Ok(Some((trouble, detail)))
            }
        }
    }

    /// The list of the window in work; begins it when it has not been.
    fn current_list(&mut self) -> Option<&mut List> {
        let (prefix, granularity, verb) = (self.list_prefix(), self.run.granularity, self.list_verb());
        let list = self.run.windows.current()?.list(&prefix, granularity, &self.needs, verb);
        self.source.insist_on_dates(list);
        Some(list)
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

    /// Tells a page that cannot be had from an endpoint that cannot be reached: the latter ends the step.
    pub(crate) async fn page_failed(&mut self, error: granary_oai_pmh::Error) -> Result<String, Error> {
        page_failed(&self.context.fetcher, &self.client, &self.source, &self.needs, error).await
    }

    /// Lets the windows decide what becomes of the one in trouble.
    async fn resolve(&mut self, trouble: &Trouble, detail: &str) -> Result<(), Error> {
        if let Some(window) = self.run.windows.current().filter(|window| window.is_heedless()) {
            window.in_vain = true;
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
            self.run.give_up(Gap::of(&window, detail));
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
}
