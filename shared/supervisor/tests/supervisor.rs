//! One process over a real granary, queue and repository.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::{sync::Arc, time::Duration};

use granary_fetch::{Fetcher, Policy};
use granary_harvest::{Context, Granary, Source};
use granary_queue::{Depth, Queue, Select, SqliteQueue};
use granary_silo::SiloName;
use granary_supervisor::{Activity, Settings as Size, Supervisor, Switch, WorkerState};
use granary_test_repository::{Fault, Server, Settings};
use tokio_util::sync::CancellationToken;

/// A granary with a source, and a repository to harvest.
struct Place {
    folder: tempfile::TempDir,
    server: Server,
    silo: SiloName,
}

impl Place {
    async fn new(settings: Settings) -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
            server: Server::start(settings).await.unwrap(),
            silo: "maths".parse().unwrap(),
        };
        let source = Source::new(place.silo.clone(), place.server.oai().parse().unwrap());
        place.granary().put_source(&source).await.unwrap();
        place
    }

    fn granary(&self) -> Granary {
        Granary::create(&self.folder.path().join("granary")).unwrap()
    }

    /// What a new process has.
    async fn context(&self) -> Context {
        let granary = self.granary();
        let queue = SqliteQueue::open(&granary.local().unwrap().join("queue.sqlite")).await.unwrap();
        let fetcher = Fetcher::new(Policy::default()).unwrap();
        Context::new(granary, Arc::new(queue), fetcher, CancellationToken::new())
    }

    async fn start(&self) -> Supervisor {
        Supervisor::start(self.context().await, Size { workers: 2 })
    }

    async fn stop(&self, supervisor: Supervisor) {
        supervisor.context().stop.cancel();
        supervisor.ended().await;
    }

    async fn is_harvested(&self) -> bool {
        self.granary().state(&self.silo).await.unwrap().last_run.is_some()
    }

    async fn files(&self) -> u64 {
        self.granary().silo(&self.silo).await.unwrap().usage().await.unwrap().files
    }
}

/// Waits for something to come about; a test that waits in vain is ended from outside, with what it waited for in its name.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    while !is_so().await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn ten() -> Settings {
    Settings { items: 10, ..Settings::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_is_due_is_harvested_to_its_end() {
    let place = Place::new(ten()).await;
    let supervisor = place.start().await;
    until(async || place.is_harvested().await).await;
    until(async || supervisor.activities().is_empty()).await;
    assert_eq!(place.files().await, 30, "ten records and twenty files");
    assert_eq!(supervisor.context().queue.depth(&Select::All).await.unwrap(), Depth::default());
    place.stop(supervisor).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stopped_stays_stopped_in_the_next_process_until_it_is_started() {
    let place = Place::new(ten()).await;
    place.server.fault("/cgi/oai2*", Fault::Slow { delay: Duration::from_millis(100) });
    let supervisor = place.start().await;
    let harvesting = |activity: Option<&Activity>| matches!(activity, Some(Activity::Harvesting { .. }));
    until(async || harvesting(supervisor.activities().get(&place.silo))).await;
    supervisor.stop_source(&place.silo).await.unwrap();
    until(async || supervisor.activities().is_empty()).await;
    assert!(place.granary().state(&place.silo).await.unwrap().lease.is_none(), "its lease is given back");
    place.stop(supervisor).await;

    place.server.mend();
    let supervisor = place.start().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!place.is_harvested().await);
    supervisor.start_source(&place.silo).await.unwrap();
    until(async || place.is_harvested().await).await;
    place.stop(supervisor).await;
    assert_eq!(place.files().await, 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_waits_for_workers_that_are_paused_and_ends_when_they_go_on() {
    let place = Place::new(ten()).await;
    let supervisor = place.start().await;
    supervisor.set_workers(Switch::Off).unwrap();
    let paused = |worker: &granary_supervisor::Worker| worker.state == WorkerState::Paused;
    until(async || supervisor.workers().iter().all(paused)).await;
    let queue = supervisor.context().queue.clone();
    until(async || queue.depth(&Select::All).await.unwrap().waiting == 10).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!place.is_harvested().await);
    supervisor.set_workers(Switch::On).unwrap();
    until(async || place.is_harvested().await).await;
    assert_eq!(place.files().await, 30);
    place.stop(supervisor).await;
}

/// A queue that cannot be read at first.
struct Sick(SqliteQueue, std::sync::atomic::AtomicU32);

#[async_trait::async_trait]
impl Queue for Sick {
    async fn receive(
        &self,
        max: usize,
        visibility: Duration,
        select: &Select,
    ) -> Result<Vec<granary_queue::Message>, granary_queue::Error> {
        use std::sync::atomic::Ordering;
        match self.1.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)) {
            Ok(1) => panic!("a defect of ours"),
            Ok(_) => SqliteQueue::open(std::path::Path::new("/dev/null/queue")).await.map(|_| Vec::new()),
            Err(_) => self.0.receive(max, visibility, select).await,
        }
    }
    async fn send_bodies(&self, bodies: &[String]) -> Result<(), granary_queue::Error> {
        self.0.send_bodies(bodies).await
    }
    async fn acknowledge(&self, settled: &[granary_queue::Settled]) -> Result<(), granary_queue::Error> {
        self.0.acknowledge(settled).await
    }
    async fn give_back(
        &self,
        receipt: &granary_queue::Receipt,
        delay: Duration,
    ) -> Result<(), granary_queue::Error> {
        self.0.give_back(receipt, delay).await
    }
    async fn extend(
        &self,
        receipts: &[granary_queue::Receipt],
        visibility: Duration,
    ) -> Result<(), granary_queue::Error> {
        self.0.extend(receipts, visibility).await
    }
    async fn bury(
        &self,
        message: &granary_queue::Message,
        settled: &granary_queue::Settled,
        burial: &granary_queue::Burial,
    ) -> Result<(), granary_queue::Error> {
        self.0.bury(message, settled, burial).await
    }
    async fn peek(
        &self,
        max: usize,
        select: &Select,
    ) -> Result<Vec<granary_queue::Peeked>, granary_queue::Error> {
        self.0.peek(max, select).await
    }
    async fn depth(&self, select: &Select) -> Result<Depth, granary_queue::Error> {
        self.0.depth(select).await
    }
    async fn dead(
        &self,
        max: usize,
        select: &Select,
    ) -> Result<Vec<granary_queue::DeadLetter>, granary_queue::Error> {
        self.0.dead(max, select).await
    }
    async fn redrive(
        &self,
        which: &granary_queue::Redrive,
        select: &Select,
    ) -> Result<u64, granary_queue::Error> {
        self.0.redrive(which, select).await
    }
    async fn counters(&self, run: &str) -> Result<Option<granary_queue::Counters>, granary_queue::Error> {
        self.0.counters(run).await
    }
    fn keeps_counters(&self) -> bool {
        self.0.keeps_counters()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_crashes_or_panics_is_started_again_and_the_harvest_ends() {
    let place = Place::new(ten()).await;
    let path = place.granary().local().unwrap().join("queue.sqlite");
    let queue = Sick(SqliteQueue::open(&path).await.unwrap(), 3.into());
    let context = Context { queue: Arc::new(queue), ..place.context().await };
    let supervisor = Supervisor::start(context, Size { workers: 2 });
    until(async || place.is_harvested().await).await;
    let workers = supervisor.workers();
    assert_eq!(workers.iter().map(|worker| worker.crashes).sum::<u32>(), 3, "{workers:?}");
    assert!(workers.iter().filter_map(|worker| worker.last_crash.as_ref()).all(|crash| !crash.is_empty()));
    assert_eq!(place.files().await, 30);
    place.stop(supervisor).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fixity_check_finds_what_is_wrong_and_is_remembered() {
    let place = Place::new(ten()).await;
    let supervisor = place.start().await;
    until(async || place.is_harvested().await).await;
    supervisor.check(None).await.unwrap();
    until(async || supervisor.fixity().is_some_and(|fixity| fixity.ended.is_some())).await;
    let sound = supervisor.fixity().unwrap();
    assert!(sound.is_sound(), "{sound:?}");
    assert_eq!((sound.objects, sound.files, sound.silos_done), (10, 30, 1));

    let silo = place.granary().silo(&place.silo).await.unwrap();
    let object = silo.page("", None, 1).await.unwrap().objects.remove(0);
    let folder = place.folder.path().join("granary").join(object.folder).join("__1");
    let file = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&file, "other").unwrap();
    supervisor.check(Some(&place.silo)).await.unwrap();
    until(async || supervisor.fixity().is_some_and(|fixity| fixity.ended.is_some())).await;
    let found = supervisor.fixity().unwrap();
    assert_eq!((found.corrupt, found.findings.len()), (1, 1));
    assert_eq!(found.findings[0].path, file.display().to_string());
    place.stop(supervisor).await;
    let next = place.start().await;
    assert_eq!(next.fixity(), Some(found), "the next process knows");
    place.stop(next).await;
}
