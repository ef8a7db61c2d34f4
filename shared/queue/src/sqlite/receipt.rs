//! What a receipt is here.

use crate::queue::Receipt;

impl Receipt {
    /// A message is received once with each number of attempts, and its id is never used again (AUTOINCREMENT): both
    /// together name a reception.
    pub(super) fn new(id: i64, attempts: u32) -> Self {
        Self(format!("{id}-{attempts}"))
    }

    /// The message's id, and its attempts; nothing when the receipt is of another kind of queue.
    pub(super) fn parts(&self) -> Option<(i64, u32)> {
        let (id, attempts) = self.0.split_once('-')?;
        Some((id.parse().ok()?, attempts.parse().ok()?))
    }
}
