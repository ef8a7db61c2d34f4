//! When a record makes a version: pure, on manifests.

use serde_json::Value;

use crate::{
    digest::Digests,
    manifest::{Entry, Manifest, VersionRecord},
    name::{FileName, Identifier, VersionName},
};

/// What a repository said of an item: its header, and where that was read.
#[derive(Debug, Clone)]
pub struct Announcement {
    /// The item.
    pub identifier: Identifier,
    /// The datestamp as received. Absent for a message of 2010, which has none.
    pub datestamp: Option<String>,
    /// Whether it is announced as deleted.
    pub deleted: bool,
    /// Its sets.
    pub sets: Vec<String>,
    /// The run that heard it.
    pub run: Option<String>,
    /// The request that it answers.
    pub request: Option<String>,
    /// What had to be mended.
    pub repaired: Vec<String>,
    /// The time to write where there is no datestamp: UTC, `YYYY-MM-DDThh:mm:ssZ`.
    pub now: String,
}

/// A record's metadata: its name in the version, and the entry it gets. The entry's path is filled in here.
#[derive(Debug, Clone)]
pub struct Metadata {
    /// Its name in the inventory: the metadata prefix, made safe.
    pub name: FileName,
    /// The name of its file: the same, unless another file lies there.
    pub stored_as: FileName,
    /// The digests of the bytes.
    pub digests: Digests,
    /// What else is known: URL, type, time. Size, digests and path are set by [`Manifest::announce`].
    pub about: Entry,
}

/// What an announcement does to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Nothing: it is known.
    Unchanged,
    /// A deleted record that was never seen: nothing is made.
    NeverSeen,
    /// The object's first version.
    Created(VersionName),
    /// Another version.
    Updated(VersionName),
    /// A version that says that the record is deleted.
    Deleted(VersionName),
    /// The newest version gets the metadata that it lacked: an earlier attempt failed.
    Completed(VersionName),
}

impl Change {
    /// The version to write to, when there is something to write.
    pub fn version(&self) -> Option<&VersionName> {
        match self {
            Self::Unchanged | Self::NeverSeen => None,
            Self::Created(version)
            | Self::Updated(version)
            | Self::Deleted(version)
            | Self::Completed(version) => Some(version),
        }
    }
}

impl Manifest {
    /// What `announcement` would change in the object whose manifest is `known`. Reads only.
    ///
    /// A new datestamp, a changed status, or at the same datestamp changed metadata makes a new version; the same
    /// again makes none. `metadata` is absent for a deleted record, and where it could not be fetched.
    pub fn judge(known: Option<&Self>, announcement: &Announcement, metadata: Option<&Metadata>) -> Change {
        let Some((manifest, latest)) = known.and_then(|m| Some((m, m.latest()?))) else {
            return match announcement.deleted {
                true => Change::NeverSeen,
                false => Change::Created(known.map_or_else(|| VersionName::number(1), Self::next_version)),
            };
        };
        let next = manifest.next_version();
        let Some(record) = manifest.record(latest) else {
            // RecordSilo made the newest version: it kept no digest, so that nothing says that this is the same.
            return if announcement.deleted { Change::Deleted(next) } else { Change::Updated(next) };
        };
        let same_datestamp = announcement.datestamp.is_none()
            || record.datestamp.as_deref().map(instant) == announcement.datestamp.as_deref().map(instant);
        if announcement.deleted {
            return if record.deleted && same_datestamp { Change::Unchanged } else { Change::Deleted(next) };
        }
        if !record.is_live() || !same_datestamp {
            return Change::Updated(next);
        }
        let Some(metadata) = metadata else { return Change::Unchanged };
        match record.inventory.get(metadata.name.as_str()) {
            Some(entry) if entry.holds(&metadata.digests) => Change::Unchanged,
            Some(_) => Change::Updated(next),
            None => Change::Completed(latest.clone()),
        }
    }

    /// Does to the manifest what [`Manifest::judge`] said, and returns the path (relative to the object) where the
    /// metadata's bytes have to be, unless bytes that are already stored serve.
    ///
    /// Files of the previous version are not carried over here, but for those of a deleted record: what was there stays.
    pub fn announce(
        &mut self,
        change: &Change,
        announcement: &Announcement,
        metadata: Option<&Metadata>,
    ) -> Option<String> {
        if *change == Change::Unchanged && !announcement.deleted {
            self.join_sets(&announcement.sets);
        }
        let version = change.version()?.clone();
        if !matches!(change, Change::Completed(_)) {
            self.add_announced_version(&version, announcement);
        }
        let metadata = metadata?;
        let stored = self.find_content(&metadata.digests.sha256).map(|entry| entry.path.clone());
        let path = stored.clone().unwrap_or_else(|| format!("{}/{}", version.folder(), metadata.stored_as));
        let entry = Entry {
            path: path.clone(),
            size: Some(metadata.digests.size),
            sha256: Some(metadata.digests.sha256.clone()),
            md5: Some(metadata.digests.md5.clone()),
            ..metadata.about.clone()
        };
        self.put(&version, &metadata.name, entry, true);
        stored.is_none().then_some(path)
    }

    /// Adds to the sets of the newest version: some repositories list a record once for each of its sets.
    fn join_sets(&mut self, sets: &[String]) {
        let Some(latest) = self.latest().cloned() else { return };
        let record = self.record_mut(&latest);
        let new: Vec<_> = sets.iter().filter(|set| !record.sets.contains(set)).cloned().collect();
        if !new.is_empty() {
            record.sets.extend(new);
            record.sets.sort();
            let all = record.sets.clone();
            self.metadata.insert("setSpec".to_owned(), all.into());
        }
    }

    fn add_announced_version(&mut self, version: &VersionName, announcement: &Announcement) {
        let date = announcement.datestamp.as_deref().unwrap_or(&announcement.now);
        let inventory = match (announcement.deleted, self.latest()) {
            (true, Some(latest)) => self.inventory(latest),
            (true, None) | (false, _) => Default::default(),
        };
        let record = VersionRecord {
            datestamp: announcement.datestamp.clone(),
            deleted: announcement.deleted,
            sets: announcement.sets.clone(),
            run: announcement.run.clone(),
            request: announcement.request.clone(),
            repaired: announcement.repaired.clone(),
            inventory,
            ..VersionRecord::default()
        };
        self.add_version(version, date, record);
        let date = Value::from(date.trim_end_matches('Z'));
        self.metadata.entry("firstSeen").or_insert_with(|| date.clone());
        if !announcement.sets.is_empty() || !announcement.deleted {
            self.metadata.insert("setSpec".to_owned(), announcement.sets.clone().into());
        }
        if announcement.deleted {
            self.metadata.insert("deleted_at_version".to_owned(), version.as_str().into());
            self.metadata.insert("deleted_at_date".to_owned(), date);
        } else {
            self.metadata.remove("deleted_at_version");
            self.metadata.remove("deleted_at_date");
        }
    }
}

/// A datestamp reduced to what tells two of them apart: RecordSilo and some repositories leave the `Z` out.
fn instant(datestamp: &str) -> &str {
    datestamp.trim().trim_end_matches('Z')
}
