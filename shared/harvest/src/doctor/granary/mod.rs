//! The table of checks of a granary.

mod documents;
mod queue;
mod silos;
mod store;

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};
use granary_queue::Queue;
use tokio::time::Instant;

use super::finding::{Diagnosis, Finding};
use crate::{error::Error, granary::Granary};

/// Whether a granary can be written to, as its host has found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Writing {
    /// It can.
    Works,
    /// It cannot, and why.
    Fails(String),
    /// It was not tried: there is no `_granary` yet, and who only looks does not make it.
    Untried,
}

/// The queue of a granary, as its host has found it: none that is there, or why it cannot be opened.
pub type FoundQueue = Result<Option<Arc<dyn Queue>>, String>;

/// What is examined.
pub(crate) struct Patient<'a> {
    pub(crate) granary: &'a Granary,
    pub(crate) writing: &'a Writing,
    pub(crate) queue: &'a FoundQueue,
}

/// Looks, and says what it has found.
type Check = for<'a> fn(&'a Patient<'a>) -> BoxFuture<'a, Vec<Finding>>;

/// All checks.
const CHECKS: &[(&str, Check)] = &[
    ("writing", |patient| store::writing(patient).boxed()),
    ("conditional writes", |patient| store::conditional_writes(patient).boxed()),
    ("space", |patient| store::space(patient).boxed()),
    ("silos", |patient| silos::check(patient).boxed()),
    ("sources", |patient| documents::sources(patient).boxed()),
    ("state", |patient| documents::states(patient).boxed()),
    ("queue", |patient| queue::check(patient).boxed()),
];

/// Looks whether a granary keeps what it promises, and how all that is in it stands. What it writes to find out, it
/// removes.
pub async fn examine_granary(granary: &Granary, writing: &Writing, queue: &FoundQueue) -> Diagnosis {
    let begun = Instant::now();
    let patient = Patient { granary, writing, queue };
    let mut findings = Vec::new();
    for (name, check) in CHECKS {
        let found = check(&patient).await;
        findings.extend(found.into_iter().map(|finding| Finding { check: name, ..finding }));
    }
    let subject = granary.place("").trim_end_matches('/').to_owned();
    Diagnosis::of(subject, findings, false, None, begun.elapsed().as_secs_f64())
}

/// The diagnosis of a place in which there is nothing of Granary's.
pub fn not_a_granary(granary: &Granary) -> Diagnosis {
    let subject = granary.place("").trim_end_matches('/').to_owned();
    let finding = Finding::broken(
        "not_a_granary",
        format!("{subject} is there, and nothing in it is Granary's"),
        "it is left as it is; name another with --granary, or make one with `granary harvest URL`",
    );
    Diagnosis::of(subject, vec![Finding { check: "granary", ..finding }], true, None, 0.0)
}

impl Granary {
    /// Whether there is anything of Granary's: its own folder, or a silo.
    ///
    /// # Errors
    /// When the store cannot be listed.
    pub async fn is_one(&self) -> Result<bool, Error> {
        Ok(self.has_own_folder().await? || !self.silos().await?.is_empty())
    }

    /// Whether its own folder, `_granary`, is there. Where it is not, whoever only looks does not make it.
    ///
    /// # Errors
    /// When the store cannot be listed.
    pub async fn has_own_folder(&self) -> Result<bool, Error> {
        let top =
            self.store().list_with_delimiter(None).await.map_err(Error::store("list", "the granary"))?;
        Ok(top.common_prefixes.iter().any(|folder| folder.as_ref() == "_granary"))
    }
}
