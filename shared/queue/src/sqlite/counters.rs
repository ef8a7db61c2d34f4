//! The table `counters`.

use rusqlite::{Connection, params};

use crate::{counters::Counters, queue::Settled};

/// Adds a settled message's numbers to those of its run.
pub(super) fn add(db: &Connection, settled: &Settled) -> rusqlite::Result<()> {
    let Some(run) = &settled.run else { return Ok(()) };
    let sql = "INSERT INTO counters (run, name, value) VALUES (?1, ?2, ?3)
               ON CONFLICT (run, name) DO UPDATE SET value = value + excluded.value";
    let mut insert = db.prepare_cached(sql)?;
    settled.counters.iter().try_for_each(|(name, value)| {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        insert.execute(params![run, name, value]).map(drop)
    })
}

/// The numbers of a run.
pub(super) fn of_run(db: &Connection, run: &str) -> rusqlite::Result<Counters> {
    let mut query = db.prepare_cached("SELECT name, value FROM counters WHERE run = ?1")?;
    let mut rows = query.query([run])?;
    let mut counters = Counters::default();
    while let Some(row) = rows.next()? {
        counters.add(&row.get::<_, String>(0)?, super::sql::count(row, 1)?);
    }
    Ok(counters)
}
