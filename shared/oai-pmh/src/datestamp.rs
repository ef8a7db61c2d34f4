//! Datestamps and granularity (sections 3.3 and 2.7.1).

use std::{cmp::Ordering, fmt, str::FromStr, time::Duration};

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How fine a repository's datestamps are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Granularity {
    /// `YYYY-MM-DD`.
    #[serde(rename = "YYYY-MM-DD")]
    Day,
    /// `YYYY-MM-DDThh:mm:ssZ`.
    #[serde(rename = "YYYY-MM-DDThh:mm:ssZ")]
    Second,
}

impl Granularity {
    /// Reads what Identify says: anything with a time is seconds, in whatever letters.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_uppercase();
        match text.as_str() {
            "YYYY-MM-DD" => Some(Self::Day),
            _ if text.starts_with("YYYY-MM-DDTHH") => Some(Self::Second),
            _ => None,
        }
    }

    fn step(self) -> TimeDelta {
        match self {
            Self::Day => TimeDelta::days(1),
            Self::Second => TimeDelta::seconds(1),
        }
    }
}

/// A datestamp, in UTC. Ordered by its instant; a day is its midnight.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Datestamp {
    /// A day.
    Day(NaiveDate),
    /// A second.
    Second(DateTime<Utc>),
}

/// A text that is no datestamp.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no date such as 2020-01-31 or 2020-01-31T12:00:00Z")]
pub struct InvalidDatestamp(String);

impl Datestamp {
    /// The second that a time lies in.
    pub fn of(time: DateTime<Utc>) -> Self {
        whole_second(time).unwrap_or(Self::Second(time))
    }

    fn instant(&self) -> DateTime<Utc> {
        match self {
            Self::Day(day) => day.and_time(NaiveTime::MIN).and_utc(),
            Self::Second(second) => *second,
        }
    }

    /// As fine as it is.
    pub fn granularity(&self) -> Granularity {
        match self {
            Self::Day(_) => Granularity::Day,
            Self::Second(_) => Granularity::Second,
        }
    }

    /// The same in another granularity: the day it lies in, or the first second of the day.
    pub fn at(&self, granularity: Granularity) -> Self {
        match granularity {
            Granularity::Day => Self::Day(self.instant().date_naive()),
            Granularity::Second => Self::Second(self.instant()),
        }
    }

    /// The last datestamp of the granule that it names: a day's last second, where seconds are asked for.
    pub fn last_at(&self, granularity: Granularity) -> Self {
        match (self, granularity) {
            (Self::Day(_), Granularity::Second) => {
                self.plus_granule(Granularity::Day).minus_granule(Granularity::Second)
            }
            _ => self.at(granularity),
        }
    }

    /// One granule earlier.
    pub fn minus_granule(&self, granularity: Granularity) -> Self {
        self.moved(granularity, -granularity.step())
    }

    /// One granule later.
    pub fn plus_granule(&self, granularity: Granularity) -> Self {
        self.moved(granularity, granularity.step())
    }

    /// So much earlier; as fine as it is.
    pub fn minus(&self, span: Duration) -> Self {
        let span = TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX);
        let earlier = self.instant().checked_sub_signed(span).unwrap_or(DateTime::UNIX_EPOCH);
        Self::Second(earlier).at(self.granularity())
    }

    fn moved(&self, granularity: Granularity, by: TimeDelta) -> Self {
        let at = self.at(granularity);
        let moved = at.instant().checked_add_signed(by).map(Self::Second);
        moved.map_or(at, |moved| moved.at(granularity))
    }

    /// The last datestamp of the first half of the span from `from` to `until`, both included; nothing when the span is a
    /// single granule.
    pub fn midpoint(from: &Self, until: &Self, granularity: Granularity) -> Option<Self> {
        let (from, until) = (from.at(granularity), until.at(granularity));
        if from >= until {
            return None;
        }
        let half = (until.instant() - from.instant()) / 2;
        Some(Self::Second(from.instant() + half).at(granularity)).map(|middle| match granularity {
            Granularity::Day => middle,
            // Whole seconds only.
            Granularity::Second => Self::Second(
                DateTime::from_timestamp(middle.instant().timestamp(), 0).unwrap_or_else(|| middle.instant()),
            ),
        })
    }
}

impl PartialEq for Datestamp {
    fn eq(&self, other: &Self) -> bool {
        self.instant() == other.instant()
    }
}

impl Eq for Datestamp {}

impl Ord for Datestamp {
    fn cmp(&self, other: &Self) -> Ordering {
        self.instant().cmp(&other.instant())
    }
}

impl PartialOrd for Datestamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for Datestamp {
    type Err = InvalidDatestamp;

    /// Reads both forms, and what repositories make of them: without `Z`, with a space for the `T`, with fractions of a
    /// second (dropped), with an offset, with white space around.
    fn from_str(text: &str) -> Result<Self, InvalidDatestamp> {
        let invalid = || InvalidDatestamp(text.to_owned());
        let trimmed = text.trim();
        if let Ok(day) = NaiveDate::parse_from_str(trimmed, "%Y-%m-%d") {
            return Ok(Self::Day(day));
        }
        if let Ok(time) = DateTime::parse_from_rfc3339(trimmed) {
            return whole_second(time.with_timezone(&Utc)).ok_or_else(invalid);
        }
        let plain = trimmed.trim_end_matches(['Z', 'z']).replacen(' ', "T", 1);
        for form in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"] {
            if let Ok(time) = NaiveDateTime::parse_from_str(&plain, form) {
                return whole_second(time.and_utc()).ok_or_else(invalid);
            }
        }
        Err(invalid())
    }
}

fn whole_second(time: DateTime<Utc>) -> Option<Datestamp> {
    DateTime::from_timestamp(time.timestamp(), 0).map(Datestamp::Second)
}

impl fmt::Display for Datestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{}", day.format("%Y-%m-%d")),
            Self::Second(second) => write!(f, "{}", second.format("%Y-%m-%dT%H:%M:%SZ")),
        }
    }
}

impl From<Datestamp> for String {
    fn from(datestamp: Datestamp) -> Self {
        datestamp.to_string()
    }
}

impl TryFrom<String> for Datestamp {
    type Error = InvalidDatestamp;

    fn try_from(text: String) -> Result<Self, InvalidDatestamp> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(text: &str) -> Datestamp {
        text.parse().unwrap()
    }

    #[test]
    fn both_forms_are_read_and_what_repositories_make_of_them() {
        for (text, canonical) in [
            ("2020-01-31", "2020-01-31"),
            (" 2020-01-31T12:00:00Z\n", "2020-01-31T12:00:00Z"),
            ("2020-01-31T12:00:00", "2020-01-31T12:00:00Z"),
            ("2020-01-31 12:00:00", "2020-01-31T12:00:00Z"),
            ("2020-01-31T12:00:00.123Z", "2020-01-31T12:00:00Z"),
            ("2020-01-31T12:00:00+02:00", "2020-01-31T10:00:00Z"),
            ("2020-01-31T12:00Z", "2020-01-31T12:00:00Z"),
        ] {
            assert_eq!(stamp(text).to_string(), canonical, "{text:?}");
        }
        for text in ["", "2020", "2020-13-01", "yesterday", "2020-01-31T25:00:00Z"] {
            assert!(text.parse::<Datestamp>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_granule_is_a_day_or_a_second() {
        assert_eq!(stamp("2020-03-01").minus_granule(Granularity::Day).to_string(), "2020-02-29");
        assert_eq!(
            stamp("2020-03-01").minus_granule(Granularity::Second).to_string(),
            "2020-02-29T23:59:59Z"
        );
        assert_eq!(stamp("2020-01-01T00:00:00Z").plus_granule(Granularity::Day).to_string(), "2020-01-02");
    }

    #[test]
    fn a_datestamp_can_be_taken_back_by_any_span() {
        let day = Duration::from_secs(86_400);
        assert_eq!(stamp("2020-03-01").minus(day).to_string(), "2020-02-29");
        assert_eq!(stamp("2020-03-01T01:02:03Z").minus(day).to_string(), "2020-02-29T01:02:03Z");
        assert_eq!(stamp("2020-03-01").minus(Duration::MAX).to_string(), "1970-01-01");
    }

    #[test]
    fn a_day_ends_with_its_last_second() {
        assert_eq!(stamp("2020-01-31").last_at(Granularity::Second).to_string(), "2020-01-31T23:59:59Z");
        assert_eq!(stamp("2020-01-31").last_at(Granularity::Day).to_string(), "2020-01-31");
        assert_eq!(
            stamp("2020-01-31T10:00:00Z").last_at(Granularity::Second).to_string(),
            "2020-01-31T10:00:00Z"
        );
    }

    #[test]
    fn halving_a_span_covers_it_and_ends() {
        for (from, until, granularity) in [
            ("2020-01-01", "2020-12-31", Granularity::Day),
            ("2020-01-01T00:00:00Z", "2020-01-01T00:01:07Z", Granularity::Second),
        ] {
            let mut spans = vec![(stamp(from), stamp(until))];
            let mut granules = 0;
            while let Some((from, until)) = spans.pop() {
                match Datestamp::midpoint(&from, &until, granularity) {
                    None => {
                        assert_eq!(from, until);
                        granules += 1;
                    }
                    Some(middle) => {
                        assert!(from <= middle && middle < until);
                        spans.push((middle.plus_granule(granularity), until));
                        spans.push((from, middle));
                    }
                }
            }
            assert_eq!(granules, if granularity == Granularity::Day { 366 } else { 68 });
        }
    }

    #[test]
    fn granularity_is_read_leniently() {
        assert_eq!(Granularity::parse("YYYY-MM-DD"), Some(Granularity::Day));
        assert_eq!(Granularity::parse(" YYYY-MM-DDThh:mm:ssZ "), Some(Granularity::Second));
        assert_eq!(Granularity::parse("yearly"), None);
    }
}
