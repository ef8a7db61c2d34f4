//! The objects of a silo, page by page.

use futures::{StreamExt, stream};
use granary_harvest::{Granary, in_full};
use granary_silo::{Identifier, Listed, Manifest, Silo, SiloName, VersionName};
use serde::Serialize;

use crate::{
    failure::Failure,
    model::{Status, metadata},
};

/// How many objects are read at once.
const AT_ONCE: usize = 16;
/// How many creators are named.
const CREATORS: usize = 3;

/// Some of the objects of a silo, in the order of their paths.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ObjectsView {
    pub(crate) silo: SiloName,
    /// How their identifiers begin.
    pub(crate) beginning: String,
    /// The object before the first.
    pub(crate) after: Option<Identifier>,
    pub(crate) objects: Vec<ObjectSummary>,
    /// After which object the next page begins; nothing when this is the last.
    pub(crate) next: Option<Identifier>,
    /// Folders in the silo that are no objects, and why.
    pub(crate) passed_over: Vec<String>,
}

/// An object in a list.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ObjectSummary {
    pub(crate) identifier: Identifier,
    /// What is known of it; nothing when its manifest cannot be read.
    #[serde(flatten)]
    pub(crate) known: Option<Known>,
    /// Why it cannot be shown.
    pub(crate) problem: Option<String>,
}

/// What the manifest and the metadata of an object say.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Known {
    pub(crate) title: Option<String>,
    /// The first three.
    pub(crate) creators: Vec<String>,
    pub(crate) status: Status,
    /// The datestamp of the newest version, or when it was stored.
    pub(crate) date: Option<String>,
    pub(crate) versions: usize,
    /// How many files the newest version has, metadata aside.
    pub(crate) files: usize,
    /// How many it lacks.
    pub(crate) failures: usize,
}

/// Up to `limit` objects whose identifiers begin so, after that one.
pub(crate) async fn objects(
    granary: &Granary,
    name: &SiloName,
    beginning: &str,
    after: Option<Identifier>,
    limit: usize,
) -> Result<ObjectsView, Failure> {
    let silo = granary.silo(name).await?;
    let page = silo.page(beginning, after.as_ref(), limit).await?;
    let next = page.objects.last().filter(|_| page.more).map(|last| last.identifier.clone());
    let reads = page.objects.into_iter().map(|listed| summary(&silo, listed));
    let objects = stream::iter(reads).buffered(AT_ONCE).collect().await;
    let (silo, beginning) = (name.clone(), beginning.to_owned());
    Ok(ObjectsView { silo, beginning, after, objects, next, passed_over: page.passed_over })
}

/// A manifest that cannot be read costs its own line only.
async fn summary(silo: &Silo, listed: Listed) -> ObjectSummary {
    let identifier = listed.identifier;
    let read = match silo.object(&identifier).await {
        Ok(Some(object)) => known(silo, &identifier, &object.manifest).await.map_err(|error| in_full(&error)),
        Ok(None) => Err("it is gone".to_owned()),
        Err(error) => Err(in_full(&error)),
    };
    match read {
        Ok(known) => ObjectSummary { identifier, known: Some(known), problem: None },
        Err(problem) => ObjectSummary { identifier, known: None, problem: Some(problem) },
    }
}

async fn known(
    silo: &Silo,
    identifier: &Identifier,
    manifest: &Manifest,
) -> Result<Known, granary_silo::Error> {
    let latest = manifest.latest();
    let record = manifest.latest_record();
    let datestamp = record.and_then(|record| record.datestamp.clone());
    let inventory = latest.map(|version| manifest.inventory(version)).unwrap_or_default();
    let (title, creators) = work(silo, identifier, manifest).await?;
    Ok(Known {
        title,
        creators,
        status: Status::of(record),
        date: datestamp.or_else(|| manifest.version_dates.get(latest?).cloned()),
        versions: manifest.versions.len(),
        files: inventory.values().filter(|entry| !manifest.is_metadata(entry)).count(),
        failures: record.map_or(0, |record| record.failures.len()),
    })
}

/// Title and creators, by the newest version that has metadata: a version that says that the record is deleted may have none.
async fn work(
    silo: &Silo,
    identifier: &Identifier,
    manifest: &Manifest,
) -> Result<(Option<String>, Vec<String>), granary_silo::Error> {
    let newest: Vec<&VersionName> = manifest.versions.iter().rev().take(2).collect();
    for version in newest {
        if let Some(description) = metadata::describe(silo, identifier, manifest, version).await? {
            let creators = description.texts(granary_finders::Field::Creator).take(CREATORS);
            return Ok((description.title().map(str::to_owned), creators.map(str::to_owned).collect()));
        }
    }
    Ok((None, Vec::new()))
}
