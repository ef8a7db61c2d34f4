//! What single repositories need that the protocol does not ask for.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use crate::datestamp::Granularity;

/// Something that a repository was found to need: the right form was refused or broken, and this one worked. To be kept, so
/// that it is found out once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// `metadataPrefix` beside a resumption token, which should exclude all other arguments (section 3.5).
    PrefixWithToken,
    /// `from` and `until` in days, whatever granularity it promises.
    Days,
    /// `from` and `until` in seconds, whatever granularity it promises.
    Seconds,
    /// Neither `from` nor `until`: it refuses them in days and in seconds. All is listed each time.
    NoDates,
    /// To be asked for answers that are not compressed.
    NoCompression,
    /// To be asked by POST: GET, or a long URL, is refused (section 3.1.1 lets both be used).
    Post,
}

/// All that a repository was found to need.
pub type Needs = BTreeSet<Need>;

impl Need {
    /// Takes it up into what is known: what was found instead of something known takes its place.
    pub fn learn(self, needs: &mut Needs) {
        match self {
            Self::PrefixWithToken | Self::NoDates if needs.remove(&self) => return,
            Self::Days => needs.remove(&Self::Seconds),
            Self::Seconds => needs.remove(&Self::Days),
            Self::PrefixWithToken | Self::NoDates | Self::NoCompression | Self::Post => false,
        };
        needs.insert(self);
    }

    /// Whether an HTTP status says that the request is to be sent by another method: that one is not allowed (405) or not
    /// known (501), or the URL is too long (414).
    pub fn refuses_method(status: u16) -> bool {
        matches!(status, 405 | 414 | 501)
    }

    /// The need for dates in this granularity.
    pub fn dates_in(granularity: Granularity) -> Self {
        match granularity {
            Granularity::Day => Self::Days,
            Granularity::Second => Self::Seconds,
        }
    }

    /// The granularity that dates need to have, if that is what it is about.
    pub fn granularity(self) -> Option<Granularity> {
        match self {
            Self::Days => Some(Granularity::Day),
            Self::Seconds => Some(Granularity::Second),
            Self::PrefixWithToken | Self::NoDates | Self::NoCompression | Self::Post => None,
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PrefixWithToken => "the metadata prefix beside each resumption token",
            Self::Days => "from and until in days",
            Self::Seconds => "from and until in seconds",
            Self::NoDates => "requests without from and until; all is listed each time",
            Self::NoCompression => "answers without compression",
            Self::Post => "requests by POST",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_instead_of_something_known_takes_its_place() {
        let mut needs = Needs::from([Need::Seconds, Need::NoCompression]);
        Need::Days.learn(&mut needs);
        assert_eq!(needs, [Need::Days, Need::NoCompression].into());
        for need in [Need::PrefixWithToken, Need::NoDates] {
            need.learn(&mut needs);
            assert!(needs.contains(&need));
            need.learn(&mut needs);
            assert!(!needs.contains(&need), "it does without");
        }
    }
}
