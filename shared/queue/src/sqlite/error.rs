//! What SQLite reports, by what can be done about it.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::error::Error;

impl Error {
    pub(crate) fn of(path: &Path, source: rusqlite::Error) -> Self {
        let (path, code) = (path.to_owned(), source.sqlite_error_code());
        let source = source.into();
        match code {
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
