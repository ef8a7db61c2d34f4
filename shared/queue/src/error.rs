//! What can go wrong with a queue.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

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
        source: rusqlite::Error,
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
        source: rusqlite::Error,
    },
    /// The disk is full.
    #[error(
        "cannot write the queue {path}: the disk is full; free some space and run the same command again"
    )]
    Full {
        /// The file.
        path: PathBuf,
        /// SQLite's own words.
        source: rusqlite::Error,
    },
    /// Another process has been writing for longer than anybody should. Trying again may help.
    #[error("another process keeps the queue {path} locked")]
    Locked {
        /// The file.
        path: PathBuf,
        /// SQLite's own words.
        source: rusqlite::Error,
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
        source: rusqlite::Error,
    },
    /// The runtime is shutting down.
    #[error("the queue was asked after its runtime had ended")]
    Ended,
}

impl Error {
    /// Names what SQLite reports by what can be done about it.
    pub(crate) fn of(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Corrupt { path, source },
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                Self::Unwritable { path, source }
            }
            Some(ErrorCode::DiskFull) => Self::Full { path, source },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path, source },
            _ => Self::Sqlite { path, source },
        }
    }
}
