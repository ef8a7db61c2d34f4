//! Which operations fail, and how.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// What the text of every fault begins with, so that it is told from failures of other origin.
pub(crate) const INJECTED: &str = "injected";

/// The longest that a slow operation waits.
const SLOW: u64 = 5_000;

/// What befalls the operations of one process on its store and its queue.
#[derive(Debug)]
pub(crate) struct Faults(Mutex<State>);

#[derive(Debug)]
struct State {
    plan: Plan,
    /// The operations so far.
    operations: Vec<(Effect, String)>,
    /// From then on everything fails.
    is_dead: bool,
}

enum Plan {
    Nothing,
    /// One operation in so many fails.
    Chance {
        random: fastrand::Rng,
        one_in: u32,
    },
    /// One operation fails: of those that fit, the `left`th from here on.
    One {
        fits: fn(&str) -> bool,
        left: usize,
        moment: Moment,
        process: Process,
    },
}

impl Plan {
    fn kills(&self) -> bool {
        matches!(self, Self::One { process: Process::Dies, .. })
    }
}

impl Process {
    fn counts(self, effect: Effect) -> bool {
        match self {
            Self::Lives => true,
            Self::Dies => effect == Effect::Changes,
        }
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => write!(f, "nothing"),
            Self::Chance { one_in, .. } => write!(f, "one in {one_in}"),
            Self::One { left, moment, process, .. } => write!(f, "{moment:?} operation {left} {process:?}"),
        }
    }
}

/// On which side of an operation something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// It has not happened.
    Before,
    /// It has happened, and nobody is told.
    After,
}

/// What becomes of a process one of whose operations fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Process {
    /// It is told, and goes on.
    Lives,
    /// It is dead: it is not told, and nothing that it does afterwards happens. Only operations that change something count.
    Dies,
}

/// A fault.
#[derive(Debug)]
pub(crate) struct Injected(String);

impl fmt::Display for Injected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{INJECTED}: {}", self.0)
    }
}

impl std::error::Error for Injected {}

impl From<Injected> for object_store::Error {
    fn from(source: Injected) -> Self {
        Self::Generic { store: "faulty", source: source.into() }
    }
}

impl From<Injected> for granary_queue::Error {
    fn from(source: Injected) -> Self {
        Self::Sqlite { path: "faulty".into(), source: source.into() }
    }
}

/// Whether an operation changes what is stored or queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Reads,
    Changes,
}

/// An operation that has been allowed to happen.
#[derive(Debug)]
pub(crate) struct Begun {
    operation: String,
    moment: Option<Moment>,
}

impl Faults {
    /// Nothing fails.
    pub(crate) fn none() -> Self {
        Self::new(Plan::Nothing)
    }

    /// One operation in `one_in` fails, before or after it has happened, or is slow.
    pub(crate) fn by_chance(seed: u64, one_in: u32) -> Self {
        Self::new(Plan::Chance { random: fastrand::Rng::with_seed(seed), one_in })
    }

    /// Of the operations whose text `fits` one fails, the `nth` (from 1).
    pub(crate) fn one(nth: usize, moment: Moment, process: Process, fits: fn(&str) -> bool) -> Self {
        Self::new(Plan::One { fits, left: nth, moment, process })
    }

    fn new(plan: Plan) -> Self {
        Self(Mutex::new(State { plan, operations: Vec::new(), is_dead: false }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The operations so far, as `put s/pairtree_root/…/XML` or `send 20`; those only that can kill, where the process dies.
    pub(crate) fn operations(&self, process: Process) -> Vec<String> {
        let operations = self.state().operations.clone();
        let counted = operations.into_iter().filter(|(effect, _)| process.counts(*effect));
        counted.map(|(_, operation)| operation).collect()
    }

    /// Whether the one operation that was to fail has come.
    pub(crate) fn have_struck(&self) -> bool {
        matches!(self.state().plan, Plan::One { left: 0, .. })
    }

    /// Whether one of the oddities of a queue is to happen. They happen by chance only, and more often than faults.
    pub(crate) fn odd(&self) -> bool {
        match &mut self.state().plan {
            Plan::Chance { random, one_in } => random.u32(..(*one_in / 4).max(2)) == 0,
            Plan::Nothing | Plan::One { .. } => false,
        }
    }

    /// Whether faults happen by chance; then something to shuffle with.
    pub(crate) fn random(&self) -> Option<fastrand::Rng> {
        match &mut self.state().plan {
            Plan::Chance { random, .. } => Some(random.fork()),
            Plan::Nothing | Plan::One { .. } => None,
        }
    }

    /// Is told of an operation before it happens.
    ///
    /// # Errors
    /// When it does not happen.
    pub(crate) async fn begin(&self, effect: Effect, operation: String) -> Result<Begun, Injected> {
        let (moment, wait) = self.decide(effect, &operation)?;
        if let Some(wait) = wait {
            tokio::time::sleep(wait).await;
        }
        match moment {
            Some(Moment::Before) => Err(Injected(format!("{operation} did not happen"))),
            moment => Ok(Begun { operation, moment }),
        }
    }

    fn decide(
        &self,
        effect: Effect,
        operation: &str,
    ) -> Result<(Option<Moment>, Option<Duration>), Injected> {
        let mut state = self.state();
        if state.is_dead {
            return Err(Injected(format!("{operation} comes after death")));
        }
        state.operations.push((effect, operation.to_owned()));
        let decided = match &mut state.plan {
            Plan::Nothing => (None, None),
            Plan::Chance { random, one_in } => match random.u32(..*one_in) {
                0 if random.bool() => (Some(Moment::Before), None),
                0 => (Some(Moment::After), None),
                1 => (None, Some(Duration::from_micros(random.u64(..SLOW)))),
                _ => (None, None),
            },
            Plan::One { fits, left, moment, process } => {
                let is_counted = *left > 0 && process.counts(effect) && fits(operation);
                *left -= usize::from(is_counted);
                ((is_counted && *left == 0).then_some(*moment), None)
            }
        };
        if decided.0 == Some(Moment::Before) {
            // After it: see `end`.
            state.is_dead = state.plan.kills();
        }
        Ok(decided)
    }

    /// Is told of an operation that has happened, and passes on what came of it.
    ///
    /// # Errors
    /// When nobody is to be told.
    pub(crate) fn end<T, E: From<Injected>>(&self, begun: &Begun, result: Result<T, E>) -> Result<T, E> {
        let mut state = self.state();
        if begun.moment == Some(Moment::After) {
            state.is_dead = state.plan.kills();
        }
        if begun.moment == Some(Moment::After) || state.is_dead {
            return Err(Injected(format!("{} happened, and its answer is lost", begun.operation)).into());
        }
        result
    }
}
