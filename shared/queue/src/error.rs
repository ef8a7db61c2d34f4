//! What can go wrong with a queue.

use std::path::PathBuf;

/// What SQLite or SQS says.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A failure of the queue. What was to be written is not; what was written before is still there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is damaged, or is no database. It is left as it is.
    #[error(
        "the queue {path} is damaged or no queue; move it away, then `granary reprocess SILO` and the next harvest \
         queue again what is not stored"
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// SQLite's own words.
        source: Cause,
    },
    /// The file is a good database of some other program. It is left as it is.
    #[error("{path} is a database, but not a queue; name another file")]
    NotAQueue {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer version of this program. It is left as it is.
    #[error(
        "the queue {path} is of version {found}, newer than this program knows ({known}); update granary"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// The file cannot be opened or written.
    #[error("cannot open or write the queue {path}; is its folder there and writable?")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// SQLite's own words.
        source: Cause,
    },
    /// The disk is full.
    #[error(
        "cannot write the queue {path}: the disk is full; free some space and run the same command again"
    )]
    Full {
        /// The file.
        path: PathBuf,
        /// SQLite's own words.
        source: Cause,
    },
    /// Another process has been writing for longer than anybody should. Trying again may help.
    #[error("another process keeps the queue {path} locked")]
    Locked {
        /// The file.
        path: PathBuf,
        /// SQLite's own words.
        source: Cause,
    },
    /// The folder of the file cannot be made.
    #[error("cannot make the folder of the queue {path}")]
    Folder {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Anything else that SQLite reports.
    #[error("the queue {path} failed")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// SQLite's own words.
        source: Cause,
    },
    /// There is no such queue.
    #[error("there is no queue {url}; make it, or name another with --queue")]
    NoSuchQueue {
        /// Its URL.
        url: String,
    },
    /// The queue has nowhere to put what fails for good.
    #[error(
        "the queue {url} has no dead-letter queue; give it a redrive policy, as template.yaml does, or name another with --queue"
    )]
    NoDeadLetterQueue {
        /// Its URL.
        url: String,
    },
    /// These credentials may not do it.
    #[error(
        "not permitted to {action} the queue {url}; give these credentials the right to it, or use others"
    )]
    Denied {
        /// What was tried.
        action: &'static str,
        /// Its URL.
        url: String,
        /// SQS's own words.
        source: Cause,
    },
    /// Anything else that SQS reports, or that is on the way to it.
    #[error("cannot {action} the queue {url}")]
    Sqs {
        /// What was tried.
        action: &'static str,
        /// Its URL.
        url: String,
        /// SQS's own words.
        source: Cause,
    },
    /// The runtime is shutting down.
    #[error("the queue was asked after its runtime had ended")]
    Ended,
}
