use std::fmt;

use crate::{Availability, Found, Method};

/// Why there is nothing to fetch. Its text is a reason of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// Nobody knows how to find files in it: the metadata has a format without a finder, or the page is none that
    /// can be read.
    UnknownFormat,
    /// It was understood, and no file is named in it.
    NoneNamed {
        /// What understood it.
        method: Method,
    },
    /// Files are named in it, or may be, but none could be read.
    Unreadable {
        /// What understood it.
        method: Method,
        /// The first of its problems.
        problem: String,
    },
    /// Files are named in it, but none of them is open.
    NoneOpen {
        /// What understood it.
        method: Method,
        /// How many are not for the public.
        restricted: usize,
        /// How many are not yet for the public.
        embargoed: usize,
        /// How many are made from others, or are no content.
        derived: usize,
    },
}

impl Found {
    /// Why there is nothing to fetch; `None` when there is an [open](Availability::Open) file.
    pub fn lack(&self) -> Option<Lack> {
        let Some(method) = self.method else { return Some(Lack::UnknownFormat) };
        match (self.files.is_empty(), self.problems.first()) {
            (true, Some(problem)) => Some(Lack::Unreadable { method, problem: problem.clone() }),
            (true, None) => Some(Lack::NoneNamed { method }),
            (false, _) => self.none_open(method),
        }
    }

    fn none_open(&self, method: Method) -> Option<Lack> {
        let (mut restricted, mut embargoed, mut derived) = (0, 0, 0);
        for file in &self.files {
            match file.availability {
                Availability::Open => return None,
                Availability::Restricted { .. } => restricted += 1,
                Availability::Embargoed { .. } => embargoed += 1,
                Availability::Derived => derived += 1,
            }
        }
        Some(Lack::NoneOpen { method, restricted, embargoed, derived })
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFormat => write!(f, "nobody knows how to find files in this format"),
            Self::NoneNamed { method } => write!(f, "it names no file ({method})"),
            Self::Unreadable { method, problem } => {
                write!(f, "it names no file that can be read ({method}): {problem}")
            }
            Self::NoneOpen { method, restricted, embargoed, derived } => write!(
                f,
                "none of its files is open ({method}): {restricted} restricted, {embargoed} embargoed, {derived} derived"
            ),
        }
    }
}
