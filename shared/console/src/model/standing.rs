//! How a source stands, in words.

use chrono::{DateTime, Utc};
use granary_harvest::{Source, State, Turn};
use granary_supervisor::{Activity, Controls, Switch};
use serde::{Deserialize, Serialize};

/// How a source stands: the first of these that is so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Standing {
    /// What is remembered of it cannot be read.
    Unreadable {
        /// Why.
        detail: String,
    },
    /// A run is in hand here.
    Running {
        /// When it began here.
        since: DateTime<Utc>,
    },
    /// A run in hand is being stopped.
    Stopping,
    /// A run was asked for, and begins as soon as there is room.
    Asked,
    /// A run is in hand elsewhere, or was when its process died.
    Leased {
        /// Whose it is.
        holder: String,
        /// When it is free again, unless its holder lives.
        expires: DateTime<Utc>,
    },
    /// Somebody stopped it: it is left alone until somebody starts it.
    Held,
    /// The schedule is paused.
    Paused,
    /// The endpoint asked not to be troubled before.
    Waiting {
        /// When it may be asked again.
        until: DateTime<Utc>,
    },
    /// It has failed, and is tried again.
    Failing {
        /// How often in turn.
        times: u32,
        /// Why, the last time.
        detail: String,
        /// When it is tried again.
        again: DateTime<Utc>,
    },
    /// Its run is unfinished, and is gone on with at the schedule's next look.
    GoesOn,
    /// Its next run begins at the schedule's next look.
    Due,
    /// Its next run is not due yet.
    Idle {
        /// When it is.
        next: DateTime<Utc>,
    },
}

impl Standing {
    /// How a source stands by what is remembered of it and what this process does, where it does anything.
    pub(crate) fn of(
        source: &Source,
        state: &State,
        activity: Option<Activity>,
        controls: Option<&Controls>,
        now: DateTime<Utc>,
    ) -> Self {
        match activity {
            Some(Activity::Harvesting { since }) => return Self::Running { since },
            Some(Activity::Stopping) => return Self::Stopping,
            Some(Activity::Asked) => return Self::Asked,
            None => {}
        }
        let turn = state.turn(source.every(), now);
        if let (Turn::Leased(expires), Some(lease)) = (turn, &state.lease) {
            return Self::Leased { holder: lease.holder.clone(), expires };
        }
        match controls {
            Some(controls) if controls.held.contains(&source.silo) => return Self::Held,
            Some(controls) if controls.schedule == Switch::Off => return Self::Paused,
            Some(_) | None => {}
        }
        match (turn, &state.failing) {
            (Turn::NotBefore(until), _) => Self::Waiting { until },
            (Turn::Failing(again), Some(failing)) => {
                Self::Failing { times: failing.times, detail: failing.detail.clone(), again }
            }
            (Turn::Later(next), _) => Self::Idle { next },
            (Turn::GoesOn, _) => Self::GoesOn,
            (Turn::Due | Turn::Leased(_) | Turn::Failing(_), _) => Self::Due,
        }
    }

    /// In a word or two.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "cannot be read",
            Self::Running { .. } => "running",
            Self::Stopping => "stopping",
            Self::Asked => "starting",
            Self::Leased { .. } => "running elsewhere",
            Self::Held => "stopped",
            Self::Paused => "schedule paused",
            Self::Waiting { .. } => "waiting",
            Self::Failing { .. } => "failing",
            Self::GoesOn => "interrupted",
            Self::Due => "due",
            Self::Idle { .. } => "idle",
        }
    }

    /// How it is marked on a page.
    pub(crate) fn class(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } | Self::Failing { .. } => "bad",
            Self::Running { .. } | Self::Stopping | Self::Asked | Self::Leased { .. } => "good",
            Self::Held | Self::Paused | Self::Waiting { .. } | Self::GoesOn => "warn",
            Self::Due | Self::Idle { .. } => "quiet",
        }
    }

    /// Whether numbers change while one looks.
    pub(crate) fn is_moving(&self) -> bool {
        matches!(self, Self::Running { .. } | Self::Stopping | Self::Asked | Self::Leased { .. })
    }

    /// Whether there is something to stop.
    pub(crate) fn can_be_stopped(&self) -> bool {
        match self {
            Self::Stopping | Self::Held => false,
            Self::Unreadable { .. }
            | Self::Running { .. }
            | Self::Asked
            | Self::Leased { .. }
            | Self::Paused
            | Self::Waiting { .. }
            | Self::Failing { .. }
            | Self::GoesOn
            | Self::Due
            | Self::Idle { .. } => true,
        }
    }

    /// Whether there is something to start.
    pub(crate) fn can_be_started(&self) -> bool {
        !matches!(self, Self::Running { .. } | Self::Asked)
    }
}
