//! The sweep: finds the objects whose records have gone without a word, and marks them as absent.
//!
//! Repositories that announce no deletions drop records, and an incremental list never says so. A sweep lists all identifiers
//! ([`roll`]), holds the silo against them ([`survey`]), and asks for each object that is missing ([`answer`]). Only what the
//! repository then does not know is marked, and only when the list was whole and not too many were missing ([`brake`]).

mod answer;
mod brake;
mod listed;
mod outcome;
mod rehearsal;
mod roll;
mod survey;

pub use brake::{InvalidMaxAbsent, MaxAbsent};
pub use outcome::{Sweep, Swept};
pub use rehearsal::{Rehearsal, rehearse};

use answer::Answer;
use futures::StreamExt;
use granary_oai_pmh::{Record, Request};
use granary_silo::{Absence, Identifier, Updated};
use roll::{Asked, Called, Roll};
use survey::Survey;

use crate::{
    clock,
    error::Error,
    harvest_run::HarvestRun,
    listing::Listing,
    page::Page,
    report::{PROBLEMS_NAMED, Problem},
    source::Kind,
};

/// After how many answers in a row that say nothing the rest is not asked for: the next sweep does.
const UNCLEAR_IN_A_ROW: u64 = 10;

impl HarvestRun {
    /// Sweeps the source, once its windows are done. What came of it is in the run's report; trouble with the endpoint is too,
    /// and does not keep the run from being finished.
    ///
    /// Nothing of it is kept when it is stopped, or its process ends: the next sweep begins again, and finds what was marked.
    /// For a run without a limit.
    ///
    /// # Errors
    /// When the store or the queue fails, or the run was taken over.
    pub async fn sweep(&mut self, brake: MaxAbsent) -> Result<Listing, Error> {
        if self.run.sweep.as_ref().is_some_and(|sweep| sweep.outcome == Swept::Complete) {
            // This very run has done it, and was interrupted since.
            return Ok(Listing::Done);
        }
        let (mut sweep, so_far) = (Sweep::begun(), self.run.so_far());
        match self.carry_out(&mut sweep, brake).await {
            Ok(Listing::Done) => {}
            Ok(Listing::Stopped) => {
                // What was counted will be counted again.
                self.run.go_back_to(so_far);
                return Ok(Listing::Stopped);
            }
            Err(error) if error.is_of_endpoint() => {
                self.held.note_wait(&error).await?;
                sweep.end(Swept::Unavailable, crate::in_full(&error));
            }
            Err(error) => return Err(error),
        }
        tracing::info!(silo = %self.source.silo, ?sweep, "swept");
        self.run.sweep = Some(sweep);
        self.checkpoint().await?;
        Ok(Listing::Done)
    }

    async fn carry_out(&mut self, sweep: &mut Sweep, brake: MaxAbsent) -> Result<Listing, Error> {
        let asked = Asked {
            client: self.client.clone(),
            prefix: self.list_prefix(),
            granularity: self.run.granularity,
            earliest: self.run.earliest.clone(),
            response_date: self.run.response_date.clone(),
            needs: self.needs.clone(),
        };
        let mut roll = Roll::new(&self.context.fetcher, &self.source, asked);
        loop {
            if self.context.is_stopped() {
                return Ok(Listing::Stopped);
            }
            match roll.next_page().await? {
                Called::Page => self.held.keep().await?,
                Called::Whole => break,
                Called::Incomplete(detail) => {
                    sweep
                        .end(Swept::Incomplete, format!("the list of identifiers is not complete: {detail}"));
                    return Ok(Listing::Done);
                }
            }
        }
        roll.warnings().iter().for_each(|warning| self.run.warn(warning.to_string()));
        let Some(survey) = self.survey(&roll).await? else { return Ok(Listing::Stopped) };
        // What this run had marked before it was interrupted was missing too.
        (sweep.listed, sweep.live) = (roll.len(), survey.live + survey.marked);
        (sweep.missing, sweep.absent) = (survey.missing.len() as u64 + survey.marked, survey.marked);
        if self.settle_all(&survey.back, &roll, sweep).await? == Listing::Stopped {
            return Ok(Listing::Stopped);
        }
        if !brake.allows(sweep.missing, sweep.live, sweep.listed) {
            sweep.end(Swept::HeldBack, held_back(sweep, brake));
            return Ok(Listing::Done);
        }
        self.settle_all(&survey.missing, &roll, sweep).await
    }

    /// Holds the silo against the roll; nothing when it was stopped.
    async fn survey(&mut self, roll: &Roll) -> Result<Option<Survey>, Error> {
        let mut survey = Survey::default();
        let objects = survey::objects(&self.silo);
        let mut objects = std::pin::pin!(objects);
        while let Some(object) = objects.next().await {
            if self.context.is_stopped() {
                return Ok(None);
            }
            survey.take(object, roll, Some(&self.run.id))?;
            self.held.keep().await?;
        }
        if survey.unreadable > 0 {
            let n = survey.unreadable;
            self.run.warn(format!(
                "{n} manifests cannot be read, and were left out of the sweep; `granary verify` names them"
            ));
        }
        Ok(Some(survey))
    }

    /// Asks for each of these objects by itself, and does what the answer says.
    async fn settle_all(
        &mut self,
        objects: &[Identifier],
        roll: &Roll,
        sweep: &mut Sweep,
    ) -> Result<Listing, Error> {
        let mut unclear = 0;
        for (at, identifier) in objects.iter().enumerate() {
            if self.context.is_stopped() {
                return Ok(Listing::Stopped);
            }
            match self.settle(identifier, roll, sweep).await? {
                None => unclear = 0,
                Some(detail) => {
                    unclear += 1;
                    sweep.unconfirmed += 1;
                    self.note_unconfirmed(identifier, &detail);
                }
            }
            if unclear >= UNCLEAR_IN_A_ROW {
                let left = (objects.len() - at - 1) as u64;
                sweep.unconfirmed += left;
                self.run.warn(format!(
                    "{unclear} answers in a row said nothing: {left} more objects were not asked for"
                ));
                break;
            }
            self.held.keep().await?;
        }
        Ok(Listing::Done)
    }

    fn note_unconfirmed(&mut self, identifier: &Identifier, detail: &str) {
        if self.run.problems.len() < PROBLEMS_NAMED {
            let detail = format!("whether it is absent cannot be told: {detail}");
            self.run.problems.push(Problem {
                identifier: Some(identifier.to_string()),
                detail,
                quarantined: None,
            });
        }
    }

    /// Asks for one object, and does what the answer says; the text says why that could not be told.
    async fn settle(
        &mut self,
        identifier: &Identifier,
        roll: &Roll,
        sweep: &mut Sweep,
    ) -> Result<Option<String>, Error> {
        let request = Request::get_record(identifier.to_string(), self.list_prefix());
        let url = request.url(&self.source.url).to_string();
        match answer::ask(&self.client, &request, identifier.as_str()).await {
            Answer::Unknown => sweep.absent += u64::from(self.mark(identifier, url).await?),
            Answer::OtherFormat => sweep.present += 1,
            Answer::Record(record) => self.take_record(*record, url, roll, sweep).await?,
            Answer::Unclear(detail) => return Ok(Some(detail)),
            Answer::None(error) => return self.page_failed(error).await.map(Some),
        }
        Ok(None)
    }

    /// Marks an object as absent, unless it has changed to something that cannot be.
    async fn mark(&self, identifier: &Identifier, request: String) -> Result<bool, Error> {
        let absence = Absence { run: self.run.id.clone(), request, now: clock::timestamp() };
        let updated = self.silo.update::<granary_silo::Error>(identifier, None, |manifest| {
            let mut manifest = manifest.cloned();
            let is_marked = manifest.as_mut().is_some_and(|manifest| manifest.mark_absent(&absence));
            Ok(manifest.filter(|_| is_marked))
        });
        Ok(matches!(updated.await?, Updated::Written(_)))
    }

    /// Stores a record that the lists lack, or whose object was absent, as any other.
    async fn take_record(
        &mut self,
        record: Record,
        url: String,
        roll: &Roll,
        sweep: &mut Sweep,
    ) -> Result<(), Error> {
        let datestamp = record.header.datestamp.clone();
        let identifier = record.header.identifier.clone();
        let was_absent = match identifier.parse() {
            Ok(identifier) => {
                self.silo.object(&identifier).await?.is_some_and(|object| !object.manifest.is_live())
            }
            Err(_) => false,
        };
        if record.header.deleted {
            sweep.deleted += 1;
        } else if was_absent {
            sweep.returned += 1;
        } else {
            sweep.present += 1;
            // One that has changed since the lists were begun is not missing in them.
            if roll.covers(&datestamp) {
                self.run.warn(format!("{identifier} is there, and the list of identifiers lacks it"));
            }
        }
        let mut done = Page::default();
        self.count_record(&mut done);
        let handled = match self.kind {
            Kind::Eprints3 => self.worker().header(record.header, url).await?,
            Kind::Oai | Kind::Auto => {
                let place = self.context.room.for_bytes(record.metadata.as_ref().map_or(0, Vec::len)).await;
                self.worker().record(record, url, place).await?
            }
        };
        self.collect(&datestamp, handled, &mut done).await?;
        self.take_in(done).await
    }
}

/// Why nothing is marked, and how to go on.
fn held_back(sweep: &Sweep, brake: MaxAbsent) -> String {
    let Sweep { missing, live, listed, .. } = sweep;
    let how = match listed {
        0 => "nothing at all is listed; should the repository be empty indeed, --max-absent 100% allows it"
            .to_owned(),
        _ => format!(
            "more than {brake} allows; should they have gone indeed, --max-absent {missing} allows it"
        ),
    };
    format!("{missing} of {live} objects are missing: {how}")
}
