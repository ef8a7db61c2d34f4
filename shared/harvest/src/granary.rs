//! A granary: a place that holds silos, and its own folder `_granary`.

use std::{
    collections::HashMap,
    path::{Path as FilePath, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use granary_silo::{DirectoryStore, Silo, SiloName};
use object_store::{
    Attribute, Attributes, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion,
    path::Path,
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::OnceCell;

use crate::{error::Error, standing::Standings};

/// A granary. Cheap to clone.
#[derive(Clone)]
pub struct Granary {
    store: Arc<dyn ObjectStore>,
    /// The directory, when it lies in one.
    directory: Option<DirectoryStore>,
    /// Silos that have been opened: where a silo lies and how it is laid out does not change.
    opened: Arc<Mutex<HashMap<SiloName, Arc<OnceCell<Silo>>>>>,
    standings: Arc<Standings>,
}

/// A JSON document of `_granary`, as it was read.
#[derive(Debug, Clone)]
pub(crate) struct Document<T> {
    pub(crate) value: T,
    version: UpdateVersion,
}

impl Granary {
    /// Opens a granary that is there.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn open(root: &FilePath) -> Result<Self, Error> {
        Ok(Self::in_directory(DirectoryStore::open(root)?))
    }

    /// Opens a granary, and makes it when it is not there.
    ///
    /// # Errors
    /// When the directory cannot be made or written to.
    pub fn create(root: &FilePath) -> Result<Self, Error> {
        Ok(Self::in_directory(DirectoryStore::create(root)?))
    }

    /// A granary in any store; its `Display` says where, as `s3://bucket/prefix`. The caller has made sure that it
    /// honours conditional writes.
    pub fn on(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, directory: None, opened: Arc::default(), standings: Arc::default() }
    }

    fn in_directory(directory: DirectoryStore) -> Self {
        Self { directory: Some(directory.clone()), ..Self::on(Arc::new(directory)) }
    }

    /// The same granary with its store wrapped: in limits, in faults. What only a directory has stays as it is.
    #[must_use]
    pub fn wrap(self, wrap: impl FnOnce(Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore>) -> Self {
        Self { store: wrap(self.store), opened: Arc::default(), ..self }
    }

    pub(crate) fn standings(&self) -> &Standings {
        &self.standings
    }

    /// The store that it lies in.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        self.store.clone()
    }

    /// The folder for what concerns this machine only, when the granary is a directory.
    pub fn local(&self) -> Option<PathBuf> {
        self.directory.as_ref().map(DirectoryStore::local)
    }

    /// Where `path` (relative to the granary) lies, for people: an absolute path or an `s3://` URL.
    pub fn place(&self, path: &str) -> String {
        match &self.directory {
            Some(directory) => directory.root().join(path).display().to_string(),
            None => format!("{}/{path}", self.store),
        }
    }

    /// Returns once everything written before is safe: before a checkpoint or an acknowledgement.
    pub async fn sync(&self) -> Result<(), Error> {
        match &self.directory {
            Some(directory) => directory.sync().await.map_err(Error::store("write", "the granary")),
            None => Ok(()),
        }
    }

    /// Opens a silo that is there.
    pub async fn silo(&self, name: &SiloName) -> Result<Silo, Error> {
        let cell = self.opened().entry(name.clone()).or_default().clone();
        // Many want it at the same moment, when workers start.
        let opened = cell.get_or_try_init(|| Silo::open(self.store(), name.clone())).await;
        if opened.is_err() {
            self.opened().remove(name);
        }
        Ok(opened?.clone())
    }

    fn opened(&self) -> MutexGuard<'_, HashMap<SiloName, Arc<OnceCell<Silo>>>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a silo, or makes it; `endpoint` becomes its `pairtree_prefix`.
    pub async fn create_silo(&self, name: &SiloName, endpoint: &str) -> Result<Silo, Error> {
        Ok(Silo::create(self.store(), name.clone(), endpoint).await?)
    }

    /// The names of all silos: the folders that hold a Pairtree, with or without a source.
    pub async fn silos(&self) -> Result<Vec<SiloName>, Error> {
        let top = self.store.list_with_delimiter(None).await.map_err(Error::store("list", "the granary"))?;
        let mut silos = Vec::new();
        for folder in top.common_prefixes {
            let Ok(name) = folder.as_ref().parse::<SiloName>() else { continue };
            let version = folder.join("pairtree_version0_1");
            match self.store.head(&version).await {
                Ok(_) => silos.push(name),
                Err(object_store::Error::NotFound { .. }) => {}
                Err(source) => return Err(Error::store("read", version)(source)),
            }
        }
        silos.sort();
        Ok(silos)
    }

    /// Reads a document of `_granary`; nothing when it is not there.
    pub(crate) async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<Option<Document<T>>, Error> {
        let location = location(path);
        let got = match self.store.get(&location).await {
            Ok(got) => got,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(source) => return Err(Error::store("read", path)(source)),
        };
        let version = UpdateVersion { e_tag: got.meta.e_tag.clone(), version: got.meta.version.clone() };
        let bytes = got.bytes().await.map_err(Error::store("read", path))?;
        let value = serde_json::from_slice(&bytes)
            .map_err(|source| Error::Document { path: self.place(location.as_ref()), source })?;
        Ok(Some(Document { value, version }))
    }

    /// Writes a document if it is still as it was read (`None`: if it is still not there). Returns it as it is now, or
    /// nothing when somebody else was faster.
    pub(crate) async fn write<T: Serialize>(
        &self,
        path: &str,
        value: T,
        known: Option<UpdateVersion>,
    ) -> Result<Option<Document<T>>, Error> {
        let mode = known.map_or(PutMode::Create, PutMode::Update);
        match self.put(path, &to_json(&value)?, mode).await {
            Ok(version) => Ok(Some(Document { value, version })),
            Err(
                object_store::Error::AlreadyExists { .. }
                | object_store::Error::Precondition { .. }
                | object_store::Error::NotFound { .. },
            ) => Ok(None),
            Err(source) => Err(Error::store("write", path)(source)),
        }
    }

    /// Writes a document whatever was there.
    pub(crate) async fn replace<T: Serialize + Sync>(&self, path: &str, value: &T) -> Result<(), Error> {
        let json = to_json(value)?;
        self.put(path, &json, PutMode::Overwrite).await.map(drop).map_err(Error::store("write", path))
    }

    /// The paths of all that lies below a folder of `_granary`, relative to it, in no particular order.
    pub(crate) fn paths(&self, folder: &str) -> BoxStream<'static, Result<String, Error>> {
        let folder = location(folder);
        let files = self.store.list(Some(&folder));
        files
            .map(move |file| {
                let file = file.map_err(Error::store("list", &folder))?;
                let below = file.location.as_ref().strip_prefix(folder.as_ref()).unwrap_or_default();
                Ok(below.trim_start_matches('/').to_owned())
            })
            .boxed()
    }

    /// Removes all that lies below a folder of `_granary`.
    pub(crate) async fn clear(&self, folder: &str) -> Result<(), Error> {
        let files = self.store.list(Some(&location(folder))).map_ok(|file| file.location).boxed();
        let removed = self.store.delete_stream(files).try_for_each(|_| async { Ok(()) });
        removed.await.map_err(Error::store("delete", folder))
    }

    /// Makes an empty file, whose path says all.
    pub(crate) async fn put_empty(&self, path: &str) -> Result<(), Error> {
        let put = self.store.put(&location(path), PutPayload::new()).await;
        put.map(drop).map_err(Error::store("write", path))
    }

    async fn put(&self, path: &str, json: &[u8], mode: PutMode) -> object_store::Result<UpdateVersion> {
        let attributes = Attributes::from_iter([(Attribute::ContentType, "application/json")]);
        let options = PutOptions { mode, attributes, ..Default::default() };
        let payload = PutPayload::from(json.to_vec());
        self.store.put_opts(&location(path), payload, options).await.map(UpdateVersion::from)
    }

    /// Puts what could not be read aside, as it was received.
    pub(crate) async fn quarantine(
        &self,
        silo: &SiloName,
        name: &str,
        bytes: Vec<u8>,
    ) -> Result<String, Error> {
        let path = format!("quarantine/{silo}/{name}");
        let put = self.store.put(&location(&path), PutPayload::from(bytes)).await;
        put.map(|_| format!("_granary/{path}")).map_err(Error::store("write", &path))
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<(), Error> {
        match self.store.delete(&location(path)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(Error::store("delete", path)(source)),
        }
    }

    /// The names of the documents in a folder of `_granary`, without `.json`, sorted.
    pub(crate) async fn names(&self, folder: &str) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        let mut files = self.store.list(Some(&location(folder)));
        while let Some(file) = files.next().await {
            let file = file.map_err(Error::store("list", folder))?;
            names.extend(
                file.location.filename().and_then(|name| name.strip_suffix(".json")).map(str::to_owned),
            );
        }
        names.sort();
        Ok(names)
    }
}

impl<T> Document<T> {
    /// What to give to [`Granary::write`] to replace just this state.
    pub(crate) fn known(&self) -> UpdateVersion {
        self.version.clone()
    }
}

impl std::fmt::Debug for Granary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Granary").field(&self.store.to_string()).finish()
    }
}

/// Paths in `_granary` are made of silo names, run numbers and escaped identifiers: always valid.
fn location(path: &str) -> Path {
    Path::from_iter(std::iter::once("_granary").chain(path.split('/')))
}

fn to_json<T: Serialize>(value: &T) -> Result<Vec<u8>, Error> {
    serde_json::to_vec_pretty(value).map_err(Error::Serialize)
}
