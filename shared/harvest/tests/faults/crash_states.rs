//! The states in which a killed process leaves things, one by one: what is left, and what the next start makes of it.
//!
//! They are those of "The order of writes" in `docs/ARCHITECTURE.md`.

use std::sync::Arc;

use granary_harvest::in_full;
use granary_queue::{Queue as _, Select};
use granary_test_repository::{Format, Kind, Settings};

use crate::{
    faulty::{Faults, INJECTED, Moment, Process},
    host::Host,
    outcome::{Outcome, everything},
    world::{Place, Site, World, small},
};

/// What a process has left that died.
struct Crash {
    site: Site,
    world: World,
    host: Host,
    expected: Outcome,
}

impl Crash {
    /// A process dies before or after the `nth` operation that fits.
    async fn at(settings: Settings, host: Host, nth: usize, moment: Moment, fits: fn(&str) -> bool) -> Self {
        let site = Site::new(settings).await;
        let undisturbed = World::new(&site, Place::Bucket, host.counting()).await;
        host.harvest(&undisturbed, &site.source, |_| Arc::new(Faults::none())).await;
        let expected = Outcome::of(&undisturbed).await;
        site.server.clear_log();
        let world = World::new(&site, Place::Bucket, host.counting()).await;
        let faults = Arc::new(Faults::one(nth, moment, Process::Dies, fits));
        let died = host.run(&world.process(&faults), &site.source).await;
        let error = in_full(&died.expect_err("it dies"));
        assert!(error.contains(INJECTED), "{error}");
        Self { site, world, host, expected }
    }

    /// How many files there are whose path contains this.
    async fn stored(&self, part: &str) -> usize {
        everything(&*self.world.store()).await.iter().filter(|(path, _)| path.contains(part)).count()
    }

    /// How many messages are in the queue, held by the dead or not.
    async fn queued(&self) -> u64 {
        let depth = self.world.queue().depth(&Select::All).await.unwrap();
        depth.waiting + depth.in_flight
    }

    /// The next start, and those after it should it fail: in the end all is as undisturbed.
    async fn go_on(&self, faults: Faults) -> Outcome {
        self.world.after_the_process().await;
        let mut faults = Some(faults);
        let next = |_| Arc::new(faults.take().unwrap_or_else(Faults::none));
        self.host.harvest(&self.world, &self.site.source, next).await;
        let outcome = Outcome::of(&self.world).await;
        outcome.assert_is(&self.expected, "gone on");
        outcome
    }

    /// How often the paths that end so were asked for, by the dead and the living: each so often.
    fn asked(&self, end: &str) -> Vec<usize> {
        let mut times = std::collections::BTreeMap::new();
        for request in self.site.server.log() {
            if request.method == "GET" && request.path.ends_with(end) {
                *times.entry(request.path).or_insert(0) += 1;
            }
        }
        times.into_values().collect()
    }
}

fn landing() -> Settings {
    Settings { format: Format::Landing, ..small(Kind::DublinCore) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_bytes_of_metadata_and_before_the_manifest_they_are_used() {
    let metadata = |operation: &str| operation.ends_with("/__1/XML");
    let crash = Crash::at(small(Kind::Eprints), Host::OneAfterTheOther, 1, Moment::After, metadata).await;
    assert!(crash.stored("/__1/XML").await > crash.stored("/__manifest.json").await);
    let outcome = crash.go_on(Faults::none()).await;
    outcome.assert_counts_as(&crash.expected, "counted once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_bytes_of_a_file_and_before_the_manifest_they_are_used() {
    let crash = one_file_stored().await;
    let outcome = crash.go_on(Faults::none()).await;
    outcome.assert_counts_as(&crash.expected, "counted once");
    assert_eq!(crash.asked("/2/data.txt"), [1, 1, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_without_a_manifest_that_cannot_be_read_now_are_used_once_they_can() {
    let crash = one_file_stored().await;
    let read = |operation: &str| operation.starts_with("get ") && operation.ends_with("/__1/paper.pdf");
    crash.go_on(Faults::one(1, Moment::Before, Process::Lives, read)).await;
}

/// The second of two files of an item is not there, nor is the manifest that names the first.
async fn one_file_stored() -> Crash {
    let file = |operation: &str| operation.ends_with("/__1/paper.pdf");
    let crash = Crash::at(small(Kind::DublinCore), Host::OneAfterTheOther, 1, Moment::After, file).await;
    assert!(crash.stored("/paper.pdf").await >= 1);
    assert_eq!(crash.stored("/data.txt").await, 0);
    crash
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_manifests_of_a_page_and_before_their_tasks_the_page_is_listed_again() {
    let send = |operation: &str| operation.starts_with("send ");
    let crash = Crash::at(small(Kind::DublinCore), Host::OneAfterTheOther, 1, Moment::Before, send).await;
    assert_eq!((crash.stored("/__manifest.json").await, crash.queued().await), (2, 0));
    let outcome = crash.go_on(Faults::none()).await;
    outcome.assert_counts_as(&crash.expected, "counted once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_tasks_of_a_page_and_before_the_checkpoint_they_are_sent_twice_and_done_once() {
    let send = |operation: &str| operation.starts_with("send ");
    let crash = Crash::at(small(Kind::DublinCore), Host::OneAfterTheOther, 1, Moment::After, send).await;
    assert_eq!(crash.queued().await, 4);
    let outcome = crash.go_on(Faults::none()).await;
    outcome.assert_counts_as(&crash.expected, "counted once");
    assert_eq!((crash.asked("/1/paper.pdf"), crash.asked("/2/data.txt")), (vec![1, 1, 1], vec![1, 1, 1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_manifest_of_a_metadata_task_and_before_the_tasks_that_follow_it_is_read_and_not_fetched() {
    // The first two sends are those of the pages.
    let send = |operation: &str| operation.starts_with("send ");
    let crash = Crash::at(small(Kind::Eprints), Host::OneAfterTheOther, 3, Moment::Before, send).await;
    assert_eq!((crash.stored("/__manifest.json").await, crash.queued().await), (3, 3));
    let outcome = crash.go_on(Faults::none()).await;
    outcome.assert_counts_as(&crash.expected, "counted once");
    assert_eq!(crash.asked(".xml"), [1, 1, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_tasks_that_follow_and_before_the_acknowledgement_of_metadata_they_are_done_once() {
    let acknowledge = |operation: &str| operation.starts_with("acknowledge ");
    let crash = Crash::at(small(Kind::Eprints), Host::OneAfterTheOther, 1, Moment::Before, acknowledge).await;
    assert_eq!(crash.queued().await, 3 + 6);
    let outcome = crash.go_on(Faults::none()).await;
    outcome.assert_counts_as(&crash.expected, "counted once");
    assert_eq!((crash.asked(".xml"), crash.asked("/1/paper.pdf")), (vec![1, 1, 1], vec![1, 1, 1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_manifest_of_files_and_before_the_acknowledgement_they_are_not_fetched_again() {
    let acknowledge = |operation: &str| operation.starts_with("acknowledge ");
    let crash =
        Crash::at(small(Kind::DublinCore), Host::OneAfterTheOther, 1, Moment::Before, acknowledge).await;
    assert_eq!((crash.stored("/__1/").await, crash.queued().await), (9, 6));
    let outcome = crash.go_on(Faults::none()).await;
    outcome.assert_counts_as(&crash.expected, "counted once");
    assert_eq!((crash.asked("/1/paper.pdf"), crash.asked("/2/data.txt")), (vec![1, 1, 1], vec![1, 1, 1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_report_and_before_the_state_the_run_is_finished_again() {
    let report = |operation: &str| operation.starts_with("put _granary/runs/");
    let crash = Crash::at(small(Kind::DublinCore), Host::OneAfterTheOther, 1, Moment::After, report).await;
    assert_eq!(crash.stored("_granary/runs/").await, 1);
    let outcome = crash.go_on(Faults::none()).await;
    outcome.assert_counts_as(&crash.expected, "the report is replaced");
    assert_eq!(crash.stored("_granary/runs/").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_state_and_before_the_lease_is_given_back_the_next_harvest_finds_nothing_new() {
    let state = |operation: &str| operation == "put _granary/state/s.json";
    // Lease, plan, two pages, the end of the run; then the lease.
    let crash = Crash::at(small(Kind::DublinCore), Host::OneAfterTheOther, 5, Moment::After, state).await;
    assert_eq!(crash.stored("_granary/runs/").await, 1);
    crash.go_on(Faults::none()).await;
    assert_eq!((crash.stored("_granary/runs/").await, crash.asked("/1/paper.pdf")), (2, vec![1, 1, 1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_manifest_of_a_landing_task_and_before_the_tasks_that_follow_the_page_is_asked_again() {
    let send = |operation: &str| operation.starts_with("send ");
    let crash = Crash::at(landing(), Host::OneAfterTheOther, 3, Moment::Before, send).await;
    assert_eq!((crash.asked("/1/"), crash.queued().await), (vec![1], 3));
    let outcome = crash.go_on(Faults::none()).await;
    outcome.assert_counts_as(&crash.expected, "counted once");
    assert_eq!((crash.asked("/1/"), crash.asked("/1/paper.pdf")), (vec![2], vec![1, 1, 1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_tasks_of_a_landing_task_and_before_its_acknowledgement_they_are_done_once() {
    let send = |operation: &str| operation.starts_with("send ");
    let crash = Crash::at(landing(), Host::OneAfterTheOther, 3, Moment::After, send).await;
    assert_eq!((crash.asked("/1/"), crash.queued().await), (vec![1], 3 + 6));
    let outcome = crash.go_on(Faults::none()).await;
    outcome.assert_counts_as(&crash.expected, "counted once");
    assert_eq!((crash.asked("/1/paper.pdf"), crash.asked("/2/data.txt")), (vec![1, 1, 1], vec![1, 1, 1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_tally_of_tasks_and_before_they_are_sent_the_next_tick_sends_them() {
    let tally =
        |operation: &str| operation.starts_with("put _granary/tally/") && operation.contains("queued");
    let crash = Crash::at(small(Kind::DublinCore), Host::Functions, 1, Moment::After, tally).await;
    assert_eq!((crash.stored("queued").await, crash.queued().await), (1, 0));
    let outcome = crash.go_on(Faults::none()).await;
    outcome.assert_counts_as(&crash.expected, "none is lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_tally_of_a_batch_and_before_its_acknowledgement_the_files_are_not_fetched_again() {
    let tally =
        |operation: &str| operation.starts_with("put _granary/tally/") && operation.contains("settled");
    let crash = Crash::at(small(Kind::DublinCore), Host::Functions, 1, Moment::After, tally).await;
    assert_eq!((crash.stored("settled").await, crash.queued().await), (1, 6));
    crash.go_on(Faults::none()).await;
    assert_eq!((crash.asked("/1/paper.pdf"), crash.asked("/2/data.txt")), (vec![1, 1, 1], vec![1, 1, 1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_state_and_before_the_tally_is_removed_the_next_run_removes_it() {
    let removal = |operation: &str| operation.starts_with("delete _granary/tally/");
    let crash = Crash::at(small(Kind::DublinCore), Host::Functions, 1, Moment::Before, removal).await;
    crash.go_on(Faults::none()).await;
    assert!(crash.stored("_granary/tally/").await > 0);
    crash.world.let_a_day_pass().await;
    crash.go_on(Faults::none()).await;
    assert_eq!((crash.stored("_granary/tally/").await, crash.stored("_granary/runs/").await), (0, 2));
}
