//! Objects whose records have gone without a word: pure, on manifests.

use crate::manifest::{Manifest, VersionRecord};

/// That a repository knows nothing of an item any more.
#[derive(Debug, Clone)]
pub struct Absence {
    /// The run that found it out.
    pub run: String,
    /// The request by which the repository said so.
    pub request: String,
    /// When, UTC: `YYYY-MM-DDThh:mm:ssZ`.
    pub now: String,
}

impl Manifest {
    /// Whether the repository had the record, as far as we know: the newest version is neither deleted nor absent. One that
    /// RecordSilo made says nothing to the contrary.
    pub fn is_live(&self) -> bool {
        self.latest().is_some() && self.latest_record().is_none_or(VersionRecord::is_live)
    }

    /// Adds a version that says that the record is absent. Datestamp, sets and inventory are those of the version before: what
    /// was there stays. Returns whether there was something to say: an object that is not live stays as it is.
    pub fn mark_absent(&mut self, absence: &Absence) -> bool {
        let Some(latest) = self.latest().cloned().filter(|_| self.is_live()) else { return false };
        let before = self.record(&latest);
        let record = VersionRecord {
            datestamp: before.and_then(|before| before.datestamp.clone()),
            absent: true,
            sets: before.map(|before| before.sets.clone()).unwrap_or_default(),
            run: Some(absence.run.clone()),
            request: Some(absence.request.clone()),
            inventory: self.inventory(&latest),
            ..VersionRecord::default()
        };
        self.add_version(&self.next_version(), &absence.now, record);
        true
    }
}
