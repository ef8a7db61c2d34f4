//! The fixity check: the one that runs, or the last one.

use granary_supervisor::{Fixity, Supervisor};
use serde::Serialize;

use crate::app::App;

/// A fixity check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct FixityView {
    pub(crate) outcome: Outcome,
    #[serde(flatten)]
    pub(crate) fixity: Fixity,
}

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// It runs.
    Running,
    /// Nothing is missing, nothing is corrupt.
    Sound,
    /// Something is.
    Damaged,
    /// It ended before all was checked, and had found nothing.
    BrokenOff,
}

impl Outcome {
    fn of(fixity: &Fixity) -> Self {
        match (&fixity.ended, &fixity.broken_off) {
            (None, _) => Self::Running,
            (Some(_), _) if !fixity.is_sound() => Self::Damaged,
            (Some(_), Some(_)) => Self::BrokenOff,
            (Some(_), None) => Self::Sound,
        }
    }
}

/// The check that runs in this process, or the last one; of a console that only shows, the last one on this machine.
pub(crate) fn fixity(app: &App) -> Option<FixityView> {
    let fixity = match &app.console.supervisor {
        Some(supervisor) => Supervisor::fixity(supervisor),
        None => Fixity::last(app.granary()),
    }?;
    Some(FixityView { outcome: Outcome::of(&fixity), fixity })
}
