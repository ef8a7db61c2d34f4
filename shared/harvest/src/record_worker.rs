//! One record or header of a list: what it means for its object.

use bytes::Bytes;
use granary_finders::Found;
use granary_oai_pmh::{Datestamp, Header, Record};
use granary_queue::{Role, Task};
use granary_silo::{Announcement, Change, Entry, FileName, Identifier, Manifest, Silo};

use crate::{
    choice::Choice,
    clock,
    error::Error,
    export::export_url,
    lacking::Lacking,
    record::{self, Received},
    report::{Counts, Problem},
    room::Place,
    transfer::{in_full, shortened},
};

/// What one record came to.
#[derive(Default)]
pub(crate) struct Handled {
    pub(crate) counts: Counts,
    pub(crate) tasks: Vec<Task>,
    pub(crate) problem: Option<Problem>,
    /// What was odd, and lost nothing.
    pub(crate) warning: Option<String>,
}

/// What is needed to store one record, apart from the run.
pub(crate) struct RecordWorker {
    pub(crate) silo: Silo,
    pub(crate) prefix: String,
    pub(crate) template: Option<String>,
    pub(crate) choice: Choice,
    pub(crate) run: String,
    /// Whether nothing of the window can have been seen before in this run.
    pub(crate) first_pass: bool,
    /// Whether the silo was empty when the run began: then, at first, nothing is read before it is written.
    pub(crate) silo_was_empty: bool,
    /// With days as granularity, a datestamp from here on does not say that nothing has changed.
    pub(crate) refetch_from: Option<Datestamp>,
}

impl RecordWorker {
    /// A record with its metadata.
    pub(crate) async fn record(self, record: Record, url: String, place: Place) -> Result<Handled, Error> {
        let identifier = record.header.identifier.clone();
        let announcement = match self.announcement(&record.header, &url, record.repaired) {
            Ok(announcement) => announcement,
            Err(problem) => return Ok(Handled::failed(problem)),
        };
        let mut found = None;
        let metadata = record.metadata.filter(|_| !record.header.deleted).map(|bytes| {
            match record::find(&identifier, &self.prefix, &bytes) {
                Ok(named) => found = Some(named),
                Err(error) => {
                    let detail = format!("its files are unknown: {}", in_full(&error));
                    found = Some(Found { problems: vec![detail], ..Found::default() });
                }
            }
            let about =
                Entry { fetched: Some(clock::timestamp()), url: Some(url.clone()), ..Entry::default() };
            (FileName::safe(&self.prefix), Bytes::from(bytes), about)
        });
        let problem = found.as_ref().and_then(|found| found.problems.first()).map(|detail| Problem {
            identifier: Some(identifier.clone()),
            detail: detail.clone(),
            quarantined: None,
        });
        let received = Received { announcement, metadata, found, _place: place };
        let mut handled = self.store(received).await?;
        handled.problem = handled.problem.or(problem);
        Ok(handled)
    }

    /// A header: the metadata is to be fetched, unless the object stands as it was announced.
    pub(crate) async fn header(self, header: Header, url: String) -> Result<Handled, Error> {
        let announcement = match self.announcement(&header, &url, Vec::new()) {
            Ok(announcement) => announcement,
            Err(problem) => return Ok(Handled::failed(problem)),
        };
        if header.deleted {
            return self.store(Received::without_metadata(announcement)).await;
        }
        if !(self.silo_was_empty && self.first_pass) {
            match self.silo.object(&announcement.identifier).await {
                Ok(object) => {
                    if let Some(counts) = object.and_then(|object| self.stands(&object.manifest, &header)) {
                        return Ok(Handled { counts, ..Handled::default() });
                    }
                }
                Err(error) => return Handled::excuse(&header.identifier, error.into()),
            }
        }
        Ok(match self.metadata_task(&header) {
            Some(task) => Handled { tasks: vec![task], ..Handled::default() },
            None => Handled::failed(Problem {
                identifier: Some(header.identifier.clone()),
                detail: match &self.template {
                    Some(template) => format!("{template} makes no URL of it"),
                    None => "it came without metadata: the list has headers where records were asked for"
                        .to_owned(),
                },
                quarantined: None,
            }),
        })
    }

    /// How an object counts that need not be fetched; nothing when it must be.
    fn stands(&self, manifest: &Manifest, header: &Header) -> Option<Counts> {
        let record = manifest.latest_record()?;
        let stamp = |text: &str| text.parse::<Datestamp>().ok();
        let same = record.datestamp.as_deref().and_then(stamp)? == stamp(&header.datestamp)?;
        let name = FileName::safe(&self.prefix);
        let complete = same && record.is_live() && record.inventory.contains_key(name.as_str());
        let in_doubt = self
            .refetch_from
            .as_ref()
            .is_some_and(|from| stamp(&header.datestamp).is_some_and(|s| s >= *from));
        if !complete || in_doubt {
            return None;
        }
        // Of this run: its task has counted it.
        let unchanged = u64::from(record.run.as_ref() != Some(&self.run));
        Some(Counts { unchanged, ..Counts::default() })
    }

    fn metadata_task(&self, header: &Header) -> Option<Task> {
        let url = export_url(self.template.as_deref()?, &header.identifier, &self.prefix)?;
        let mut task = Task::new(
            url.to_string(),
            self.prefix.clone(),
            header.identifier.clone(),
            self.silo.name().to_string(),
        );
        task.datestamp = Some(header.datestamp.clone()).filter(|stamp| !stamp.is_empty());
        task.role = Some(Role::Metadata);
        task.run = Some(self.run.clone());
        task.found_by = Some("eprints3".to_owned());
        if !header.sets.is_empty() {
            task.other.insert("sets".to_owned(), header.sets.clone().into());
        }
        Some(task)
    }

    async fn store(&self, received: Received) -> Result<Handled, Error> {
        // In a silo that was empty nothing is read before it is written. A deletion is: an earlier page may have made it.
        let known =
            (self.silo_was_empty && self.first_pass && !received.announcement.deleted).then_some(None);
        let recorded = match record::store(&self.silo, &received, known, self.choice).await {
            Ok(recorded) => recorded,
            Err(error) => return Handled::excuse(received.announcement.identifier.as_str(), error),
        };
        let mut counts = Counts::left_out(recorded.left_out);
        let repeated = || {
            if self.first_pass {
                // It came twice: in two sets.
                return false;
            }
            let record = recorded.object.as_ref().and_then(|object| object.manifest.latest_record());
            record.is_some_and(|record| record.run.as_ref() == Some(&self.run))
        };
        match &recorded.change {
            Change::NeverSeen | Change::Deleted(_) => counts.deleted = 1,
            Change::Unchanged if received.announcement.deleted => counts.deleted = 1,
            Change::Created(_) => counts.created = 1,
            Change::Updated(_) | Change::Completed(_) => counts.updated = 1,
            // A page that is repeated after it was cut short finds what it has stored.
            Change::Unchanged if repeated() => {
                let first =
                    recorded.object.as_ref().is_some_and(|object| object.manifest.versions.len() == 1);
                if first { counts.created = 1 } else { counts.updated = 1 }
            }
            Change::Unchanged => counts.unchanged = 1,
        }
        if counts.created + counts.updated > 0 {
            counts.without_files = recorded.lacking.as_ref().map(Lacking::count).unwrap_or_default();
        }
        counts.other_works = u64::from(recorded.other_work.is_some());
        let identifier = &received.announcement.identifier;
        let warning = recorded.other_work.map(|before| {
            format!("{identifier} may have been given to another work: before, it was {before}")
        });
        Ok(Handled { counts, tasks: recorded.tasks, problem: None, warning })
    }

    fn announcement(
        &self,
        header: &Header,
        url: &str,
        repaired: Vec<String>,
    ) -> Result<Announcement, Problem> {
        let identifier: Identifier = header.identifier.parse().map_err(|error| Problem {
            identifier: None,
            detail: shortened(format!("{url}: {error}")),
            quarantined: None,
        })?;
        Ok(Announcement {
            identifier,
            datestamp: Some(header.datestamp.clone()).filter(|stamp| !stamp.is_empty()),
            deleted: header.deleted,
            sets: header.sets.clone(),
            run: Some(self.run.clone()),
            request: Some(url.to_owned()),
            repaired,
            now: clock::timestamp(),
        })
    }
}

impl Handled {
    fn failed(problem: Problem) -> Self {
        tracing::warn!(identifier = problem.identifier.as_deref(), "a record failed: {}", problem.detail);
        Self { counts: Counts::failed(), problem: Some(problem), ..Self::default() }
    }

    /// An error that concerns this record alone costs only itself.
    fn excuse(identifier: &str, error: Error) -> Result<Self, Error> {
        match error {
            Error::Silo(
                granary_silo::Error::CorruptManifest { .. }
                | granary_silo::Error::TooLong { .. }
                | granary_silo::Error::Name(_)
                | granary_silo::Error::Contended { .. },
            ) => Ok(Self::failed(Problem {
                identifier: Some(identifier.to_owned()),
                detail: in_full(&error),
                quarantined: None,
            })),
            error => Err(error),
        }
    }
}
