//! How moments and spans are shown, beside what [`crate::html`] shows.

use std::fmt;

use askama::filters::HtmlSafe;
use chrono::{DateTime, Utc};
use granary_silo::SiloName;
use serde_json::Value;

use crate::html;

/// How much of a field of the log is shown, in bytes.
const LONGEST_FIELD: usize = 200;

/// A moment of ours.
pub(crate) fn moment(time: &DateTime<Utc>) -> Moment {
    Moment(*time)
}

/// See [`moment`].
pub(crate) struct Moment(DateTime<Utc>);

impl HtmlSafe for Moment {}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (machine, people) = (self.0.format("%Y-%m-%dT%H:%M:%SZ"), self.0.format("%Y-%m-%d %H:%M:%S"));
        write!(f, "<time datetime=\"{machine}\">{people} UTC</time>")
    }
}

/// A number with its thousands apart.
pub(crate) fn count(number: &u64) -> String {
    html::count(*number)
}

/// `1 file`, `2 files`.
pub(crate) fn counted(number: &u64, noun: &str) -> String {
    html::counted(usize::try_from(*number).unwrap_or(usize::MAX), noun)
}

/// Whether two texts are the same: templates have references to references.
pub(crate) fn is(text: &str, other: &str) -> bool {
    text == other
}

/// The page of a source.
pub(crate) fn source(silo: &SiloName) -> String {
    format!("/sources/{silo}")
}

/// Where a form about a source is sent.
pub(crate) fn action(silo: &SiloName, what: &str) -> String {
    format!("/sources/{silo}/{what}")
}

/// How long something takes: `about 3 minutes`.
pub(crate) fn about(seconds: &u64) -> String {
    match seconds {
        0..10 => "a few seconds".to_owned(),
        10..90 => format!("about {} seconds", seconds.div_ceil(10) * 10),
        90..5400 => format!("about {} minutes", (seconds + 30) / 60),
        5400..129_600 => format!("about {} hours", (seconds + 1800) / 3600),
        _ => format!("about {} days", (seconds + 43_200) / 86_400),
    }
}

/// How long something took: `1 h 2 min 3 s`.
pub(crate) fn took(seconds: &f64) -> String {
    let seconds = seconds.max(0.0).round() as u64;
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest} s"),
        (0, _) => format!("{minutes} min {rest} s"),
        _ => format!("{hours} h {minutes} min"),
    }
}

/// A field of a line of the log; of a long one (a report) its beginning.
pub(crate) fn field(value: &Value) -> String {
    let mut text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if text.len() > LONGEST_FIELD {
        text.truncate(text.floor_char_boundary(LONGEST_FIELD));
        text.push('…');
    }
    text
}

/// How a level of the log is marked.
pub(crate) fn level(level: &str) -> &'static str {
    match level {
        "ERROR" => "bad",
        "WARN" => "warn",
        _ => "quiet",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_as_exact_as_they_are_worth() {
        for (seconds, shown) in [
            (3, "a few seconds"),
            (41, "about 50 seconds"),
            (200, "about 3 minutes"),
            (7200, "about 2 hours"),
            (172_800, "about 2 days"),
        ] {
            assert_eq!(about(&seconds), shown);
        }
        for (seconds, shown) in [(0.4, "0 s"), (61.2, "1 min 1 s"), (3725.0, "1 h 2 min")] {
            assert_eq!(took(&seconds), shown);
        }
    }
}
