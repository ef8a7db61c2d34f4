//! The console over a granary that is harvested while it is looked at: a real queue, supervisor, socket and repository.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod api;
mod escaping;
mod following;
mod place;
mod queue;
mod read_only;
mod sources;
