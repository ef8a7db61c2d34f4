//! Everything below a folder, in the order of keys in a bucket: byte by byte of the whole path.
//!
//! Sorted names do not give that order, since `a-b` comes before `a/b` and `a.b` too; names of folders with a slash at
//! their end do. So a walk holds one sorted folder for each level, goes straight to where it is to begin, and a page of a
//! large silo costs as many reads of folders as it has objects, and no more.

use std::{
    fs::{self, Metadata},
    io,
    path::{Path as FilePath, PathBuf},
    vec,
};

use futures::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use object_store::{ObjectMeta, Result, path::Path};

use super::e_tag_of;
use crate::{blocking::blocking, staging::failed};

/// How many files are looked up in one go: few at first, for those who want few.
const FIRST_CHUNK: usize = 64;
const LARGEST_CHUNK: usize = 1024;

/// Lists the files below `prefix` (all: an empty one) whose paths come after `offset`. A folder that is not there holds
/// nothing.
pub(super) fn list(
    root: PathBuf,
    prefix: &Path,
    offset: Option<&Path>,
) -> BoxStream<'static, Result<ObjectMeta>> {
    let walk = Walk {
        root,
        levels: Vec::new(),
        offset: offset.map_or_else(String::new, ToString::to_string),
        begin: Some(prefix.to_string()),
    };
    stream::try_unfold((walk, FIRST_CHUNK), |(mut walk, size)| async move {
        let (chunk, walk) = blocking(move || {
            let chunk: Vec<_> = walk.by_ref().take(size).collect();
            Ok((chunk, walk))
        })
        .await?;
        Ok::<_, object_store::Error>(
            (!chunk.is_empty()).then_some((chunk, (walk, (size * 2).min(LARGEST_CHUNK)))),
        )
    })
    .map_ok(stream::iter)
    .try_flatten()
    .boxed()
}

struct Walk {
    root: PathBuf,
    /// What is left of each folder on the way to where the walk is.
    levels: Vec<vec::IntoIter<Entry>>,
    /// Nothing up to this is wanted.
    offset: String,
    /// Where to begin.
    begin: Option<String>,
}

/// What lies in a folder. Its key is its path below the root, that of a folder with a slash at the end.
struct Entry {
    key: String,
    /// None of a folder: there are more folders than files, and nothing of them is wanted.
    metadata: Option<Metadata>,
}

impl Iterator for Walk {
    type Item = Result<ObjectMeta>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(prefix) = self.begin.take() {
            let folder = if prefix.is_empty() { prefix } else { prefix + "/" };
            if let Err(error) = self.enter(&folder) {
                return Some(Err(error));
            }
        }
        loop {
            let Some(entry) = self.levels.last_mut()?.next() else {
                self.levels.pop();
                continue;
            };
            let Entry { key, metadata } = entry;
            let Some(metadata) = metadata else {
                // All keys in it begin with its own.
                let may_hold = key > self.offset || self.offset.starts_with(&key);
                if may_hold && let Err(error) = self.enter(&key) {
                    return Some(Err(error));
                }
                continue;
            };
            if key > self.offset
                && let Some(found) = object(&key, &metadata).transpose()
            {
                return Some(found);
            }
        }
    }
}

impl Walk {
    fn enter(&mut self, folder: &str) -> Result<()> {
        match read(&self.root, folder) {
            Ok(entries) => {
                self.levels.push(entries.into_iter());
                Ok(())
            }
            // Not there, or removed while we walked.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(())
            }
            Err(source) => Err(failed("list", source)),
        }
    }
}

fn read(root: &FilePath, folder: &str) -> io::Result<Vec<Entry>> {
    let path = root.join(folder);
    let mut entries = Vec::new();
    for entry in fs::read_dir(&path)? {
        let entry = entry?;
        // A name that is not UTF-8 is none of ours, and has no place in a store.
        let Ok(name) = entry.file_name().into_string() else { continue };
        let metadata = match entry.file_type()?.is_dir() {
            true => None,
            false => match follow(&path, &entry)? {
                None => continue,
                Some(metadata) => Some(metadata).filter(|metadata| !metadata.is_dir()),
            },
        };
        let slash = if metadata.is_none() { "/" } else { "" };
        entries.push(Entry { key: format!("{folder}{name}{slash}"), metadata });
    }
    entries.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    Ok(entries)
}

/// What an entry is, or what a link leads to; nothing when it is gone.
fn follow(folder: &FilePath, entry: &fs::DirEntry) -> io::Result<Option<Metadata>> {
    let metadata = match entry.file_type()?.is_symlink() {
        false => entry.metadata(),
        true => fs::metadata(entry.path()),
    };
    match metadata {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Ok(metadata) if metadata.is_dir() && entry.file_type()?.is_symlink() => {
            // A link to a folder that it lies in would be walked for ever.
            let target = fs::canonicalize(entry.path())?;
            Ok((!fs::canonicalize(folder)?.starts_with(&target)).then_some(metadata))
        }
        metadata => metadata.map(Some),
    }
}

/// Whether `LocalFileSystem`, which takes part in the reading, keeps such a name to itself.
pub(super) fn is_reserved(key: &str) -> bool {
    key.rsplit_once('#')
        .is_some_and(|(_, end)| !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A file as stores describe it; nothing for what no key can name.
fn object(key: &str, metadata: &Metadata) -> Result<Option<ObjectMeta>> {
    let Ok(location) = Path::parse(key) else { return Ok(None) };
    if is_reserved(key) || !metadata.is_file() {
        return Ok(None);
    }
    let last_modified = metadata.modified().map_err(|source| failed("read", source))?.into();
    let e_tag = Some(e_tag_of(metadata));
    Ok(Some(ObjectMeta { location, last_modified, size: metadata.len(), e_tag, version: None }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in ["a/b/1", "a-b/1", "a.b", "a/a", "a/b.c", "a/b/0/2", "z", "ä/ö"] {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        root
    }

    async fn keys(root: &FilePath, prefix: &str, offset: Option<&str>) -> Vec<String> {
        let offset = offset.map(|offset| Path::parse(offset).unwrap());
        let listed = list(root.to_owned(), &Path::from(prefix), offset.as_ref());
        listed.map_ok(|meta| meta.location.to_string()).try_collect().await.unwrap()
    }

    const SORTED: [&str; 8] = ["a-b/1", "a.b", "a/a", "a/b.c", "a/b/0/2", "a/b/1", "z", "ä/ö"];

    #[tokio::test]
    async fn the_order_is_that_of_the_whole_paths() {
        let root = tree();
        assert!(SORTED.is_sorted());
        assert_eq!(keys(root.path(), "", None).await, SORTED);
        assert_eq!(keys(root.path(), "a", None).await, SORTED[2..6]);
        assert_eq!(keys(root.path(), "nothing", None).await, [""; 0]);
    }

    #[tokio::test]
    async fn a_list_begins_after_any_path_whether_it_is_there_or_not() {
        let root = tree();
        for (at, key) in SORTED.iter().enumerate() {
            assert_eq!(keys(root.path(), "", Some(key)).await, SORTED[at + 1..], "after {key}");
        }
        assert_eq!(keys(root.path(), "", Some("a/b/5")).await, ["z", "ä/ö"]);
        assert_eq!(keys(root.path(), "a/b", Some("a/b/0")).await, ["a/b/0/2", "a/b/1"]);
    }

    #[tokio::test]
    async fn links_are_followed_but_not_round_in_a_ring() {
        let root = tree();
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join("far"), "").unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), root.path().join("a/link")).unwrap();
        std::os::unix::fs::symlink(root.path(), root.path().join("a/b/ring")).unwrap();
        std::os::unix::fs::symlink("nowhere", root.path().join("a/broken")).unwrap();
        assert_eq!(keys(root.path(), "a", None).await, ["a/a", "a/b.c", "a/b/0/2", "a/b/1", "a/link/far"]);
    }
}
