//! Operations that fail: a plan says which, and a store and a queue that are wrapped obey it.

mod plan;
mod queue;
mod store;

pub(crate) use plan::{Faults, INJECTED, Moment, Process};
pub(crate) use queue::{Counting, FaultyQueue, Held};
pub(crate) use store::FaultyStore;
