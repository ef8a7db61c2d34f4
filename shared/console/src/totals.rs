//! What silos hold. To know that, all of a silo is walked through: in the background, and not more often than it is worth.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use granary_harvest::{Granary, in_full};
use granary_silo::SiloName;

use crate::model::TotalsView;

/// How often a silo is counted again while a run fills it.
const WHILE_FILLED: Duration = Duration::from_secs(60);
/// Nobody spends more than a tenth of the time with counting.
const PAUSE: u32 = 10;

/// The totals of silos, as they were counted last. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Totals(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    counted: HashMap<SiloName, Counted>,
    /// Those to be counted, each once.
    wanted: VecDeque<(SiloName, Option<String>)>,
    is_counting: bool,
    /// Grows with each count.
    changes: u64,
}

struct Counted {
    totals: Option<TotalsView>,
    /// The last run that was finished by then.
    last_run: Option<String>,
    ended: Instant,
    took: Duration,
}

impl Counted {
    fn is_current(&self, last_run: Option<&str>, is_filled: bool) -> bool {
        let pause = (self.took * PAUSE).max(WHILE_FILLED);
        let is_other = is_filled || self.last_run.as_deref() != last_run;
        // A run that is finished leaves no more doubt than a moment's: it is counted at once, however long ago the last count was.
        !is_other || (self.last_run.as_deref() == last_run && self.ended.elapsed() < pause)
    }
}

impl Totals {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes whenever something was counted.
    pub(crate) fn changes(&self) -> u64 {
        self.known().changes
    }

    /// What a silo held when it was counted last; nothing when it never was. Has it counted where that is out of date.
    pub(crate) fn of(
        &self,
        granary: &Granary,
        silo: &SiloName,
        last_run: Option<&str>,
        is_filled: bool,
    ) -> Option<TotalsView> {
        let mut known = self.known();
        let counted = known.counted.get(silo);
        let totals = counted.and_then(|counted| counted.totals);
        let is_current = counted.is_some_and(|counted| counted.is_current(last_run, is_filled));
        if !is_current && !known.wanted.iter().any(|(wanted, _)| wanted == silo) {
            known.wanted.push_back((silo.clone(), last_run.map(str::to_owned)));
            if !known.is_counting {
                known.is_counting = true;
                tokio::spawn(self.clone().count(granary.clone()));
            }
        }
        totals
    }

    /// Counts one silo after the other until none is wanted.
    async fn count(self, granary: Granary) {
        while let Some((silo, last_run)) = self.next() {
            let began = Instant::now();
            let totals = usage(&granary, &silo).await;
            let counted = Counted { totals, last_run, ended: Instant::now(), took: began.elapsed() };
            let mut known = self.known();
            known.changes += 1;
            known.counted.insert(silo, counted);
            known.wanted.pop_front();
        }
    }

    /// The next one stays wanted while it is counted, so that nobody asks for it again.
    fn next(&self) -> Option<(SiloName, Option<String>)> {
        let mut known = self.known();
        let next = known.wanted.front().cloned();
        known.is_counting = next.is_some();
        next
    }
}

async fn usage(granary: &Granary, name: &SiloName) -> Option<TotalsView> {
    let usage = async { Ok::<_, granary_harvest::Error>(granary.silo(name).await?.usage().await?) };
    match usage.await {
        Ok(usage) => Some(TotalsView { objects: usage.objects, files: usage.files, bytes: usage.bytes }),
        Err(error) => {
            tracing::warn!(silo = %name, "console: the silo cannot be counted: {}", in_full(&error));
            None
        }
    }
}
