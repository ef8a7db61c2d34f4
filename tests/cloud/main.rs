//! The same job in the cloud: the real functions, a real queue and real buckets of the local cloud, which `localstack/run`
//! starts. Without it, these tests say that they were not run.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod dead_letters;
mod doctor;
mod errors;
mod faults;
mod requests;
mod same_tree;
mod stack;
#[path = "../support/mod.rs"]
mod support;
mod ticks;
mod workers;
