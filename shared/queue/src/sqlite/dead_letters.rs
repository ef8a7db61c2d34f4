//! The table `dead_letters`.

use rusqlite::{Connection, Row, ToSql, params};

use super::sql::{self, selected};
use crate::queue::{Burial, DeadLetter, Receipt, Redrive};

/// Copies a held message to the dead letters; nothing when the receipt is no longer valid.
pub(super) fn copy(db: &Connection, receipt: &Receipt, burial: &Burial, now: i64) -> rusqlite::Result<()> {
    let Some((id, attempts)) = receipt.parts() else { return Ok(()) };
    let sql = "INSERT INTO dead_letters (body, silo, reason, detail, attempts, sent, died)
               SELECT body, silo, ?3, ?4, attempts, sent, ?5 FROM messages
               WHERE id = ?1 AND attempts = ?2 AND holder IS NOT NULL";
    db.prepare_cached(sql)?.execute(params![id, attempts, burial.reason, burial.detail, now]).map(drop)
}

/// How many there are.
pub(super) fn count(db: &Connection, silo: Option<&str>) -> rusqlite::Result<u64> {
    let sql = format!("SELECT count(*) FROM dead_letters WHERE {}", selected(silo));
    db.prepare_cached(&sql)?.query_row([silo], |row| sql::count(row, 0))
}

/// The longest dead first.
pub(super) fn list(db: &Connection, max: usize, silo: Option<&str>) -> rusqlite::Result<Vec<DeadLetter>> {
    let sql = format!(
        "SELECT id, body, reason, detail, attempts, died FROM dead_letters WHERE {} ORDER BY id LIMIT ?2",
        selected(silo)
    );
    db.prepare_cached(&sql)?.query_map(params![silo, sql::limit(max)], letter)?.collect()
}

fn letter(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    Ok(DeadLetter {
        id: row.get::<_, i64>(0)?.to_string(),
        body: sql::body(row, 1)?,
        reason: row.get(2)?,
        detail: row.get(3)?,
        attempts: row.get(4)?,
        died: sql::time(row.get(5)?),
    })
}

/// Puts letters back among the messages, the longest dead first. Returns how many.
pub(super) fn redrive(
    db: &Connection,
    which: &Redrive,
    silo: Option<&str>,
    now: i64,
) -> rusqlite::Result<u64> {
    match which {
        Redrive::All => move_back(db, silo, "?2 IS NULL", &None::<i64>, now),
        Redrive::Reason(reason) => move_back(db, silo, "reason = ?2", reason, now),
        Redrive::Ids(ids) => {
            let ids = ids.iter().filter_map(|id| id.parse::<i64>().ok());
            ids.map(|id| move_back(db, silo, "id = ?2", &id, now)).sum()
        }
    }
}

fn move_back(
    db: &Connection,
    silo: Option<&str>,
    which: &str,
    value: &dyn ToSql,
    now: i64,
) -> rusqlite::Result<u64> {
    let condition = format!("{} AND {which}", selected(silo));
    let insert = format!(
        "INSERT INTO messages (body, sent, visible) SELECT body, ?3, ?3 FROM dead_letters WHERE {condition} ORDER BY id"
    );
    db.prepare_cached(&insert)?.execute(params![silo, value, now])?;
    let delete = format!("DELETE FROM dead_letters WHERE {condition}");
    db.prepare_cached(&delete)?.execute(params![silo, value]).map(|deleted| deleted as u64)
}
