//! One stored file.

use granary_harvest::Granary;
use granary_silo::{Entry, Identifier, Manifest, SiloName, VersionName};
use object_store::path::Path;

use crate::{
    failure::Failure,
    model::object::{manifest, no_such_version},
};

/// A file that a manifest names.
#[derive(Debug, Clone)]
pub(crate) struct StoredFile {
    /// Its name in the version.
    pub(crate) name: String,
    pub(crate) entry: Entry,
    /// Where it lies in the store.
    pub(crate) location: Path,
}

/// Finds a file of a version; without a version, of the newest one.
///
/// # Errors
/// When there is no such silo, object, version or file.
pub(crate) async fn find_file(
    granary: &Granary,
    silo: &SiloName,
    identifier: &Identifier,
    version: Option<&VersionName>,
    name: &str,
) -> Result<StoredFile, Failure> {
    let (silo, manifest) = manifest(granary, silo, identifier).await?;
    let version = version.or_else(|| manifest.latest());
    let version = version.ok_or_else(|| Failure::not_found(format!("{identifier} has no version")))?;
    if !manifest.versions.contains(version) {
        return Err(no_such_version(&manifest, version));
    }
    let none = || Failure::not_found(format!("version {version} of {identifier} has no file {name}"));
    let entry = entry(&manifest, version, name).ok_or_else(none)?;
    // A path with `..` in it is none.
    let location = Path::parse(format!("{}/{}", silo.folder(identifier), entry.path)).map_err(|_| none())?;
    Ok(StoredFile { name: name.to_owned(), entry, location })
}

/// The entry of a file. Of a version that RecordSilo made, what lies in a subfolder is part of the folder that is listed.
fn entry(manifest: &Manifest, version: &VersionName, name: &str) -> Option<Entry> {
    let mut inventory = manifest.inventory(version);
    inventory.remove(name).or_else(|| {
        let (folder, rest) = name.split_once('/')?;
        let folder = inventory.remove(folder)?;
        Some(Entry { path: format!("{}/{rest}", folder.path), ..Entry::default() })
    })
}
