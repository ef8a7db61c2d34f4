//! A store and a queue, and the processes that work on them.

use std::{path::PathBuf, sync::Arc, time::Duration};

use granary_fetch::{Fetcher, Policy};
use granary_harvest::{Context, Granary, Source};
use granary_queue::SqliteQueue;
use granary_test_repository::{Kind, Server, Settings};
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, memory::InMemory, path::Path};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::faulty::{Counting, Faults, FaultyQueue, FaultyStore, Held};

/// Where a granary lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a directory: a run is held by a lock, which ends with its process.
    Directory,
    /// In a store that has conditional writes and no locks, as a bucket: a run is held by a lease, which expires.
    Bucket,
}

/// What outlives a process: what it has stored and queued.
pub(crate) struct World {
    place: Place,
    counting: Counting,
    fetcher: Fetcher,
    bucket: Arc<InMemory>,
    queue: SqliteQueue,
    held: Held,
    folder: tempfile::TempDir,
}

/// What is there when a harvest begins.
pub(crate) enum Start {
    /// Nothing, in such a place.
    Empty(Place),
    /// What an earlier harvest has stored.
    From(World),
}

impl Start {
    /// A world of its own, that begins so.
    pub(crate) async fn world(&self, site: &Site, counting: Counting) -> World {
        match self {
            Self::Empty(place) => World::new(site, *place, counting).await,
            Self::From(world) => world.copy(site).await,
        }
    }
}

/// The silo of all these tests.
pub(crate) const SILO: &str = "s";

/// Where its state lies.
const STATE: &str = "_granary/state/s.json";

/// A repository, and how it is harvested.
pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) source: Source,
    pub(crate) fetcher: Fetcher,
}

impl Site {
    /// A repository. Each harvest asks it for the same, whenever it is.
    pub(crate) async fn new(settings: Settings) -> Self {
        let server = Server::start(settings).await.unwrap();
        let mut source = Source::new(SILO.parse().unwrap(), server.oai().parse().unwrap());
        source.until = Some("2020-12-31".parse().unwrap());
        let policy = Policy { trusted_hosts: ["127.0.0.1".to_owned()].into(), ..Policy::default() };
        Self { server, source, fetcher: Fetcher::new(policy).unwrap() }
    }

    /// One item gets another revision, one is deleted, one becomes another work. Harvests ask for that too from now on.
    pub(crate) async fn change(&mut self) {
        self.server.change(1);
        self.server.delete(2);
        self.server.reuse(3);
        let until = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string();
        self.source.until = Some(until.parse().unwrap());
        // Up to now means something else from the next second on.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
}

/// Few items, with all that may follow from one: the smallest harvest in which everything happens.
pub(crate) fn small(kind: Kind) -> Settings {
    Settings { items: 3, page_size: 2, file_size: 500, kind, ..Settings::default() }
}

impl World {
    pub(crate) async fn new(site: &Site, place: Place, counting: Counting) -> Self {
        let fetcher = site.fetcher.clone();
        let folder = tempfile::tempdir().unwrap();
        let queue = SqliteQueue::open(&folder.path().join("queue.sqlite")).await.unwrap();
        Self { place, counting, fetcher, bucket: Arc::default(), queue, held: Held::default(), folder }
    }

    /// Another one, with all that is stored in this one's bucket, and nothing queued.
    async fn copy(&self, site: &Site) -> Self {
        assert_eq!(self.place, Place::Bucket, "a directory is not copied");
        Self { bucket: Arc::new(self.bucket.fork()), ..Self::new(site, self.place, self.counting).await }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("granary")
    }

    /// A process begins.
    pub(crate) fn process(&self, faults: &Arc<Faults>) -> Context {
        let granary = match self.place {
            Place::Directory => Granary::create(&self.root()).unwrap(),
            Place::Bucket => Granary::on(self.bucket.clone()),
        };
        let granary = granary.wrap(|store| Arc::new(FaultyStore::new(store, faults.clone())));
        let queue = FaultyQueue::new(self.queue.clone(), faults.clone(), self.counting, self.held.clone());
        Context::new(granary, Arc::new(queue), self.fetcher.clone(), CancellationToken::new())
    }

    /// A process has ended, however it did. What it held is free: at once on one machine, elsewhere when the time has passed.
    pub(crate) async fn after_the_process(&self) {
        self.held.release(&self.queue).await;
        if self.place == Place::Bucket {
            self.let_time_pass().await;
        }
    }

    /// Until the lease has expired, and a source that failed is to be tried again.
    async fn let_time_pass(&self) {
        self.alter_state(|state| {
            for time in ["/lease/expires", "/failing/again"] {
                if let Some(time) = state.pointer_mut(time) {
                    *time = "2020-01-01T00:00:00Z".into();
                }
            }
        })
        .await;
    }

    /// Until the next run is due.
    pub(crate) async fn let_a_day_pass(&self) {
        self.alter_state(|state| state["last_run"] = "20200101T000000Z-0000".into()).await;
    }

    async fn alter_state(&self, alter: impl FnOnce(&mut Value)) {
        let state = Path::from(STATE);
        let Ok(got) = self.bucket.get(&state).await else { return };
        let mut json: Value = serde_json::from_slice(&got.bytes().await.unwrap()).unwrap();
        alter(&mut json);
        self.bucket.put(&state, PutPayload::from(json.to_string())).await.unwrap();
    }

    /// The store itself.
    pub(crate) fn store(&self) -> Arc<dyn ObjectStore> {
        match self.place {
            Place::Directory => Granary::open(&self.root()).unwrap().store(),
            Place::Bucket => self.bucket.clone(),
        }
    }

    /// The queue itself.
    pub(crate) fn queue(&self) -> &SqliteQueue {
        &self.queue
    }
}
