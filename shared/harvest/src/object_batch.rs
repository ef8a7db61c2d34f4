//! The tasks of a batch that concern one object.

use std::time::Duration;

use bytes::Bytes;
use granary_fetch::{Encoding, Request, Retry, Statuses};
use granary_queue::{Role, Task};
use granary_silo::{
    Announcement, Change, Entry, Failure, FileName, Identifier, Object, Silo, SiloName, VersionRecord,
};
use url::Url;

use crate::{
    choice::Choice,
    clock,
    context::Context,
    download::{Job, WAITS, again, out_of_time},
    error::Error,
    export::EPRINTS_PREFIX,
    html::looks_like_html,
    lacking::Lacking,
    reason::Reason,
    record::{self, Received},
    report::Counts,
    room::METADATA_BYTES,
    source::Source,
    standing::Standing,
    transfer::{Fault, in_full},
};

/// A wait that is longer concerns all tasks of the silo: what is shorter, the fetcher waits out.
const LONG_WAIT: Duration = Duration::from_secs(60);

/// What becomes of a task's message.
#[derive(Debug)]
pub(crate) enum Settlement {
    /// It is done.
    Done(Counts),
    /// It has failed for good.
    Failed(Fault, Counts),
    /// It is to be tried again after a while.
    Again(Duration),
}

impl Settlement {
    /// What it counts for, when the message is settled by it.
    pub(crate) fn counts(&self) -> Option<Counts> {
        match self {
            Self::Done(counts) | Self::Failed(_, counts) => Some(*counts),
            Self::Again(_) => None,
        }
    }
}

/// One object, its silo, and where it stands.
pub(crate) struct ObjectBatch<'a> {
    pub(crate) context: &'a Context,
    pub(crate) silo: Silo,
    standing: Standing,
    pub(crate) identifier: Identifier,
    pub(crate) object: Option<Object>,
    /// What follows from the metadata, or from the landing page.
    pub(crate) tasks: Vec<Task>,
}

/// What the tasks of an object came to.
#[derive(Debug, Default)]
pub(crate) struct Worked {
    pub(crate) settled: Vec<(Job, Settlement)>,
    pub(crate) tasks: Vec<Task>,
}

impl<'a> ObjectBatch<'a> {
    /// Works all tasks of one object, and says what becomes of each message. What follows from them is to be queued, once
    /// what was written is safe, before anything is acknowledged.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn work(
        context: &'a Context,
        silo: &str,
        pid: &str,
        jobs: Vec<Job>,
    ) -> Result<Worked, Error> {
        let mut batch = match Self::open(context, silo, pid).await {
            Ok(batch) => batch,
            Err(Opening::Fault(fault)) => {
                return Ok(Worked { settled: fail_all(jobs, &fault), tasks: Vec::new() });
            }
            Err(Opening::Store(error)) => return Err(error),
        };
        let mut settled = Vec::with_capacity(jobs.len());
        let (told_to_wait, jobs): (Vec<_>, Vec<_>) =
            jobs.into_iter().partition(|job| batch.is_told_to_wait(job));
        let (mut files, mut others) = (Vec::new(), Vec::new());
        for job in jobs {
            match batch.role(&job.task) {
                Role::File => files.push(job),
                role @ (Role::Metadata | Role::Landing) => others.push((role, job)),
            }
        }
        // Metadata first: it may make the version that a landing page is asked for.
        others.sort_by_key(|(role, _)| *role == Role::Landing);
        for (role, job) in others {
            let settlement = batch.read(role, &job).await?;
            settled.push((job, settlement));
        }
        if !files.is_empty() {
            settled.extend(batch.files(files).await?);
        }
        batch.note_wait(&settled).await?;
        settled.extend(told_to_wait.into_iter().map(|job| {
            let wait = batch.standing.wait(&job.task.url).unwrap_or_default();
            (job, Settlement::Again(wait))
        }));
        Ok(Worked { settled, tasks: batch.tasks })
    }

    /// Whether a task has to wait with the source's host. As often as a server may put one off, and no more: then it is tried.
    fn is_told_to_wait(&self, job: &Job) -> bool {
        job.message.attempts < WAITS && self.standing.wait(&job.task.url).is_some()
    }

    /// Reads what names files, and is not one itself.
    async fn read(&mut self, role: Role, job: &Job) -> Result<Settlement, Error> {
        let settlement = match role {
            Role::Landing => self.landing(job).await,
            Role::Metadata | Role::File => self.metadata(job).await,
        };
        settlement.or_else(|error| fault_of(error).map(|fault| Settlement::Failed(fault, Counts::failed())))
    }

    /// When the source's host has asked to be left alone for long, that holds for whoever works on the silo.
    async fn note_wait(&self, settled: &[(Job, Settlement)]) -> Result<(), Error> {
        let long = |(job, settlement): &(Job, Settlement)| match settlement {
            Settlement::Again(delay) if *delay > LONG_WAIT && self.standing.is_at_its_host(&job.task.url) => {
                Some(*delay)
            }
            Settlement::Again(_) | Settlement::Done(_) | Settlement::Failed(..) => None,
        };
        match settled.iter().filter_map(long).max() {
            Some(wait) => self.context.granary.leave_alone(self.silo.name(), clock::now() + wait).await,
            None => Ok(()),
        }
    }

    async fn open(context: &'a Context, silo: &str, pid: &str) -> Result<Self, Opening> {
        let bad = |detail: String| Opening::Fault(Fault::for_good(Reason::BadMessage, detail));
        let name: SiloName = silo.parse().map_err(|error| bad(format!("{error}")))?;
        let identifier: Identifier = pid.parse().map_err(|error| bad(format!("{error}")))?;
        let silo = match context.granary.silo(&name).await {
            Ok(silo) => silo,
            Err(Error::Silo(error @ granary_silo::Error::NoSuchSilo { .. })) => {
                return Err(bad(format!("{error}; `granary add URL --silo {name}` makes it")));
            }
            Err(error) => return Err(Opening::Store(error)),
        };
        let standing = context.granary.standing(&name).await.map_err(Opening::Store)?;
        if let Some(source) = &standing.source {
            // It may have been added after this process was started.
            source.admit(&context.fetcher).map_err(|error| Opening::Store(error.into()))?;
        }
        let object = match silo.object(&identifier).await {
            Ok(object) => object,
            Err(error) => {
                return Err(match fault_of(error.into()) {
                    Ok(fault) => Opening::Fault(fault),
                    Err(error) => Opening::Store(error),
                });
            }
        };
        Ok(Self { context, silo, standing, identifier, object, tasks: Vec::new() })
    }

    /// A message of 2010 does not say what it is for: one whose name is the metadata prefix is metadata.
    fn role(&self, task: &Task) -> Role {
        let prefix = self.source().and_then(|source| source.metadata_prefix.as_deref());
        let is_metadata = task.filename == prefix.unwrap_or(EPRINTS_PREFIX);
        task.role.unwrap_or(if is_metadata { Role::Metadata } else { Role::File })
    }

    /// The source of the object's silo, if it has one.
    pub(crate) fn source(&self) -> Option<&Source> {
        self.standing.source.as_ref()
    }

    async fn metadata(&mut self, job: &Job) -> Result<Settlement, Error> {
        let latest = self.object.as_ref().and_then(|object| object.manifest.latest_record());
        if latest.is_some_and(|record| is_older(&job.task, record)) {
            // What the task was for is no longer how things are.
            return Ok(Settlement::Done(Counts::outdated()));
        }
        let is_gone = latest.is_some_and(|record| !record.is_live());
        let received = match self.stored_metadata(&job.task).await? {
            Some(received) => Ok(received),
            None => {
                let fetched = self.context.in_time(self.fetch_metadata(&job.task)).await;
                fetched.unwrap_or_else(|| Err(out_of_time(&job.task)))
            }
        };
        let (received, fault) = match received {
            Ok(received) => (received, None),
            Err(fault) => match again(&fault, job.message.attempts) {
                Some(delay) => return Ok(Settlement::Again(delay)),
                // It has gone since the task was sent: that it cannot be had is as it should be.
                None if is_gone => {
                    return Ok(Settlement::Done(Counts::outdated()));
                }
                // The version is made all the same: it was announced, and it says what it lacks.
                None => {
                    let announcement = announcement(&job.task, &self.identifier);
                    (Received::without_metadata(announcement), Some(fault))
                }
            },
        };
        let known = self.object.take();
        let choice = self.source().map_or_else(|| Choice::of_files(None), Choice::of);
        let recorded = record::store(&self.silo, &received, Some(known), choice).await?;
        let counts = counts_of(job, &recorded);
        self.object = recorded.object;
        if let Some(fault) = fault {
            self.note_failures(&[(job, None, &fault)]).await?;
            return Ok(Settlement::Failed(fault, Counts::failed()));
        }
        self.tasks.extend(recorded.tasks);
        Ok(Settlement::Done(counts))
    }

    /// The metadata, when this very task has stored it before: it was cut short before its message was acknowledged, or
    /// was sent twice. What follows from it may not have been queued.
    async fn stored_metadata(&self, task: &Task) -> Result<Option<Received>, Error> {
        let name = FileName::safe(&task.filename);
        let record = self.object.as_ref().and_then(|object| object.manifest.latest_record());
        let entry = record
            .filter(|record| {
                record.is_live()
                    && task.run.is_some()
                    && record.run == task.run
                    && record.datestamp == task.datestamp
            })
            .and_then(|record| record.inventory.get(name.as_str()));
        let Some(entry) = entry else { return Ok(None) };
        let bytes = usize::try_from(entry.size.unwrap_or(0)).unwrap_or(usize::MAX);
        let place = self.context.room.for_bytes(bytes).await;
        let Some(bytes) = self.silo.read_bytes(&self.identifier, &entry.path).await? else { return Ok(None) };
        let found = record::find(&task.pid, &task.filename, &bytes).unwrap_or_default();
        let announcement = announcement(task, &self.identifier);
        let metadata = Some((name, bytes, entry.clone()));
        Ok(Some(Received { announcement, metadata, found: Some(found), _place: place }))
    }

    async fn fetch_metadata(&self, task: &Task) -> Result<Received, Fault> {
        let url = Url::parse(&task.url).map_err(|error| {
            Fault::for_good(Reason::BadMetadata, format!("{} is no URL: {error}", task.url))
        })?;
        let mut request = Request::new(url);
        request.encoding = Encoding::Any;
        request.statuses = Statuses::Success;
        request.max_bytes = Some(METADATA_BYTES);
        let response = self.context.fetcher.get(request).await?;
        let about = Entry {
            url: Some(task.url.clone()),
            original_name: Some(task.filename.clone()),
            found_by: task.found_by.clone(),
            etag: response.etag().map(str::to_owned),
            last_modified: response.last_modified().map(str::to_owned),
            fetched: Some(clock::timestamp()),
            ..Entry::default()
        };
        let content_type = response.content_type().map(str::to_owned);
        let from = response.url.clone();
        let (bytes, place) = self.context.room.read(response).await?;
        if looks_like_html(content_type.as_deref(), &bytes) {
            return Err(Fault::for_good(Reason::NotAFile, format!("{from} is an HTML page, not metadata")));
        }
        let found = match record::find(&task.pid, &task.filename, &bytes) {
            Ok(found) if found.is_cut_off => {
                return Err(self.quarantine(task, bytes, &found.problems.join("; ")).await);
            }
            Ok(found) => found,
            Err(error) => return Err(self.quarantine(task, bytes, &in_full(&error)).await),
        };
        let name = FileName::safe(&task.filename);
        let announcement = announcement(task, &self.identifier);
        let metadata = Some((name, bytes, about));
        Ok(Received { announcement, metadata, found: Some(found), _place: place })
    }

    /// Metadata that cannot be read is kept as it was received. It may be better next time: it is tried again.
    async fn quarantine(&self, task: &Task, bytes: Bytes, why: &str) -> Fault {
        let name = FileName::safe(&task.pid.replace('/', "="));
        let kept = self.context.granary.quarantine(self.silo.name(), name.as_str(), bytes.to_vec()).await;
        let kept = kept.map_or_else(|error| format!("not kept: {error}"), |path| format!("kept in {path}"));
        let detail = format!("{}: {why} ({kept})", task.url);
        Fault { reason: Reason::BadMetadata, detail, retry: Retry::Later }
    }

    /// Writes failures into the manifest. A name is given for a file; metadata's is its task's.
    pub(crate) async fn note_failures(
        &mut self,
        failed: &[(&Job, Option<&FileName>, &Fault)],
    ) -> Result<(), Error> {
        if failed.is_empty() {
            return Ok(());
        }
        let known = self.object.take();
        let updated = self
            .silo
            .update::<granary_silo::Error>(&self.identifier, Some(known), |manifest| {
                let Some((mut manifest, version)) =
                    manifest.cloned().and_then(|m| Some((m.clone(), m.latest()?.clone())))
                else {
                    return Ok(None);
                };
                let there = |url: &str| {
                    let inventory = manifest.record(&version).map(|record| &record.inventory);
                    inventory
                        .is_some_and(|files| files.values().any(|entry| entry.url.as_deref() == Some(url)))
                };
                // Another task for the same URL may have brought it.
                let failed: Vec<_> = failed.iter().filter(|(job, ..)| !there(&job.task.url)).collect();
                for (job, name, fault) in failed {
                    let name = name.map_or_else(|| job.task.filename.clone(), ToString::to_string);
                    manifest.fail(
                        &version,
                        Failure {
                            name,
                            url: job.task.url.clone(),
                            reason: fault.reason.to_string(),
                            detail: fault.detail.clone(),
                            attempts: job.message.attempts,
                            time: clock::timestamp(),
                            ..Failure::default()
                        },
                    );
                }
                Ok(Some(manifest))
            })
            .await?;
        self.object = updated.into_object();
        Ok(())
    }
}

/// Why an object could not be opened.
enum Opening {
    Fault(Fault),
    Store(Error),
}

fn fail_all(jobs: Vec<Job>, fault: &Fault) -> Vec<(Job, Settlement)> {
    let fault = || Fault { reason: fault.reason, detail: fault.detail.clone(), retry: Retry::Never };
    jobs.into_iter().map(|job| (job, Settlement::Failed(fault(), Counts::failed()))).collect()
}

/// A failure of the store that concerns one object or name, and would come again.
pub(crate) fn fault_of(error: Error) -> Result<Fault, Error> {
    match error {
        Error::Silo(error @ granary_silo::Error::CorruptManifest { .. }) => {
            Ok(Fault::for_good(Reason::CorruptManifest, in_full(&error)))
        }
        Error::Silo(
            error @ (granary_silo::Error::TooLong { .. }
            | granary_silo::Error::Name(_)
            | granary_silo::Error::Contended { .. }),
        ) => Ok(Fault::for_good(Reason::BadMessage, in_full(&error))),
        error => Err(error),
    }
}

pub(crate) fn announcement(task: &Task, identifier: &Identifier) -> Announcement {
    let sets = task.other.get("sets").and_then(|sets| sets.as_array());
    let sets = sets.into_iter().flatten().filter_map(|set| set.as_str().map(str::to_owned)).collect();
    Announcement {
        identifier: identifier.clone(),
        datestamp: task.datestamp.clone(),
        deleted: false,
        sets,
        run: task.run.clone(),
        request: Some(task.url.clone()),
        repaired: Vec::new(),
        now: clock::timestamp(),
    }
}

/// How a metadata task counts. One whose acknowledgement was lost finds its own work, and is counted now.
fn counts_of(job: &Job, recorded: &record::Recorded) -> Counts {
    let mut counts = Counts::left_out(recorded.left_out);
    let of_this_run = || {
        let record = recorded.object.as_ref().and_then(|object| object.manifest.latest_record());
        job.task.run.is_some() && record.is_some_and(|record| record.run == job.task.run)
    };
    match &recorded.change {
        Change::Created(_) => counts.created = 1,
        Change::Completed(_) | Change::Updated(_) | Change::Deleted(_) => counts.updated = 1,
        Change::NeverSeen => {}
        Change::Unchanged if !of_this_run() => counts.unchanged = 1,
        Change::Unchanged if job.message.attempts == 1 => return Counts::default(),
        Change::Unchanged => {
            let first = recorded.object.as_ref().is_some_and(|object| object.manifest.versions.len() == 1);
            if first { counts.created = 1 } else { counts.updated = 1 }
        }
    }
    counts.other_works = u64::from(recorded.other_work.is_some());
    if counts.created + counts.updated > 0 {
        counts.without_files = recorded.lacking.as_ref().map(Lacking::count).unwrap_or_default();
    }
    counts
}

/// Whether a task belongs to a version older than `record`'s.
pub(crate) fn is_older(task: &Task, record: &VersionRecord) -> bool {
    let stamp =
        |stamp: &Option<String>| stamp.as_deref().and_then(|s| s.parse::<granary_oai_pmh::Datestamp>().ok());
    match (stamp(&task.datestamp), stamp(&record.datestamp)) {
        (Some(task), Some(record)) => task < record,
        _ => false,
    }
}

/// Whether the task asks for a file that is stored to be compared with what the server has now.
pub(crate) fn redownloads(task: &Task) -> bool {
    task.other.get("redownload").is_some_and(|value| value == true)
}
