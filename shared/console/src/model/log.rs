//! The log, the newest lines first.

use granary_silo::SiloName;
use granary_supervisor::{Line, Log};
use serde::{Deserialize, Serialize};

/// From which level on lines are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// All.
    #[default]
    Debug,
    /// What tells the story of a run.
    Info,
    /// What is odd.
    Warn,
    /// What has failed.
    Error,
}

impl Level {
    pub(crate) const ALL: [Self; 4] = [Self::Debug, Self::Info, Self::Warn, Self::Error];

    fn of(line: &Line) -> Self {
        match line.level.as_str() {
            "ERROR" => Self::Error,
            "WARN" => Self::Warn,
            "INFO" => Self::Info,
            _ => Self::Debug,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// Lines of the log.
#[derive(Debug, Clone)]
pub(crate) struct LogView {
    pub(crate) silo: Option<SiloName>,
    pub(crate) level: Level,
    /// The newest first.
    pub(crate) lines: Vec<Line>,
}

/// The last lines from a level on, of a silo or of all: so many at most.
pub(crate) fn log(log: &Log, silo: Option<SiloName>, level: Level, most: usize) -> LogView {
    let is_meant = |line: &Line| {
        Level::of(line) >= level && silo.as_ref().is_none_or(|silo| line.silo() == Some(silo.as_str()))
    };
    let lines = log.last(most, is_meant);
    LogView { silo, level, lines }
}
