//! Killed at any instant, the next start reaches the state of an undisturbed run.
//!
//! Each test kills twenty times, or `GRANARY_KILLS` times. It prints its seed; `GRANARY_SEED` repeats it.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]
#![allow(clippy::print_stdout, reason = "the seed repeats the test")]

mod instant;
mod interrupt;
mod process;
mod scene;
#[path = "../support/mod.rs"]
mod support;

use granary_test_repository::{Format, Kind, Settings};
use scene::{Scene, Stage};

/// The repository of most tests.
fn items() -> Settings {
    Settings { items: 40, page_size: 8, ..Settings::default() }
}

/// `granary harvest`, alone.
fn alone() -> Vec<Stage> {
    vec![Stage { to_the_end: vec!["harvest"], until_then: vec![] }]
}

/// `granary harvest` and two workers beside it.
fn together() -> Vec<Stage> {
    let work = "work --silo s --workers 2";
    vec![Stage { to_the_end: vec!["harvest"], until_then: vec![work, work] }]
}

/// `granary harvest --list-only`, and then three workers.
fn one_after_the_other() -> Vec<Stage> {
    let work = "work --drain --workers 2";
    let list = Stage { to_the_end: vec!["harvest --list-only"], until_then: vec![] };
    vec![list, Stage { to_the_end: vec![work, work, work], until_then: vec![] }]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_a_harvest_of_exports_ends_as_if_undisturbed() {
    Scene::new(items()).await.kill(&alone()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_a_harvest_of_dublin_core_ends_as_if_undisturbed() {
    Scene::new(Settings { kind: Kind::DublinCore, ..items() }).await.kill(&alone()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_a_harvest_of_landing_pages_ends_as_if_undisturbed() {
    Scene::new(Settings { format: Format::Landing, ..items() }).await.kill(&alone()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_a_harvest_of_large_files_ends_as_if_undisturbed() {
    let settings = Settings { items: 12, page_size: 4, file_size: 900_000, format: Format::Mets, ..items() };
    Scene::new(settings).await.kill(&alone()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_a_lister_and_the_workers_after_it_end_as_if_undisturbed() {
    Scene::new(items()).await.kill(&one_after_the_other()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_three_killed_each_time_they_end_as_if_undisturbed() {
    Scene::new(items()).await.kill(&together()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_three_killed_each_time_they_end_with_records_as_if_undisturbed() {
    Scene::new(Settings { format: Format::Mets, ..items() }).await.kill(&together()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_an_update_of_exports_ends_as_if_undisturbed() {
    Scene::changed(items()).await.kill(&alone()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_three_killed_each_time_they_end_an_update_of_records_as_if_undisturbed() {
    Scene::changed(Settings { format: Format::Mets, ..items() }).await.kill(&together()).await;
}
