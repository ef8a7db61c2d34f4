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
    link: Link,
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
                let link = Link::find(&folder);
                return Ok(Self { folder, _lock: lock, next: AtomicU64::new(0), link });
            }
        }
    }

    /// A file that is to be published so. One that never replaces another needs no name before, where that can be done: a
    /// rename from one folder to another makes all others in the file system wait.
    pub(crate) fn create(&self, taken: Taken) -> io::Result<StagedFile> {
        if taken == Taken::Fail && self.link != Link::Never {
            let file = unnamed::create(&self.folder)?;
            return Ok(StagedFile { place: Place::Unnamed(self.link), file, taken });
        }
        let path = self.folder.join(self.next.fetch_add(1, Ordering::Relaxed).to_string());
        let file = File::create_new(&path)?;
        Ok(StagedFile { place: Place::Named { path, is_published: false }, file, taken })
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
    place: Place,
    pub(crate) file: File,
    taken: Taken,
}

#[derive(Debug)]
enum Place {
    Named { path: PathBuf, is_published: bool },
    Unnamed(Link),
}

/// What to do when the final name is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Replace,
    Fail,
}

impl StagedFile {
    /// Gives the file its final name, in one step; makes the folders that it needs.
    pub(crate) fn publish(mut self, to: &Path) -> io::Result<()> {
        let mut result = self.name(to);
        if matches!(&result, Err(error) if error.kind() == io::ErrorKind::NotFound)
            && let Some(parent) = to.parent()
        {
            make_folders(parent)?;
            result = self.name(to);
        }
        if let Place::Named { is_published, .. } = &mut self.place {
            *is_published = result.is_ok();
        }
        result
    }

    fn name(&self, to: &Path) -> io::Result<()> {
        match (&self.place, self.taken) {
            (Place::Unnamed(link), _) => unnamed::link(&self.file, *link, to),
            (Place::Named { path, .. }, Taken::Replace) => fs::rename(path, to),
            (Place::Named { path, .. }, Taken::Fail) => rename_new(path, to),
        }
    }
}

/// Makes a folder and those above it that are not there. An object's first file lacks three: those of its last pair of
/// characters, of the object, and of the version. So it begins there; to begin at the last one and go up costs two more calls.
fn make_folders(folder: &Path) -> io::Result<()> {
    let Some(first) = folder.ancestors().nth(2) else { return fs::create_dir_all(folder) };
    match fs::create_dir(first) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::create_dir_all(folder),
        // It was there, perhaps; or something else is wrong with it, and the next one tells.
        Ok(()) | Err(_) => match fs::create_dir(folder.parent().unwrap_or(first)) {
            Ok(()) | Err(_) => fs::create_dir_all(folder),
        },
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if let Place::Named { path, is_published: false } = &self.place {
            let _ = fs::remove_file(path);
        }
    }
}

/// How a file without a name is given one here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    /// By its descriptor.
    Descriptor,
    /// By what `/proc` says of its descriptor: older kernels let only root do the former.
    Proc,
    /// Not at all: not every file system can.
    Never,
}

impl Link {
    /// Finds out what works in a folder.
    fn find(folder: &Path) -> Self {
        let Ok(file) = unnamed::create(folder) else { return Self::Never };
        let name = folder.join("link");
        let works = |link: &Self| unnamed::link(&file, *link, &name).is_ok();
        let found = [Self::Descriptor, Self::Proc].into_iter().find(works).unwrap_or(Self::Never);
        let _ = fs::remove_file(&name);
        found
    }
}

/// Files that have no name yet: whoever is killed leaves nothing.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod unnamed {
    use std::{fs::File, io, os::fd::AsRawFd, path::Path};

    use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open};

    use super::Link;

    pub(super) fn create(folder: &Path) -> io::Result<File> {
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        Ok(open(folder, flags, Mode::from_raw_mode(0o666))?.into())
    }

    pub(super) fn link(file: &File, link: Link, to: &Path) -> io::Result<()> {
        match link {
            Link::Descriptor => linkat(file, "", CWD, to, AtFlags::EMPTY_PATH)?,
            Link::Proc => {
                let from = format!("/proc/self/fd/{}", file.as_raw_fd());
                linkat(CWD, from, CWD, to, AtFlags::SYMLINK_FOLLOW)?;
            }
            Link::Never => return Err(io::ErrorKind::Unsupported.into()),
        }
        Ok(())
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod unnamed {
    use std::{fs::File, io, path::Path};

    use super::Link;

    pub(super) fn create(_folder: &Path) -> io::Result<File> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn link(_file: &File, _link: Link, _to: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
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
        let (staged, to, location) = (self.take()?, self.to.clone(), self.location.clone());
        blocking(move || {
            staged.publish(&to).map_err(|source| published(location, source))?;
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
        let file = living.create(Taken::Replace).unwrap();
        for (dead, files) in [("1-a", &[][..]), ("2-b", &[LOCK]), ("3-c", &[LOCK, "0", "1"])] {
            fs::create_dir(parent.path().join(dead)).unwrap();
            files.iter().for_each(|file| fs::write(parent.path().join(dead).join(file), "").unwrap());
        }
        let next = Staging::new(parent.path()).unwrap();
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 2);
        assert!(matches!(&file.place, Place::Named { path, .. } if path.exists()));
        drop((file, living, next));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_gets_its_name_in_one_step_and_never_takes_one_that_is_taken_however_it_is_done() {
        let parent = tempfile::tempdir().unwrap();
        let mut staging = Staging::new(&parent.path().join("staging")).unwrap();
        let here = staging.link;
        for link in
            [here, Link::Proc, Link::Never].into_iter().filter(|link| here != Link::Never || *link == here)
        {
            staging.link = link;
            let to = parent.path().join(format!("{link:?}/a/b"));
            let write = |bytes: &str, taken| {
                let mut staged = staging.create(taken).unwrap();
                staged.file.write_all(bytes.as_bytes()).unwrap();
                staged.publish(&to)
            };
            write("first", Taken::Fail).unwrap();
            let taken = write("second", Taken::Fail).unwrap_err();
            assert_eq!(taken.kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(fs::read_to_string(&to).unwrap(), "first");
            write("third", Taken::Replace).unwrap();
            assert_eq!(fs::read_to_string(&to).unwrap(), "third");
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&to).unwrap().permissions());
            fs::write(parent.path().join("usual"), "").unwrap();
            let usual = fs::metadata(parent.path().join("usual")).unwrap().permissions();
            assert_eq!(mode, std::os::unix::fs::PermissionsExt::mode(&usual));
            drop(staging.create(Taken::Fail).unwrap());
            assert_eq!(fs::read_dir(&staging.folder).unwrap().count(), 1, "the lock alone");
        }
    }
}
