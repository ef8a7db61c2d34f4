//! A silo: opening it, reading objects, and changing manifests by compare-and-swap.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures::StreamExt;
use object_store::{
    Attribute, Attributes, GetResult, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
    UpdateVersion, path::Path,
};

use crate::{
    digest::sha256_of,
    error::Error,
    manifest::Manifest,
    name::{Identifier, SiloName},
};

/// The name of the manifest in an object's folder.
pub(crate) const MANIFEST: &str = "__manifest.json";

/// The text of `pairtree_version0_1`, as the specification has it and RecordSilo wrote it.
const PAIRTREE_VERSION: &str = "This directory conforms to Pairtree Version 0.1. Updated spec: http://www.cdlib.org/inside/diglib/pairtree/pairtreespec.html";

/// The longest path in a directory: file systems know 4,096 bytes, of which the granary's own path takes some.
const LONGEST_PATH: usize = 3500;
/// The longest key of S3, the granary's prefix included.
const LONGEST_KEY: usize = 1024;

/// How often a manifest is tried that others keep changing. With back-off this is minutes.
const ATTEMPTS: u32 = 200;

/// The least part of a multipart upload that S3 takes is 5 MiB; a round number above it.
const BUCKET_PART: usize = 8 << 20;
/// Parts of an upload into a directory are only a write buffer.
const DIRECTORY_PART: usize = 256 << 10;

/// A silo. Cheap to clone; all clones share the store.
#[derive(Clone)]
pub struct Silo {
    store: Arc<dyn ObjectStore>,
    name: SiloName,
    layout: Layout,
    kind: Kind,
    /// Of a path below the granary, in bytes.
    longest_path: usize,
}

/// Where an object lies below its Pairtree path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// In a folder `obj`: what we write.
    Obj,
    /// Directly there: what Pairtree 0.5 and 0.8 wrote.
    Plain,
}

/// What kind of store a silo lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Directory,
    Bucket,
}

/// An object as it was read.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its manifest.
    pub manifest: Manifest,
    /// What the store calls this state of the manifest; an update of another state is refused.
    version: UpdateVersion,
}

/// How an update of a manifest ended.
#[derive(Debug, Clone)]
pub enum Updated {
    /// There was nothing to change; the object as it is, if there is one.
    Kept(Option<Box<Object>>),
    /// It was written; the object as it is now.
    Written(Box<Object>),
}

impl Updated {
    /// The object as it is now, if there is one.
    pub fn into_object(self) -> Option<Object> {
        match self {
            Self::Kept(object) => object.map(|object| *object),
            Self::Written(object) => Some(*object),
        }
    }
}

impl Silo {
    /// Opens a silo that is there.
    ///
    /// # Errors
    /// [`Error::NoSuchSilo`] when nothing lies under the name, [`Error::NotASilo`] when what lies there is none.
    pub async fn open(store: Arc<dyn ObjectStore>, name: SiloName) -> Result<Self, Error> {
        match Self::find(&store, &name).await? {
            Some(silo) => Ok(silo),
            None => Err(Error::NoSuchSilo { name }),
        }
    }

    /// Opens a silo, and makes it when nothing lies under its name. `prefix` is what `pairtree_prefix` says: the URL of
    /// the endpoint behind the silo, as in 2010. A silo that is there keeps its own.
    ///
    /// # Errors
    /// [`Error::NotASilo`] when something else lies there.
    pub async fn create(store: Arc<dyn ObjectStore>, name: SiloName, prefix: &str) -> Result<Self, Error> {
        if let Some(silo) = Self::find(&store, &name).await? {
            return Ok(silo);
        }
        // The version file last: it is what makes the folder a silo.
        for (file, text) in [("pairtree_prefix", prefix), ("pairtree_version0_1", PAIRTREE_VERSION)] {
            let path = Path::parse(format!("{name}/{file}")).map_err(invalid(&name))?;
            let options = PutOptions { attributes: content_type("text/plain"), ..Default::default() };
            let payload = PutPayload::from(text.to_owned());
            store.put_opts(&path, payload, options).await.map_err(Error::store("write", &path))?;
        }
        Ok(Self::new(store, name, Layout::Obj))
    }

    async fn find(store: &Arc<dyn ObjectStore>, name: &SiloName) -> Result<Option<Self>, Error> {
        let path = Path::parse(format!("{name}/pairtree_version0_1")).map_err(invalid(name))?;
        match store.head(&path).await {
            Ok(_) => {}
            Err(object_store::Error::NotFound { .. }) => {
                let prefix = Path::parse(name.as_str()).map_err(invalid(name))?;
                let mut others = store.list(Some(&prefix));
                let only_prefix = loop {
                    match others.next().await {
                        None => break true,
                        Some(Ok(meta)) if meta.location.filename() == Some("pairtree_prefix") => {}
                        Some(Ok(_)) => break false,
                        Some(Err(source)) => return Err(Error::store("list", prefix)(source)),
                    }
                };
                return if only_prefix { Ok(None) } else { Err(Error::NotASilo { name: name.clone() }) };
            }
            Err(source) => return Err(Error::store("read", path)(source)),
        }
        let layout = detect_layout(store, name).await?;
        Ok(Some(Self::new(store.clone(), name.clone(), layout)))
    }

    fn new(store: Arc<dyn ObjectStore>, name: SiloName, layout: Layout) -> Self {
        let place = store.to_string();
        let (kind, longest_path) = match place.starts_with("directory ") {
            true => (Kind::Directory, LONGEST_PATH),
            // `s3://bucket/prefix` is longer than the prefix.
            false => (Kind::Bucket, LONGEST_KEY.saturating_sub(place.len())),
        };
        Self { store, name, layout, kind, longest_path }
    }

    /// Its name.
    pub fn name(&self) -> &SiloName {
        &self.name
    }

    pub(crate) fn objects(&self) -> &dyn ObjectStore {
        &*self.store
    }

    pub(crate) fn part_size(&self) -> usize {
        match self.kind {
            Kind::Directory => DIRECTORY_PART,
            Kind::Bucket => BUCKET_PART,
        }
    }

    pub(crate) fn is_in_directory(&self) -> bool {
        self.kind == Kind::Directory
    }

    /// The folder of the Pairtree, relative to the granary.
    pub(crate) fn root(&self) -> String {
        format!("{}/pairtree_root", self.name)
    }

    /// An object's folder, relative to the granary.
    pub fn folder(&self, identifier: &Identifier) -> String {
        let path = granary_pairtree::to_path(identifier.as_str());
        match self.layout {
            Layout::Obj => format!("{}/{path}/obj", self.root()),
            Layout::Plain => format!("{}/{path}", self.root()),
        }
    }

    /// Where `path` of an object lies in the store.
    pub(crate) fn location(&self, identifier: &Identifier, path: &str) -> Result<Path, Error> {
        let location = format!("{}/{path}", self.folder(identifier));
        if location.len() > self.longest_path {
            return Err(Error::TooLong { identifier: identifier.clone() });
        }
        Path::parse(location).map_err(|_| Error::TooLong { identifier: identifier.clone() })
    }

    /// Reads an object's manifest; nothing when there is no such object. Reading makes nothing.
    ///
    /// # Errors
    /// [`Error::CorruptManifest`] when it is there and cannot be read.
    pub async fn object(&self, identifier: &Identifier) -> Result<Option<Object>, Error> {
        let location = self.location(identifier, MANIFEST)?;
        self.read_manifest(&location).await
    }

    pub(crate) async fn read_manifest(&self, location: &Path) -> Result<Option<Object>, Error> {
        let got = match self.store.get(location).await {
            Ok(got) => got,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(source) => return Err(Error::store("read", location)(source)),
        };
        let version = UpdateVersion { e_tag: got.meta.e_tag.clone(), version: got.meta.version.clone() };
        let bytes = got.bytes().await.map_err(Error::store("read", location))?;
        let manifest = serde_json::from_slice(&bytes)
            .map_err(|source| Error::CorruptManifest { path: location.to_string(), source })?;
        Ok(Some(Object { manifest, version }))
    }

    /// Changes an object's manifest by compare-and-swap. `change` is given the manifest as it is and returns it as it
    /// should be, or nothing to leave it; it is called again when somebody else was faster. `known` is what
    /// the caller has read already: `None` when not read, `Some(None)` when expected to be absent.
    ///
    /// # Errors
    /// What `change` returns; [`Error::Contended`] after many lost races.
    pub async fn update<E: From<Error>>(
        &self,
        identifier: &Identifier,
        known: Option<Option<Object>>,
        mut change: impl FnMut(Option<&Manifest>) -> Result<Option<Manifest>, E>,
    ) -> Result<Updated, E> {
        let location = self.location(identifier, MANIFEST)?;
        let mut current = match known {
            Some(known) => known,
            None => self.read_manifest(&location).await?,
        };
        for attempt in 0..ATTEMPTS {
            let Some(manifest) = change(current.as_ref().map(|object| &object.manifest))? else {
                return Ok(Updated::Kept(current.map(Box::new)));
            };
            let mode = current.map_or(PutMode::Create, |object| PutMode::Update(object.version));
            if let Some(version) = self.put_manifest(&location, &manifest, mode).await? {
                return Ok(Updated::Written(Box::new(Object { manifest, version })));
            }
            tokio::time::sleep(pause(attempt)).await;
            current = self.read_manifest(&location).await?;
        }
        Err(Error::Contended { identifier: identifier.clone(), attempts: ATTEMPTS }.into())
    }

    /// What the store calls the new state; nothing when somebody else's write has won.
    async fn put_manifest(
        &self,
        location: &Path,
        manifest: &Manifest,
        mode: PutMode,
    ) -> Result<Option<UpdateVersion>, Error> {
        let json = serde_json::to_vec_pretty(manifest)
            .map_err(|source| Error::CorruptManifest { path: location.to_string(), source })?;
        let options = PutOptions { mode, attributes: content_type("application/json"), ..Default::default() };
        match self.store.put_opts(location, PutPayload::from(json), options).await {
            Ok(put) => Ok(Some(put.into())),
            Err(
                object_store::Error::AlreadyExists { .. }
                | object_store::Error::Precondition { .. }
                | object_store::Error::NotFound { .. },
            ) => Ok(None),
            Err(source) => Err(Error::store("write", location)(source)),
        }
    }

    /// Opens a file of an object; `path` is an inventory entry's. Nothing when it is not there.
    pub async fn read(&self, identifier: &Identifier, path: &str) -> Result<Option<GetResult>, Error> {
        let location = self.location(identifier, path)?;
        match self.store.get(&location).await {
            Ok(got) => Ok(Some(got)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(Error::store("read", location)(source)),
        }
    }

    /// A file's bytes, whole: for metadata.
    pub async fn read_bytes(&self, identifier: &Identifier, path: &str) -> Result<Option<Bytes>, Error> {
        let Some(got) = self.read(identifier, path).await? else { return Ok(None) };
        got.bytes().await.map(Some).map_err(Error::store("read", path))
    }

    /// Reads a file through; its size and SHA-256, nothing when it is not there.
    pub(crate) async fn sha256_at(&self, location: &Path) -> Result<Option<(u64, String)>, Error> {
        let got = match self.store.get(location).await {
            Ok(got) => got,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(source) => return Err(Error::store("read", location)(source)),
        };
        sha256_of(got).await.map(Some).map_err(Error::store("read", location))
    }
}

impl std::fmt::Debug for Silo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Silo").field("name", &self.name).field("store", &self.store.to_string()).finish()
    }
}

/// The first manifest found tells whether objects lie in `obj`; an empty silo is ours to lay out.
async fn detect_layout(store: &Arc<dyn ObjectStore>, name: &SiloName) -> Result<Layout, Error> {
    let root = Path::parse(format!("{name}/pairtree_root")).map_err(invalid(name))?;
    let mut files = store.list(Some(&root));
    while let Some(file) = files.next().await {
        let location = file.map_err(Error::store("list", &root))?.location;
        if let Some(folder) = location.as_ref().strip_suffix("/__manifest.json") {
            return Ok(if folder.ends_with("/obj") { Layout::Obj } else { Layout::Plain });
        }
    }
    Ok(Layout::Obj)
}

fn invalid(name: &SiloName) -> impl FnOnce(object_store::path::Error) -> Error {
    let name = name.to_string();
    move |source| Error::Store { action: "find", path: name, source: source.into() }
}

fn content_type(media_type: &'static str) -> Attributes {
    Attributes::from_iter([(Attribute::ContentType, media_type)])
}

/// How long to wait after a lost race: up to twice as long each time, at most 100 ms, and never in step with others.
fn pause(attempt: u32) -> Duration {
    Duration::from_micros(fastrand::u64(0..=(1000 << attempt.min(7)).min(100_000)))
}
