//! What changed from one version to the next: pure, on inventories.

use std::collections::BTreeMap;

use granary_silo::Entry;
use serde::Serialize;

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    /// It is new.
    Added,
    /// It has other bytes.
    Replaced,
    /// It was stored again, and nothing tells whether it is the same: RecordSilo kept no digests.
    StoredAgain,
    /// It is no longer part of the object. (Its bytes stay.)
    Removed,
    /// It is the same.
    Kept,
}

impl Change {
    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Replaced => "replaced",
            Self::StoredAgain => "stored again",
            Self::Removed => "removed",
            Self::Kept => "kept",
        }
    }
}

/// A file of one of two versions, or of both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FileChange {
    pub(crate) name: String,
    pub(crate) is_metadata: bool,
    pub(crate) change: Change,
}

/// What became of every file from `before` to `after`, by name. Of the first version every file is added.
pub(crate) fn changes(
    before: &BTreeMap<String, Entry>,
    after: &BTreeMap<String, Entry>,
    is_metadata: impl Fn(&Entry) -> bool,
) -> Vec<FileChange> {
    let removed = before.iter().filter(|(name, _)| !after.contains_key(*name));
    let removed = removed.map(|(name, entry)| (name, entry, Change::Removed));
    let others = after.iter().map(|(name, entry)| (name, entry, change(before.get(name), entry)));
    let mut changes: Vec<_> = removed
        .chain(others)
        .map(|(name, entry, change)| FileChange {
            name: name.clone(),
            is_metadata: is_metadata(entry),
            change,
        })
        .collect();
    changes.sort_by(|one, other| one.name.cmp(&other.name));
    changes
}

fn change(before: Option<&Entry>, after: &Entry) -> Change {
    let Some(before) = before else { return Change::Added };
    match (&before.sha256, &after.sha256) {
        _ if before.path == after.path => Change::Kept,
        (Some(one), Some(other)) if one == other => Change::Kept,
        (Some(_), Some(_)) => Change::Replaced,
        _ if before.size.is_some() && after.size.is_some() && before.size != after.size => Change::Replaced,
        _ => Change::StoredAgain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, sha256: Option<&str>, size: Option<u64>) -> Entry {
        Entry { path: path.to_owned(), sha256: sha256.map(str::to_owned), size, ..Entry::default() }
    }

    fn inventory<const N: usize>(entries: [(&str, Entry); N]) -> BTreeMap<String, Entry> {
        entries.map(|(name, entry)| (name.to_owned(), entry)).into()
    }

    #[test]
    fn a_file_is_the_same_when_it_lies_in_the_same_place_or_has_the_same_digest() {
        let before = inventory([
            ("gone", entry("__1/gone", Some("a"), None)),
            ("moved", entry("__1/moved", Some("b"), None)),
            ("old", entry("__1/old", None, None)),
            ("other", entry("__1/other", Some("c"), None)),
            ("resized", entry("__1/resized", None, Some(1))),
            ("same", entry("__1/same", None, None)),
        ]);
        let after = inventory([
            ("moved", entry("__2/moved", Some("b"), None)),
            ("new", entry("__2/new", Some("e"), None)),
            ("old", entry("__2/old", None, None)),
            ("other", entry("__2/other", Some("d"), None)),
            ("resized", entry("__2/resized", None, Some(2))),
            ("same", entry("__1/same", None, None)),
        ]);
        let words: Vec<_> = changes(&before, &after, |entry| entry.path == "__1/same")
            .into_iter()
            .map(|file| {
                format!("{}{} {}", file.name, if file.is_metadata { "*" } else { "" }, file.change.word())
            })
            .collect();
        let expected = [
            "gone removed",
            "moved kept",
            "new added",
            "old stored again",
            "other replaced",
            "resized replaced",
            "same* kept",
        ];
        assert_eq!(words, expected);
    }
}
