//! Reads the stored metadata again and queues every file it names that is not stored.

use futures::StreamExt;
use granary_finders::Found;
use granary_queue::{Role, Task};
use granary_silo::{Entry, Identifier, Manifest, Object, Silo, VersionRecord};

use crate::{
    breakdown::{LeftOut, WithoutFiles},
    choice::Choice,
    clock,
    context::Context,
    error::Error,
    files::{Owner, Wanted, want},
    record,
    source::Source,
    transfer::in_full,
};

/// How many tasks are sent at a time.
const TASKS_HELD: usize = 1000;

/// What a reprocessing did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Reprocessed {
    /// Objects looked at.
    pub objects: u64,
    /// Tasks queued.
    pub queued: u64,
    /// Files left out: the sum of `left_out`.
    pub skipped: u64,
    /// Why they were.
    pub left_out: LeftOut,
    /// Objects that have no file to fetch.
    pub without_files: WithoutFiles,
    /// Objects whose metadata or manifest cannot be read, with the reason: the first hundred.
    pub problems: Vec<String>,
}

/// Which files are queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that are not stored.
    Missing,
    /// All, to be compared with what the server has now, by conditional requests where it allows them.
    All,
}

/// Goes through a silo's objects. Deleted ones are left out.
///
/// # Errors
/// When the store or the queue fails.
pub async fn reprocess(context: &Context, source: &Source, which: Which) -> Result<Reprocessed, Error> {
    let silo = context.granary.silo(&source.silo).await?;
    let mut result = Reprocessed::default();
    let mut tasks = Vec::new();
    let mut objects = silo.list();
    while let Some(listed) = objects.next().await {
        let listed = match listed {
            Ok(listed) => listed,
            Err(error @ granary_silo::Error::NotAnIdentifier { .. }) => {
                problem(&mut result, in_full(&error));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        result.objects += 1;
        match of_object(&silo, source, &listed.identifier, which).await {
            Ok(object) => {
                tasks.extend(object.tasks);
                result.skipped += object.left_out.total();
                result.left_out.add(&object.left_out);
                result.without_files.add(&object.without_files);
                for text in object.problems {
                    problem(&mut result, format!("{}: {text}", listed.identifier));
                }
            }
            Err(Error::Silo(error @ granary_silo::Error::CorruptManifest { .. })) => {
                problem(&mut result, in_full(&error));
            }
            Err(error) => return Err(error),
        }
        if tasks.len() >= TASKS_HELD {
            send(context, &mut tasks, &mut result).await?;
        }
        if context.stop.is_cancelled() {
            break;
        }
    }
    send(context, &mut tasks, &mut result).await?;
    Ok(result)
}

fn problem(result: &mut Reprocessed, text: String) {
    tracing::warn!("{text}");
    if result.problems.len() < 100 {
        result.problems.push(text);
    }
}

async fn send(context: &Context, tasks: &mut Vec<Task>, result: &mut Reprocessed) -> Result<(), Error> {
    context.granary.sync().await?;
    context.queue.send(tasks).await?;
    result.queued += tasks.len() as u64;
    tasks.clear();
    Ok(())
}

/// What one object comes to.
#[derive(Default)]
struct OfObject {
    tasks: Vec<Task>,
    left_out: LeftOut,
    without_files: WithoutFiles,
    problems: Vec<String>,
}

async fn of_object(
    silo: &Silo,
    source: &Source,
    identifier: &Identifier,
    which: Which,
) -> Result<OfObject, Error> {
    let mut result = OfObject::default();
    let Some(object) = silo.object(identifier).await? else { return Ok(result) };
    let manifest = &object.manifest;
    let Some(version) = manifest.latest().cloned() else { return Ok(result) };
    if !manifest.is_live() {
        return Ok(result);
    }
    let mut found = Found::default();
    for (name, entry) in metadata_of(manifest, &version) {
        let Some(bytes) = silo.read_bytes(identifier, &entry.path).await? else {
            result.problems.push(format!("its metadata {} is not there", entry.path));
            continue;
        };
        match record::find(identifier.as_str(), &name, &bytes) {
            Ok(named) => add(&mut found, named),
            Err(error) => found.problems.push(in_full(&error)),
        }
    }
    result.problems.extend(found.problems.iter().cloned());
    let choice = Choice::of_files(Some(source));
    let pages = if asks_again(manifest, &version, which) { choice.pages.again() } else { choice.pages };
    let choice = Choice { pages, ..choice };
    let mut wanted = Wanted::default();
    silo.update::<granary_silo::Error>(identifier, Some(Some(object.clone())), |manifest| {
        let Some(mut after) = manifest.cloned() else { return Ok(None) };
        let owner = Owner { silo: silo.name(), version: &version, run: None, now: &clock::timestamp() };
        wanted = want(&mut after, owner, &found, choice);
        Ok((Some(&after) != manifest).then_some(after))
    })
    .await?;
    result.tasks = wanted.tasks;
    result.left_out = wanted.left_out;
    result.without_files = wanted.lacking.map(|lacking| lacking.count()).unwrap_or_default();
    if which == Which::All {
        let known: Vec<_> = result.tasks.iter().map(|task| task.url.clone()).collect();
        result.tasks.extend(stored_again(silo, &object, &version, &known));
    }
    Ok(result)
}

/// Puts what another metadata of the same version names beside it.
fn add(found: &mut Found, other: Found) {
    found.method = found.method.or(other.method);
    found.landing_page = found.landing_page.take().or(other.landing_page);
    found.files.extend(other.files);
    found.problems.extend(other.problems);
}

/// Whether a landing page that was asked is asked again: for all, where it named nothing, and where something that it named
/// may be missing.
fn asks_again(manifest: &Manifest, version: &granary_silo::VersionName, which: Which) -> bool {
    let lacks = |record: &VersionRecord| {
        !record.failures.is_empty() || record.inventory.values().all(|entry| manifest.is_metadata(entry))
    };
    which == Which::All || manifest.record(version).is_none_or(lacks)
}

fn metadata_of(manifest: &Manifest, version: &granary_silo::VersionName) -> Vec<(String, Entry)> {
    let inventory = manifest.inventory(version).into_iter();
    inventory.filter(|(_, entry)| manifest.is_metadata(entry)).collect()
}

/// Tasks for what is stored, to be compared with what the server has now.
fn stored_again(
    silo: &Silo,
    object: &Object,
    version: &granary_silo::VersionName,
    known: &[String],
) -> Vec<Task> {
    let manifest = &object.manifest;
    let stored = manifest.inventory(version).into_iter().filter(|(_, entry)| !manifest.is_metadata(entry));
    stored
        .filter_map(|(name, entry)| {
            let url = entry.url.filter(|url| !known.contains(url))?;
            let mut task = Task::new(url, name, manifest.item_id.to_string(), silo.name().to_string());
            task.datestamp = manifest.record(version).and_then(|record| record.datestamp.clone());
            task.role = Some(Role::File);
            task.found_by = entry.found_by;
            task.content_type = entry.content_type;
            task.other.insert("redownload".to_owned(), true.into());
            Some(task)
        })
        .collect()
}
