//! How much a silo holds.

use futures::StreamExt;
use object_store::path::Path;

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

impl Silo {
    /// Counts objects, files and bytes. Takes as long as listing takes.
    pub async fn usage(&self) -> Result<Usage, Error> {
        let root = self.root();
        let prefix = Path::from_iter(root.split('/'));
        let mut usage = Usage::default();
        let mut files = self.objects().list(Some(&prefix));
        while let Some(file) = files.next().await {
            let file = file.map_err(Error::store("list", &root))?;
            if file.location.filename() == Some(MANIFEST) {
                usage.objects += 1;
            } else if file.location.as_ref().contains("/__") {
                usage.files += 1;
                usage.bytes += file.size;
            }
        }
        Ok(usage)
    }
}
