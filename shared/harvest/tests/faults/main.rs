//! A store and a queue that fail at any operation, and processes that die at it: whoever goes on reaches the state of an
//! undisturbed harvest.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]
#![allow(clippy::print_stdout, reason = "what was tried, and with which seeds")]

mod crash_states;
mod every_operation;
mod faulty;
mod host;
mod many_faults;
#[path = "../../../../tests/support/normal.rs"]
mod normal;
mod outcome;
mod world;
