//! `granary cat`: a file's bytes.

use std::io::Write as _;

use futures::StreamExt;
use granary_silo::{Entry, Identifier, Manifest, SiloName, VersionName};

use crate::{
    args::Global,
    exit::{Exit, Misuse},
    printer::Printer,
    setup,
};

pub(crate) async fn run(
    global: &Global,
    silo: &SiloName,
    identifier: &Identifier,
    name: &str,
    version: Option<String>,
) -> anyhow::Result<Exit> {
    let granary = setup::open(global).await?;
    let silo = granary.silo(silo).await?;
    let object = silo.object(identifier).await?;
    let object = object.ok_or_else(|| Misuse(format!("{} has no object {identifier}", silo.name())))?;
    let entry = find(&object.manifest, name, version)?;
    let Some(got) = silo.read(identifier, &entry.path).await? else {
        anyhow::bail!(
            "{} is named in the manifest and not there; `granary verify` says what else is",
            entry.path
        );
    };
    let mut out = Printer::raw();
    let mut pieces = got.into_stream();
    while let Some(piece) = pieces.next().await {
        out.write_all(&piece?)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// A file of a version; without a version, of the newest one. A path below a subfolder of an old version is one too.
fn find(manifest: &Manifest, name: &str, version: Option<String>) -> Result<Entry, Misuse> {
    let version = match version {
        Some(version) => VersionName::named(version),
        None => manifest.latest().cloned().ok_or_else(|| Misuse("the object has no version".to_owned()))?,
    };
    if !manifest.versions.contains(&version) {
        let versions: Vec<_> = manifest.versions.iter().map(VersionName::as_str).collect();
        return Err(Misuse(format!("there is no version {version}; there are {}", versions.join(", "))));
    }
    let mut inventory = manifest.inventory(&version);
    if let Some(entry) = inventory.remove(name) {
        return Ok(entry);
    }
    let folder = name.split_once('/').and_then(|(folder, rest)| Some((inventory.get(folder)?, rest)));
    if let Some((folder, rest)) = folder
        && !rest.split('/').any(|segment| segment == ".." || segment.is_empty())
    {
        return Ok(Entry { path: format!("{}/{rest}", folder.path), ..Entry::default() });
    }
    let names: Vec<_> = inventory.keys().map(String::as_str).collect();
    Err(Misuse(format!("version {version} has no file {name}; it has {}", names.join(", "))))
}
