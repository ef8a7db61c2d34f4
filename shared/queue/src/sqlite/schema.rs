//! The tables, and the steps that lead to them.

use std::cmp::Ordering;

use rusqlite::{Connection, Transaction, TransactionBehavior};

/// The version of the tables, kept as SQLite's `user_version`.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// The step at `n` leads from version `n` to `n + 1`. A step that was released never changes.
const MIGRATIONS: &[&str] = &[TABLES];

/// Times are milliseconds since 1970, UTC. `visible` is when a message is, or was, ready to be received. `holder`
/// is the process that received it and has not let go of it.
///
/// A message put by hand needs only its body. The times then follow from `julianday`, which every SQLite has; older
/// ones have no milliseconds in `unixepoch`. `silo` follows from the body: the last part of a path, NULL when there
/// is none. `replace` takes off what `rtrim` leaves when the characters of the last part are trimmed.
const TABLES: &str = "
CREATE TABLE messages (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    body       TEXT NOT NULL,
    sent       INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
    visible    INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
    attempts   INTEGER NOT NULL DEFAULT 0,
    holder     TEXT,
    silo       TEXT GENERATED ALWAYS AS (
        CASE WHEN json_valid(body) THEN
            replace(rtrim(json_extract(body, '$.silo'), '/'),
                    rtrim(rtrim(json_extract(body, '$.silo'), '/'),
                          replace(json_extract(body, '$.silo'), '/', '')), '')
        END) STORED
);
CREATE INDEX messages_visible ON messages (visible);
CREATE INDEX messages_silo ON messages (silo, visible);
CREATE INDEX messages_holder ON messages (holder) WHERE holder IS NOT NULL;
CREATE TABLE dead_letters (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    body       TEXT NOT NULL,
    silo       TEXT,
    reason     TEXT NOT NULL,
    detail     TEXT NOT NULL,
    attempts   INTEGER NOT NULL,
    sent       INTEGER NOT NULL,
    died       INTEGER NOT NULL
);
CREATE INDEX dead_letters_silo ON dead_letters (silo);
CREATE TABLE counters (
    run        TEXT NOT NULL,
    name       TEXT NOT NULL,
    value      INTEGER NOT NULL,
    PRIMARY KEY (run, name)
) WITHOUT ROWID;
";

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A queue of this version.
    Current,
    /// An older queue, or nothing yet.
    Older,
    /// A queue of a newer version.
    Newer(i64),
    /// Somebody else's tables.
    Foreign,
}

/// Looks without writing.
pub(super) fn found(connection: &mut Connection) -> rusqlite::Result<Found> {
    // One transaction, or the tables of a process that makes them just now could be taken for foreign.
    let transaction = connection.transaction()?;
    let version = version(&transaction)?;
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let has_messages = transaction.table_exists(None, "messages")?;
    Ok(match version.cmp(&VERSION) {
        _ if version == 0 && tables == 0 => Found::Older,
        _ if version <= 0 || !has_messages => Found::Foreign,
        Ordering::Less => Found::Older,
        Ordering::Equal => Found::Current,
        Ordering::Greater => Found::Newer(version),
    })
}

/// Makes and changes the tables, in one transaction; whoever comes second finds it done.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = usize::try_from(version(&transaction)?).unwrap_or(0);
    for step in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", VERSION.max(version(&transaction)?))?;
    transaction.commit()
}

fn version(transaction: &Transaction<'_>) -> rusqlite::Result<i64> {
    transaction.pragma_query_value(None, "user_version", |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silo_of(body: &str) -> Option<String> {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        db.execute("INSERT INTO messages (body) VALUES (?1)", [body]).unwrap();
        db.query_row("SELECT silo FROM messages", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn the_silo_of_a_message_is_that_of_its_task() {
        for silo in [
            "repo",
            "data/repo",
            "/srv/data/repo/",
            "./repo//",
            "a/a/a",
            "repo/repo",
            "d\u{e9}p\u{f4}t/r\u{e9}",
        ] {
            let task = crate::Task::new("u".into(), "f".into(), "p".into(), silo.into());
            assert_eq!(silo_of(&task.to_body()).as_deref(), Some(task.silo_name()), "{silo}");
        }
    }

    #[test]
    fn a_body_that_is_no_task_has_no_silo() {
        for body in ["", "{", "[]", "null", "7", "{}", r#"{"silo":null}"#, "\u{0}"] {
            assert_eq!(silo_of(body), None, "{body}");
        }
    }

    #[test]
    fn migrating_twice_is_migrating_once() {
        let mut db = Connection::open_in_memory().unwrap();
        assert_eq!(found(&mut db).unwrap(), Found::Older);
        migrate(&mut db).unwrap();
        migrate(&mut db).unwrap();
        assert_eq!(found(&mut db).unwrap(), Found::Current);
    }
}
