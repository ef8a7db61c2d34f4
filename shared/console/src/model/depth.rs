//! How many messages there are.

use chrono::{DateTime, Utc};
use granary_queue::{Depth, Queue, Select};
use granary_silo::SiloName;
use serde::Serialize;

use crate::failure::Failure;

/// How many messages there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct DepthView {
    pub(crate) waiting: u64,
    pub(crate) delayed: u64,
    pub(crate) in_flight: u64,
    pub(crate) dead: u64,
    /// When the first of those delayed is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_ready: Option<DateTime<Utc>>,
}

impl From<Depth> for DepthView {
    fn from(depth: Depth) -> Self {
        let Depth { waiting, delayed, in_flight, dead, next_ready } = depth;
        Self { waiting, delayed, in_flight, dead, next_ready }
    }
}

impl DepthView {
    /// How many are still to be done.
    pub(crate) fn open(&self) -> u64 {
        self.waiting + self.delayed + self.in_flight
    }
}

/// The depth of all of a queue, or of a silo's part of it.
pub(crate) async fn depth(queue: &dyn Queue, silo: Option<&SiloName>) -> Result<DepthView, Failure> {
    Ok(queue.depth(&select(silo)).await?.into())
}

/// The messages of a silo, or all.
pub(crate) fn select(silo: Option<&SiloName>) -> Select {
    silo.map_or(Select::All, |silo| Select::Silo(silo.to_string()))
}
