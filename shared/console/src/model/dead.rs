//! What was given up: the dead letters of the queue.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use granary_queue::{DeadLetter, Queue, Task};
use granary_silo::SiloName;
use serde::Serialize;

use crate::{failure::Failure, model::select};

/// How many are listed.
const LISTED: usize = 1000;
/// How many are counted by reason.
const COUNTED: usize = 10_000;

/// The dead letters of a queue, or of a silo.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct DeadView {
    /// The most frequent first.
    pub(crate) reasons: Vec<ReasonView>,
    /// The longest dead first; a thousand at most.
    pub(crate) letters: Vec<LetterView>,
    /// Whether there are more than were counted.
    pub(crate) has_more: bool,
}

/// How many were given up for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ReasonView {
    pub(crate) reason: String,
    pub(crate) count: u64,
}

/// A dead letter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct LetterView {
    /// Names it for a redrive.
    pub(crate) id: String,
    /// In one word.
    pub(crate) reason: String,
    pub(crate) detail: String,
    pub(crate) attempts: u32,
    pub(crate) died: DateTime<Utc>,
    #[serde(flatten)]
    pub(crate) message: MessageView,
}

/// A message of the queue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct MessageView {
    pub(crate) silo: Option<String>,
    pub(crate) identifier: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) name: Option<String>,
    /// As it was sent; need not be a task.
    pub(crate) body: String,
}

impl MessageView {
    pub(crate) fn of(body: String) -> Self {
        match Task::parse(&body) {
            Ok(task) => Self {
                silo: Some(task.silo_name().to_owned()),
                identifier: Some(task.pid),
                url: Some(task.url),
                name: Some(task.filename),
                body,
            },
            Err(_) => Self { silo: None, identifier: None, url: None, name: None, body },
        }
    }
}

impl MessageView {
    /// What it is called on a page.
    pub(crate) fn label(&self) -> &str {
        self.identifier.as_deref().unwrap_or(&self.body)
    }
}

impl From<DeadLetter> for LetterView {
    fn from(letter: DeadLetter) -> Self {
        let DeadLetter { id, body, reason, detail, attempts, died } = letter;
        Self { id, reason, detail, attempts, died, message: MessageView::of(body) }
    }
}

/// The dead letters of a silo, or all.
pub(crate) async fn dead(queue: &dyn Queue, silo: Option<&SiloName>) -> Result<DeadView, Failure> {
    let mut letters = queue.dead(COUNTED + 1, &select(silo)).await?;
    let has_more = letters.len() > COUNTED;
    letters.truncate(COUNTED);
    let mut counts = BTreeMap::<&str, u64>::new();
    letters.iter().for_each(|letter| *counts.entry(&letter.reason).or_default() += 1);
    let mut reasons: Vec<_> =
        counts.into_iter().map(|(reason, count)| ReasonView { reason: reason.to_owned(), count }).collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
    letters.truncate(LISTED);
    Ok(DeadView { reasons, letters: letters.into_iter().map(LetterView::from).collect(), has_more })
}
