//! The table `messages`.

use std::time::Duration;

use rusqlite::{Connection, Row, params};

use super::{
    holder,
    sql::{self, after, selected},
};
use crate::queue::{Depth, Message, Peeked, Receipt};

/// Appends messages.
pub(super) fn insert(db: &Connection, bodies: &[String], now: i64) -> rusqlite::Result<()> {
    let mut insert = db.prepare_cached("INSERT INTO messages (body, sent, visible) VALUES (?1, ?2, ?2)")?;
    bodies.iter().try_for_each(|body| insert.execute(params![body, now]).map(drop))
}

/// Takes the messages that became visible first.
pub(super) fn receive(
    db: &Connection,
    max: usize,
    visibility: Duration,
    silo: Option<&str>,
    holder: &str,
    now: i64,
) -> rusqlite::Result<Vec<Message>> {
    let messages = db
        .prepare_cached(&receivable(silo))?
        .query_map(params![silo, now, sql::limit(max)], received)?
        .collect::<Result<Vec<_>, _>>()?;
    let mut hide = db.prepare_cached(
        "UPDATE messages SET visible = ?2, attempts = attempts + 1, holder = ?3 WHERE id = ?1",
    )?;
    for (id, _) in &messages {
        hide.execute(params![id, after(now, visibility), holder])?;
    }
    Ok(messages.into_iter().map(|(_, message)| message).collect())
}

fn receivable(silo: Option<&str>) -> String {
    format!(
        "SELECT id, body, attempts + 1, sent FROM messages WHERE {} AND visible <= ?2 ORDER BY visible, id LIMIT ?3",
        selected(silo)
    )
}

fn received(row: &Row<'_>) -> rusqlite::Result<(i64, Message)> {
    let (id, attempts) = (row.get(0)?, row.get(2)?);
    let receipt = Receipt::new(id, attempts);
    Ok((id, Message { body: sql::body(row, 1)?, receipt, attempts, sent: sql::time(row.get(3)?) }))
}

/// Deletes a held message; false when the receipt is no longer valid.
pub(super) fn delete(db: &Connection, receipt: &Receipt) -> rusqlite::Result<bool> {
    let Some((id, attempts)) = receipt.parts() else { return Ok(false) };
    let sql = "DELETE FROM messages WHERE id = ?1 AND attempts = ?2 AND holder IS NOT NULL";
    db.prepare_cached(sql)?.execute(params![id, attempts]).map(|deleted| deleted > 0)
}

/// Lets go of a held message.
pub(super) fn give_back(
    db: &Connection,
    receipt: &Receipt,
    delay: Duration,
    now: i64,
) -> rusqlite::Result<()> {
    let Some((id, attempts)) = receipt.parts() else { return Ok(()) };
    let sql = "UPDATE messages SET visible = ?3, holder = NULL WHERE id = ?1 AND attempts = ?2 AND holder IS NOT NULL";
    db.prepare_cached(sql)?.execute(params![id, attempts, after(now, delay)]).map(drop)
}

/// Holds messages for longer.
pub(super) fn extend(
    db: &Connection,
    receipts: &[Receipt],
    visibility: Duration,
    now: i64,
) -> rusqlite::Result<()> {
    let sql = "UPDATE messages SET visible = ?3 WHERE id = ?1 AND attempts = ?2 AND holder IS NOT NULL";
    let mut update = db.prepare_cached(sql)?;
    let mut held = receipts.iter().filter_map(Receipt::parts);
    held.try_for_each(|(id, attempts)| {
        update.execute(params![id, attempts, after(now, visibility)]).map(drop)
    })
}

/// Lets go of what processes hold that are gone. Returns how many.
pub(super) fn release_abandoned(db: &Connection) -> rusqlite::Result<u64> {
    let mut holders = db.prepare_cached("SELECT DISTINCT holder FROM messages WHERE holder IS NOT NULL")?;
    let holders = holders.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    let mut release =
        db.prepare_cached("UPDATE messages SET visible = sent, holder = NULL WHERE holder = ?1")?;
    let gone = holders.iter().filter(|holder| holder::is_gone(holder));
    gone.map(|holder| release.execute([holder]).map(|released| released as u64)).sum()
}

/// Looks at messages.
pub(super) fn peek(db: &Connection, max: usize, silo: Option<&str>) -> rusqlite::Result<Vec<Peeked>> {
    let sql =
        format!("SELECT body, attempts FROM messages WHERE {} ORDER BY visible, id LIMIT ?2", selected(silo));
    let peeked = |row: &Row<'_>| Ok(Peeked { body: sql::body(row, 0)?, attempts: row.get(1)? });
    db.prepare_cached(&sql)?.query_map(params![silo, sql::limit(max)], peeked)?.collect()
}

/// Counts messages, not the dead.
pub(super) fn depth(db: &Connection, silo: Option<&str>, now: i64) -> rusqlite::Result<Depth> {
    let waiting =
        db.prepare_cached(&waiting(silo))?.query_row(params![silo, now], |row| sql::count(row, 0))?;
    let hidden = format!(
        "SELECT count(*) FILTER (WHERE holder IS NULL), count(holder), min(visible) FILTER (WHERE holder IS NULL)
         FROM messages WHERE {} AND visible > ?2",
        selected(silo)
    );
    db.prepare_cached(&hidden)?.query_row(params![silo, now], |row| {
        let next_ready = row.get::<_, Option<i64>>(2)?.map(sql::time);
        Ok(Depth {
            waiting,
            delayed: sql::count(row, 0)?,
            in_flight: sql::count(row, 1)?,
            dead: 0,
            next_ready,
        })
    })
}

/// Walks an index, apart from those hidden, whose rows are read: there may be a million that wait, and few are hidden.
fn waiting(silo: Option<&str>) -> String {
    format!("SELECT count(*) FROM messages WHERE {} AND visible <= ?2", selected(silo))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema;

    /// How SQLite goes about a statement, in its own words.
    fn plan(sql: &str) -> String {
        let mut db = Connection::open_in_memory().unwrap();
        schema::migrate(&mut db).unwrap();
        let mut explained = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let mut rows = explained.raw_query();
        let mut steps = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            steps.push(row.get::<_, String>(3).unwrap());
        }
        steps.join("; ")
    }

    #[test]
    fn receiving_walks_an_index_from_its_start_and_sorts_nothing() {
        assert_eq!(plan(&receivable(None)), "SEARCH messages USING INDEX messages_visible (visible<?)");
        assert_eq!(
            plan(&receivable(Some("maths"))),
            "SEARCH messages USING INDEX messages_silo (silo=? AND visible<?)"
        );
    }

    #[test]
    fn counting_those_that_wait_searches_an_index() {
        assert_eq!(plan(&waiting(None)), "SEARCH messages USING COVERING INDEX messages_visible (visible<?)");
        assert_eq!(
            plan(&waiting(Some("maths"))),
            "SEARCH messages USING INDEX messages_silo (silo=? AND visible<?)"
        );
    }
}
