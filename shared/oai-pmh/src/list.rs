//! What to ask next: one list followed to its end. No clock and no I/O.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    request::Request,
    summary::PageSummary,
    types::{ErrorCode, Next, OaiError},
};

/// How many empty pages in a row may carry a token.
const EMPTY_PAGES: u32 = 5;

/// One list request, followed from page to page. Can be kept as a checkpoint between any two pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    request: Request,
    pages: u64,
    seen: u64,
    empty_in_a_row: u32,
    /// Brent's way to find a cycle in constant memory: a page is compared with the one before it, and with one that is
    /// replaced whenever the number of pages has doubled.
    last: Option<u64>,
    anchor: Option<u64>,
    next_anchor: u64,
    size: Size,
}

/// What is known of the size of the whole list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Size {
    Unknown,
    Announced(u64),
    /// The repository says different things on different pages, or what cannot be.
    Unbelievable,
}

/// What follows from a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// There is more: ask [`List::request`].
    Ask,
    /// The list is whole.
    Done {
        /// What was odd.
        warnings: Vec<Warning>,
    },
    /// The list cannot be followed to its end this way.
    Trouble(Trouble),
}

/// Something odd in a list that is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// A page in the middle said `noRecordsMatch`; taken for the end.
    EndedByNoRecordsMatch,
    /// What the repository announced as the size of the list cannot be.
    UnbelievableSize,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EndedByNoRecordsMatch => "a list ended with noRecordsMatch in place of an empty token",
            Self::UnbelievableSize => "the completeListSize of a list cannot be right",
        })
    }
}

/// Why a list cannot be followed to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The token has expired, or was lost.
    BadToken,
    /// The same pages come again and again.
    Loop,
    /// One empty page after the other, each with a token.
    TooManyEmptyPages,
    /// The list ended with fewer items than announced.
    Short {
        /// How many came.
        seen: u64,
        /// How many were announced.
        announced: u64,
    },
    /// The repository refuses the request; it will do so again.
    Refused(OaiError),
    /// The repository failed; it may work another time.
    Failed(OaiError),
    /// The page ended in the middle, or is no answer to a list request.
    CutOff,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadToken => f.write_str("the resumption token is refused"),
            Self::Loop => f.write_str("the same pages come again and again"),
            Self::TooManyEmptyPages => write!(f, "{EMPTY_PAGES} empty pages in a row"),
            Self::Short { seen, announced } => write!(f, "the list ended after {seen} of {announced} items"),
            Self::Refused(error) | Self::Failed(error) => write!(f, "the repository answers {error}"),
            Self::CutOff => f.write_str("a page is cut off, or holds no list"),
        }
    }
}

impl List {
    /// A list to be begun with `request`.
    pub fn new(request: Request) -> Self {
        Self {
            request,
            pages: 0,
            seen: 0,
            empty_in_a_row: 0,
            last: None,
            anchor: None,
            next_anchor: 1,
            size: Size::Unknown,
        }
    }

    /// What to ask now.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// How many items have come.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// How many pages have come.
    pub fn pages(&self) -> u64 {
        self.pages
    }

    /// How many items the list has in all, where that is announced and can be.
    pub fn complete_list_size(&self) -> Option<u64> {
        match self.size {
            Size::Announced(size) => Some(size),
            Size::Unknown | Size::Unbelievable => None,
        }
    }

    /// Takes the answer to [`List::request`], and says what follows.
    pub fn answered(&mut self, page: &PageSummary) -> Step {
        // An error behind items says that the page is not what it should be; only "nothing matches" is contradicted by them.
        let contradicted = |error: &&OaiError| page.items > 0 && error.code == ErrorCode::NoRecordsMatch;
        if let Some(error) = page.error.as_ref().filter(|error| !contradicted(error)) {
            return self.error(error);
        }
        if !page.complete {
            return Step::Trouble(Trouble::CutOff);
        }
        if page.items > 0 && self.repeats(page.fingerprint) {
            return Step::Trouble(Trouble::Loop);
        }
        self.pages += 1;
        self.seen += page.items;
        self.note_size(page);
        match &page.next {
            Next::End { .. } => self.end(),
            Next::More { token, .. } => {
                self.empty_in_a_row = if page.items == 0 { self.empty_in_a_row + 1 } else { 0 };
                if self.empty_in_a_row >= EMPTY_PAGES {
                    return Step::Trouble(Trouble::TooManyEmptyPages);
                }
                self.request = Request::resume(self.request.verb(), token);
                Step::Ask
            }
        }
    }

    fn error(&self, error: &OaiError) -> Step {
        match &error.code {
            ErrorCode::NoRecordsMatch if self.pages == 0 => Step::Done { warnings: Vec::new() },
            ErrorCode::NoRecordsMatch => match self.end() {
                Step::Done { mut warnings } => {
                    warnings.push(Warning::EndedByNoRecordsMatch);
                    Step::Done { warnings }
                }
                step => step,
            },
            ErrorCode::BadResumptionToken => Step::Trouble(Trouble::BadToken),
            // A token that the repository no longer understands is refused in other words by some.
            ErrorCode::BadArgument if self.pages > 0 => Step::Trouble(Trouble::BadToken),
            ErrorCode::Unknown(_) => Step::Trouble(Trouble::Failed(error.clone())),
            ErrorCode::BadArgument
            | ErrorCode::BadVerb
            | ErrorCode::CannotDisseminateFormat
            | ErrorCode::IdDoesNotExist
            | ErrorCode::NoMetadataFormats
            | ErrorCode::NoSetHierarchy => Step::Trouble(Trouble::Refused(error.clone())),
        }
    }

    fn repeats(&mut self, fingerprint: u64) -> bool {
        if self.last == Some(fingerprint) || self.anchor == Some(fingerprint) {
            return true;
        }
        self.last = Some(fingerprint);
        if self.pages + 1 >= self.next_anchor {
            self.anchor = Some(fingerprint);
            self.next_anchor = self.next_anchor.saturating_mul(2);
        }
        false
    }

    fn note_size(&mut self, page: &PageSummary) {
        let Some(size) = page.next.complete_list_size() else { return };
        let counts_the_page = matches!(page.next, Next::More { .. }) && size <= self.seen;
        self.size = match self.size {
            _ if counts_the_page => Size::Unbelievable,
            Size::Unknown => Size::Announced(size),
            Size::Announced(known) if known == size => self.size,
            Size::Announced(_) | Size::Unbelievable => Size::Unbelievable,
        };
    }

    fn end(&self) -> Step {
        match self.size {
            Size::Announced(announced) if self.seen < announced => {
                Step::Trouble(Trouble::Short { seen: self.seen, announced })
            }
            Size::Unbelievable => Step::Done { warnings: vec![Warning::UnbelievableSize] },
            Size::Announced(_) | Size::Unknown => Step::Done { warnings: Vec::new() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{request::Selection, types::Token};

    fn list() -> List {
        List::new(Request::list_records(Selection {
            metadata_prefix: "oai_dc".to_owned(),
            ..Selection::default()
        }))
    }

    /// A page of `items` items that looks like `fingerprint`, with a token (or the end) and an announced size.
    fn page(items: u64, fingerprint: u64, token: &str, size: Option<u64>) -> PageSummary {
        let next = match Token::new(token) {
            Some(token) => Next::More { token, complete_list_size: size, cursor: None, expires: None },
            None => Next::End { complete_list_size: size, cursor: None },
        };
        PageSummary { items, fingerprint, next, error: None, complete: true }
    }

    fn error(code: &str) -> PageSummary {
        let error = OaiError { code: ErrorCode::parse(code), text: String::new() };
        PageSummary { error: Some(error), ..page(0, 0, "", None) }
    }

    const DONE: Step = Step::Done { warnings: Vec::new() };

    #[test]
    fn a_list_goes_on_by_its_tokens_and_ends_with_an_empty_one() {
        let mut list = list();
        assert_eq!(list.answered(&page(100, 1, "a", None)), Step::Ask);
        assert!(list.request().url(&"http://x/".parse().unwrap()).as_str().ends_with("resumptionToken=a"));
        assert_eq!(list.answered(&page(100, 2, "b", None)), Step::Ask);
        assert_eq!(list.answered(&page(7, 3, "  ", None)), DONE);
        assert_eq!((list.seen(), list.pages()), (207, 3));
    }

    #[test]
    fn the_same_token_again_is_no_loop_as_long_as_the_pages_differ() {
        let mut list = list();
        for fingerprint in 1..50 {
            assert_eq!(list.answered(&page(10, fingerprint, "same", None)), Step::Ask);
        }
        assert_eq!(list.answered(&page(10, 50, "", None)), DONE);
    }

    #[test]
    fn the_same_page_again_is_a_loop_whatever_its_token() {
        let mut list = list();
        assert_eq!(list.answered(&page(10, 1, "a", None)), Step::Ask);
        assert_eq!(list.answered(&page(10, 1, "b", None)), Step::Trouble(Trouble::Loop));
    }

    #[test]
    fn a_cycle_of_any_length_is_found() {
        for (lead, cycle) in [(0, 2), (3, 5), (10, 7), (1, 100)] {
            let mut list = list();
            let found = (0..2000u64).position(|n| {
                let fingerprint = if n < lead { 1000 + n } else { (n - lead) % cycle };
                list.answered(&page(10, fingerprint, &n.to_string(), None)) == Step::Trouble(Trouble::Loop)
            });
            assert!(found.is_some_and(|pages| pages < 500), "{lead} {cycle}: {found:?}");
        }
    }

    #[test]
    fn some_empty_pages_are_borne_and_many_are_not() {
        let mut list = list();
        for n in 0..4 {
            assert_eq!(list.answered(&page(0, 9, &n.to_string(), None)), Step::Ask);
        }
        assert_eq!(list.answered(&page(0, 9, "x", None)), Step::Trouble(Trouble::TooManyEmptyPages));
    }

    #[test]
    fn no_records_match_is_an_empty_list_at_first_and_an_end_later() {
        assert_eq!(list().answered(&error("noRecordsMatch")), DONE);
        let mut list = list();
        list.answered(&page(10, 1, "a", None));
        let warnings = vec![Warning::EndedByNoRecordsMatch];
        assert_eq!(list.answered(&error("noRecordsMatch")), Step::Done { warnings });
    }

    #[test]
    fn a_bad_token_is_never_the_end() {
        let mut list = list();
        list.answered(&page(10, 1, "a", None));
        assert_eq!(list.answered(&error("badResumptionToken")), Step::Trouble(Trouble::BadToken));
        assert_eq!(list.answered(&error("badArgument")), Step::Trouble(Trouble::BadToken));
    }

    #[test]
    fn what_a_repository_refuses_is_told_from_what_it_fails_at() {
        assert!(matches!(list().answered(&error("badArgument")), Step::Trouble(Trouble::Refused(_))));
        assert!(matches!(list().answered(&error("noSetHierarchy")), Step::Trouble(Trouble::Refused(_))));
        assert!(matches!(list().answered(&error("InternalException")), Step::Trouble(Trouble::Failed(_))));
        assert!(matches!(list().answered(&error("")), Step::Trouble(Trouble::Failed(_))));
    }

    #[test]
    fn a_list_shorter_than_announced_is_not_whole() {
        let mut list = list();
        assert_eq!(list.answered(&page(100, 1, "a", Some(500))), Step::Ask);
        assert_eq!(list.complete_list_size(), Some(500));
        let short = Trouble::Short { seen: 150, announced: 500 };
        assert_eq!(list.answered(&page(50, 2, "", Some(500))), Step::Trouble(short));
    }

    #[test]
    fn a_size_that_counts_pages_or_changes_is_not_believed() {
        let mut counts_page = list();
        assert_eq!(counts_page.answered(&page(100, 1, "a", Some(100))), Step::Ask);
        let warnings = vec![Warning::UnbelievableSize];
        assert_eq!(
            counts_page.answered(&page(50, 2, "", Some(50))),
            Step::Done { warnings: warnings.clone() }
        );
        let mut changes = list();
        changes.answered(&page(100, 1, "a", Some(900)));
        assert_eq!(changes.answered(&page(100, 2, "", Some(800))), Step::Done { warnings });
    }

    #[test]
    fn a_list_survives_a_checkpoint_between_any_two_pages() {
        let mut list = list();
        list.answered(&page(10, 1, "a", Some(20)));
        let mut restored: List = serde_json::from_str(&serde_json::to_string(&list).unwrap()).unwrap();
        assert_eq!(restored, list);
        assert_eq!(restored.answered(&page(10, 2, "", Some(20))), DONE);
    }
}
