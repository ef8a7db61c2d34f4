//! Fixity: reads every byte and compares it with what the manifests say.

use std::collections::{BTreeMap, BTreeSet};

use futures::{
    FutureExt, StreamExt,
    stream::{self, BoxStream},
};
use object_store::path::Path;

use crate::{
    error::Error,
    list::{Listed, object_in},
    manifest::{Entry, Manifest},
    name::Identifier,
    silo::{MANIFEST, Silo},
};

/// How many objects are checked by one thread in a directory, or at the same time in a bucket.
const OBJECTS_TOGETHER: usize = 16;

/// How many such groups of each part are checked while the next one is looked for.
const GROUPS_OF_PART: usize = 2;

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A manifest names it and it is not there.
    Missing,
    /// It is there and holds other bytes than the manifest says.
    Corrupt,
    /// It is there and no manifest names it. Harmless, and nothing that Granary would miss.
    Unlisted,
    /// It is a manifest, and it cannot be read.
    Unreadable,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The object, when its manifest could be read.
    pub identifier: Option<Identifier>,
    /// The file, relative to the granary.
    pub path: String,
    /// What is wrong with it.
    pub problem: Problem,
    /// In full.
    pub detail: String,
}

/// What was checked, and what was found: of one object, or of more when added up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Objects whose manifest was read.
    pub objects: u64,
    /// Files that were read and compared.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that are there and have no digest to compare with (stored by RecordSilo).
    pub without_digest: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

impl Silo {
    /// Checks every object, in no order: `concurrency` parts of the silo at a time, a few objects of each together. Each item is
    /// one object, or a file that belongs to none. Memory does not grow with the silo.
    ///
    /// An error is a store that cannot be read; what is wrong in the silo is a [`Finding`].
    pub fn verify(&self, concurrency: usize) -> BoxStream<'static, Result<Totals, Error>> {
        let silo = self.clone();
        self.walk_parts(concurrency, move |part| silo.verify_part(part))
    }

    fn verify_part(&self, part: Path) -> BoxStream<'static, Result<Totals, Error>> {
        let silo = self.clone();
        let mut walk = Walk::default();
        let files = self.objects().list(Some(&part)).map(Some).chain(stream::iter([None]));
        let checks = files.filter_map(move |file| {
            let check = match file {
                Some(Err(source)) => Some(Err(Error::store("list", &part)(source))),
                Some(Ok(file)) => walk.take(&file.location).map(Ok),
                None => walk.current.take().map(Ok),
            };
            async move { check }
        });
        checks
            .chunks(OBJECTS_TOGETHER)
            .map(move |checks| {
                let works =
                    checks.into_iter().map(|check| silo.clone().verify_found(check).boxed()).collect();
                let silo = silo.clone();
                // Spawned, so that digests are counted on all cores in a bucket too.
                tokio::spawn(async move { silo.run_all(works).await })
            })
            .buffer_unordered(GROUPS_OF_PART)
            .map(|checked| match checked {
                Ok(checked) => stream::iter(checked),
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            })
            .flatten()
            .boxed()
    }

    async fn verify_found(self, found: Result<Found, Error>) -> Result<Totals, Error> {
        let Found { folder, files } = found?;
        let manifest = Path::parse(format!("{folder}/{MANIFEST}")).map_err(|source| Error::Store {
            action: "read",
            path: folder.clone(),
            source: source.into(),
        })?;
        match self.read_manifest(&manifest).await {
            Ok(Some(object)) => self.verify_object(&object.manifest, &folder, &files).await,
            Ok(None) => Ok(files.first().map(|file| unlisted_object(&folder, file)).unwrap_or_default()),
            Err(error @ Error::CorruptManifest { .. }) => Ok(unreadable(&manifest, &error)),
            Err(error) => Err(error),
        }
    }
}

/// An object's folder, and the files in its versions' folders, relative to it.
#[derive(Default)]
struct Found {
    folder: String,
    files: BTreeSet<String>,
}

/// Puts together what belongs to one object. In the order of keys its files come one after the other: all of them begin with
/// its folder and two underscores.
#[derive(Default)]
struct Walk {
    current: Option<Found>,
}

impl Walk {
    /// Takes the next file; returns the object before, once a file of another one has come.
    fn take(&mut self, location: &Path) -> Option<Found> {
        let text = location.as_ref();
        let (folder, file) = match version_folder(text) {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None if location.filename() == Some(MANIFEST) => {
                (text.strip_suffix(MANIFEST)?.trim_end_matches('/'), None)
            }
            None => return None,
        };
        let is_next = self.current.as_ref().is_none_or(|current| current.folder != folder);
        let before = if is_next { self.current.take() } else { None };
        let current =
            self.current.get_or_insert_with(|| Found { folder: folder.to_owned(), ..Found::default() });
        current.files.extend(file.map(str::to_owned));
        before
    }
}

/// Where the folder of a version begins. A folder named just `__` is a pair of the Pairtree.
fn version_folder(path: &str) -> Option<usize> {
    path.match_indices("/__")
        .map(|(at, _)| at)
        .find(|at| !matches!(path.as_bytes().get(at + 3), None | Some(b'/')) && path[at + 1..] != *MANIFEST)
}

fn unlisted_object(folder: &str, file: &str) -> Totals {
    let finding = Finding {
        identifier: None,
        path: format!("{folder}/{file}"),
        problem: Problem::Unlisted,
        detail: "its object has no manifest".to_owned(),
    };
    Totals { findings: vec![finding], ..Totals::default() }
}

fn unreadable(manifest: &Path, error: &Error) -> Totals {
    let cause = std::error::Error::source(error).map_or_else(String::new, ToString::to_string);
    let finding = Finding {
        identifier: None,
        path: manifest.to_string(),
        problem: Problem::Unreadable,
        detail: format!("{error}: {cause}"),
    };
    Totals { findings: vec![finding], ..Totals::default() }
}

impl Silo {
    async fn verify_object(
        &self,
        manifest: &Manifest,
        folder: &str,
        there: &BTreeSet<String>,
    ) -> Result<Totals, Error> {
        let listed = object_in(&self.root(), folder)?;
        let mut totals = Totals { objects: 1, ..Totals::default() };
        let expected = expected_files(manifest);
        for (path, entry) in &expected {
            self.verify_file(&listed, path, entry, there, &mut totals).await?;
        }
        let names = |path: &str| {
            expected
                .keys()
                .any(|e| path == e || path.strip_prefix(e.as_str()).is_some_and(|r| r.starts_with('/')))
        };
        for path in there.iter().filter(|path| !is_recordsilos_own(path) && !names(path)) {
            totals.findings.push(finding(&listed, path, Problem::Unlisted, "no version names it".to_owned()));
        }
        Ok(totals)
    }

    async fn verify_file(
        &self,
        listed: &Listed,
        path: &str,
        entry: &Entry,
        there: &BTreeSet<String>,
        totals: &mut Totals,
    ) -> Result<(), Error> {
        let Some(sha256) = &entry.sha256 else {
            let folder = format!("{path}/");
            if there.contains(path) || there.iter().any(|file| file.starts_with(&folder)) {
                totals.without_digest += 1;
            } else {
                totals.findings.push(finding(
                    listed,
                    path,
                    Problem::Missing,
                    "a manifest of 2010 names it".to_owned(),
                ));
            }
            return Ok(());
        };
        let location = Path::parse(format!("{}/{path}", listed.folder)).map_err(|source| Error::Store {
            action: "read",
            path: path.to_owned(),
            source: source.into(),
        })?;
        match self.sha256_at(&location).await? {
            None => {
                totals.findings.push(finding(listed, path, Problem::Missing, "it is not there".to_owned()));
            }
            Some((size, found)) => {
                totals.files += 1;
                totals.bytes += size;
                if found != *sha256 || entry.size.is_some_and(|expected| expected != size) {
                    let expected = entry.size.map_or_else(|| "?".to_owned(), |size| size.to_string());
                    let detail =
                        format!("{size} bytes with sha256 {found}, expected {expected} with {sha256}");
                    totals.findings.push(finding(listed, path, Problem::Corrupt, detail));
                }
            }
        }
        Ok(())
    }
}

/// Every file that some version names, by its path.
fn expected_files(manifest: &Manifest) -> BTreeMap<String, Entry> {
    let mut files = BTreeMap::new();
    for version in &manifest.versions {
        for entry in manifest.inventory(version).into_values() {
            let known: &mut Entry = files.entry(entry.path.clone()).or_insert_with(|| entry.clone());
            if known.sha256.is_none() {
                *known = entry;
            }
        }
    }
    files
}

/// The Namaste tags and the RDF manifest that RecordSilo keeps beside the files.
fn is_recordsilos_own(path: &str) -> bool {
    let name = path.split_once('/').map_or(path, |(_, name)| name);
    name == "manifest.rdf" || matches!(name.as_bytes(), [b'0'..=b'5', b'=', ..])
}

fn finding(listed: &Listed, path: &str, problem: Problem, detail: String) -> Finding {
    let path = format!("{}/{path}", listed.folder);
    Finding { identifier: Some(listed.identifier.clone()), path, problem, detail }
}
