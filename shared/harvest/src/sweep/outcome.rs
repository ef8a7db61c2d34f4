//! What a sweep came to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock;

/// What a sweep came to: in the report of its run, and in the state of its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweep {
    /// How it ended.
    pub outcome: Swept,
    /// Why so, when it did not run to its end; and how to go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When it began, UTC.
    pub time: String,
    /// Identifiers that the repository lists as not deleted; each once.
    pub listed: u64,
    /// Live objects of the silo that should be among them.
    pub live: u64,
    /// Those of them that are not.
    pub missing: u64,
    /// Those of them that the repository does not know when asked: marked as absent.
    pub absent: u64,
    /// Those of them that it says are deleted: stored as such.
    pub deleted: u64,
    /// Those of them that it has all the same.
    pub present: u64,
    /// Those of them of which it could not be found out. They stay as they are.
    pub unconfirmed: u64,
    /// Objects that were absent, and are listed again: fetched.
    pub returned: u64,
}

/// How a sweep ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Swept {
    /// All was listed, and each object that is missing was asked for.
    Complete,
    /// Too many objects are missing: none of them was asked for, and none marked.
    HeldBack,
    /// The lists are not complete: none was marked.
    Incomplete,
    /// The endpoint could not be asked to the end. What was marked by then was confirmed, and stays.
    Unavailable,
}

impl Sweep {
    pub(crate) fn begun() -> Self {
        Self {
            outcome: Swept::Complete,
            detail: None,
            time: clock::timestamp(),
            listed: 0,
            live: 0,
            missing: 0,
            absent: 0,
            deleted: 0,
            present: 0,
            unconfirmed: 0,
            returned: 0,
        }
    }

    pub(crate) fn end(&mut self, outcome: Swept, detail: String) {
        self.outcome = outcome;
        self.detail = Some(detail);
    }
}

/// How it ended, when not as it should, and its numbers, as far as there are any: for people, without `detail`.
impl fmt::Display for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.outcome, self.live) {
            (Swept::Complete, _) => self.numbers(f),
            (Swept::Incomplete | Swept::Unavailable, 0) => self.outcome.fmt(f),
            (Swept::HeldBack | Swept::Incomplete | Swept::Unavailable, _) => {
                write!(f, "{}; ", self.outcome)?;
                self.numbers(f)
            }
        }
    }
}

impl Sweep {
    fn numbers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { listed, missing, live, returned, .. } = self;
        write!(f, "{listed} identifiers listed, {missing} of {live} objects missing")?;
        let parts = [
            ("absent", self.absent),
            ("deleted", self.deleted),
            ("there all the same", self.present),
            ("not confirmed", self.unconfirmed),
        ];
        let parts: Vec<_> =
            parts.iter().filter(|(_, n)| *n > 0).map(|(name, n)| format!("{n} {name}")).collect();
        if !parts.is_empty() {
            write!(f, " ({})", parts.join(", "))?;
        }
        if *returned > 0 {
            write!(f, ", {returned} that were absent are back")?;
        }
        Ok(())
    }
}

impl fmt::Display for Swept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Complete => "completed",
            Self::HeldBack => "held back, and nothing is marked",
            Self::Incomplete => "impossible, and nothing is marked",
            Self::Unavailable => "cut short",
        })
    }
}
