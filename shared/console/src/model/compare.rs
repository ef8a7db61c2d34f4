//! Two versions of an object, side by side.

use granary_finders::Field;
use granary_harvest::Granary;
use granary_silo::{Entry, Identifier, SiloName, VersionName};
use serde::Serialize;

use crate::{
    failure::Failure,
    model::{
        Change, FileView, MetadataView, VersionView,
        changes::changes,
        diff::{self, Line},
        metadata,
        object::{manifest, no_such_version, versions},
    },
};

/// Two versions, and what differs.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Comparison {
    pub(crate) silo: SiloName,
    pub(crate) identifier: Identifier,
    pub(crate) title: Option<String>,
    /// All versions of the object, the newest first.
    pub(crate) versions: Vec<VersionName>,
    pub(crate) from: VersionView,
    pub(crate) to: VersionView,
    pub(crate) files: Vec<FilePair>,
    /// What the metadata says, where it is understood.
    pub(crate) fields: Vec<FieldPair>,
    /// The text of the metadata; nothing when it is too long to compare, or when one of the two has none.
    pub(crate) lines: Option<Vec<Line>>,
}

/// A file in both versions, or in one.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FilePair {
    pub(crate) name: String,
    pub(crate) is_metadata: bool,
    pub(crate) change: Change,
    pub(crate) from: Option<FileView>,
    pub(crate) to: Option<FileView>,
}

/// What both versions say in a field.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FieldPair {
    pub(crate) field: Field,
    pub(crate) from: Vec<String>,
    pub(crate) to: Vec<String>,
    pub(crate) is_same: bool,
}

impl Comparison {
    /// Whether the text of the metadata differs in any line.
    pub(crate) fn has_other_lines(&self) -> bool {
        self.lines.iter().flatten().any(|line| !matches!(line, Line::Both(_)))
    }
}

/// Compares two versions; without their names, the newest with the one before.
///
/// # Errors
/// When there is no such object, or no such version.
pub(crate) async fn compare(
    granary: &Granary,
    name: &SiloName,
    identifier: &Identifier,
    from: Option<&VersionName>,
    to: Option<&VersionName>,
) -> Result<Comparison, Failure> {
    let (silo, manifest) = manifest(granary, name, identifier).await?;
    let views = versions(granary, &silo, identifier, &manifest).await?;
    let view = |version: &VersionName| {
        let found = views.iter().find(|view| view.version == *version);
        found.cloned().ok_or_else(|| no_such_version(&manifest, version))
    };
    let Some(newest) = manifest.latest() else {
        return Err(Failure::not_found(format!("{identifier} has no version")));
    };
    let to = view(to.unwrap_or(newest))?;
    let from = match from {
        Some(from) => view(from)?,
        None => view(to.previous.as_ref().unwrap_or(&to.version))?,
    };
    let before = metadata::read(&silo, identifier, &manifest, &from.version).await?;
    let after = metadata::read(&silo, identifier, &manifest, &to.version).await?;
    let title = |metadata: &[MetadataView]| {
        metadata.iter().find_map(|metadata| metadata.description.as_ref()?.title().map(str::to_owned))
    };
    Ok(Comparison {
        silo: name.clone(),
        identifier: identifier.clone(),
        title: title(&after).or_else(|| title(&before)),
        versions: views.iter().map(|view| view.version.clone()).collect(),
        files: files(&from, &to),
        fields: fields(&before, &after),
        lines: lines(&before, &after),
        from,
        to,
    })
}

fn files(from: &VersionView, to: &VersionView) -> Vec<FilePair> {
    let inventory = |version: &VersionView| {
        version.files.iter().map(|file| (file.name.clone(), file.entry.clone())).collect()
    };
    let all = || from.files.iter().chain(&to.files);
    let is_metadata = |entry: &Entry| all().any(|file| file.is_metadata && file.entry.path == entry.path);
    let find =
        |version: &VersionView, name: &str| version.files.iter().find(|file| file.name == name).cloned();
    let pair = |change: super::FileChange| FilePair {
        from: find(from, &change.name),
        to: find(to, &change.name),
        name: change.name,
        is_metadata: change.is_metadata,
        change: change.change,
    };
    changes(&inventory(from), &inventory(to), is_metadata).into_iter().map(pair).collect()
}

fn fields(before: &[MetadataView], after: &[MetadataView]) -> Vec<FieldPair> {
    let described =
        |metadata: &[MetadataView]| metadata.iter().find_map(|metadata| metadata.description.clone());
    let (before, after) = (described(before), described(after));
    let named = |description: &Option<granary_finders::Description>| {
        description.iter().flat_map(|description| description.fields.keys().copied()).collect::<Vec<_>>()
    };
    let mut all = named(&before);
    all.extend(named(&after));
    all.sort();
    all.dedup();
    let texts = |description: &Option<granary_finders::Description>, field| {
        description
            .iter()
            .flat_map(|description| description.texts(field))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let pair = |field| {
        let (from, to) = (texts(&before, field), texts(&after, field));
        FieldPair { field, is_same: from == to, from, to }
    };
    all.into_iter().map(pair).collect()
}

fn lines(before: &[MetadataView], after: &[MetadataView]) -> Option<Vec<Line>> {
    let (before, after) = (before.first()?, after.first()?);
    diff::diff(&diff::lines(&before.text), &diff::lines(&after.text))
}
