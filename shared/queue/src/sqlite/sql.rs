//! What the statements share: selecting by silo, texts, numbers and times.

use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::{Row, types::ValueRef};

use crate::queue::Select;

/// The parameter `?1` of a statement with [`selected`] in it.
pub(super) fn silo(select: &Select) -> Option<String> {
    match select {
        Select::All => None,
        Select::Silo(silo) => Some(silo.clone()),
    }
}

/// The condition on `?1`. Two texts instead of one with OR, so that each is driven by its own index.
pub(super) fn selected(silo: Option<&str>) -> &'static str {
    match silo {
        None => "?1 IS NULL",
        Some(_) => "silo = ?1",
    }
}

/// A LIMIT: SQLite has no larger number.
pub(super) fn limit(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX)
}

/// A count, which is never negative.
pub(super) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get(column).map(i64::cast_unsigned)
}

/// A body. Those put by hand may be anything, and one that could not be read would be in the way of all others.
pub(super) fn body(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    match row.get_ref(column)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Ok(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => row.get(column),
    }
}

/// The wall clock, in milliseconds since 1970, UTC. The only place where it is read.
pub(super) fn now() -> i64 {
    Utc::now().timestamp_millis()
}

/// The time after a duration; one that never ends, for one that is too long.
pub(super) fn after(now: i64, duration: Duration) -> i64 {
    now.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

/// The time of a column; the latest there is, for one that is later still.
pub(super) fn time(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
