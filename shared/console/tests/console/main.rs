//! The console as a browser and a program see it: the real router over a real granary in a directory.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod escaping;
mod files;
mod guard;
mod made;
mod pages;
mod secret;
mod serving;
mod support;
