//! `__manifest.json`: what an object is and what each of its versions holds.
//!
//! The keys of 2010 mean what RecordSilo means by them; ours are under `granary`. A key that is not known here is
//! kept as it is, at every level.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    digest::Digests,
    name::{FileName, Identifier, VersionName},
};

/// The format number that we write under `granary`.
const FORMAT: u64 = 1;

/// An object's manifest.
///
/// Read leniently (RecordSilo leaves stale keys behind and omits others), written with all keys that
/// RecordSilo needs. Names in `files` lie directly in that version's folder; what lies deeper is represented by its
/// subfolder, which is also in `subdir`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The object's identifier.
    pub item_id: Identifier,
    /// The version that RecordSilo shows; ours is the newest.
    pub currentversion: VersionName,
    /// The versions in order of creation.
    pub versions: Vec<VersionName>,
    /// The date of each version; may hold versions that are gone.
    pub version_dates: BTreeMap<VersionName, String>,
    /// The date of the current version, without `Z`, as in 2010.
    pub date: String,
    /// The names that lie directly in each version's folder.
    pub files: BTreeMap<VersionName, Vec<String>>,
    /// The names that are metadata; in old manifests some of them are gone.
    #[serde(default)]
    pub metadata_files: BTreeMap<VersionName, Vec<String>>,
    /// Those of `files` that are folders.
    #[serde(default)]
    pub subdir: BTreeMap<VersionName, Vec<String>>,
    /// Sentences on each change, by RecordSilo from 0.4.15 on; read and kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub versionlog: BTreeMap<VersionName, Vec<String>>,
    /// Free-form; we keep `identifier`, `firstSeen`, `setSpec`, `deleted_at_version` and `deleted_at_date` in it.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// Our own part; absent in what RecordSilo wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granary: Option<VersionRecords>,
    /// Keys that we do not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// The `granary` key of a manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VersionRecords {
    /// The format of what is below.
    pub format: u64,
    /// What we know of each version that we made or filled.
    pub versions: BTreeMap<VersionName, VersionRecord>,
    /// Keys that we do not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Default for VersionRecords {
    fn default() -> Self {
        Self { format: FORMAT, versions: BTreeMap::new(), other: Map::new() }
    }
}

/// What a version is: what the repository announced, and where each of its files lies.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct VersionRecord {
    /// The datestamp as the repository gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datestamp: Option<String>,
    /// Whether the repository announced the record as deleted.
    #[serde(default)]
    pub deleted: bool,
    /// Whether the record was found to be gone without a word: no list has it, and the repository knows nothing of it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub absent: bool,
    /// The sets that the record was in.
    #[serde(default)]
    pub sets: Vec<String>,
    /// The run that made the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The request whose answer made the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// What had to be mended before the record could be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repaired: Vec<String>,
    /// The version's whole logical state: every file by its name, wherever it lies.
    #[serde(default)]
    pub inventory: BTreeMap<String, Entry>,
    /// The files that could not be stored, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure>,
    /// Why there is no file to fetch; absent where there is one, and where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_files: Option<WithoutFiles>,
    /// The landing page that was asked, because the metadata names no files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landing_page: Option<LandingPage>,
    /// What the version before was, when this one may be another work under the same identifier: a hint for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub possibly_other_work: Option<String>,
    /// Keys that we do not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl VersionRecord {
    /// Whether the repository had the record: it is neither deleted nor absent.
    pub fn is_live(&self) -> bool {
        !self.deleted && !self.absent
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks like that")]
fn is_false(value: &bool) -> bool {
    !value
}

/// A stored file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Where it lies, relative to the object's folder: `__1/paper.pdf`.
    pub path: String,
    /// Its size in bytes; unknown for what RecordSilo stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// SHA-256, lower-case hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// MD5, lower-case hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    /// Its media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Where it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its name as the repository had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_name: Option<String>,
    /// How it was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_by: Option<String>,
    /// The server's ETag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The server's Last-Modified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// When it was fetched, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched: Option<String>,
    /// Keys that we do not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Entry {
    /// Whether these are the bytes of the entry.
    pub fn holds(&self, digests: &Digests) -> bool {
        self.sha256.as_deref() == Some(&digests.sha256)
    }
}

/// A file that a version should have and has not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The name it would have.
    pub name: String,
    /// Where it should have come from.
    pub url: String,
    /// In one word: `gone`, `forbidden`, ...
    pub reason: String,
    /// The reason in full.
    pub detail: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was tried last, UTC.
    pub time: String,
    /// Keys that we do not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Why a version has no file to fetch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithoutFiles {
    /// In one word: `none_named`, ...
    pub reason: String,
    /// The reason in full.
    pub detail: String,
    /// Keys that we do not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A landing page that was asked for a version's files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LandingPage {
    /// Where it is.
    pub url: String,
    /// When it was asked last, UTC.
    pub asked: String,
    /// Keys that we do not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Manifest {
    /// A manifest without versions. The first [`Manifest::add_version`] makes it complete.
    pub fn new(identifier: Identifier) -> Self {
        let mut metadata = Map::new();
        metadata.insert("identifier".to_owned(), identifier.as_str().into());
        Self {
            item_id: identifier,
            currentversion: VersionName::number(1),
            versions: Vec::new(),
            version_dates: BTreeMap::new(),
            date: String::new(),
            files: BTreeMap::new(),
            metadata_files: BTreeMap::new(),
            subdir: BTreeMap::new(),
            versionlog: BTreeMap::new(),
            metadata,
            granary: None,
            other: Map::new(),
        }
    }

    /// The newest version, by order of creation. (`currentversion` is a cursor that RecordSilo also moves back.)
    pub fn latest(&self) -> Option<&VersionName> {
        self.versions.last()
    }

    /// The number that the next version gets: one more than the highest there ever was, so that the folder of a version
    /// that RecordSilo deleted is not used again. A name that is the highest number there can be is not taken for one.
    pub fn next_version(&self) -> VersionName {
        let names = self.versions.iter().chain(self.version_dates.keys());
        let next = names.filter_map(|name| name.as_number()?.checked_add(1)).max();
        VersionName::number(next.unwrap_or(1))
    }

    /// What we know of a version; nothing for one that RecordSilo made.
    pub fn record(&self, version: &VersionName) -> Option<&VersionRecord> {
        self.granary.as_ref()?.versions.get(version)
    }

    /// The newest version's record.
    pub fn latest_record(&self) -> Option<&VersionRecord> {
        self.record(self.latest()?)
    }

    /// The record of a version; that of one that RecordSilo made begins with what it lists.
    pub(crate) fn record_mut(&mut self, version: &VersionName) -> &mut VersionRecord {
        let listed = if self.record(version).is_none() { self.inventory(version) } else { BTreeMap::new() };
        let records = &mut self.granary.get_or_insert_default().versions;
        records
            .entry(version.clone())
            .or_insert_with(|| VersionRecord { inventory: listed, ..VersionRecord::default() })
    }

    /// Every file of a version. For a version that RecordSilo made, what it lists: without size and digest, and
    /// subfolders as one entry.
    pub fn inventory(&self, version: &VersionName) -> BTreeMap<String, Entry> {
        if let Some(record) = self.record(version) {
            return record.inventory.clone();
        }
        let folder = version.folder();
        let names = self.files.get(version).into_iter().flatten();
        names
            .map(|name| (name.clone(), Entry { path: format!("{folder}/{name}"), ..Entry::default() }))
            .collect()
    }

    /// Whether an inventory's entry is metadata: it lies where `metadata_files` says so.
    pub fn is_metadata(&self, entry: &Entry) -> bool {
        let Some((folder, name)) = entry.path.split_once('/') else { return false };
        let version = folder.trim_start_matches("__");
        self.metadata_files.get(version).is_some_and(|names| names.iter().any(|n| n == name))
    }

    /// A stored file with these bytes, in the newest version that has it.
    pub fn find_content(&self, sha256: &str) -> Option<&Entry> {
        self.entries().map(|(_, entry)| entry).find(|entry| entry.sha256.as_deref() == Some(sha256))
    }

    /// A stored file with the MD5 and size that a repository announces.
    pub fn find_announced(&self, md5: &str, size: u64) -> Option<&Entry> {
        self.entries().map(|(_, entry)| entry).find(|e| e.md5.as_deref() == Some(md5) && e.size == Some(size))
    }

    /// The newest stored file that came from `url`, with its name.
    pub fn find_url(&self, url: &str) -> Option<(&str, &Entry)> {
        self.entries().find(|(_, entry)| entry.url.as_deref() == Some(url))
    }

    /// Every entry of every version of ours, newest version first.
    fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.versions
            .iter()
            .rev()
            .filter_map(|version| self.record(version))
            .flat_map(|record| record.inventory.iter().map(|(name, entry)| (name.as_str(), entry)))
    }

    /// Adds a version and makes it the current one. Its inventory is `record`'s.
    pub fn add_version(&mut self, version: &VersionName, date: &str, record: VersionRecord) {
        let date = date.trim_end_matches('Z').to_owned();
        self.versions.push(version.clone());
        self.version_dates.insert(version.clone(), date.clone());
        self.files.insert(version.clone(), Vec::new());
        self.metadata_files.insert(version.clone(), Vec::new());
        self.subdir.insert(version.clone(), Vec::new());
        self.currentversion = version.clone();
        self.date = date;
        *self.record_mut(version) = record;
    }

    /// Puts a file into a version's inventory, takes its failure away, and notes in `files` (and `metadata_files`)
    /// of the folder that it lies in that it is there.
    pub fn put(&mut self, version: &VersionName, name: &FileName, entry: Entry, is_metadata: bool) {
        if let Some((folder, stored)) = entry.path.split_once('/') {
            let home = VersionName::named(folder.trim_start_matches("__"));
            let (first, rest) =
                stored.split_once('/').map_or((stored, None), |(first, rest)| (first, Some(rest)));
            note(&mut self.files, &home, first);
            if rest.is_some() {
                note(&mut self.subdir, &home, first);
            }
            if is_metadata {
                note(&mut self.metadata_files, &home, stored);
            }
        }
        let url = entry.url.clone();
        let record = self.record_mut(version);
        if !is_metadata {
            record.without_files = None;
        }
        record.failures.retain(|f| f.name != name.as_str() && Some(&f.url) != url.as_ref());
        record.inventory.insert(name.as_str().to_owned(), entry);
    }

    /// Notes that a version lacks a file. One failure for each URL: the newest stays. Those without a URL all stay.
    pub fn fail(&mut self, version: &VersionName, failure: Failure) {
        let record = self.record_mut(version);
        record.failures.retain(|f| f.url != failure.url || f.url.is_empty());
        record.failures.push(failure);
    }

    /// Notes why a version has no file to fetch, or that it has one.
    pub fn note_without_files(&mut self, version: &VersionName, why: Option<WithoutFiles>) {
        self.record_mut(version).without_files = why;
    }

    /// Notes what the version before was, when this one may be another work.
    pub fn note_other_work(&mut self, version: &VersionName, before: String) {
        self.record_mut(version).possibly_other_work = Some(before);
    }

    /// Notes that a version's landing page was asked, and takes its failure away.
    pub fn note_landing_page(&mut self, version: &VersionName, page: LandingPage) {
        let record = self.record_mut(version);
        record.failures.retain(|failure| failure.url != page.url);
        record.landing_page = Some(page);
    }
}

fn note(names: &mut BTreeMap<VersionName, Vec<String>>, version: &VersionName, name: &str) {
    let names = names.entry(version.clone()).or_default();
    if !names.iter().any(|n| n == name) {
        names.push(name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_version_is_one_that_never_was() {
        for (versions, dates, next) in [
            (&[][..], &[][..], "1"),
            (&["1"], &["1", "7"], "8"),
            (&["final", "007"], &[], "8"),
            // Nothing comes after the highest number there can be.
            (&["2", "18446744073709551615"], &[], "3"),
        ] {
            let mut manifest = Manifest::new("oai:x:1".parse().unwrap());
            manifest.versions = versions.iter().copied().map(VersionName::named).collect();
            manifest.version_dates =
                dates.iter().map(|name| (VersionName::named(*name), "2020".to_owned())).collect();
            assert_eq!(manifest.next_version().as_str(), next, "{versions:?} {dates:?}");
        }
    }
}
