//! What all pages share: what stands around them, and how times, sizes and digests are shown.

use std::fmt;

use askama::{Template, filters::HtmlSafe};
use axum::response::{Html, IntoResponse, Response};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use granary_finders::Field;

use crate::failure::Failure;

/// A part of the console, with its entry in the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Sources,
    Queue,
    Silos,
    Verify,
    Log,
}

impl Section {
    pub(crate) const ALL: [Self; 5] = [Self::Sources, Self::Queue, Self::Silos, Self::Verify, Self::Log];

    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Sources => "/",
            Self::Queue => "/queue",
            Self::Silos => "/silos",
            Self::Verify => "/verify",
            Self::Log => "/log",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sources => "Sources",
            Self::Queue => "Queue",
            Self::Silos => "Silos",
            Self::Verify => "Verify",
            Self::Log => "Log",
        }
    }
}

/// What stands around a page.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) section: Option<Section>,
    pub(crate) sections: Vec<Section>,
    /// Where the granary lies.
    pub(crate) place: String,
    /// What every form has to send along, as `token`.
    pub(crate) token: String,
    pub(crate) can_log_out: bool,
}

impl Frame {
    pub(crate) fn is_in(&self, section: &Section) -> bool {
        self.section.as_ref() == Some(section)
    }
}

/// The page that a template makes.
pub(crate) fn page(template: &impl Template) -> Result<Response, Failure> {
    Ok(Html(template.render()?).into_response())
}

/// A time as it was written, by a repository or by us: `<time>` when it is one, else the text.
pub(crate) fn time(text: &str) -> Time<'_> {
    Time(text)
}

/// See [`time`].
pub(crate) struct Time<'a>(&'a str);

impl HtmlSafe for Time<'_> {}

impl fmt::Display for Time<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.trim();
        // RecordSilo wrote times in UTC without saying so.
        let naive = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").map(|time| time.and_utc());
        if let Ok(time) = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()).or_else(|_| naive()) {
            let (machine, people) = (time.format("%Y-%m-%dT%H:%M:%SZ"), time.format("%Y-%m-%d %H:%M:%S"));
            return write!(f, "<time datetime=\"{machine}\">{people} UTC</time>");
        }
        match text.parse::<NaiveDate>() {
            Ok(date) => write!(f, "<time datetime=\"{date}\">{date}</time>"),
            Err(_) => escaped(f, text),
        }
    }
}

fn escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let escaped = askama::filters::escape(text, askama::filters::Html).map_err(|_| fmt::Error)?;
    write!(f, "{escaped}")
}

/// A number of bytes: rounded, the exact number in `title`.
pub(crate) fn size(bytes: &u64) -> Size {
    Size(*bytes)
}

/// See [`size`].
pub(crate) struct Size(u64);

impl HtmlSafe for Size {}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = count(self.0);
        if self.0 < 1024 {
            return write!(f, "<span class=\"size\">{exact} B</span>");
        }
        let mut rounded = self.0 as f64;
        let mut unit = "B";
        for larger in ["KiB", "MiB", "GiB", "TiB", "PiB"] {
            // What would be rounded to 1024.0 is one of the larger unit.
            if rounded < 1023.95 {
                break;
            }
            (rounded, unit) = (rounded / 1024.0, larger);
        }
        write!(f, "<span class=\"size\" title=\"{exact} bytes\">{rounded:.1} {unit}</span>")
    }
}

/// A number with its thousands apart: `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 file`, `2 files`.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {noun}{s}", count(number as u64))
}

/// A value as people read it: a list of texts as such, anything else as JSON.
pub(crate) fn readable(value: &serde_json::Value) -> String {
    let texts = value
        .as_array()
        .map(|values| values.iter().map(serde_json::Value::as_str).collect::<Option<Vec<_>>>());
    match texts {
        Some(Some(texts)) => texts.join(", "),
        Some(None) | None => value.to_string(),
    }
}

/// What is said in one word with `_` in it: `bad_metadata`.
pub(crate) fn words(word: &str) -> String {
    word.replace('_', " ")
}

/// How a field of metadata is called.
pub(crate) fn label(field: &Field) -> &'static str {
    match field {
        Field::Title => "Title",
        Field::Creator => "Creators",
        Field::Contributor => "Contributors",
        Field::Date => "Dates",
        Field::PublishedIn => "Published in",
        Field::Publisher => "Publisher",
        Field::Type => "Type",
        Field::Language => "Language",
        Field::Identifier => "Identifiers",
        Field::Link => "Links",
        Field::Subject => "Subjects",
        Field::Abstract => "Abstract",
        Field::Rights => "Rights",
    }
}

/// Whether a text of a repository may be made a link: only where it leads to the web.
pub(crate) fn is_link(text: &str) -> bool {
    let is_web = ["http://", "https://"].iter().any(|scheme| {
        text.get(..scheme.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(scheme))
    });
    is_web && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_as_one_whatever_way_it_was_written() {
        let full = "<time datetime=\"2020-01-02T03:04:05Z\">2020-01-02 03:04:05 UTC</time>";
        for (written, shown) in [
            ("2020-01-02T03:04:05Z", full),
            ("2020-01-02T04:04:05+01:00", full),
            ("2020-01-02T03:04:05", full),
            ("2020-01-02T03:04:05.123456", full),
            ("2020-01-02", "<time datetime=\"2020-01-02\">2020-01-02</time>"),
            ("2020", "2020"),
            ("<b>\"", "&#60;b&#62;&#34;"),
        ] {
            assert_eq!(time(written).to_string(), shown);
        }
    }

    #[test]
    fn a_size_is_rounded_and_exact_in_its_title() {
        for (bytes, shown) in [
            (0, "<span class=\"size\">0 B</span>"),
            (1023, "<span class=\"size\">1,023 B</span>"),
            (1024, "<span class=\"size\" title=\"1,024 bytes\">1.0 KiB</span>"),
            (1_048_575, "<span class=\"size\" title=\"1,048,575 bytes\">1.0 MiB</span>"),
            (12_345_678, "<span class=\"size\" title=\"12,345,678 bytes\">11.8 MiB</span>"),
        ] {
            assert_eq!(size(&bytes).to_string(), shown);
        }
    }

    #[test]
    fn only_what_leads_to_the_web_is_a_link() {
        for link in ["http://x.org/7", "HTTPS://x.org"] {
            assert!(is_link(link), "{link}");
        }
        for text in ["javascript:alert(1)", "data:text/html,x", "http://x.org/ and more", "10.1/7", "é", ""]
        {
            assert!(!is_link(text), "{text}");
        }
    }
}
