//! The files of one object in a batch.

use std::collections::{BTreeMap, BTreeSet};

use granary_queue::Task;
use granary_silo::{Entry, FileName, Manifest, VersionName};

use crate::{
    choice::Choice,
    clock,
    download::{Job, again, out_of_time},
    error::Error,
    object_batch::{ObjectBatch, Settlement, announcement, fault_of, is_older, redownloads},
    record::{self, Received},
    report::Counts,
    transfer::{self, Destination, Fault, Transfer},
};

/// A file whose bytes are stored, and that no manifest names yet.
struct Fetched {
    job: Job,
    name: FileName,
    entry: Entry,
    /// Whether its bytes came with this task.
    is_new: bool,
}

/// What the batch has come by, so that one name and one URL serve once.
#[derive(Default)]
struct Seen {
    /// URL, and digest and size as announced.
    tasks: BTreeSet<(String, Option<String>, Option<u64>)>,
    /// Whose URL each name belongs to.
    names: BTreeMap<String, String>,
}

/// What to do about a file task.
enum Plan {
    Settled(Settlement),
    Fetch(FileName),
}

impl ObjectBatch<'_> {
    /// Fetches files and puts them into the inventory of the newest version: one write of the manifest.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn files(&mut self, jobs: Vec<Job>) -> Result<Vec<(Job, Settlement)>, Error> {
        let mut settled = Vec::with_capacity(jobs.len());
        let mut fetched = Vec::new();
        let mut failed = Vec::new();
        let mut seen = Seen::default();
        let version = self.version_for_files(&jobs).await?;
        for job in jobs {
            let name = match self.plan(&version, &job, &mut seen) {
                Plan::Settled(settlement) => {
                    settled.push((job, settlement));
                    continue;
                }
                Plan::Fetch(name) => name,
            };
            let fetch = self.fetch_file(&version, &name, &job.task, &seen);
            let transfer = match self.context.in_time(fetch).await {
                Some(transfer) => transfer?,
                None => Transfer::Failed(out_of_time(&job.task)),
            };
            if let Transfer::Stored(name, _) | Transfer::Known(name, _) = &transfer {
                seen.names.insert(name.to_string(), job.task.url.clone());
            }
            match transfer {
                Transfer::Stored(name, entry) => {
                    fetched.push(Fetched { job, name, entry: *entry, is_new: true });
                }
                Transfer::Known(name, entry) => {
                    fetched.push(Fetched { job, name, entry: *entry, is_new: false });
                }
                Transfer::Failed(fault) => match again(&fault, job.message.attempts) {
                    Some(delay) => settled.push((job, Settlement::Again(delay))),
                    None => failed.push((job, name, fault)),
                },
            }
        }
        settled.extend(self.put(&version, fetched).await?);
        let failures: Vec<_> = failed.iter().map(|(job, name, fault)| (job, Some(name), fault)).collect();
        self.note_failures(&failures).await?;
        settled.extend(
            failed
                .into_iter()
                .map(|(job, _, fault): (_, _, Fault)| (job, Settlement::Failed(fault, Counts::failed()))),
        );
        Ok(settled)
    }

    /// The version that files go to: the newest. An object that is only known from a message of 2010 gets its first.
    pub(crate) async fn version_for_files(&mut self, jobs: &[Job]) -> Result<VersionName, Error> {
        if let Some(version) = self.object.as_ref().and_then(|object| object.manifest.latest()) {
            return Ok(version.clone());
        }
        if let Some(job) = jobs.first() {
            let announcement = announcement(&job.task, &self.identifier);
            let received = Received::without_metadata(announcement);
            let choice = Choice::of_files(self.source());
            let known = self.object.take();
            self.object = record::store(&self.silo, &received, Some(known), choice).await?.object;
        }
        let latest = self.object.as_ref().and_then(|object| object.manifest.latest());
        Ok(latest.cloned().unwrap_or_else(|| VersionName::number(1)))
    }

    fn plan(&self, version: &VersionName, job: &Job, seen: &mut Seen) -> Plan {
        let task = &job.task;
        let record = self.object.as_ref().and_then(|object| object.manifest.record(version));
        let mut name = FileName::safe(&task.filename);
        if record.is_some_and(|record| is_older(task, record)) {
            // The repository has announced another version since, whose own tasks fetch what it has.
            return Plan::Settled(Settlement::Done(Counts::outdated()));
        }
        if !seen.tasks.insert((task.url.clone(), task.md5.clone(), task.size)) {
            // Sent twice: the other message does it.
            return Plan::Settled(Settlement::Done(Counts::default()));
        }
        if let Some(record) = record {
            match record.inventory.iter().find(|(_, entry)| entry.url.as_ref() == Some(&task.url)) {
                Some((known, _)) if redownloads(task) => return Plan::Fetch(FileName::safe(known)),
                Some((_, entry)) => {
                    // Stored, and the acknowledgement was lost: counted now. A second message counts nothing.
                    let lost = job.message.attempts > 1 && record.run == task.run;
                    let bytes = entry.size.unwrap_or(0);
                    let counts = Counts { files: 1, bytes, ..Counts::default() };
                    return Plan::Settled(Settlement::Done(if lost { counts } else { Counts::default() }));
                }
                None if record.inventory.contains_key(name.as_str()) => name = name.distinct(&task.url),
                None => {}
            }
        }
        if seen.names.get(name.as_str()).is_some_and(|url| *url != task.url) {
            name = name.distinct(&task.url);
        }
        seen.names.insert(name.to_string(), task.url.clone());
        Plan::Fetch(name)
    }

    async fn fetch_file(
        &self,
        version: &VersionName,
        name: &FileName,
        task: &Task,
        seen: &Seen,
    ) -> Result<Transfer, Error> {
        let manifest = self.object.as_ref().map(|object| &object.manifest);
        // What changed without a new datestamp goes into a new version: nothing is ever replaced.
        let next = manifest.filter(|_| redownloads(task)).map(Manifest::next_version);
        let version = next.as_ref().unwrap_or(version);
        let (silo, identifier, names) = (&self.silo, &self.identifier, &seen.names);
        let to = Destination { silo, identifier, version, name, names, manifest };
        match transfer::fetch(self.context, task, to).await {
            Err(error) => fault_of(error).map(Transfer::Failed),
            transfer => transfer,
        }
    }

    /// Puts what was fetched into the inventory, and says how it counts.
    async fn put(
        &mut self,
        version: &VersionName,
        fetched: Vec<Fetched>,
    ) -> Result<Vec<(Job, Settlement)>, Error> {
        if fetched.is_empty() {
            return Ok(Vec::new());
        }
        let identifier = self.identifier.clone();
        let known = self.object.take();
        let mut put = Vec::new();
        let updated = self
            .silo
            .update::<granary_silo::Error>(&identifier, Some(known), |manifest| {
                let mut after = manifest.cloned().unwrap_or_else(|| Manifest::new(identifier.clone()));
                put = put_all(&mut after, version, &fetched);
                Ok((Some(&after) != manifest).then_some(after))
            })
            .await?;
        self.object = updated.into_object();
        let settle = |(fetched, put): (Fetched, bool)| {
            let bytes = fetched.entry.size.unwrap_or(0);
            let counts = Counts { files: 1, bytes, ..Counts::default() };
            let counts = if put && fetched.is_new { counts } else { Counts::default() };
            (fetched.job, Settlement::Done(counts))
        };
        Ok(fetched.into_iter().zip(put).map(settle).collect())
    }
}

/// Puts files into a version's inventory; says of each whether that changed anything.
///
/// What was fetched again and differs goes into one new version of the newest one: nothing that is stored is replaced.
fn put_all(manifest: &mut Manifest, version: &VersionName, fetched: &[Fetched]) -> Vec<bool> {
    let again = fetched.iter().any(|file| redownloads(&file.job.task));
    let base = manifest.latest().filter(|_| again).unwrap_or(version).clone();
    let record = manifest.record(&base).cloned().unwrap_or_default();
    let differs = |file: &Fetched| {
        let known = record.inventory.get(file.name.as_str());
        redownloads(&file.job.task) && known.is_some_and(|known| known.sha256 != file.entry.sha256)
    };
    let outdated = |file: &Fetched| redownloads(&file.job.task) && is_older(&file.job.task, &record);
    let mut target = base;
    if fetched.iter().any(|file| differs(file) && !outdated(file)) {
        target = manifest.next_version();
        let date = record.datestamp.clone().unwrap_or_else(clock::timestamp);
        manifest.add_version(&target, &date, record.clone());
    }
    let mut put = Vec::with_capacity(fetched.len());
    for file in fetched {
        let mut name = file.name.clone();
        let known = manifest.record(&target).and_then(|record| record.inventory.get(name.as_str()));
        // Only when it was fetched would be new: not worth a write.
        let same =
            known.is_some_and(|known| known.sha256 == file.entry.sha256 && known.url == file.entry.url);
        if known.is_some_and(|known| known.url != file.entry.url) {
            // Another worker, or this one, has put another file of this name there meanwhile.
            name = name.distinct(&file.job.task.url);
        }
        put.push(!same && !outdated(file));
        if !same && !outdated(file) {
            manifest.put(&target, &name, file.entry.clone(), false);
        }
    }
    put
}
