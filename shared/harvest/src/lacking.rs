//! Why a record has no file to fetch. Pure.

use granary_finders::{Found, Lack, Method};
use granary_silo::WithoutFiles as Noted;

use crate::breakdown::WithoutFiles;

/// Why a record has no file to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lacking {
    why: Why,
    detail: String,
}

/// The reason, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    NoneNamed,
    NoneOpen,
    Unreadable,
    UnknownFormat,
    NoLandingPage,
}

impl Lacking {
    /// What is lacking of what was found; nothing when there is something to fetch.
    pub(crate) fn of(found: &Found) -> Option<Self> {
        let lack = found.lack()?;
        let detail = lack.to_string();
        let why = match (lack, found.problems.first()) {
            (Lack::UnknownFormat, Some(problem)) => {
                return Some(Self { why: Why::Unreadable, detail: problem.clone() });
            }
            (Lack::UnknownFormat, None) => Why::UnknownFormat,
            (Lack::NoneNamed { .. }, _) => Why::NoneNamed,
            (Lack::Unreadable { .. }, _) => Why::Unreadable,
            (Lack::NoneOpen { .. }, _) => Why::NoneOpen,
        };
        Some(Self { why, detail })
    }

    /// The same of what a landing page says: one that is of no known kind names no files.
    pub(crate) fn of_page(found: &Found, url: &str) -> Option<Self> {
        let Self { why, detail } = Self::of(found)?;
        let why = if why == Why::UnknownFormat { Why::NoneNamed } else { why };
        Some(Self { why, detail: format!("{url}: {detail}") })
    }

    /// The landing page could not be had.
    pub(crate) fn no_landing_page(detail: &str) -> Self {
        Self { why: Why::NoLandingPage, detail: detail.to_owned() }
    }

    /// As the manifest keeps it.
    pub(crate) fn to_note(&self) -> Noted {
        let reason = self.count().by_reason().find(|(_, value)| *value > 0).map_or("", |(name, _)| name);
        Noted { reason: reason.to_owned(), detail: self.detail.clone(), ..Noted::default() }
    }

    /// As it counts: one record.
    pub(crate) fn count(&self) -> WithoutFiles {
        let mut count = WithoutFiles::default();
        match self.why {
            Why::NoneNamed => count.none_named = 1,
            Why::NoneOpen => count.none_open = 1,
            Why::Unreadable => count.unreadable = 1,
            Why::UnknownFormat => count.unknown_format = 1,
            Why::NoLandingPage => count.no_landing_page = 1,
        }
        count
    }
}

/// Whether a landing page may name files that the metadata does not. What lists all that an item has is believed: a
/// large part of an EPrints' items have no documents, and their pages would all be asked for nothing.
pub(crate) fn page_may_say_more(found: &Found) -> bool {
    let lists_everything = match found.method {
        Some(Method::Eprints3 | Method::Mets | Method::Xoai) => true,
        None
        | Some(
            Method::Ore
            | Method::Didl
            | Method::Openaire
            | Method::Rioxx
            | Method::Jats
            | Method::OaiDc
            | Method::Marcxml
            | Method::Signposting
            | Method::HtmlMeta
            | Method::LandingPage,
        ) => false,
    };
    !lists_everything && found.files.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: Option<Method>, problems: &[&str]) -> Found {
        Found { method, problems: problems.iter().map(ToString::to_string).collect(), ..Found::default() }
    }

    #[test]
    fn the_reason_is_a_word_and_counts_one_record() {
        for (found, reason) in [
            (found(Some(Method::OaiDc), &[]), "none_named"),
            (found(Some(Method::Mets), &["a file has no URL"]), "unreadable"),
            (found(None, &["it is not XML"]), "unreadable"),
            (found(None, &[]), "unknown_format"),
        ] {
            let lacking = Lacking::of(&found).unwrap();
            assert_eq!(lacking.to_note().reason, reason);
            assert_eq!(lacking.count().by_reason().map(|(_, value)| value).sum::<u64>(), 1);
        }
    }

    #[test]
    fn a_page_of_no_known_kind_names_no_files() {
        let note = Lacking::of_page(&found(None, &[]), "http://x.org/7/").unwrap().to_note();
        assert_eq!(note.reason, "none_named");
        assert!(note.detail.starts_with("http://x.org/7/: "), "{}", note.detail);
    }

    #[test]
    fn what_lists_everything_is_believed() {
        assert!(page_may_say_more(&found(Some(Method::OaiDc), &[])));
        assert!(page_may_say_more(&found(None, &[])));
        assert!(!page_may_say_more(&found(Some(Method::Eprints3), &[])));
    }
}
