//! What a silo holds, found by walking it.

use futures::{StreamExt, stream::BoxStream};
use object_store::path::Path;

use crate::{
    error::Error,
    name::Identifier,
    silo::{MANIFEST, Silo},
};

/// An object, found by its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its identifier, decoded from the path.
    pub identifier: Identifier,
    /// Its folder, relative to the granary.
    pub folder: String,
}

impl Silo {
    /// The objects of the silo as they are found, in no particular order. Memory does not grow with the silo.
    ///
    /// A folder whose path decodes to nothing is an error of its own; the listing goes on after it.
    pub fn list(&self) -> BoxStream<'static, Result<Listed, Error>> {
        let root = self.root();
        let prefix = Path::from_iter(root.split('/'));
        self.objects()
            .list(Some(&prefix))
            .filter_map(move |file| {
                let file = file.map_err(Error::store("list", &root));
                let listed = file.and_then(|file| listed(&root, file.location.as_ref())).transpose();
                async move { listed }
            })
            .boxed()
    }
}

/// The object that a file is the manifest of.
fn listed(root: &str, location: &str) -> Result<Option<Listed>, Error> {
    let folder = location.strip_suffix(MANIFEST).and_then(|rest| rest.strip_suffix('/'));
    folder.map(|folder| object_in(root, folder)).transpose()
}

/// The object whose folder this is; `root` is the silo's `pairtree_root`.
pub(crate) fn object_in(root: &str, folder: &str) -> Result<Listed, Error> {
    let path = folder.strip_prefix(root).unwrap_or(folder);
    let path = path.strip_suffix("/obj").unwrap_or(path);
    let identifier = granary_pairtree::to_identifier(path)
        .map_err(|source| Error::NotAnIdentifier { path: folder.to_owned(), source })?;
    Ok(Listed { identifier: identifier.parse()?, folder: folder.to_owned() })
}
