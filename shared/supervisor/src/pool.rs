//! The workers: loops of the download step, started again after a crash.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use granary_harvest::{Context, Until, in_full, work};
use granary_queue::Select;
use serde::Serialize;
use tokio::{sync::watch, task::JoinSet};

use crate::controls::{Controls, Switch};

/// How long a worker waits that has crashed: at first, and at most. Twice as long each time in between.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A worker that has worked for so long has recovered: its next crash is a first one.
const RECOVERED_AFTER: Duration = Duration::from_secs(60);

/// What a worker does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum WorkerState {
    /// It works the queue, or waits for something to come.
    Running,
    /// It was paused.
    Paused,
    /// It has crashed, and is started again.
    Waiting {
        /// When.
        until: DateTime<Utc>,
    },
}

/// A worker, for whoever watches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Worker {
    /// What it does.
    #[serde(flatten)]
    pub state: WorkerState,
    /// Since when.
    pub since: DateTime<Utc>,
    /// How often it has crashed in this process.
    pub crashes: u32,
    /// Why, the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_crash: Option<String>,
}

/// The workers of a process. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Pool(Arc<Mutex<Vec<Worker>>>);

impl Pool {
    /// As many workers as are to be, none of them started.
    pub(crate) fn new(workers: usize) -> Self {
        let worker = Worker { state: WorkerState::Paused, since: Utc::now(), crashes: 0, last_crash: None };
        Self(Arc::new(Mutex::new(vec![worker; workers.max(1)])))
    }

    pub(crate) fn workers(&self) -> Vec<Worker> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Worker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, number: usize, change: impl FnOnce(&mut Worker)) {
        if let Some(worker) = self.lock().get_mut(number) {
            let before = worker.state.clone();
            change(worker);
            if worker.state != before {
                worker.since = Utc::now();
            }
        }
    }

    /// Runs all workers until the host stops. What they have in hand is finished.
    pub(crate) async fn run(self, context: Context, controls: watch::Receiver<Controls>) {
        let count = self.lock().len();
        let mut workers = JoinSet::new();
        for number in 0..count {
            workers.spawn(self.clone().keep_up(number, context.clone(), controls.clone()));
        }
        while workers.join_next().await.is_some() {}
    }

    /// One worker, started again and again.
    async fn keep_up(self, number: usize, context: Context, mut controls: watch::Receiver<Controls>) {
        let mut wait = FIRST_WAIT;
        while !context.stop.is_cancelled() {
            if controls.borrow_and_update().workers == Switch::Off {
                self.note(number, |worker| worker.state = WorkerState::Paused);
                tokio::select! {
                    _ = controls.changed() => {}
                    () = context.stop.cancelled() => {}
                }
                continue;
            }
            self.note(number, |worker| worker.state = WorkerState::Running);
            let began = Instant::now();
            let Err(crash) = until_paused(&context, &mut controls).await else { continue };
            if began.elapsed() > RECOVERED_AFTER {
                wait = FIRST_WAIT;
            }
            tracing::error!(worker = number, "a worker crashed and is started again: {crash}");
            let until = Utc::now() + wait;
            self.note(number, |worker| {
                worker.state = WorkerState::Waiting { until };
                worker.crashes += 1;
                worker.last_crash = Some(crash);
            });
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = context.stop.cancelled() => {}
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        self.note(number, |worker| worker.state = WorkerState::Paused);
    }
}

/// Works until the host stops or the workers are paused; what is in hand is finished. An error says why it crashed.
async fn until_paused(context: &Context, controls: &mut watch::Receiver<Controls>) -> Result<(), String> {
    let context = Context { stop: context.stop.child_token(), ..context.clone() };
    let stop = context.stop.clone();
    // A task of its own, so that a panic in it is a crash of this worker alone.
    let mut working = tokio::spawn(async move { work(&context, &Select::All, 1, Until::Stopped).await });
    let paused = async { controls.wait_for(|controls| controls.workers == Switch::Off).await.is_ok() };
    let ended = tokio::select! {
        ended = &mut working => ended,
        _ = paused => {
            stop.cancel();
            working.await
        }
    };
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(in_full(&error)),
        Err(panic) => Err(panic.to_string()),
    }
}
