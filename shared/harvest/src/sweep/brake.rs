//! How many objects a sweep may mark before it takes what it sees for a mistake. Pure.

use std::{fmt, str::FromStr};

/// How many of a silo's objects may become absent in one sweep.
///
/// Where more are missing, it is likelier that the list is wrong than that they have gone: nothing is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxAbsent {
    /// This share of the live objects that the sweep looks for. One object is always allowed, so that small silos can be
    /// swept at all; with 100 % there is no brake.
    Percent(u64),
    /// This number.
    Number(u64),
}

/// What is no [`MaxAbsent`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither a number of objects nor a whole number of percent, from 1% to 100%")]
pub struct InvalidMaxAbsent(String);

impl MaxAbsent {
    /// Whether `missing` of `live` objects may be marked, when `listed` identifiers were listed. An empty list says nothing
    /// about objects, unless there is no brake.
    pub(crate) fn allows(self, missing: u64, live: u64, listed: u64) -> bool {
        match self {
            _ if missing == 0 => true,
            Self::Percent(100) => true,
            _ if listed == 0 => false,
            Self::Percent(percent) => {
                missing == 1 || u128::from(missing) * 100 <= u128::from(live) * u128::from(percent)
            }
            Self::Number(number) => missing <= number,
        }
    }
}

impl Default for MaxAbsent {
    fn default() -> Self {
        Self::Percent(5)
    }
}

impl FromStr for MaxAbsent {
    type Err = InvalidMaxAbsent;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = match text.strip_suffix('%') {
            Some(percent) => {
                percent.parse().ok().filter(|percent| (1..=100).contains(percent)).map(Self::Percent)
            }
            None => text.parse().ok().map(Self::Number),
        };
        read.ok_or_else(|| InvalidMaxAbsent(text.to_owned()))
    }
}

impl fmt::Display for MaxAbsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::Number(number) => number.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_of_the_live_objects_and_one_object_is_always_allowed() {
        let five = MaxAbsent::default();
        for (missing, live, allowed) in
            [(0, 0, true), (1, 1, true), (1, 10, true), (2, 39, false), (2, 40, true), (51, 1000, false)]
        {
            assert_eq!(five.allows(missing, live, 1), allowed, "{missing} of {live}");
        }
    }

    #[test]
    fn a_number_is_a_number_and_with_100_percent_there_is_no_brake() {
        assert!(MaxAbsent::Number(2).allows(2, 2, 1));
        assert!(!MaxAbsent::Number(2).allows(3, 1000, 1));
        assert!(!MaxAbsent::Number(0).allows(1, 1000, 1));
        assert!(MaxAbsent::Percent(100).allows(10, 10, 0));
    }

    #[test]
    fn an_empty_list_is_stopped_by_every_brake() {
        for brake in [MaxAbsent::Percent(99), MaxAbsent::Number(1000)] {
            assert!(!brake.allows(1, 1, 0), "{brake}");
        }
    }

    #[test]
    fn it_is_read_as_it_is_written() {
        for text in ["5%", "100%", "1%", "0", "250"] {
            assert_eq!(text.parse::<MaxAbsent>().unwrap().to_string(), text);
        }
        for wrong in ["", "%", "0%", "101%", "2.5%", "-1", "5 %", "many"] {
            assert!(wrong.parse::<MaxAbsent>().is_err(), "{wrong}");
        }
    }
}
