//! The wall clock, read in this one place.

use chrono::{DateTime, SecondsFormat, Utc};

/// The time now.
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The time now as it is written everywhere: `2020-01-01T00:00:00Z`.
pub(crate) fn timestamp() -> String {
    format(now())
}

/// A time as it is written everywhere.
pub(crate) fn format(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
