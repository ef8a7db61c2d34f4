//! The parts together, and the switches for them.

use std::{collections::BTreeMap, sync::Arc};

use granary_harvest::{Context, Error as HarvestError};
use granary_silo::SiloName;
use tokio::task::JoinSet;

use crate::{
    controls::{Controls, Panel, Switch},
    error::Error,
    fixity::{self, Checks, Fixity},
    pool::{Pool, Worker},
    sampler::{Sample, Samples},
    schedule::{Activity, Schedule},
};

/// How much is done at once.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Loops of the download step.
    pub workers: usize,
}

/// Schedule, workers and fixity checks of this process. Cheap to clone; all clones are the same.
///
/// They run until the context's `stop` is cancelled. Then what is in hand is finished and saved, and
/// [`Supervisor::ended`] returns; killed instead, the next process goes on from where this one was.
#[derive(Debug, Clone)]
pub struct Supervisor(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    context: Context,
    panel: Panel,
    schedule: Schedule,
    pool: Pool,
    checks: Checks,
    samples: Samples,
    tasks: tokio::sync::Mutex<JoinSet<()>>,
}

impl Supervisor {
    /// Starts everything that is not switched off. Has to be called in a runtime.
    pub fn start(context: Context, settings: Settings) -> Self {
        let inner = Inner {
            panel: Panel::new(context.granary.local().map(|local| local.join("controls.json"))),
            schedule: Schedule::default(),
            pool: Pool::new(settings.workers),
            checks: Checks::new(fixity::file(&context.granary)),
            samples: Samples::default(),
            tasks: tokio::sync::Mutex::new(JoinSet::new()),
            context,
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(inner.schedule.clone().run(inner.context.clone(), inner.panel.watch()));
        tasks.spawn(inner.pool.clone().run(inner.context.clone(), inner.panel.watch()));
        tasks.spawn(inner.samples.clone().run(inner.context.clone()));
        Self(Arc::new(Inner { tasks: tokio::sync::Mutex::new(tasks), ..inner }))
    }

    /// Returns when all has ended after the host has stopped.
    pub async fn ended(&self) {
        self.0.context.stop.cancelled().await;
        let mut tasks = self.0.tasks.lock().await;
        while tasks.join_next().await.is_some() {}
    }

    /// The parts that it works with.
    pub fn context(&self) -> &Context {
        &self.0.context
    }

    /// What is switched on and off.
    pub fn controls(&self) -> Controls {
        self.0.panel.now()
    }

    /// What is done here for sources, by silo.
    pub fn activities(&self) -> BTreeMap<SiloName, Activity> {
        self.0.schedule.activities()
    }

    /// The workers.
    pub fn workers(&self) -> Vec<Worker> {
        self.0.pool.workers()
    }

    /// The depth of the queue in the last hour, the oldest first.
    pub fn samples(&self) -> Vec<Sample> {
        self.0.samples.all()
    }

    /// Harvests a source now, due or not, also while the schedule is off. It is no longer held.
    ///
    /// # Errors
    /// When there is no such source.
    pub async fn start_source(&self, silo: &SiloName) -> Result<(), Error> {
        if self.0.context.granary.source(silo).await?.is_none() {
            return Err(HarvestError::NoSuchSource(silo.clone()).into());
        }
        self.0.panel.set(|controls| {
            controls.held.remove(silo);
        })?;
        self.0.schedule.ask(silo.clone());
        Ok(())
    }

    /// Stops the run of a source that is in hand: what was begun is finished and saved. The schedule leaves the source
    /// alone until it is started again.
    ///
    /// # Errors
    /// When there is no such source.
    pub async fn stop_source(&self, silo: &SiloName) -> Result<(), Error> {
        if self.0.context.granary.source(silo).await?.is_none() {
            return Err(HarvestError::NoSuchSource(silo.clone()).into());
        }
        self.0.panel.set(|controls| {
            controls.held.insert(silo.clone());
        })?;
        self.0.schedule.stop(silo);
        Ok(())
    }

    /// Forgets a source and its run state; its silo stays. A run in hand is stopped.
    ///
    /// # Errors
    /// When there is no such source, or its document cannot be removed.
    pub async fn remove_source(&self, silo: &SiloName) -> Result<(), Error> {
        self.0.schedule.stop(silo);
        self.0.context.granary.remove_source(silo).await?;
        self.0.panel.set(|controls| {
            controls.held.remove(silo);
        })
    }

    /// Switches the schedule on or off. When it is switched off, runs in hand are saved; they go on when it is on again.
    ///
    /// # Errors
    /// When it cannot be written down; it holds all the same.
    pub fn set_schedule(&self, switch: Switch) -> Result<(), Error> {
        let set = self.0.panel.set(|controls| controls.schedule = switch);
        match switch {
            Switch::On => self.0.schedule.look(),
            Switch::Off => self.0.schedule.stop_all(),
        }
        set
    }

    /// Switches the workers on or off. What they have in hand is finished.
    ///
    /// # Errors
    /// When it cannot be written down; it holds all the same.
    pub fn set_workers(&self, switch: Switch) -> Result<(), Error> {
        self.0.panel.set(|controls| controls.workers = switch)
    }

    /// The fixity check that runs, or the last one.
    pub fn fixity(&self) -> Option<Fixity> {
        self.0.checks.last()
    }

    /// Begins a fixity check: of one silo, or of all.
    ///
    /// # Errors
    /// When one is running, or there is no such silo.
    pub async fn check(&self, silo: Option<&SiloName>) -> Result<(), Error> {
        let granary = &self.0.context.granary;
        let silos = match silo {
            Some(silo) => {
                granary.silo(silo).await?;
                vec![silo.clone()]
            }
            None => granary.silos().await?,
        };
        let check = self.0.checks.begin(granary, silos, self.0.context.stop.child_token())?;
        tokio::spawn(check);
        Ok(())
    }

    /// Stops the fixity check that runs.
    pub fn stop_check(&self) {
        self.0.checks.stop();
    }
}
