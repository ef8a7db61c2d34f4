//! Exit codes, and which failure has which.

use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// Finished, but something failed for good.
    Failed,
    /// Not finished: run it again to go on. For `verify`: something is missing or corrupt.
    Unfinished,
    /// Wrong usage or configuration.
    Usage,
    /// Interrupted by Ctrl-C or SIGTERM; what was in hand is finished and saved.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Unfinished => 1,
            Exit::Usage => 2,
            Exit::Failed => 3,
            Exit::Interrupted => 130,
        })
    }
}

/// A wrong argument or setting: ends with [`Exit::Usage`].
#[derive(Debug)]
pub(crate) struct Misuse(pub(crate) String);

impl std::fmt::Display for Misuse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misuse {}

/// The code of a failure.
pub(crate) fn of(error: &anyhow::Error) -> Exit {
    for cause in error.chain() {
        if cause.is::<Misuse>() {
            return Exit::Usage;
        }
        if let Some(error) = cause.downcast_ref::<granary_host::Error>() {
            return of_host(error);
        }
        if let Some(error) = cause.downcast_ref::<granary_harvest::Error>() {
            return of_harvest(error);
        }
        if let Some(error) = cause.downcast_ref::<granary_silo::Error>() {
            return of_silo(error);
        }
        if let Some(error) = cause.downcast_ref::<granary_queue::Error>() {
            return of_queue(error);
        }
    }
    Exit::Unfinished
}

fn of_host(error: &granary_host::Error) -> Exit {
    use granary_host::Error;
    match error {
        Error::Unknown { .. } | Error::NoGranary(_) | Error::NoQueue | Error::NotSet(_) => Exit::Usage,
        Error::Granary { source, .. } => of_harvest(source),
        Error::Harvest(error) => of_harvest(error),
        Error::Queue(error) => of_queue(error),
        Error::Fetch(error) => of_fetch(error),
    }
}

fn of_fetch(error: &granary_fetch::Error) -> Exit {
    match error {
        granary_fetch::Error::Authority { .. } => Exit::Usage,
        _ => Exit::Unfinished,
    }
}

fn of_harvest(error: &granary_harvest::Error) -> Exit {
    use granary_harvest::Error;
    match error {
        Error::NotARepository { .. }
        | Error::Refused { .. }
        | Error::NoSuchSource(_)
        | Error::OtherEndpoint { .. }
        | Error::Name(_)
        | Error::Document { .. } => Exit::Usage,
        // What another try will not change, an option may.
        Error::NoFormats { source, .. } if source.retry() == granary_oai_pmh::Retry::Never => Exit::Usage,
        Error::NoFormats { .. } => Exit::Unfinished,
        Error::Silo(error) => of_silo(error),
        Error::Queue(error) => of_queue(error),
        Error::Fetch(error) => of_fetch(error),
        Error::Store { .. }
        | Error::Serialize(_)
        | Error::Unavailable { .. }
        | Error::Blocked { .. }
        | Error::EveryListFails { .. }
        | Error::NotBefore { .. }
        | Error::OutOfTime { .. }
        | Error::Leased { .. }
        | Error::TakenOver { .. }
        | Error::Local { .. } => Exit::Unfinished,
    }
}

fn of_silo(error: &granary_silo::Error) -> Exit {
    use granary_silo::Error;
    match error {
        Error::NotASilo { .. }
        | Error::NoSuchSilo { .. }
        | Error::Name(_)
        | Error::Denied { .. }
        | Error::NoSuchBucket { .. }
        | Error::IgnoresConditions { .. } => Exit::Usage,
        Error::Directory { .. } if !error.is_full() => Exit::Usage,
        Error::CorruptManifest { .. } => Exit::Failed,
        Error::Directory { .. }
        | Error::Store { .. }
        | Error::Bucket { .. }
        | Error::NotAnIdentifier { .. }
        | Error::Occupied { .. }
        | Error::Contended { .. }
        | Error::TooLong { .. } => Exit::Unfinished,
    }
}

fn of_queue(error: &granary_queue::Error) -> Exit {
    use granary_queue::Error;
    match error {
        Error::Corrupt { .. }
        | Error::NotAQueue { .. }
        | Error::Newer { .. }
        | Error::Unwritable { .. }
        | Error::NoSuchQueue { .. }
        | Error::NoDeadLetterQueue { .. }
        | Error::Denied { .. } => Exit::Usage,
        Error::Full { .. }
        | Error::Locked { .. }
        | Error::Folder { .. }
        | Error::Sqlite { .. }
        | Error::Sqs { .. }
        | Error::Ended => Exit::Unfinished,
    }
}
