//! Every way in which repositories name their files: in metadata of each format, and on landing pages.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod hostile;
mod landing;
mod metadata;
mod names;
mod redownload;
mod web;
