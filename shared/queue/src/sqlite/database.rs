//! The file: opening it, and running work on its connection.

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::schema::{self, Found};
use crate::error::Error;

/// How long a process waits for the transactions of the others, each of which takes milliseconds.
const BUSY: Duration = Duration::from_secs(30);

/// What to do when there is no file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Make it, and the folders above it.
    Create,
    /// Fail.
    Fail,
}

/// A connection to the file, used by one blocking thread at a time.
#[derive(Clone)]
pub(super) struct Database {
    path: Arc<Path>,
    connection: Arc<Mutex<Connection>>,
}

impl Database {
    /// Opens the file and brings its tables up to date.
    pub(super) async fn open(path: &Path, missing: Missing) -> Result<Self, Error> {
        let path: Arc<Path> = path.into();
        blocking(move || {
            if let (Missing::Create, Some(folder)) = (missing, path.parent()) {
                std::fs::create_dir_all(folder)
                    .map_err(|source| Error::Folder { path: path.as_ref().to_owned(), source })?;
            }
            let connection = connect(&path, missing)?;
            Ok(Self { path, connection: Arc::new(Mutex::new(connection)) })
        })
        .await
    }

    /// Runs one writing transaction.
    ///
    /// It takes the lock for writing at its beginning (IMMEDIATE): one that reads first and then finds that another
    /// process has written meanwhile would fail without waiting.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(TransactionBehavior::Immediate, work).await
    }

    /// Runs queries that all see the same state.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(TransactionBehavior::Deferred, work).await
    }

    async fn run<T: Send + 'static>(
        &self,
        behavior: TransactionBehavior,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let Self { path, connection } = self.clone();
        blocking(move || {
            // A panic in another transaction has rolled that one back; the connection is good.
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = connection.transaction_with_behavior(behavior);
            transaction
                .and_then(|transaction| finish(transaction, work))
                .map_err(|source| Error::of(&path, source))
        })
        .await
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("path", &self.path).finish_non_exhaustive()
    }
}

fn finish<T>(
    transaction: Transaction<'_>,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let value = work(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

fn connect(path: &Path, missing: Missing) -> Result<Connection, Error> {
    let failed = |source| Error::of(path, source);
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if missing == Missing::Create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(BUSY).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(64);
    // Looked at before anything is written: what is not ours stays as it is.
    let found = schema::found(&mut connection).map_err(failed)?;
    match found {
        Found::Newer(found) => {
            return Err(Error::Newer { path: path.to_owned(), found, known: schema::VERSION });
        }
        Found::Foreign => return Err(Error::NotAQueue { path: path.to_owned() }),
        Found::Older | Found::Current => {}
    }
    make_durable(&connection).map_err(failed)?;
    if found == Found::Older {
        schema::migrate(&mut connection).map_err(failed)?;
    }
    Ok(connection)
}

/// A commit is on the disk when it returns, and readers do not wait for the writer.
fn make_durable(connection: &Connection) -> rusqlite::Result<()> {
    let started = Instant::now();
    // When several processes open a new file at once, SQLite says that it is busy without waiting for them.
    while let Err(error) = connection.pragma_update(None, "journal_mode", "wal") {
        if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) || started.elapsed() > BUSY {
            return Err(error);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    connection.pragma_update(None, "synchronous", "full")?;
    // On macOS a plain fsync leaves the bytes in the drive's cache; elsewhere this changes nothing.
    connection.pragma_update(None, "fullfsync", true)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(Error::Ended),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::messages;

    /// SQLite meets its limit of pages with the very error of a full disk.
    #[tokio::test]
    async fn a_full_disk_is_named_and_keeps_what_was_sent() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("queue.sqlite"), Missing::Create).await.unwrap();
        let kept = vec!["kept".to_owned()];
        database.write(move |db| messages::insert(db, &kept, 0)).await.unwrap();
        database.read(|db| db.pragma_update(None, "max_page_count", 1)).await.unwrap();
        let large = vec!["x".repeat(1_000_000)];
        let error = database.write(move |db| messages::insert(db, &large, 0)).await.unwrap_err();
        assert!(matches!(error, Error::Full { .. }), "{error:?}");
        let messages = database.read(|db| messages::peek(db, 10, None)).await.unwrap();
        assert_eq!(messages.iter().map(|message| message.body.as_str()).collect::<Vec<_>>(), ["kept"]);
    }

    #[tokio::test]
    async fn a_commit_waits_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("queue.sqlite"), Missing::Create).await.unwrap();
        let (journal, synchronous) = database
            .read(|db| {
                let journal: String = db.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
                let synchronous: i64 = db.pragma_query_value(None, "synchronous", |row| row.get(0))?;
                Ok((journal, synchronous))
            })
            .await
            .unwrap();
        assert_eq!((journal.as_str(), synchronous), ("wal", 2));
    }
}
