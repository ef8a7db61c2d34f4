//! What follows from a page of a list.

use std::fmt;

use crate::types::OaiError;

/// How many empty pages in a row may carry a token: repositories that filter what they have found give some.
pub(crate) const EMPTY_PAGES: u32 = 10;

/// What follows from a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// There is more: ask [`List::request`](crate::List::request).
    Ask,
    /// The page is to be asked for again, by [`List::request`](crate::List::request), which may have changed. What came of it does not count.
    Again,
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
    /// The page to which a token led has no items and no token; taken for the end.
    EndedByEmptyPage,
    /// One empty page came after the other, each with a token; taken for the end.
    EndedByEmptyPages,
    /// The last page had a token that led to the first one. As many items came as were announced.
    BeganAgain,
    /// What the repository announced as the size of the list cannot be.
    UnbelievableSize,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndedByNoRecordsMatch => {
                f.write_str("a list ended with noRecordsMatch in place of an empty token")
            }
            Self::EndedByEmptyPage => {
                f.write_str("a list ended with an empty page; should it have been cut short, nothing says so")
            }
            Self::EndedByEmptyPages => {
                write!(f, "a list ended with {EMPTY_PAGES} empty pages, of which each had a token")
            }
            Self::BeganAgain => {
                f.write_str("a list began again at its end; as many items had come as were announced")
            }
            Self::UnbelievableSize => f.write_str("the completeListSize of a list cannot be right"),
        }
    }
}

/// Why a list cannot be followed to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The token has expired, or was lost.
    BadToken,
    /// The same pages come again and again.
    Loop,
    /// The list begins again, and whether it was whole cannot be told.
    BeginsAgain,
    /// The list ended with fewer items than announced.
    Short {
        /// How many came.
        seen: u64,
        /// How many were announced.
        announced: u64,
    },
    /// The repository refuses the request; it will do so again.
    Refused(OaiError),
    /// The repository failed, twice; it may work another time.
    Failed(OaiError),
    /// The page ended in the middle, or is no answer to a list request, and was so again.
    CutOff,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadToken => f.write_str("the resumption token is refused"),
            Self::Loop => f.write_str("the same pages come again and again"),
            Self::BeginsAgain => f.write_str("the list begins again from its first page"),
            Self::Short { seen, announced } => write!(f, "the list ended after {seen} of {announced} items"),
            Self::Refused(error) | Self::Failed(error) => write!(f, "the repository answers {error}"),
            Self::CutOff => f.write_str("a page is cut off, or holds no list"),
        }
    }
}
