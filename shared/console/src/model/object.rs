//! An object: its versions, what is in each, and what changed.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt};
use granary_harvest::Granary;
use granary_silo::{
    Entry, Failure as MissingFile, Identifier, LandingPage, Manifest, Silo, SiloName, VersionName,
    VersionRecord, WithoutFiles,
};
use object_store::path::Path;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    failure::Failure,
    model::{FileChange, MetadataView, changes::changes, metadata},
};

/// How many files of a folder that RecordSilo filled are named.
const MOST_LISTED: usize = 1000;

/// An object.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ObjectView {
    pub(crate) silo: SiloName,
    pub(crate) identifier: Identifier,
    /// The folder that it lies in.
    pub(crate) place: String,
    /// Its manifest.
    pub(crate) manifest: String,
    /// The version whose metadata is shown: the one asked for, or the newest that has any.
    pub(crate) shown: Option<VersionName>,
    pub(crate) metadata: Vec<MetadataView>,
    /// The newest first.
    pub(crate) versions: Vec<VersionView>,
    /// What the manifest keeps besides: `firstSeen`, and what others have added.
    pub(crate) kept: Map<String, Value>,
}

/// Whether the repository has the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// It has, or had when this was stored.
    Present,
    /// It has announced that the record is deleted.
    Deleted,
    /// It no longer lists the record, and has not said why.
    Absent,
}

/// A version.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct VersionView {
    pub(crate) version: VersionName,
    /// When it was made.
    pub(crate) date: Option<String>,
    /// The repository's own date.
    pub(crate) datestamp: Option<String>,
    pub(crate) status: Status,
    pub(crate) sets: Vec<String>,
    /// The version before.
    pub(crate) previous: Option<VersionName>,
    /// What became of each file since then.
    pub(crate) changes: Vec<FileChange>,
    pub(crate) files: Vec<FileView>,
    /// The files that it should have and has not.
    pub(crate) failures: Vec<MissingFile>,
    pub(crate) without_files: Option<WithoutFiles>,
    pub(crate) landing_page: Option<LandingPage>,
    pub(crate) run: Option<String>,
    pub(crate) request: Option<String>,
    /// What had to be mended in what the repository sent.
    pub(crate) repaired: Vec<String>,
    /// What the version before was, when this one may be another work under the same identifier.
    pub(crate) possibly_other_work: Option<String>,
    /// What else is noted of it.
    pub(crate) notes: Map<String, Value>,
}

/// A stored file.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FileView {
    pub(crate) name: String,
    pub(crate) is_metadata: bool,
    /// Where it lies.
    pub(crate) place: String,
    #[serde(flatten)]
    pub(crate) entry: Entry,
}

impl Status {
    /// What a version says; RecordSilo kept only what was there.
    pub(crate) fn of(record: Option<&VersionRecord>) -> Self {
        let Some(record) = record else { return Self::Present };
        match (record.deleted, record.absent) {
            (true, _) => Self::Deleted,
            (false, true) => Self::Absent,
            (false, false) => Self::Present,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Deleted => "deleted",
            Self::Absent => "absent",
        }
    }

    /// The sentence for it.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Present => "The repository has this record.",
            Self::Deleted => "The repository has deleted this record. What was stored stays.",
            Self::Absent => {
                "The repository no longer lists this record, and has not said why. What was stored stays."
            }
        }
    }
}

impl ObjectView {
    /// Its title, as far as the metadata says.
    pub(crate) fn title(&self) -> Option<&str> {
        self.metadata.iter().find_map(|metadata| metadata.description.as_ref()?.title())
    }

    pub(crate) fn newest(&self) -> Option<&VersionView> {
        self.versions.first()
    }
}

impl VersionView {
    /// The files whose change is worth a line, metadata aside.
    pub(crate) fn count(&self, change: &super::Change) -> usize {
        self.changes.iter().filter(|file| !file.is_metadata && file.change == *change).count()
    }

    /// What became of the metadata; nothing when there is none.
    pub(crate) fn metadata_change(&self) -> Option<super::Change> {
        self.changes.iter().filter(|file| file.is_metadata).map(|file| file.change).min()
    }
}

/// An object, with the metadata of `shown`.
///
/// # Errors
/// When there is no such object, or no such version.
pub(crate) async fn object(
    granary: &Granary,
    name: &SiloName,
    identifier: &Identifier,
    shown: Option<&VersionName>,
) -> Result<ObjectView, Failure> {
    let (silo, manifest) = manifest(granary, name, identifier).await?;
    let (shown, metadata) = match shown {
        Some(version) if !manifest.versions.contains(version) => {
            return Err(no_such_version(&manifest, version));
        }
        Some(version) => {
            (Some(version.clone()), metadata::read(&silo, identifier, &manifest, version).await?)
        }
        None => newest_metadata(&silo, identifier, &manifest).await?,
    };
    let folder = silo.folder(identifier);
    Ok(ObjectView {
        silo: name.clone(),
        identifier: identifier.clone(),
        place: granary.place(&folder),
        manifest: granary.place(&format!("{folder}/__manifest.json")),
        shown,
        metadata,
        versions: versions(granary, &silo, identifier, &manifest).await?,
        kept: manifest.metadata,
    })
}

/// Opens a silo and reads the manifest of an object in it.
pub(crate) async fn manifest(
    granary: &Granary,
    name: &SiloName,
    identifier: &Identifier,
) -> Result<(Silo, Manifest), Failure> {
    let silo = granary.silo(name).await?;
    match silo.object(identifier).await? {
        Some(object) => Ok((silo, object.manifest)),
        None => Err(Failure::not_found(format!("there is no object {identifier} in {name}"))),
    }
}

pub(crate) fn no_such_version(manifest: &Manifest, version: &VersionName) -> Failure {
    let known: Vec<_> = manifest.versions.iter().map(VersionName::as_str).collect();
    Failure::not_found(format!("there is no version {version}; there are {}", known.join(", ")))
}

async fn newest_metadata(
    silo: &Silo,
    identifier: &Identifier,
    manifest: &Manifest,
) -> Result<(Option<VersionName>, Vec<MetadataView>), Failure> {
    for version in manifest.versions.iter().rev() {
        let metadata = metadata::read(silo, identifier, manifest, version).await?;
        if !metadata.is_empty() {
            return Ok((Some(version.clone()), metadata));
        }
    }
    Ok((manifest.latest().cloned(), Vec::new()))
}

/// All versions, the newest first.
pub(crate) async fn versions(
    granary: &Granary,
    silo: &Silo,
    identifier: &Identifier,
    manifest: &Manifest,
) -> Result<Vec<VersionView>, Failure> {
    let mut views = Vec::new();
    let mut before: Option<(&VersionName, BTreeMap<String, Entry>)> = None;
    for version in &manifest.versions {
        let inventory = inventory(granary, silo, identifier, manifest, version).await?;
        let view = VersionView {
            previous: before.as_ref().map(|(version, _)| (*version).clone()),
            changes: changes(
                before.as_ref().map_or(&BTreeMap::new(), |(_, inventory)| inventory),
                &inventory,
                |entry| manifest.is_metadata(entry),
            ),
            ..version_view(granary, silo, identifier, manifest, version, &inventory)
        };
        views.push(view);
        before = Some((version, inventory));
    }
    views.reverse();
    Ok(views)
}

fn version_view(
    granary: &Granary,
    silo: &Silo,
    identifier: &Identifier,
    manifest: &Manifest,
    version: &VersionName,
    inventory: &BTreeMap<String, Entry>,
) -> VersionView {
    let folder = silo.folder(identifier);
    let file = |(name, entry): (&String, &Entry)| FileView {
        name: name.clone(),
        is_metadata: manifest.is_metadata(entry),
        place: granary.place(&format!("{folder}/{}", entry.path)),
        entry: entry.clone(),
    };
    let record = manifest.record(version);
    let status = Status::of(record);
    let record = record.cloned().unwrap_or_default();
    VersionView {
        version: version.clone(),
        date: manifest.version_dates.get(version).cloned(),
        datestamp: record.datestamp,
        status,
        sets: record.sets,
        previous: None,
        changes: Vec::new(),
        files: inventory.iter().map(file).collect(),
        failures: record.failures,
        without_files: record.without_files,
        landing_page: record.landing_page,
        run: record.run,
        request: record.request,
        repaired: record.repaired,
        possibly_other_work: record.possibly_other_work,
        notes: record.other,
    }
}

/// The files of a version. Of one that RecordSilo made, sizes and what lies in subfolders are found by looking.
async fn inventory(
    granary: &Granary,
    silo: &Silo,
    identifier: &Identifier,
    manifest: &Manifest,
    version: &VersionName,
) -> Result<BTreeMap<String, Entry>, Failure> {
    let mut inventory = manifest.inventory(version);
    if manifest.record(version).is_some() {
        return Ok(inventory);
    }
    let folder = silo.folder(identifier);
    let Ok(place) = Path::parse(format!("{folder}/{}", version.folder())) else { return Ok(inventory) };
    let store = granary.store();
    let found: Vec<_> = store.list(Some(&place)).take(MOST_LISTED).try_collect().await?;
    for file in found {
        let Some(path) = file.location.as_ref().strip_prefix(&format!("{folder}/")) else { continue };
        let Some((_, name)) = path.split_once('/') else { continue };
        let first = name.split('/').next().unwrap_or(name);
        // RecordSilo's tags (`3=...`) and what else is not in the manifest are left out.
        if manifest.files.get(version).is_none_or(|names| !names.iter().any(|listed| listed == first)) {
            continue;
        }
        if first != name {
            inventory.remove(first);
        }
        let entry = Entry { path: path.to_owned(), size: Some(file.size), ..Entry::default() };
        inventory.insert(name.to_owned(), entry);
    }
    Ok(inventory)
}
