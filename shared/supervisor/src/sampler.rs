//! The depth of the queue over time.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use granary_harvest::Context;
use granary_queue::Select;
use serde::Serialize;

/// How often the queue is looked at: in a file, and where each look is a request that costs.
const EVERY: Duration = Duration::from_secs(5);
const EVERY_AFAR: Duration = Duration::from_secs(60);

/// How many looks are kept.
const KEPT: usize = 720;

/// The depth of the queue at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// When.
    pub time: DateTime<Utc>,
    /// Messages that can be received.
    pub waiting: u64,
    /// Messages that are put off.
    pub delayed: u64,
    /// Messages in hand.
    pub in_flight: u64,
    /// Dead letters.
    pub dead: u64,
}

/// The last looks, the oldest first. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples(Arc<Mutex<VecDeque<Sample>>>);

impl Samples {
    pub(crate) fn all(&self) -> Vec<Sample> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// Looks at the queue until the host stops.
    pub(crate) async fn run(self, context: Context) {
        let pause = if context.queue.keeps_counters() { EVERY } else { EVERY_AFAR };
        while !context.stop.is_cancelled() {
            match context.queue.depth(&Select::All).await {
                Ok(depth) => self.add(Sample {
                    time: Utc::now(),
                    waiting: depth.waiting,
                    delayed: depth.delayed,
                    in_flight: depth.in_flight,
                    dead: depth.dead,
                }),
                Err(error) => tracing::warn!("the depth of the queue cannot be told: {error}"),
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = context.stop.cancelled() => {}
            }
        }
    }

    fn add(&self, sample: Sample) {
        let mut samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if samples.len() == KEPT {
            samples.pop_front();
        }
        samples.push_back(sample);
    }
}
