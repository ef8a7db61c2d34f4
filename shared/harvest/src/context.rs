//! What both steps are given by their host.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use granary_fetch::Fetcher;
use granary_queue::Queue;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{granary::Granary, room::Room};

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
    /// When the host ends the step, where it does.
    pub deadlines: Option<Deadlines>,
    /// Where metadata is held. All steps of a process share it.
    pub room: Room,
}

/// When a step has to end.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// From then on nothing new is begun, and what a request would still bring is done without.
    pub stop_at: Instant,
    /// By then what is in hand is dropped, as if the process had been killed.
    pub cut_at: Instant,
}

impl Context {
    /// Parts without a deadline.
    pub fn new(granary: Granary, queue: Arc<dyn Queue>, fetcher: Fetcher, stop: CancellationToken) -> Self {
        let (progress, room) = (Arc::default(), Room::default());
        Self { granary, queue, fetcher, stop, progress, deadlines: None, room }
    }

    /// Whether nothing new is to be begun.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
            || self.deadlines.is_some_and(|deadlines| Instant::now() >= deadlines.stop_at)
    }

    /// What a request brings, if it does so before the time to stop.
    pub(crate) async fn in_time<T>(&self, request: impl Future<Output = T>) -> Option<T> {
        match self.deadlines {
            None => Some(request.await),
            Some(Deadlines { stop_at, .. }) if Instant::now() >= stop_at => None,
            Some(Deadlines { stop_at, .. }) => tokio::time::timeout_at(stop_at, request).await.ok(),
        }
    }

    /// What a future brings, if it does so before everything is dropped.
    pub(crate) async fn before_the_cut<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        match self.deadlines {
            None => Some(future.await),
            Some(deadlines) => tokio::time::timeout_at(deadlines.cut_at, future).await.ok(),
        }
    }
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
