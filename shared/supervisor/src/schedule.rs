//! The schedule: each source when its time has come, and at once when somebody asks for it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use granary_harvest::{Context, Error, Patience, Progress, Source, Turn, Why, harvest_source, in_full};
use granary_silo::SiloName;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::controls::{Controls, Switch};

/// How often the sources are looked through: in a directory, and where each look costs requests.
const LOOK: Duration = Duration::from_secs(2);
const LOOK_AFAR: Duration = Duration::from_secs(30);

/// How long the schedule waits when something has gone wrong that is no failure of a source.
const AFTER_AN_ERROR: Duration = Duration::from_secs(30);

/// How many sources are harvested side by side.
const SOURCES_AT_ONCE: usize = 8;

/// What this process does for a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// It has a run in hand.
    Harvesting {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// A run in hand is being stopped: what was begun is finished and saved.
    Stopping,
    /// Somebody asked for a run, which begins as soon as there is room.
    Asked,
}

/// The runs in hand, and what is asked for. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schedule(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    hands: Mutex<Hands>,
    /// Something was asked for.
    news: Notify,
}

#[derive(Debug, Default)]
struct Hands {
    asked: BTreeSet<SiloName>,
    runs: BTreeMap<SiloName, InHand>,
}

#[derive(Debug)]
struct InHand {
    since: DateTime<Utc>,
    stop: CancellationToken,
}

impl Schedule {
    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.0.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn activities(&self) -> BTreeMap<SiloName, Activity> {
        let hands = self.hands();
        let asked = hands.asked.iter().map(|silo| (silo.clone(), Activity::Asked));
        let runs = hands.runs.iter().map(|(silo, run)| {
            let activity = match run.stop.is_cancelled() {
                true => Activity::Stopping,
                false => Activity::Harvesting { since: run.since },
            };
            (silo.clone(), activity)
        });
        asked.chain(runs).collect()
    }

    /// Asks for a run: it begins as soon as there is room, due or not.
    pub(crate) fn ask(&self, silo: SiloName) {
        self.hands().asked.insert(silo);
        self.0.news.notify_one();
    }

    /// Stops the run in hand, if there is one; what was asked for is forgotten. Whether there was any.
    pub(crate) fn stop(&self, silo: &SiloName) -> bool {
        let mut hands = self.hands();
        let asked = hands.asked.remove(silo);
        let run = hands.runs.get(silo);
        if let Some(run) = run {
            run.stop.cancel();
        }
        asked || run.is_some()
    }

    /// Stops all runs in hand, and forgets what was asked for.
    pub(crate) fn stop_all(&self) {
        let mut hands = self.hands();
        hands.asked.clear();
        hands.runs.values().for_each(|run| run.stop.cancel());
    }

    /// Looks again at once: a switch was turned.
    pub(crate) fn look(&self) {
        self.0.news.notify_one();
    }

    /// Runs until the host stops; then waits for the runs in hand, which save what they have.
    pub(crate) async fn run(self, context: Context, controls: watch::Receiver<Controls>) {
        let pause = if context.granary.local().is_some() { LOOK } else { LOOK_AFAR };
        let mut runs = JoinSet::new();
        while !context.stop.is_cancelled() {
            let controls = controls.borrow().clone();
            let begun = self.begin(&context, &controls, &mut runs).await;
            if let Err(error) = &begun {
                tracing::error!("the schedule cannot look through the sources: {}", in_full(error));
            }
            tokio::select! {
                () = tokio::time::sleep(if begun.is_ok() { pause } else { AFTER_AN_ERROR }) => {}
                () = self.0.news.notified() => {}
                Some(ended) = runs.join_next(), if !runs.is_empty() => self.ended(ended),
                () = context.stop.cancelled() => {}
            }
        }
        while let Some(ended) = runs.join_next().await {
            self.ended(ended);
        }
    }

    /// Begins what is asked for and what is due, as far as there is room.
    async fn begin(
        &self,
        context: &Context,
        controls: &Controls,
        runs: &mut JoinSet<SiloName>,
    ) -> Result<(), Error> {
        let nothing_to_do = controls.schedule == Switch::Off && self.hands().asked.is_empty();
        if nothing_to_do || runs.len() >= SOURCES_AT_ONCE {
            return Ok(());
        }
        let sources = context.granary.sources().await?;
        self.hands().asked.retain(|silo| sources.iter().any(|source| source.silo == *silo));
        for source in sources {
            let Some(why) = self.why(context, controls, &source).await? else { continue };
            if runs.len() >= SOURCES_AT_ONCE {
                break;
            }
            let stop = context.stop.child_token();
            let mut hands = self.hands();
            hands.asked.remove(&source.silo);
            hands.runs.insert(source.silo.clone(), InHand { since: Utc::now(), stop: stop.clone() });
            drop(hands);
            let context = Context { stop, progress: Arc::new(Progress::default()), ..context.clone() };
            runs.spawn(one(context, source, why));
        }
        Ok(())
    }

    /// Why a source is to be harvested now, if it is.
    async fn why(
        &self,
        context: &Context,
        controls: &Controls,
        source: &Source,
    ) -> Result<Option<Why>, Error> {
        let (asked, in_hand) = {
            let hands = self.hands();
            (hands.asked.contains(&source.silo), hands.runs.contains_key(&source.silo))
        };
        if in_hand || (!asked && (controls.schedule == Switch::Off || controls.held.contains(&source.silo))) {
            return Ok(None);
        }
        if asked {
            return Ok(Some(Why::AskedFor));
        }
        let turn = match context.granary.state(&source.silo).await {
            Ok(state) => state.turn(source.every(), Utc::now()),
            // One corrupt state does not keep the others from being harvested.
            Err(error @ Error::Document { .. }) => {
                tracing::error!(silo = %source.silo, "{}", in_full(&error));
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        Ok(match turn {
            // A lease may be that of a process that was killed: the harvest step finds out.
            Turn::Leased(_) if context.granary.local().is_some() => Some(Why::Scheduled),
            Turn::Due | Turn::GoesOn => Some(Why::Scheduled),
            Turn::Leased(_) | Turn::NotBefore(_) | Turn::Failing(_) | Turn::Later(_) => None,
        })
    }

    fn ended(&self, ended: Result<SiloName, tokio::task::JoinError>) {
        match ended {
            Ok(silo) => {
                self.hands().runs.remove(&silo);
            }
            Err(panic) => tracing::error!("a run broke off: {panic}"),
        }
    }
}

/// One run. A panic in it is an end like any other, and the next one waits a little.
async fn one(context: Context, source: Source, why: Why) -> SiloName {
    let (silo, stop) = (source.silo.clone(), context.stop.clone());
    let run =
        tokio::spawn(async move { harvest_source(&context, &source, why, Patience::UntilDrained).await });
    if let Err(panic) = run.await {
        tracing::error!(%silo, "the run broke off: {panic}");
        let _ = tokio::time::timeout(AFTER_AN_ERROR, stop.cancelled()).await;
    }
    silo
}
