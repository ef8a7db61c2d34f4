//! The metadata of a version: what it says, and its text.

use futures::StreamExt;
use granary_finders::Description;
use granary_silo::{Error, Identifier, Manifest, Silo, VersionName};
use serde::Serialize;

/// How much of a text is shown; the rest is a link away.
const SHOWN: usize = 256 << 10;
/// How much is read to find a title: whole records of Dublin Core, and the beginning of others.
const GLANCE: usize = 32 << 10;
/// How many files of metadata are shown of one version. Ours have one, those of 2010 mostly one.
const MOST: usize = 4;

/// A file of metadata.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct MetadataView {
    /// Its name, which is the metadata prefix.
    pub(crate) name: String,
    /// What it says of the work, when that is understood.
    pub(crate) description: Option<Description>,
    /// Its beginning, as text. The API gives the file itself.
    #[serde(skip)]
    pub(crate) text: String,
    /// Whether `text` is not all of it.
    #[serde(skip)]
    pub(crate) is_cut: bool,
}

/// The metadata of a version. A file that is named and not there is left out: its absence is for `verify` to tell.
pub(crate) async fn read(
    silo: &Silo,
    identifier: &Identifier,
    manifest: &Manifest,
    version: &VersionName,
) -> Result<Vec<MetadataView>, Error> {
    let mut metadata = Vec::new();
    for (name, path) in files(manifest, version) {
        let Some((bytes, is_cut)) = beginning(silo, identifier, &path, SHOWN).await? else { continue };
        let description = granary_finders::describe(&name, &bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        metadata.push(MetadataView { name, description, text, is_cut });
    }
    Ok(metadata)
}

/// What the metadata of a version says of the work, at a glance.
pub(crate) async fn describe(
    silo: &Silo,
    identifier: &Identifier,
    manifest: &Manifest,
    version: &VersionName,
) -> Result<Option<Description>, Error> {
    for (name, path) in files(manifest, version) {
        let read = beginning(silo, identifier, &path, GLANCE).await?;
        if let Some(description) = read.and_then(|(bytes, _)| granary_finders::describe(&name, &bytes)) {
            return Ok(Some(description));
        }
    }
    Ok(None)
}

/// The names and paths of a version's metadata.
fn files(manifest: &Manifest, version: &VersionName) -> Vec<(String, String)> {
    let entries = manifest.inventory(version).into_iter().filter(|(_, entry)| manifest.is_metadata(entry));
    entries.map(|(name, entry)| (name, entry.path)).take(MOST).collect()
}

/// The first bytes of a file, and whether there are more; nothing when it is not there.
async fn beginning(
    silo: &Silo,
    identifier: &Identifier,
    path: &str,
    most: usize,
) -> Result<Option<(Vec<u8>, bool)>, Error> {
    let Some(got) = silo.read(identifier, path).await? else { return Ok(None) };
    let mut bytes = Vec::new();
    let mut pieces = got.into_stream();
    while bytes.len() <= most
        && let Some(piece) = pieces.next().await
    {
        let failed = |source| Error::Store { action: "read", path: path.to_owned(), source };
        bytes.extend_from_slice(&piece.map_err(failed)?);
    }
    let is_cut = bytes.len() > most;
    bytes.truncate(most);
    Ok(Some((bytes, is_cut)))
}
