//! Names, checked once where they enter: silos, identifiers, versions, files.

use std::{borrow::Borrow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The most bytes that a file name may have on the file systems that we know (`NAME_MAX`).
const NAME_MAX: usize = 255;

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {name:?} is not possible: {why}")]
pub struct InvalidName {
    what: &'static str,
    name: String,
    why: &'static str,
}

/// The name of a silo: a folder directly below the granary.
///
/// Letters, digits, `.`, `_` and `-`, at most 100 characters; does not begin with `.` or `_` (`_granary`, the
/// granary's own folder, is therefore none).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct SiloName(String);

impl SiloName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name made from a host name and, where there is one, its port: what a silo is called when nobody
    /// says otherwise.
    ///
    /// # Errors
    /// When nothing is left of `host` that a name may hold.
    pub fn from_host(host: &str, port: Option<u16>) -> Result<Self, InvalidName> {
        let mut name: String =
            host.chars().map(|c| if is_silo_char(c) { c.to_ascii_lowercase() } else { '-' }).collect();
        if let Some(port) = port {
            name.push_str(&format!("-{port}"));
        }
        name.trim_matches(['-', '.', '_']).parse()
    }
}

fn is_silo_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

impl FromStr for SiloName {
    type Err = InvalidName;

    fn from_str(name: &str) -> Result<Self, InvalidName> {
        let refuse = |why| Err(InvalidName { what: "silo name", name: name.to_owned(), why });
        if name.is_empty() {
            refuse("it is empty")
        } else if name.len() > 100 {
            refuse("it has more than 100 characters")
        } else if !name.chars().all(is_silo_char) {
            refuse("only letters, digits, '.', '_' and '-' may be in it")
        } else if name.starts_with(['.', '_']) {
            refuse("it begins with '.' or '_'")
        } else {
            Ok(Self(name.to_owned()))
        }
    }
}

/// An OAI identifier: any text that is not empty. Unique only inside its silo.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Identifier(String);

impl Identifier {
    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Identifier {
    type Err = InvalidName;

    fn from_str(name: &str) -> Result<Self, InvalidName> {
        if name.is_empty() {
            return Err(InvalidName { what: "identifier", name: String::new(), why: "it is empty" });
        }
        Ok(Self(name.to_owned()))
    }
}

/// The name of a version. Ours are numbers from 1; RecordSilo's may be any text (`final`, `v1_new`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VersionName(String);

impl VersionName {
    /// The name of the version with this number.
    pub fn number(number: u64) -> Self {
        Self(number.to_string())
    }

    /// A version name as it was found or typed; whether a manifest has it is for the manifest to say.
    pub fn named(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number, when the name is one.
    pub fn as_number(&self) -> Option<u64> {
        self.0.parse().ok()
    }

    /// The version's folder below the object: `__` and the name.
    pub fn folder(&self) -> String {
        format!("__{}", self.0)
    }
}

impl Borrow<str> for VersionName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// The name of a file inside a version: one or more segments joined by `/`, safe to write anywhere.
///
/// Guaranteed of each segment: not empty, `.`, `..` or `__manifest.json` (in any case); at most 255 bytes; no control
/// characters, no `\`, no trailing dot or space; does not end in `#` and digits (which `object_store` takes for an
/// unfinished upload). Of the first one: not `0=` to `5=` at its beginning, which RecordSilo hides.
/// What is not allowed becomes `^xx`, as in Pairtree; the text as the repository had it is kept in the
/// manifest, so nothing depends on undoing this.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct FileName(String);

impl FileName {
    /// The safe form of a name given by a repository. Every text has one; the same text always has the same.
    pub fn safe(name: &str) -> Self {
        let mut segments: Vec<String> =
            name.split('/').filter(|s| !s.is_empty() && *s != ".").map(safe_segment).collect();
        match segments.first_mut() {
            None => segments.push("file".to_owned()),
            Some(first) => {
                if is_reserved(first) {
                    *first = shorten(escape_first(first), "");
                }
            }
        }
        Self(segments.join("/"))
    }

    /// Another name for a file whose own is taken: the name with `~` and eight hexadecimal digits that follow from
    /// `seed` (its URL, or its digest) before the extension.
    pub fn distinct(&self, seed: &str) -> Self {
        let (folder, last) = match self.0.rsplit_once('/') {
            Some((folder, last)) => (Some(folder), last),
            None => (None, self.0.as_str()),
        };
        let (stem, extension) = split_extension(last);
        let tag = format!("~{}{extension}", &hex::encode(Sha256::digest(seed))[..8]);
        let last = shorten(stem.to_owned(), &tag);
        Self(folder.map_or(last.clone(), |folder| format!("{folder}/{last}")))
    }

    /// The same without subfolders: for a file that cannot lie in a folder because that is the name of a file.
    pub(crate) fn flat(&self) -> Self {
        Self::safe(&self.0.replace('/', "^2f"))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first segment: the file itself, or the subfolder that it lies in.
    pub fn first_segment(&self) -> &str {
        self.0.split('/').next().unwrap_or(&self.0)
    }
}

fn safe_segment(segment: &str) -> String {
    if segment == ".." {
        return "^2e^2e".to_owned();
    }
    if segment.eq_ignore_ascii_case("__manifest.json") {
        return escape_first(segment);
    }
    let mut safe = String::with_capacity(segment.len());
    for c in segment.chars() {
        if c.is_control() || c == '\\' {
            escape(c, &mut safe);
        } else {
            safe.push(c);
        }
    }
    if safe.ends_with(['.', ' ']) {
        let last = safe.pop().unwrap_or('.');
        escape(last, &mut safe);
    }
    if let Some((stem, digits)) = safe.rsplit_once('#')
        && !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
    {
        safe = format!("{stem}^23{digits}");
    }
    if safe.len() <= NAME_MAX {
        return safe;
    }
    // The digest keeps two long names that differ only in what is cut off apart.
    let tag = &hex::encode(Sha256::digest(segment))[..8];
    let (stem, extension) = split_extension(&safe);
    shorten(stem.to_owned(), &format!("~{tag}{extension}"))
}

fn escape(c: char, into: &mut String) {
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        into.push_str(&format!("^{byte:02x}"));
    }
}

fn is_reserved(segment: &str) -> bool {
    matches!(segment.as_bytes(), [b'0'..=b'5', b'=', ..])
}

fn escape_first(segment: &str) -> String {
    let mut safe = String::new();
    let mut chars = segment.chars();
    if let Some(first) = chars.next() {
        escape(first, &mut safe);
    }
    safe + chars.as_str()
}

/// The extension with its dot, when it is short enough to be one.
fn split_extension(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= 16 => name.split_at(dot),
        _ => (name, ""),
    }
}

/// `stem` cut at a character so that it fits in a name together with `tail`.
fn shorten(mut stem: String, tail: &str) -> String {
    let room = NAME_MAX - tail.len();
    if stem.len() > room {
        let cut = (0..=room).rev().find(|&at| stem.is_char_boundary(at)).unwrap_or(0);
        stem.truncate(cut);
    }
    stem + tail
}

macro_rules! text_type {
    ($($type:ty),*) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    )*};
}
text_type!(SiloName, Identifier, VersionName, FileName);

impl TryFrom<String> for SiloName {
    type Error = InvalidName;
    fn try_from(name: String) -> Result<Self, InvalidName> {
        name.parse()
    }
}

impl TryFrom<String> for Identifier {
    type Error = InvalidName;
    fn try_from(name: String) -> Result<Self, InvalidName> {
        name.parse()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(name: &str, safe: &str) {
        assert_eq!(FileName::safe(name).as_str(), safe, "{name:?}");
    }

    #[test]
    fn a_harmless_name_stays_as_it_is() {
        for name in ["paper.pdf", "b v1.pdf", "images/fig 1.png", "Über^Ringe.pdf", "a&b.txt", ".htaccess"] {
            check(name, name);
        }
    }

    #[test]
    fn a_name_never_leaves_the_folder_of_its_version() {
        check("../../etc/passwd", "^2e^2e/^2e^2e/etc/passwd");
        check("/etc/passwd", "etc/passwd");
        check("a//b/./c", "a/b/c");
        check("..", "^2e^2e");
        check("", "file");
        check("/", "file");
        check(r"..\x", r"..^5cx");
    }

    #[test]
    fn names_that_mean_something_here_or_to_recordsilo_are_escaped() {
        check("__manifest.json", "^5f_manifest.json");
        check("__MANIFEST.json", "^5f_MANIFEST.json");
        check("a/__manifest.json", "a/^5f_manifest.json");
        check("3=x", "^33=x");
        check("6=x", "6=x");
        check("a/3=x", "a/3=x");
        check("figure#1", "figure^231");
        check("figure#1.png", "figure#1.png");
    }

    #[test]
    fn control_characters_and_trailing_dots_are_escaped() {
        check("a\nb\u{7f}\u{85}", "a^0ab^7f^c2^85");
        check("name.", "name^2e");
        check("name ", "name^20");
        check("...", "..^2e");
    }

    #[test]
    fn a_long_name_is_cut_before_its_extension_and_stays_distinct() {
        let (a, b) = ("é".repeat(200) + "1.pdf", "é".repeat(200) + "2.pdf");
        let (safe_a, safe_b) = (FileName::safe(&a), FileName::safe(&b));
        assert!(safe_a.as_str().len() <= 255 && safe_a.as_str().ends_with(".pdf"), "{safe_a}");
        assert_ne!(safe_a, safe_b);
    }

    #[test]
    fn a_distinct_name_keeps_folder_and_extension() {
        let name = FileName::safe("a/09319250.pdf").distinct("http://example.org/5/09319250.pdf");
        assert_eq!(name.as_str(), "a/09319250~b73bdca2.pdf");
    }

    #[test]
    fn a_silo_is_named_after_its_host() {
        assert_eq!(SiloName::from_host("EPrints.example.org", None).unwrap().as_str(), "eprints.example.org");
        assert_eq!(SiloName::from_host("127.0.0.1", Some(8971)).unwrap().as_str(), "127.0.0.1-8971");
        assert_eq!(SiloName::from_host("[::1]", Some(80)).unwrap().as_str(), "1--80");
    }

    #[test]
    fn a_silo_name_is_one_harmless_folder() {
        for name in ["", "_granary", "..", "a/b", "a b", &"x".repeat(101)] {
            assert!(name.parse::<SiloName>().is_err(), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn every_text_has_a_safe_name_and_it_stays(name in any::<String>()) {
            let safe = FileName::safe(&name);
            for segment in safe.as_str().split('/') {
                prop_assert!(!segment.is_empty() && segment != "." && segment != "..");
                prop_assert!(segment.len() <= 255);
                prop_assert!(!segment.chars().any(char::is_control));
                prop_assert!(!segment.ends_with(['.', ' ']));
            }
            prop_assert!(!is_reserved(safe.first_segment()));
            prop_assert!(!safe.as_str().to_lowercase().contains("__manifest.json"));
            prop_assert_eq!(FileName::safe(safe.as_str()), safe);
        }

        #[test]
        fn long_names_fit(name in "[a-z#.é=_ ]{200,600}") {
            let safe = FileName::safe(&name);
            prop_assert!(safe.as_str().split('/').all(|s| s.len() <= 255));
            prop_assert!(safe.distinct("x").as_str().len() <= 255);
        }
    }
}
