//! Each operation of a small harvest fails in turn, before it and after it: the process dies of it, or is told.

use std::sync::Arc;

use futures::{StreamExt, stream};
use granary_test_repository::{Format, Kind, Settings};

use crate::{
    faulty::{Counting, Faults, Moment, Process},
    host::Host,
    outcome::Outcome,
    world::{Place, Site, Start, small},
};

/// How many harvests run side by side: mostly they wait.
const AT_ONCE: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_at_any_operation_in_a_directory_it_is_gone_on_with() {
    check(small(Kind::Eprints), Place::Directory, Process::Dies, Host::OneAfterTheOther).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_at_any_operation_in_a_bucket_it_is_gone_on_with() {
    check(small(Kind::DublinCore), Place::Bucket, Process::Dies, Host::OneAfterTheOther).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_at_any_operation_of_a_function_it_is_gone_on_with() {
    check(small(Kind::Eprints), Place::Bucket, Process::Dies, Host::Functions).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_at_any_operation_while_landing_pages_are_asked_it_is_gone_on_with() {
    let settings = Settings { format: Format::Landing, ..small(Kind::DublinCore) };
    check(settings, Place::Bucket, Process::Dies, Host::Functions).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_at_any_operation_of_an_update_of_exports_it_is_gone_on_with() {
    check_update(small(Kind::Eprints), Host::Functions).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_at_any_operation_of_an_update_of_records_it_is_gone_on_with() {
    let settings = Settings { format: Format::Mets, ..small(Kind::DublinCore) };
    check_update(settings, Host::OneAfterTheOther).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_that_any_operation_in_a_directory_failed_it_is_gone_on_with() {
    check(small(Kind::Eprints), Place::Directory, Process::Lives, Host::OneAfterTheOther).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_that_any_operation_of_a_function_failed_it_is_gone_on_with() {
    let settings = Settings { format: Format::Landing, ..small(Kind::DublinCore) };
    check(settings, Place::Bucket, Process::Lives, Host::Functions).await;
}

/// A harvest, one of whose operations is to fail.
struct Case<'a> {
    site: &'a Site,
    host: Host,
    process: Process,
    start: Start,
}

async fn check(settings: Settings, place: Place, process: Process, host: Host) {
    let site = Site::new(settings).await;
    Case { site: &site, host, process, start: Start::Empty(place) }.fail_each().await;
}

/// The same for the second harvest of a repository that has changed.
async fn check_update(settings: Settings, host: Host) {
    let (site, before) = host.harvest_and_change(settings).await;
    let case = Case { site: &site, host, process: Process::Dies, start: Start::From(before) };
    let counts = case.fail_each().await.counts;
    assert_eq!((counts.created, counts.updated, counts.files), (3, 2, 9));
}

impl Case<'_> {
    /// Returns what an undisturbed harvest comes to.
    async fn fail_each(&self) -> Outcome {
        let (world, faults) =
            (self.start.world(self.site, self.host.counting()).await, Arc::new(Faults::none()));
        assert_eq!(self.host.harvest(&world, &self.site.source, |_| faults.clone()).await, 1);
        let expected = Outcome::of(&world).await;
        let operations = faults.operations(self.process);
        println!("{} operations: {operations:#?}", operations.len());
        let failures = [Moment::Before, Moment::After].into_iter();
        let failures = failures.flat_map(|moment| (1..=operations.len()).map(move |nth| (nth, moment)));
        let failed = stream::iter(failures).map(|(nth, moment)| self.fail(nth, moment, &expected));
        let struck: Vec<_> = failed.buffer_unordered(AT_ONCE).collect().await;
        let (all, struck) = (struck.len(), struck.iter().filter(|struck| **struck).count());
        match self.process {
            Process::Dies => assert_eq!(struck, all),
            // How often an empty queue is asked is not the same each time: at the end there may be nothing to fail.
            Process::Lives => assert!(10 * struck >= 9 * all, "{struck} of {all}"),
        }
        expected
    }

    /// Whether there was anything to fail.
    async fn fail(&self, nth: usize, moment: Moment, expected: &Outcome) -> bool {
        let world = self.start.world(self.site, self.host.counting()).await;
        let fatal = Arc::new(Faults::one(nth, moment, self.process, |_| true));
        let faults = |start| match start {
            1 => fatal.clone(),
            _ => Arc::new(Faults::none()),
        };
        self.host.harvest(&world, &self.site.source, faults).await;
        let how = format!("{fatal:#?}");
        let outcome = Outcome::of(&world).await;
        outcome.assert_is(expected, &how);
        if self.host.counting() == Counting::Kept {
            outcome.assert_counts_as(expected, &how);
        }
        fatal.have_struck()
    }
}
