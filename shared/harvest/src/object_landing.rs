//! The landing page of one object in a batch.

use granary_silo::{Failure, Manifest, VersionName};

use crate::{
    choice::Choice,
    clock,
    download::{Job, again, out_of_time},
    error::Error,
    files::{Owner, Wanted, want_of_page, want_without_page},
    landing,
    object_batch::{ObjectBatch, Settlement, is_older},
    report::Counts,
    transfer::Fault,
};

impl ObjectBatch<'_> {
    /// Asks the landing page of the newest version, and notes in the manifest what it says: the files that it names
    /// follow as tasks, or the version has a reason to have none.
    pub(crate) async fn landing(&mut self, job: &Job) -> Result<Settlement, Error> {
        let version = self.version_for_files(std::slice::from_ref(job)).await?;
        let record = self.object.as_ref().and_then(|object| object.manifest.record(&version));
        if record.is_some_and(|record| !record.is_live() || is_older(&job.task, record)) {
            return Ok(Settlement::Done(Counts::outdated()));
        }
        let is_answered = record.is_some_and(|record| {
            let failed = record.failures.iter().any(|failure| failure.url == job.task.url);
            record.landing_page.is_some() && !failed
        });
        if is_answered && job.task.run.is_some() && job.message.attempts == 1 {
            // A run asks once: another message has done it. (One that was cut short comes again, and asks again.)
            return Ok(Settlement::Done(Counts::default()));
        }
        let asked = self.context.in_time(landing::ask(self.context, &job.task)).await;
        let fault = match asked.unwrap_or_else(|| Err(out_of_time(&job.task))) {
            Ok(found) => {
                let files = Choice::of_files(self.source()).files;
                let url = &job.task.url;
                let wanted = self
                    .note(&version, job, |manifest, owner| want_of_page(manifest, owner, url, &found, files));
                return wanted.await.map(|wanted| self.follow(wanted));
            }
            Err(fault) => fault,
        };
        if let Some(delay) = again(&fault, job.message.attempts) {
            return Ok(Settlement::Again(delay));
        }
        let wanted =
            self.note(&version, job, |manifest, owner| give_up(manifest, owner, job, &fault)).await?;
        let without_files = wanted.lacking.map(|lacking| lacking.count()).unwrap_or_default();
        Ok(Settlement::Failed(fault, Counts { without_files, ..Counts::failed() }))
    }

    fn follow(&mut self, wanted: Wanted) -> Settlement {
        let Wanted { tasks, left_out, lacking } = wanted;
        self.tasks.extend(tasks);
        let without_files = lacking.map(|lacking| lacking.count()).unwrap_or_default();
        Settlement::Done(Counts { without_files, ..Counts::left_out(left_out) })
    }

    /// Changes the manifest, if it is still about this version.
    async fn note(
        &mut self,
        version: &VersionName,
        job: &Job,
        mut change: impl FnMut(&mut Manifest, Owner<'_>) -> Wanted + Send,
    ) -> Result<Wanted, Error> {
        let silo = self.silo.clone();
        let now = clock::timestamp();
        let owner = Owner { silo: silo.name(), version, run: job.task.run.as_deref(), now: &now };
        let known = self.object.take();
        let mut wanted = Wanted::default();
        let updated = silo
            .update::<granary_silo::Error>(&self.identifier, Some(known), |manifest| {
                wanted = Wanted::default();
                let Some(mut after) = manifest.cloned() else { return Ok(None) };
                if after.latest() == Some(version) {
                    wanted = change(&mut after, owner);
                }
                Ok((Some(&after) != manifest).then_some(after))
            })
            .await?;
        self.object = updated.into_object();
        Ok(wanted)
    }
}

fn give_up(manifest: &mut Manifest, owner: Owner<'_>, job: &Job, fault: &Fault) -> Wanted {
    let url = &job.task.url;
    let wanted = want_without_page(manifest, owner, url, &fault.detail);
    manifest.fail(
        owner.version,
        Failure {
            name: job.task.filename.clone(),
            url: url.clone(),
            reason: fault.reason.to_string(),
            detail: fault.detail.clone(),
            attempts: job.message.attempts,
            time: owner.now.to_owned(),
            ..Failure::default()
        },
    );
    wanted
}
