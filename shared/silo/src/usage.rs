//! How much a silo holds.

use futures::{StreamExt, TryStreamExt};
use object_store::ObjectMeta;

use crate::{
    error::Error,
    silo::{MANIFEST, Silo},
};

/// Numbers of a silo, counted by listing it: nothing is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Objects: manifests.
    pub objects: u64,
    /// Files in the folders of versions, metadata among them.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// How many parts of a silo are listed at the same time.
const PARTS_AT_ONCE: usize = 4;

/// How many files are counted in one go.
const FILES_TOGETHER: usize = 256;

impl Silo {
    /// Counts objects, files and bytes. Takes as long as listing takes.
    pub async fn usage(&self) -> Result<Usage, Error> {
        let silo = self.clone();
        let mut files = self.walk_parts(PARTS_AT_ONCE, move |part| {
            let files = silo.objects().list(Some(&part));
            // One item for many files: an item of its own for each would cost more than to find it.
            files
                .chunks(FILES_TOGETHER)
                .map(move |files| {
                    let mut usage = Usage::default();
                    for file in files {
                        usage.add(&file.map_err(Error::store("list", &part))?);
                    }
                    Ok(usage)
                })
                .boxed()
        });
        let mut all = Usage::default();
        while let Some(usage) = files.try_next().await? {
            all.objects += usage.objects;
            all.files += usage.files;
            all.bytes += usage.bytes;
        }
        Ok(all)
    }
}

impl Usage {
    fn add(&mut self, file: &ObjectMeta) {
        if file.location.filename() == Some(MANIFEST) {
            self.objects += 1;
        } else if file.location.as_ref().contains("/__") {
            self.files += 1;
            self.bytes += file.size;
        }
    }
}
