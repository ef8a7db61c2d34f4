//! Operations that fail by chance, all through a harvest, and a queue that is odd: many seeds.

use std::{
    panic::{AssertUnwindSafe, resume_unwind},
    sync::Arc,
};

use futures::{FutureExt, StreamExt, stream};
use granary_test_repository::{Format, Kind, Settings};

use crate::{
    faulty::Faults,
    host::Host,
    outcome::Outcome,
    world::{Place, Site, Start, World},
};

/// How many seeds are tried of each case, unless `GRANARY_FAULT_SEEDS` says otherwise.
const SEEDS: u64 = 5;

/// One operation in so many fails.
const ONE_IN: u32 = 40;

/// How many harvests run side by side: mostly they wait.
const AT_ONCE: usize = 4;

fn items(kind: Kind) -> Settings {
    Settings { items: 12, page_size: 5, file_size: 500, kind, extras: true, ..Settings::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_in_a_directory_it_ends_as_if_undisturbed() {
    check(items(Kind::Eprints), Place::Directory, Host::SideBySide).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_in_a_bucket_it_ends_as_if_undisturbed() {
    check(items(Kind::DublinCore), Place::Bucket, Host::SideBySide).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_of_functions_it_ends_as_if_undisturbed() {
    check(items(Kind::Eprints), Place::Bucket, Host::Functions).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_while_landing_pages_are_asked_it_ends_as_if_undisturbed() {
    let settings = Settings { format: Format::Landing, ..items(Kind::DublinCore) };
    check(settings, Place::Bucket, Host::Functions).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_of_files_in_parts_it_ends_as_if_undisturbed() {
    let settings = Settings {
        items: 4,
        page_size: 3,
        file_size: 700_000,
        format: Format::Mets,
        ..items(Kind::DublinCore)
    };
    check(settings, Place::Directory, Host::SideBySide).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_of_an_update_it_ends_as_if_undisturbed() {
    let host = Host::Functions;
    let (site, before) = host.harvest_and_change(items(Kind::Eprints)).await;
    fail(&site, &Start::From(before), host).await;
}

async fn check(settings: Settings, place: Place, host: Host) {
    fail(&Site::new(settings).await, &Start::Empty(place), host).await;
}

async fn fail(site: &Site, start: &Start, host: Host) {
    let undisturbed = start.world(site, host.counting()).await;
    assert_eq!(host.harvest(&undisturbed, &site.source, |_| Arc::new(Faults::none())).await, 1);
    let expected = Outcome::of(&undisturbed).await;
    let harvests = stream::iter(seeds()).map(|seed| {
        let expected = &expected;
        async move {
            let world = start.world(site, host.counting()).await;
            let harvest = one(seed, site, &world, host, expected);
            AssertUnwindSafe(harvest).catch_unwind().await.unwrap_or_else(|panic| {
                println!("GRANARY_SEED={seed} repeats these faults, though not who comes by them first");
                resume_unwind(panic)
            })
        }
    });
    let starts: Vec<_> = harvests.buffer_unordered(AT_ONCE).collect().await;
    println!("{} harvests were begun {} times", starts.len(), starts.iter().sum::<usize>());
}

/// Returns how many processes it took.
async fn one(seed: u64, site: &Site, world: &World, host: Host, expected: &Outcome) -> usize {
    let mut random = fastrand::Rng::with_seed(seed);
    let faults = |_| Arc::new(Faults::by_chance(random.u64(..), ONE_IN));
    let starts = host.harvest(world, &site.source, faults).await;
    Outcome::of(world).await.assert_is(expected, "after many faults");
    starts
}

/// `GRANARY_SEED`, or as many as are asked for.
fn seeds() -> Vec<u64> {
    let number = |variable: &str| std::env::var(variable).ok().and_then(|text| text.parse().ok());
    match number("GRANARY_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("GRANARY_FAULT_SEEDS").unwrap_or(SEEDS)).map(|_| fastrand::u64(..)).collect(),
    }
}
