//! `granary show`: an object, and where everything of it lies.

use std::io::Write as _;

use granary_silo::{Identifier, Manifest, SiloName, VersionName};
use serde_json::{Value, json};

use crate::{
    args::Global,
    exit::{Exit, Misuse},
    printer::{Out, Printer, bytes},
    setup,
};

pub(crate) async fn run(
    global: &Global,
    printer: Printer,
    silo: &SiloName,
    identifier: &Identifier,
) -> anyhow::Result<Exit> {
    let granary = setup::open(global).await?;
    let silo = granary.silo(silo).await?;
    let object = silo.object(identifier).await?;
    let Some(object) = object else {
        let text =
            format!("{} has no object {identifier}; `granary ls {}` lists them", silo.name(), silo.name());
        return Err(Misuse(text).into());
    };
    let manifest = &object.manifest;
    let folder = silo.folder(identifier);
    let place = |path: &str| granary.place(&format!("{folder}/{path}"));
    let versions: Vec<_> =
        manifest.versions.iter().map(|version| version_json(manifest, version, &place)).collect();
    let value = json!({
        "identifier": identifier,
        "silo": silo.name(),
        "path": granary.place(&folder),
        "manifest": place("__manifest.json"),
        "metadata": manifest.metadata,
        "versions": versions,
    });
    printer.result(&value, |out| {
        writeln!(out, "{identifier}\n  {}", granary.place(&folder))?;
        manifest.versions.iter().rev().try_for_each(|version| print_version(out, manifest, version, &place))
    })?;
    Ok(Exit::Done)
}

fn version_json(manifest: &Manifest, version: &VersionName, place: &impl Fn(&str) -> String) -> Value {
    let record = manifest.record(version);
    let files: Vec<_> = manifest
        .inventory(version)
        .into_iter()
        .map(|(name, entry)| {
            let is_metadata = manifest.is_metadata(&entry);
            let place = place(&entry.path);
            let mut value = json!(entry);
            value["name"] = name.into();
            value["is_metadata"] = is_metadata.into();
            value["path"] = place.into();
            value
        })
        .collect();
    json!({
        "version": version,
        "date": manifest.version_dates.get(version),
        "datestamp": record.and_then(|record| record.datestamp.as_ref()),
        "deleted": record.is_some_and(|record| record.deleted),
        "absent": record.is_some_and(|record| record.absent),
        "possibly_other_work": record.and_then(|record| record.possibly_other_work.as_ref()),
        "sets": record.map(|record| &record.sets),
        "run": record.and_then(|record| record.run.as_ref()),
        "files": files,
        "failures": record.map(|record| &record.failures),
        "without_files": record.and_then(|record| record.without_files.as_ref()),
        "landing_page": record.and_then(|record| record.landing_page.as_ref()),
    })
}

fn print_version(
    out: &mut Out,
    manifest: &Manifest,
    version: &VersionName,
    place: &impl Fn(&str) -> String,
) -> std::io::Result<()> {
    let record = manifest.record(version);
    // An absent record has the datestamp of the version before; when that was found is the version's own date.
    let date = record.filter(|record| !record.absent).and_then(|record| record.datestamp.clone());
    let date = date.or_else(|| manifest.version_dates.get(version).cloned()).unwrap_or_default();
    let gone = match record {
        Some(record) if record.deleted => ", deleted",
        Some(record) if record.absent => ", absent: the repository no longer knows it",
        Some(_) | None => "",
    };
    writeln!(out, "version {version}  {date}{gone}")?;
    if let Some(before) = record.and_then(|record| record.possibly_other_work.as_ref()) {
        writeln!(out, "  possibly another work than before: {before}")?;
    }
    for (name, entry) in manifest.inventory(version) {
        let size = entry.size.map(bytes).unwrap_or_default();
        let kind = if manifest.is_metadata(&entry) { "metadata" } else { "file" };
        writeln!(out, "  {name}  {kind}  {size}\n    {}", place(&entry.path))?;
        if let Some(sha256) = &entry.sha256 {
            writeln!(out, "    sha256 {sha256}")?;
        }
    }
    if let Some(without) = record.and_then(|record| record.without_files.as_ref()) {
        writeln!(out, "  no file to fetch: {}: {}", without.reason, without.detail)?;
    }
    for failure in record.into_iter().flat_map(|record| &record.failures) {
        writeln!(
            out,
            "  not stored: {}  {}: {}\n    {}",
            failure.name, failure.reason, failure.detail, failure.url
        )?;
    }
    Ok(())
}
