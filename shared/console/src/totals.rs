//! What silos hold. To know that, all of a silo is walked through: in the background, and not more often than it is worth.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use granary_harvest::{Granary, in_full};
use granary_silo::SiloName;

use crate::model::TotalsView;

/// How often a silo is counted again while it is filled.
const WHILE_FILLED: Duration = Duration::from_secs(60);
/// Nobody spends more than a tenth of the time with counting.
const PAUSE: u32 = 10;

/// What is known of a silo without counting: where it differs, what was counted may be out of date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signs {
    /// The last run that was finished.
    pub(crate) last_run: Option<String>,
    /// Whether a run or a task of the queue is about to add to it.
    pub(crate) is_filled: bool,
    /// How many of its tasks were given up: those that are tried again add to it as well.
    pub(crate) dead: u64,
}

/// The totals of silos, as they were counted last. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Totals(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    counted: HashMap<SiloName, Counted>,
    /// Those to be counted, each once.
    wanted: VecDeque<(SiloName, Signs)>,
    is_counting: bool,
    /// Grows with each count.
    changes: u64,
}

struct Counted {
    totals: Option<TotalsView>,
    /// Those there were when it was to be counted.
    signs: Signs,
    ended: Instant,
    took: Duration,
}

impl Counted {
    fn is_current(&self, now: &Signs) -> bool {
        let pause = (self.took * PAUSE).max(WHILE_FILLED);
        // What has come to its end leaves no more doubt than a moment's: it is counted at once, however long ago the last count was.
        self.signs.last_run == now.last_run
            && match (self.signs.is_filled, now.is_filled) {
                (_, true) => self.ended.elapsed() < pause,
                (true, false) => false,
                (false, false) => self.signs.dead == now.dead,
            }
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
    pub(crate) fn of(&self, granary: &Granary, silo: &SiloName, signs: Signs) -> Option<TotalsView> {
        let mut known = self.known();
        let counted = known.counted.get(silo);
        let totals = counted.and_then(|counted| counted.totals);
        let is_current = counted.is_some_and(|counted| counted.is_current(&signs));
        if !is_current && !known.wanted.iter().any(|(wanted, _)| wanted == silo) {
            known.wanted.push_back((silo.clone(), signs));
            if !known.is_counting {
                known.is_counting = true;
                tokio::spawn(self.clone().count(granary.clone()));
            }
        }
        totals
    }

    /// Counts one silo after the other until none is wanted.
    async fn count(self, granary: Granary) {
        while let Some((silo, signs)) = self.next() {
            let began = Instant::now();
            let totals = usage(&granary, &silo).await;
            let counted = Counted { totals, signs, ended: Instant::now(), took: began.elapsed() };
            let mut known = self.known();
            known.changes += 1;
            known.counted.insert(silo, counted);
            known.wanted.pop_front();
        }
    }

    /// The next one stays wanted while it is counted, so that nobody asks for it again.
    fn next(&self) -> Option<(SiloName, Signs)> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(last_run: &str, is_filled: bool, dead: u64) -> Signs {
        Signs { last_run: Some(last_run.to_owned()), is_filled, dead }
    }

    #[test]
    fn a_count_lasts_until_something_was_added() {
        let counted = |signs: &Signs| Counted {
            totals: None,
            signs: signs.clone(),
            ended: Instant::now(),
            took: Duration::ZERO,
        };
        let at_rest = signs("1", false, 3);
        for (before, now, is_current) in [
            (&at_rest, signs("1", false, 3), true),
            (&at_rest, signs("2", false, 3), false),
            (&at_rest, signs("1", false, 2), false),
            (&at_rest, signs("1", true, 2), true),
            (&signs("1", true, 3), signs("1", true, 4), true),
            (&signs("1", true, 3), signs("1", false, 3), false),
        ] {
            assert_eq!(counted(before).is_current(&now), is_current, "{before:?} {now:?}");
        }
    }
}
