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

/// A field of a line of the log; of a document (a report) its numbers, of a long text its beginning.
pub(crate) fn field(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut text = numbers(&text).unwrap_or(text);
    if text.len() > LONGEST_FIELD {
        text.truncate(text.floor_char_boundary(LONGEST_FIELD));
        text.push('…');
    }
    text
}

/// The whole numbers of a JSON object that are not zero: `bytes 12000, files 6`.
fn numbers(text: &str) -> Option<String> {
    let document: serde_json::Map<String, Value> = serde_json::from_str(text).ok()?;
    let numbers = document.iter().filter_map(|(name, value)| Some((name, value.as_u64()?)));
    let told = numbers
        .filter(|(_, number)| *number > 0)
        .map(|(name, number)| format!("{} {}", html::words(name), html::count(number)));
    Some(told.collect::<Vec<_>>().join(", "))
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
    fn of_a_report_in_the_log_its_numbers_are_shown() {
        let report = r#"{"silo":"a","files":12000,"failed":0,"seconds":1.5,"records":6}"#;
        assert_eq!(field(&report.into()), "files 12,000, records 6");
        assert_eq!(field(&"{not one".into()), "{not one");
        assert_eq!(field(&7.into()), "7");
    }

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
