//! Moments, in whole seconds of UTC, and how each interface writes them.

use std::time::SystemTime;

use axum::http::HeaderValue;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound, Utc};

use crate::settings::Granularity;

/// A moment in whole seconds.
pub(crate) type Moment = DateTime<Utc>;

/// The wall clock, read here only.
pub(crate) fn now() -> Moment {
    Utc::now().trunc_subsecs(0)
}

/// As OAI-PMH writes it (OAI-PMH 2.0, section 3.3).
pub(crate) fn oai(moment: Moment, granularity: Granularity) -> String {
    let form = match granularity {
        Granularity::Day => "%Y-%m-%d",
        Granularity::Second => "%Y-%m-%dT%H:%M:%SZ",
    };
    moment.format(form).to_string()
}

/// As EPrints writes it in an export.
pub(crate) fn eprints(moment: Moment) -> String {
    moment.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// As HTTP writes it (RFC 9110, section 5.6.7).
pub(crate) fn http(moment: Moment) -> String {
    httpdate::fmt_http_date(SystemTime::from(moment))
}

/// The same, as the value of a header.
pub(crate) fn http_header(moment: Moment) -> HeaderValue {
    HeaderValue::from_str(&http(moment)).expect("a date is of ASCII letters, digits and signs")
}

/// Reads a date of HTTP, in any of its three forms.
pub(crate) fn from_http(text: &str) -> Option<Moment> {
    httpdate::parse_http_date(text).ok().map(Moment::from)
}

/// A `from` or `until` argument, with the granularity it is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    Day(NaiveDate),
    Second(Moment),
}

impl Bound {
    /// Reads `YYYY-MM-DD` or `YYYY-MM-DDThh:mm:ssZ`, nothing looser.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.len() {
            10 => NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(Self::Day),
            20 => NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%SZ")
                .ok()
                .map(|time| Self::Second(time.and_utc())),
            _ => None,
        }
    }

    pub(crate) fn granularity(self) -> Granularity {
        match self {
            Self::Day(_) => Granularity::Day,
            Self::Second(_) => Granularity::Second,
        }
    }

    /// The first second that it spans.
    pub(crate) fn first(self) -> Moment {
        match self {
            Self::Day(day) => day.and_time(NaiveTime::MIN).and_utc(),
            Self::Second(moment) => moment,
        }
    }

    /// The last second that it spans: both bounds of a selection are inclusive (OAI-PMH 2.0, section 2.7.1).
    pub(crate) fn last(self) -> Moment {
        match self {
            Self::Day(_) => self.first() + chrono::TimeDelta::seconds(24 * 60 * 60 - 1),
            Self::Second(moment) => moment,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_spans_its_last_second() {
        let day = Bound::parse("2015-02-28").unwrap();
        assert_eq!(oai(day.first(), Granularity::Second), "2015-02-28T00:00:00Z");
        assert_eq!(oai(day.last(), Granularity::Second), "2015-02-28T23:59:59Z");
    }

    #[test]
    fn a_second_spans_itself() {
        let second = Bound::parse("2015-02-28T10:20:30Z").unwrap();
        assert_eq!(second.first(), second.last());
        assert_eq!(oai(second.first(), Granularity::Second), "2015-02-28T10:20:30Z");
        assert_eq!(oai(second.first(), Granularity::Day), "2015-02-28");
    }

    #[test]
    fn looser_forms_are_refused() {
        for text in [
            "",
            "2015",
            "2015-02",
            "2015-2-28 ",
            "2015-02-30",
            "2015-02-28T10:20Z",
            "2015-02-28T10:20:30+",
            "2015-02-28 10:20:30Z",
        ] {
            assert_eq!(Bound::parse(text), None, "{text}");
        }
    }
}
