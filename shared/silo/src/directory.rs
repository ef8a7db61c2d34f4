//! A directory as an object store, with conditional writes that hold between processes.

mod flush;
mod walk;

use std::{
    fmt,
    fs::{self, File, FileTimes},
    io::{self, Read},
    ops::Range,
    path::{Path as FilePath, PathBuf},
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use object_store::{
    CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
    UpdateVersion, local::LocalFileSystem, path::Path,
};

use self::flush::Flushes;
use crate::{
    blocking::blocking,
    error::Error,
    staging::{IfAbsent, StagedFile, StagedUpload, Staging, Taken, failed, published, write_payload},
};

/// How many lock files share the paths. Two objects that share one wait for each other; nothing else happens.
const LOCKS: u64 = 256;

/// A file up to this size is read when it is opened: manifests, and most metadata.
const SMALL: u64 = 64 << 10;

/// A directory as an [`ObjectStore`].
///
/// Reads answer as [`LocalFileSystem`]'s do; lists are in the order of a bucket's keys. Writes differ from it in three things. [`PutMode::Update`] works: under a lock file,
/// the ETag is compared and the new file takes the old one's place in one step, so that it holds between tasks and
/// between processes of one machine. No unfinished file ever lies beside the finished ones: what is being
/// written is in `_granary/local/staging`, and what a killed process left there is cleared away by the next
/// one. And a multipart upload with [`IfAbsent`] never replaces a file.
///
/// An ETag never comes twice at one path: under the lock a file's modification time only goes forward.
/// Attributes (content types) are ignored: a directory has no place for them.
#[derive(Clone)]
pub struct DirectoryStore {
    inner: Arc<LocalFileSystem>,
    root: PathBuf,
    /// Made at the first write, so that reading needs no right to write.
    staging: Arc<OnceLock<Staging>>,
    flushes: Arc<Flushes>,
}

impl DirectoryStore {
    /// The store in a directory that is there.
    ///
    /// # Errors
    /// When `root` is not a directory that can be read.
    pub fn open(root: &FilePath) -> std::result::Result<Self, Error> {
        let failed = |source: io::Error| Error::Directory { path: root.display().to_string(), source };
        let root = fs::canonicalize(root).map_err(failed)?;
        if !root.is_dir() {
            return Err(failed(io::Error::from(io::ErrorKind::NotADirectory)));
        }
        let inner =
            LocalFileSystem::new_with_prefix(&root).map_err(|source| failed(io::Error::other(source)))?;
        Ok(Self { inner: Arc::new(inner), root, staging: Arc::default(), flushes: Arc::default() })
    }

    /// The same, and makes the directory when it is not there. Finds out whether it can be written to.
    ///
    /// # Errors
    /// When the directory cannot be made or written to.
    pub fn create(root: &FilePath) -> std::result::Result<Self, Error> {
        let failed = |source| Error::Directory { path: root.display().to_string(), source };
        fs::create_dir_all(root).map_err(failed)?;
        let store = Self::open(root)?;
        store.staging().map_err(failed)?;
        Ok(store)
    }

    /// The directory, absolute.
    pub fn root(&self) -> &FilePath {
        &self.root
    }

    /// The folder for what concerns this machine only: queue, logs, locks. Never part of a copy of the granary.
    pub fn local(&self) -> PathBuf {
        self.root.join("_granary/local")
    }

    /// Returns once everything written before is on the disk (one `syncfs`, not one `fsync` a file, and one for all
    /// that ask meanwhile): to be called before anything is acknowledged that relies on it.
    ///
    /// # Errors
    /// When the disk reports that something could not be written.
    pub async fn sync(&self) -> Result<()> {
        let root = self.root.clone();
        let flush = blocking(move || sync_file_system(&root).map_err(|source| failed("sync", source)));
        self.flushes.share(flush).await
    }

    fn staging(&self) -> io::Result<&Staging> {
        if let Some(staging) = self.staging.get() {
            return Ok(staging);
        }
        let staging = Staging::new(&self.local().join("staging"))?;
        Ok(self.staging.get_or_init(|| staging))
    }

    fn create_staged(&self, taken: Taken) -> Result<StagedFile> {
        self.staging().and_then(|staging| staging.create(taken)).map_err(|source| failed("stage", source))
    }

    /// Where a location lies: at the same path below the root. [`LocalFileSystem`] goes there by way of a URL, which took a
    /// twelfth of a harvest's time.
    fn path(&self, location: &Path) -> Result<PathBuf> {
        if walk::is_reserved(location.as_ref()) {
            return self.inner.path_to_filesystem(location);
        }
        Ok(self.root.join(location.as_ref()))
    }

    /// The lock that guards the compare-and-swap of `location`; held until it is dropped.
    fn lock(&self, location: &Path) -> io::Result<File> {
        let folder = self.local().join("locks");
        let name = format!("{:02x}", fnv1a(location.as_ref()) % LOCKS);
        let open = || File::options().create(true).append(true).open(folder.join(&name));
        let file = match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(&folder)?;
                open()?
            }
            result => result?,
        };
        file.lock()?;
        Ok(file)
    }

    fn write(&self, location: &Path, payload: &PutPayload, mode: &PutMode) -> Result<PutResult> {
        let to = self.path(location)?;
        let taken = if *mode == PutMode::Create { Taken::Fail } else { Taken::Replace };
        let mut staged = self.create_staged(taken)?;
        write_payload(&mut staged, payload).map_err(|source| failed("write", source))?;
        let mut lock = None;
        if let PutMode::Update(expected) = mode {
            lock = Some(self.lock(location).map_err(|source| failed("lock", source))?);
            let old = self.check(location, &to, expected)?;
            move_time_on(&staged.file, old).map_err(|source| failed("set the time of", source))?;
        }
        let e_tag = staged.file.metadata().map(|meta| e_tag_of(&meta)).ok();
        staged.publish(&to).map_err(|source| published(location.to_string(), source))?;
        drop(lock);
        Ok(PutResult { e_tag, version: None, extensions: Default::default() })
    }

    /// Opens a file; what is small is read at once.
    fn read(&self, location: Path, options: &GetOptions) -> Result<GetResult> {
        let path = self.path(&location)?;
        let (file, metadata) = match File::open(&path).and_then(|file| Ok((file.metadata()?, file))) {
            Ok((metadata, file)) if !metadata.is_dir() => (file, metadata),
            Ok(_) => return Err(not_found(&location, io::ErrorKind::IsADirectory.into())),
            // Nothing lies at a path that leads through a file: as with every other store, it is not found.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(not_found(&location, error));
            }
            Err(error) => return Err(failed("open", error)),
        };
        let last_modified = metadata.modified().map_err(|source| failed("read", source))?.into();
        let (size, e_tag) = (metadata.len(), Some(e_tag_of(&metadata)));
        let meta = ObjectMeta { location, last_modified, size, e_tag, version: None };
        options.check_preconditions(&meta)?;
        let payload = if size <= SMALL {
            let mut bytes = Vec::with_capacity(size as usize);
            // Bounded, so that its size is not asked for again.
            file.take(size).read_to_end(&mut bytes).map_err(|source| failed("read", source))?;
            GetResultPayload::Stream(stream::iter([Ok(Bytes::from(bytes))]).boxed())
        } else {
            GetResultPayload::File(file, path)
        };
        let (attributes, extensions) = Default::default();
        Ok(GetResult { payload, range: 0..size, meta, attributes, extensions })
    }

    /// Compares the ETag, and returns the modification time of the file to replace.
    fn check(&self, location: &Path, to: &FilePath, expected: &UpdateVersion) -> Result<SystemTime> {
        let lost = |why: &str| object_store::Error::Precondition {
            path: location.to_string(),
            source: why.to_owned().into(),
        };
        let meta = match fs::metadata(to) {
            Ok(meta) => meta,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(lost("it is not there")),
            Err(error) => return Err(failed("read", error)),
        };
        match &expected.e_tag {
            Some(e_tag) if *e_tag == e_tag_of(&meta) => {
                meta.modified().map_err(|source| failed("read", source))
            }
            Some(_) => Err(lost("it has changed")),
            None => Err(lost("no ETag was given")),
        }
    }
}

/// The ETag that [`LocalFileSystem`] gives a file: inode, modification time in microseconds, size.
fn e_tag_of(meta: &fs::Metadata) -> String {
    use std::os::unix::fs::MetadataExt;
    let since = meta.modified().ok().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    let micros = since.unwrap_or_default().as_micros();
    format!("\"{:x}-{micros:x}-{:x}\"", meta.ino(), meta.len())
}

fn not_found(location: &Path, source: io::Error) -> object_store::Error {
    object_store::Error::NotFound { path: location.to_string(), source: source.into() }
}

/// Nothing lies at a path that leads through a file: as with every other store, it is not found.
fn absent(location: &Path, error: object_store::Error) -> object_store::Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(one) = cause {
        if one.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::NotADirectory) {
            return object_store::Error::NotFound { path: location.to_string(), source: error.into() };
        }
        cause = one.source();
    }
    error
}

/// Makes sure that the file is younger than the one it replaces. The kernel's clock moves in steps of
/// milliseconds and an inode is soon used again: without this an ETag could return, and a lost update go unseen.
fn move_time_on(file: &File, old: SystemTime) -> io::Result<()> {
    let earliest = old + Duration::from_micros(1);
    if file.metadata()?.modified()? < earliest {
        file.set_times(FileTimes::new().set_modified(earliest))?;
    }
    Ok(())
}

fn fnv1a(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn sync_file_system(root: &FilePath) -> io::Result<()> {
    rustix::fs::syncfs(File::open(root)?)?;
    Ok(())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn sync_file_system(_root: &FilePath) -> io::Result<()> {
    rustix::fs::sync();
    Ok(())
}

#[async_trait::async_trait]
impl ObjectStore for DirectoryStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let (store, at) = (self.clone(), location.clone());
        blocking(move || store.write(&at, &payload, &opts.mode)).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let to = self.path(location)?;
        let store = self.clone();
        let taken = opts.extensions.get::<IfAbsent>().map_or(Taken::Replace, |_| Taken::Fail);
        let staged = blocking(move || store.create_staged(taken)).await?;
        let location = location.to_string();
        Ok(Box::new(StagedUpload { staged: Some(Arc::new(staged)), to, location, offset: 0 }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if options.range.is_some() || options.head {
            return self.inner.get_opts(location, options).await.map_err(|error| absent(location, error));
        }
        let (store, at) = (self.clone(), location.clone());
        blocking(move || store.read(at, &options)).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        walk::list(self.root.clone(), &prefix.cloned().unwrap_or_default(), None)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        walk::list(self.root.clone(), &prefix.cloned().unwrap_or_default(), Some(offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await
    }
}

impl fmt::Display for DirectoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "directory {}", self.root.display())
    }
}

impl fmt::Debug for DirectoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirectoryStore").field("root", &self.root).finish_non_exhaustive()
    }
}
