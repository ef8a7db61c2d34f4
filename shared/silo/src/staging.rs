//! Bytes on their way into a directory: written aside, then published under their final name in one step.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use futures::FutureExt;
use object_store::{MultipartUpload, PutPayload, PutResult, UploadPart};

use crate::blocking::blocking;

/// An extension of [`object_store::PutMultipartOptions`]: the upload fails with
/// [`object_store::Error::AlreadyExists`] when something has been stored under its name by the time it
/// completes. Our stores honour it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfAbsent;

/// A process's own folder for unfinished files, locked while the process lives and removed with it.
///
/// What a killed process left is removed by the next one that opens the same granary: nobody holds its lock.
#[derive(Debug)]
pub(crate) struct Staging {
    folder: PathBuf,
    /// Held for its lock.
    _lock: File,
    next: AtomicU64,
}

impl Staging {
    /// Makes a folder below `parent`, and clears away what dead processes left there.
    pub(crate) fn new(parent: &Path) -> io::Result<Self> {
        fs::create_dir_all(parent)?;
        remove_abandoned(parent);
        loop {
            let folder = parent.join(format!("{}-{:08x}", std::process::id(), fastrand::u32(..)));
            match fs::create_dir(&folder) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            }
            // Another process may take the folder for abandoned as long as it is not locked.
            let lock = match File::create(folder.join(LOCK)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                lock => lock?,
            };
            lock.lock()?;
            if folder.join(LOCK).exists() {
                return Ok(Self { folder, _lock: lock, next: AtomicU64::new(0) });
            }
        }
    }

    pub(crate) fn create(&self) -> io::Result<StagedFile> {
        let path = self.folder.join(self.next.fetch_add(1, Ordering::Relaxed).to_string());
        let file = File::create_new(&path)?;
        Ok(StagedFile { path, file, published: false })
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Best effort: what stays is removed by the next process.
        let _ = remove(&self.folder);
    }
}

const LOCK: &str = "lock";

fn remove_abandoned(parent: &Path) {
    for folder in fs::read_dir(parent).into_iter().flatten().flatten() {
        match File::open(folder.path().join(LOCK)) {
            Ok(lock) if lock.try_lock().is_ok() => drop(remove(&folder.path())),
            Ok(_) => {}
            // Empty: its process was killed before it had the lock, or after it had nothing else.
            Err(_) => drop(fs::remove_dir(folder.path())),
        }
    }
}

/// Removes a folder, the lock last: whoever is killed at it leaves something that the next process removes.
fn remove(folder: &Path) -> io::Result<()> {
    for file in fs::read_dir(folder)? {
        let file = file?;
        if file.file_name() != LOCK {
            fs::remove_file(file.path())?;
        }
    }
    fs::remove_file(folder.join(LOCK))?;
    fs::remove_dir(folder)
}

/// A file that nobody sees yet. Dropped without being published, it is removed.
#[derive(Debug)]
pub(crate) struct StagedFile {
    path: PathBuf,
    pub(crate) file: File,
    published: bool,
}

/// What to do when the final name is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Replace,
    Fail,
}

impl StagedFile {
    /// Gives the file its final name, in one step; makes the folders that it needs.
    pub(crate) fn publish(mut self, to: &Path, taken: Taken) -> io::Result<()> {
        let mut result = self.rename(to, taken);
        if matches!(&result, Err(error) if error.kind() == io::ErrorKind::NotFound)
            && let Some(parent) = to.parent()
        {
            fs::create_dir_all(parent)?;
            result = self.rename(to, taken);
        }
        self.published = result.is_ok();
        result
    }

    fn rename(&self, to: &Path, taken: Taken) -> io::Result<()> {
        match taken {
            Taken::Replace => fs::rename(&self.path, to),
            Taken::Fail => rename_new(&self.path, to),
        }
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if !self.published {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Renames unless `to` exists. Not every file system can do that in one call; a hard link does it on the others.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {
            fs::hard_link(from, to)?;
            fs::remove_file(from)
        }
        result => result.map_err(io::Error::from),
    }
}

/// A multipart upload into a directory: its parts are written to a staged file, in any order.
pub(crate) struct StagedUpload {
    pub(crate) staged: Option<Arc<StagedFile>>,
    pub(crate) to: PathBuf,
    pub(crate) location: String,
    pub(crate) taken: Taken,
    pub(crate) offset: u64,
}

impl std::fmt::Debug for StagedUpload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StagedUpload").field("to", &self.to).finish_non_exhaustive()
    }
}

impl StagedUpload {
    fn take(&mut self) -> object_store::Result<StagedFile> {
        let staged = self.staged.take().and_then(Arc::into_inner);
        staged.ok_or_else(|| {
            failed("complete an upload that is finished or still writing", io::Error::other("misuse"))
        })
    }
}

#[async_trait::async_trait]
impl MultipartUpload for StagedUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let offset = self.offset;
        self.offset += data.content_length() as u64;
        let Some(staged) = self.staged.clone() else {
            return async { Err(failed("write to a finished upload", io::Error::other("misuse"))) }.boxed();
        };
        blocking(move || {
            let mut at = offset;
            for bytes in &data {
                staged.file.write_all_at(bytes, at).map_err(|source| failed("write", source))?;
                at += bytes.len() as u64;
            }
            Ok(())
        })
        .boxed()
    }

    async fn complete(&mut self) -> object_store::Result<PutResult> {
        let (staged, to, taken, location) =
            (self.take()?, self.to.clone(), self.taken, self.location.clone());
        blocking(move || {
            staged.publish(&to, taken).map_err(|source| published(location, source))?;
            Ok(PutResult { e_tag: None, version: None, extensions: Default::default() })
        })
        .await
    }

    async fn abort(&mut self) -> object_store::Result<()> {
        self.staged = None;
        Ok(())
    }
}

pub(crate) fn write_payload(staged: &mut StagedFile, payload: &PutPayload) -> io::Result<()> {
    payload.iter().try_for_each(|bytes| staged.file.write_all(bytes))
}

/// The error of a publication, in `object_store`'s words.
pub(crate) fn published(location: String, source: io::Error) -> object_store::Error {
    match source.kind() {
        // A file lies where a folder should be, or a folder where the file should.
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
            object_store::Error::AlreadyExists { path: location, source: source.into() }
        }
        _ => failed("publish", source),
    }
}

pub(crate) fn failed(_action: &'static str, source: io::Error) -> object_store::Error {
    object_store::Error::Generic { store: "directory", source: source.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_dead_left_is_removed_wherever_they_were_killed_and_the_living_keep_theirs() {
        let parent = tempfile::tempdir().unwrap();
        let living = Staging::new(parent.path()).unwrap();
        let file = living.create().unwrap();
        for (dead, files) in [("1-a", &[][..]), ("2-b", &[LOCK]), ("3-c", &[LOCK, "0", "1"])] {
            fs::create_dir(parent.path().join(dead)).unwrap();
            files.iter().for_each(|file| fs::write(parent.path().join(dead).join(file), "").unwrap());
        }
        let next = Staging::new(parent.path()).unwrap();
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 2);
        assert!(file.path.exists());
        drop((file, living, next));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }
}
