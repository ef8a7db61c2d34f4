//! What has changed, for pages that follow: one look a second for all of them, and only while somebody follows.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use granary_supervisor::Supervisor;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::{
    app::App,
    failure::Failure,
    model::{self, depth},
};
use axum::http::StatusCode;

/// How often is looked: in a directory, and where each look costs requests.
const LOOK: Duration = Duration::from_secs(1);
const LOOK_AFAR: Duration = Duration::from_secs(10);
/// How many may follow.
const FOLLOWERS: usize = 100;

/// Who follows.
pub(crate) struct Live {
    /// How often something has changed.
    changes: watch::Sender<u64>,
    room: Arc<Semaphore>,
    is_watched: Mutex<bool>,
}

/// Somebody who follows. Whoever is dropped makes room.
pub(crate) struct Follower {
    changes: watch::Receiver<u64>,
    _place: OwnedSemaphorePermit,
}

impl Default for Live {
    fn default() -> Self {
        let room = Arc::new(Semaphore::new(FOLLOWERS));
        Self { changes: watch::Sender::new(0), room, is_watched: Mutex::new(false) }
    }
}

impl Live {
    /// Follows from now on.
    ///
    /// # Errors
    /// When a hundred do so already.
    pub(crate) fn follow(&self, app: &App) -> Result<Follower, Failure> {
        let place = self.room.clone().try_acquire_owned().map_err(|_| {
            Failure::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "too many pages follow; this one is renewed by loading it again",
            )
        })?;
        let mut is_watched = self.is_watched.lock().unwrap_or_else(PoisonError::into_inner);
        let changes = self.changes.subscribe();
        if !*is_watched {
            *is_watched = true;
            tokio::spawn(watch(app.clone()));
        }
        Ok(Follower { changes, _place: place })
    }

    /// Whether to go on looking.
    fn is_followed(&self) -> bool {
        // Under the lock, so that who begins to follow now is seen here, or sees that nobody looks.
        let mut is_watched = self.is_watched.lock().unwrap_or_else(PoisonError::into_inner);
        *is_watched = self.changes.receiver_count() > 0;
        *is_watched
    }
}

impl Follower {
    /// Waits for the next change and returns its number. Changes in the meantime are one. Nothing when the console ends.
    pub(crate) async fn next(&mut self) -> Option<u64> {
        self.changes.changed().await.ok()?;
        Some(*self.changes.borrow_and_update())
    }
}

async fn watch(app: App) {
    let pause = if app.granary().local().is_some() { LOOK } else { LOOK_AFAR };
    let mut known = None;
    while app.live.is_followed() {
        let now = overview(&app).await;
        if known.replace(now).is_some_and(|known| known != now) {
            app.live.changes.send_modify(|changes| *changes += 1);
        }
        tokio::time::sleep(pause).await;
    }
}

/// A number that is another one when anything is other that pages show and that changes by itself.
async fn overview(app: &App) -> u64 {
    let supervisor = app.console.supervisor.as_ref();
    let queue = async {
        match &app.console.queue {
            Some(queue) => depth(&**queue, None).await.map(Some),
            None => Ok(None),
        }
    };
    let overview = json!([
        // What cannot be read now is something else than what could.
        model::sources(app).await.map(timeless).ok(),
        queue.await.ok(),
        supervisor.map(Supervisor::workers),
        supervisor.map(Supervisor::controls),
        supervisor.and_then(Supervisor::fixity),
        app.totals.changes(),
        app.console.log.number(),
    ]);
    let mut hasher = DefaultHasher::new();
    overview.to_string().hash(&mut hasher);
    hasher.finish()
}

/// What follows from the time of day alone is no news.
fn timeless(mut sources: Vec<model::SourceView>) -> Vec<model::SourceView> {
    sources.iter_mut().filter_map(|source| source.run.as_mut()).for_each(|run| run.seconds_left = None);
    sources
}
