//! Fixity: reads every byte and compares it with what the manifests say.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream::BoxStream};
use object_store::{ObjectStoreExt, path::Path};

use crate::{
    error::Error,
    list::{Listed, object_in},
    manifest::{Entry, Manifest},
    name::Identifier,
    silo::{MANIFEST, Silo},
};

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
    /// Checks every object, `concurrency` of them at a time, as they are found. Each item is one object, or a file
    /// that belongs to none. Memory does not grow with the silo.
    ///
    /// An error is a store that cannot be read; what is wrong in the silo is a [`Finding`].
    pub fn verify(&self, concurrency: usize) -> BoxStream<'static, Result<Totals, Error>> {
        let root = self.root();
        let prefix = Path::from_iter(root.split('/'));
        let silo = self.clone();
        let mut last_folder = String::new();
        let checks = self.objects().list(Some(&prefix)).filter_map(move |file| {
            let check = match file {
                Err(source) => Some(Check::Failed(Error::store("list", &root)(source))),
                Ok(file) => Check::of(file.location, &mut last_folder),
            };
            async move { check }
        });
        checks.map(move |check| check.run(silo.clone())).buffer_unordered(concurrency.max(1)).boxed()
    }
}

/// What to do about a file that the walk came by.
enum Check {
    Failed(Error),
    Object(Path),
    /// A file in a version's folder: does its object have a manifest at all?
    Orphan {
        file: Path,
        manifest: Path,
    },
}

impl Check {
    fn of(location: Path, last_folder: &mut String) -> Option<Self> {
        let text = location.as_ref();
        if location.filename() == Some(MANIFEST) {
            return Some(Self::Object(location));
        }
        let (folder, _) = text.split_at(version_folder(text)?);
        // The files of an object are found one after the other: one look for each object, not for each file.
        if folder == last_folder {
            return None;
        }
        *last_folder = folder.to_owned();
        let manifest = Path::parse(format!("{folder}/{MANIFEST}")).ok()?;
        Some(Self::Orphan { file: location, manifest })
    }

    async fn run(self, silo: Silo) -> Result<Totals, Error> {
        match self {
            Self::Failed(error) => Err(error),
            // Spawned, so that digests are counted on all cores.
            Self::Object(manifest) => {
                match tokio::spawn(async move { silo.verify_object(&manifest).await }).await {
                    Ok(result) => result,
                    Err(panic) => std::panic::resume_unwind(panic.into_panic()),
                }
            }
            Self::Orphan { file, manifest } => match silo.objects().head(&manifest).await {
                Ok(_) => Ok(Totals::default()),
                Err(object_store::Error::NotFound { .. }) => Ok(unlisted_object(&file)),
                Err(source) => Err(Error::store("read", manifest)(source)),
            },
        }
    }
}

/// Where the folder of a version begins. A folder named just `__` is a pair of the Pairtree.
fn version_folder(path: &str) -> Option<usize> {
    path.match_indices("/__")
        .map(|(at, _)| at)
        .find(|at| !matches!(path.as_bytes().get(at + 3), None | Some(b'/')))
}

fn unlisted_object(file: &Path) -> Totals {
    let finding = Finding {
        identifier: None,
        path: file.to_string(),
        problem: Problem::Unlisted,
        detail: "its object has no manifest".to_owned(),
    };
    Totals { findings: vec![finding], ..Totals::default() }
}

impl Silo {
    async fn verify_object(&self, manifest: &Path) -> Result<Totals, Error> {
        let object = match self.read_manifest(manifest).await {
            Ok(Some(object)) => object,
            // Gone since it was listed.
            Ok(None) => return Ok(Totals::default()),
            Err(error @ Error::CorruptManifest { .. }) => {
                let detail = format!(
                    "{error}: {}",
                    std::error::Error::source(&error).map_or_else(String::new, ToString::to_string)
                );
                let finding = Finding {
                    identifier: None,
                    path: manifest.to_string(),
                    problem: Problem::Unreadable,
                    detail,
                };
                return Ok(Totals { findings: vec![finding], ..Totals::default() });
            }
            Err(error) => return Err(error),
        };
        let folder = manifest.as_ref().trim_end_matches(MANIFEST).trim_end_matches('/');
        let listed = object_in(&self.root(), folder)?;
        let mut totals = Totals { objects: 1, ..Totals::default() };
        let there = self.files_of(&listed).await?;
        let expected = expected_files(&object.manifest);
        for (path, entry) in &expected {
            self.verify_file(&listed, path, entry, &there, &mut totals).await?;
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
        match self.digests_at(&location).await? {
            None => {
                totals.findings.push(finding(listed, path, Problem::Missing, "it is not there".to_owned()));
            }
            Some(digests) => {
                totals.files += 1;
                totals.bytes += digests.size;
                if digests.sha256 != *sha256 || entry.size.is_some_and(|size| size != digests.size) {
                    let expected = entry.size.map_or_else(|| "?".to_owned(), |size| size.to_string());
                    let detail = format!(
                        "{} bytes with sha256 {}, expected {expected} with {sha256}",
                        digests.size, digests.sha256
                    );
                    totals.findings.push(finding(listed, path, Problem::Corrupt, detail));
                }
            }
        }
        Ok(())
    }

    /// Every file in the folders of the object's versions, relative to the object.
    async fn files_of(&self, listed: &Listed) -> Result<BTreeSet<String>, Error> {
        let prefix = Path::parse(&listed.folder).map_err(|source| Error::Store {
            action: "list",
            path: listed.folder.clone(),
            source: source.into(),
        })?;
        let mut files = BTreeSet::new();
        let folders =
            self.objects().list_with_delimiter(Some(&prefix)).await.map_err(Error::store("list", &prefix))?;
        // Without `obj`, other objects lie below this one.
        for folder in
            folders.common_prefixes.iter().filter(|f| f.filename().is_some_and(|n| n.starts_with("__")))
        {
            let mut inside = self.objects().list(Some(folder));
            while let Some(file) = inside.next().await {
                let location = file.map_err(Error::store("list", folder))?.location;
                let relative = location.as_ref().strip_prefix(listed.folder.as_str()).unwrap_or_default();
                files.insert(relative.trim_start_matches('/').to_owned());
            }
        }
        Ok(files)
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
