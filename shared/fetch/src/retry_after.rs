//! `Retry-After` (RFC 9110, section 10.2.3).

use chrono::{DateTime, TimeDelta, Utc};

/// The longest wait that a server can ask for: a year. More is taken for this.
const LONGEST: i64 = 366 * 24 * 3600;

/// Until when a server asks to wait: the value is a number of seconds, or a date in any of HTTP's three forms. Nothing when
/// it is neither.
pub fn parse(value: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = value.parse().unwrap_or(LONGEST).min(LONGEST);
        return now.checked_add_signed(TimeDelta::seconds(seconds));
    }
    let date: DateTime<Utc> = httpdate::parse_http_date(value).ok()?.into();
    Some(date.min(now + TimeDelta::seconds(LONGEST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let now: DateTime<Utc> = "2020-01-01T00:00:00Z".parse().unwrap();
        let check = |value: &str, until: Option<&str>| {
            assert_eq!(parse(value, now), until.map(|until| until.parse().unwrap()), "{value:?}");
        };
        check("120", Some("2020-01-01T00:02:00Z"));
        check(" 0 ", Some("2020-01-01T00:00:00Z"));
        check("Wed, 01 Jan 2020 10:00:00 GMT", Some("2020-01-01T10:00:00Z"));
        check("Wednesday, 01-Jan-20 10:00:00 GMT", Some("2020-01-01T10:00:00Z"));
        check("Wed Jan  1 10:00:00 2020", Some("2020-01-01T10:00:00Z"));
        check("99999999999999999999999", Some("2021-01-01T00:00:00Z"));
        for value in ["", "-1", "1.5", "soon", "2020-01-01"] {
            check(value, None);
        }
    }
}
