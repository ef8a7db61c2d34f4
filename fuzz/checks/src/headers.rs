use chrono::{DateTime, TimeDelta, Utc};
use granary_fetch::{disposition_file_name, parse_retry_after};
use granary_silo::SiloName;

use crate::finders::check_name;

/// Checks the readers of single headers on these bytes, which are the value of each in turn (`Link` is [`landing`]'s).
///
/// - `Retry-After` never asks for more than a year, and seconds never for a time that is past.
/// - The name in `Content-Disposition` is a single one, and leads nowhere.
/// - A host name makes the name of a silo, or none.
///
/// [`landing`]: crate::landing
pub fn headers(data: &[u8]) {
    // What `reqwest` gives for a header that is not UTF-8.
    let value = String::from_utf8_lossy(data);
    check_retry_after(&value);
    if let Some(name) = disposition_file_name(&value) {
        assert!(!name.contains(['/', '\\']) && !name.trim().is_empty(), "{name:?}");
        check_name(&name);
    }
    check_name(&value);
    if let Ok(name) = SiloName::from_host(&value, Some(80)) {
        assert_eq!(name.as_str().parse(), Ok(name));
    }
}

fn check_retry_after(value: &str) {
    let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000);
    let Some(until) = parse_retry_after(value, now) else { return };
    assert!(until <= now + TimeDelta::days(366), "{until}");
    let is_seconds = value.trim().bytes().all(|byte| byte.is_ascii_digit());
    assert!(until >= now || !is_seconds, "{until}");
}
