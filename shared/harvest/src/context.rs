//! What both steps are given by their host.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use granary_fetch::Fetcher;
use granary_queue::Queue;
use tokio_util::sync::CancellationToken;

use crate::granary::Granary;

/// The parts that a step works with: real ones, built by the host.
#[derive(Clone)]
pub struct Context {
    /// Where everything is kept.
    pub granary: Granary,
    /// The tasks.
    pub queue: Arc<dyn Queue>,
    /// How anything is fetched. Has to trust the hosts of the sources.
    pub fetcher: Fetcher,
    /// Cancelled when the host is asked to stop: what is in hand is finished and saved, nothing more is begun.
    pub stop: CancellationToken,
    /// What has been done so far, for whoever watches.
    pub progress: Arc<Progress>,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("granary", &self.granary).finish_non_exhaustive()
    }
}

/// Numbers that grow while steps run in this process.
#[derive(Debug, Default)]
pub struct Progress {
    /// Records and headers listed.
    pub records: AtomicU64,
    /// How many the repository announces; 0 when it does not.
    pub announced: AtomicU64,
    /// Tasks queued.
    pub queued: AtomicU64,
    /// Tasks settled, one way or another.
    pub settled: AtomicU64,
    /// Files stored.
    pub files: AtomicU64,
    /// Bytes received.
    pub bytes: AtomicU64,
    /// Tasks and records that failed for good.
    pub failed: AtomicU64,
}

impl Progress {
    pub(crate) fn add(counter: &AtomicU64, by: u64) {
        counter.fetch_add(by, Ordering::Relaxed);
    }

    /// The value of one of its numbers.
    pub fn get(counter: &AtomicU64) -> u64 {
        counter.load(Ordering::Relaxed)
    }
}
