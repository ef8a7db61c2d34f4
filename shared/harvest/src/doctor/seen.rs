//! What earlier checks have seen, for later ones.

use granary_oai_pmh::{Datestamp, Granularity, Header, Identify};

use super::answer::Answer;
use crate::{source::Kind, state::Learned};

/// What has been seen of an endpoint so far.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// What it says of itself; without it nothing else is asked.
    pub(crate) identify: Option<Identify>,
    /// The answer to Identify that said so.
    pub(crate) greeting: Option<Answer>,
    /// Whether it turned out to be something else.
    pub(crate) is_wrong: bool,
    /// Whether it answers only when it need not compress.
    pub(crate) fails_compressed: bool,
    /// How it would be harvested.
    pub(crate) learned: Option<Learned>,
    /// The first page of identifiers.
    pub(crate) first: Option<Answer>,
    /// Whether lists heed from and until.
    pub(crate) dates: Dates,
    /// Whether it promises seconds and takes days only.
    pub(crate) takes_days_only: bool,
    /// The first page of records.
    pub(crate) records: Option<Answer>,
    /// One record by itself.
    pub(crate) single: Option<Answer>,
}

/// Whether lists heed from and until. What cannot be listed at once can then be listed in parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Dates {
    #[default]
    Unknown,
    Heeded,
    Ignored,
}

impl Seen {
    /// How fine the dates are that it is asked with.
    pub(crate) fn granularity(&self) -> Granularity {
        if self.takes_days_only {
            return Granularity::Day;
        }
        self.identify.as_ref().and_then(|identify| identify.granularity).unwrap_or(Granularity::Day)
    }

    /// How it would be harvested; records with their metadata when nothing better is known.
    pub(crate) fn kind(&self) -> Kind {
        self.learned.as_ref().and_then(|learned| learned.kind).unwrap_or(Kind::Oai)
    }

    /// The prefix to list with, as the harvest step does: where each item is exported, lists are of Dublin Core.
    pub(crate) fn list_prefix(&self) -> String {
        let prefix = self.learned.as_ref().and_then(|learned| learned.metadata_prefix.clone());
        match (self.kind(), prefix) {
            (Kind::Oai | Kind::Auto, Some(prefix)) => prefix,
            (Kind::Eprints3, _) | (_, None) => "oai_dc".to_owned(),
        }
    }

    /// The datestamps of the first page, sorted, each once, in the repository's granularity.
    pub(crate) fn datestamps(&self) -> Vec<Datestamp> {
        let headers = self.first.iter().flat_map(|first| &first.page.headers);
        let stamps = headers.filter_map(Header::datestamp_parsed);
        let mut stamps: Vec<_> = stamps.map(|stamp| stamp.at(self.granularity())).collect();
        stamps.sort();
        stamps.dedup();
        stamps
    }
}
