//! What is remembered of a source between requests and between runs: `_granary/state/<silo>.json`.

use chrono::{DateTime, Utc};
use granary_oai_pmh::{Datestamp, Granularity};
use granary_silo::SiloName;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    clock,
    error::Error,
    granary::{Document, Granary},
    lease::Lease,
    report::{Counts, Problem},
    source::Kind,
    window::{SoFar, Window, Windows},
};

/// The state of a source. Changes only by compare-and-swap, and only by whoever holds the lease.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The format of this document.
    pub format: u64,
    /// The datestamp, by the repository's clock, up to which all has been harvested, gaps aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark: Option<Datestamp>,
    /// What the watermark is true of: prefix, from, sets.
    #[serde(default)]
    pub selection: String,
    /// Who is harvesting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// The endpoint asked not to be troubled before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<DateTime<Utc>>,
    /// What was found out about the endpoint.
    #[serde(default)]
    pub learned: Learned,
    /// The run in progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
    /// Windows given up; each later run tries them again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// The last finished run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<String>,
    /// Keys that we do not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// What was found out about an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository_name: Option<String>,
    /// The kind that `auto` turned out to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The metadata prefix to list with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata_prefix: Option<String>,
    /// The whole-URL template of EPrints exports that worked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Why kind and prefix were chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A run in progress.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its name: when it began, and something that no other has.
    pub id: String,
    /// When it began, by this machine's clock.
    pub started: DateTime<Utc>,
    /// What it was planned for: another configuration makes another run.
    #[serde(default)]
    pub asked: String,
    /// What the watermark will be true of.
    #[serde(default)]
    pub selection: String,
    /// The `responseDate` of its first response.
    pub response_date: Datestamp,
    /// The watermark after it; none when there was nothing to ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reaches: Option<Datestamp>,
    /// The repository's earliest datestamp, or long ago.
    pub earliest: Datestamp,
    /// The granularity of the endpoint.
    pub granularity: Granularity,
    /// Whether the silo was empty when the run began: nothing has to be read before it is written.
    pub first: bool,
    /// What is still to be listed.
    pub windows: Windows,
    /// What was counted in listing.
    pub counts: Counts,
    /// Records that could not be read or stored: the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// Windows given up in this run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// How many records the lists announce together, when they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced: Option<u64>,
    /// Whether `--limit` ended the listing: then the watermark stays.
    #[serde(default)]
    pub limited: bool,
    /// How many records were put into quarantine.
    #[serde(default)]
    pub quarantined: u64,
}

impl Run {
    /// The gaps that are left when the run ends here: those given up in it, and earlier ones that it did not come to.
    pub(crate) fn open_gaps(&self) -> Vec<Gap> {
        let untried =
            self.windows.iter().filter_map(|window| Some(Gap::of(window, window.was_gap.as_deref()?)));
        self.gaps.iter().cloned().chain(untried).collect()
    }

    /// What has been counted up to now.
    pub(crate) fn so_far(&self) -> SoFar {
        SoFar { counts: self.counts, announced: self.announced, problems: self.problems.len() }
    }

    /// Forgets what was counted since: it will be counted again. Pages that were asked for were asked for.
    pub(crate) fn go_back_to(&mut self, so_far: SoFar) {
        self.counts = Counts { pages: self.counts.pages, ..so_far.counts };
        self.announced = so_far.announced;
        self.problems.truncate(so_far.problems);
    }
}

/// A window given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// The first datestamp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Datestamp>,
    /// The last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Datestamp>,
    /// The set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// Why.
    pub reason: String,
    /// When, UTC.
    pub time: String,
}

impl Gap {
    /// A window given up now, for this reason.
    pub(crate) fn of(window: &Window, reason: &str) -> Self {
        Self {
            from: window.from.clone(),
            until: window.until.clone(),
            set: window.set.clone(),
            reason: reason.to_owned(),
            time: clock::timestamp(),
        }
    }

    /// The gap as a window to be tried again.
    pub fn window(&self) -> Window {
        let window = Window::new(self.from.clone(), self.until.clone(), self.set.clone());
        Window { was_gap: Some(self.reason.clone()), ..window }
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            format: 1,
            watermark: None,
            selection: String::new(),
            lease: None,
            not_before: None,
            learned: Learned::default(),
            run: None,
            gaps: Vec::new(),
            last_run: None,
            other: Map::new(),
        }
    }
}

pub(crate) fn path(silo: &SiloName) -> String {
    format!("state/{silo}.json")
}

impl Granary {
    /// The state of a source; the default one when it was never harvested.
    pub async fn state(&self, silo: &SiloName) -> Result<State, Error> {
        Ok(self.read_state(silo).await?.map_or_else(State::default, |document| document.value))
    }

    pub(crate) async fn read_state(&self, silo: &SiloName) -> Result<Option<Document<State>>, Error> {
        self.read(&path(silo)).await
    }
}
