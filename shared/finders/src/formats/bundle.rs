//! What a group of files is for, by its name: bundles of DSpace, `USE` in METS.

/// Groups whose files are made from others and made anew at any time, or are no content: text for the index,
/// thumbnails, previews, the deposit licence, the record's own resource map.
const DERIVED: &[&str] = &[
    "TEXT",
    "THUMBNAIL",
    "THUMBNAILS",
    "THUMB",
    "THUMBS",
    "PREVIEW",
    "BRANDED_PREVIEW",
    "LICENSE",
    "CC-LICENSE",
    "ORE",
];

/// Whether the files of a group are no originals.
pub(super) fn is_derived(name: &str) -> bool {
    DERIVED.iter().any(|derived| derived.eq_ignore_ascii_case(name.trim()))
}
