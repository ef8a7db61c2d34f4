use std::path::PathBuf;

use granary_silo::SiloName;

/// Why something could not be started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What the granary says.
    #[error(transparent)]
    Harvest(#[from] granary_harvest::Error),
    /// No run of the source is in hand here.
    #[error("no run of {0} is in hand here")]
    NotRunning(SiloName),
    /// One check at a time.
    #[error("a check is running since {since}; wait for its end, or stop it")]
    Checking {
        /// When it began.
        since: String,
    },
    /// What was switched could not be written down; it holds until this process ends.
    #[error("cannot write {path}: {source}")]
    Controls {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
