//! What a run did.

use granary_queue::Counters;
use granary_silo::SiloName;
use serde::{Deserialize, Serialize};

use crate::{
    breakdown::{LeftOut, WithoutFiles, is_zero},
    error::Error,
    granary::Granary,
    state::Gap,
    sweep::Sweep,
};

/// How many problems a report names; all are counted.
pub(crate) const PROBLEMS_NAMED: usize = 100;

/// Numbers of a run. `records` = `deleted` + `created` + `updated` + `unchanged` + the records among `failed`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Pages of lists that were asked for.
    pub pages: u64,
    /// Records and headers in them.
    pub records: u64,
    /// Records announced as deleted.
    pub deleted: u64,
    /// Objects made.
    pub created: u64,
    /// Objects that got a new version.
    pub updated: u64,
    /// Records that were known as they are.
    pub unchanged: u64,
    /// Files stored.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Records and files that could not be stored.
    pub failed: u64,
    /// Files that were not tried: the sum of `left_out`.
    pub skipped: u64,
    /// Why they were not.
    #[serde(default)]
    pub left_out: LeftOut,
    /// Records, new or changed, that have no file to fetch.
    #[serde(default)]
    pub without_files: WithoutFiles,
    /// Changed records that may be about another work than before.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub other_works: u64,
}

impl Counts {
    /// Adds the numbers of another part of the same run.
    pub(crate) fn add(&mut self, other: &Self) {
        let Self {
            pages,
            records,
            deleted,
            created,
            updated,
            unchanged,
            files,
            bytes,
            failed,
            skipped,
            left_out,
            without_files,
            other_works,
        } = other;
        self.pages += pages;
        self.records += records;
        self.deleted += deleted;
        self.created += created;
        self.updated += updated;
        self.unchanged += unchanged;
        self.files += files;
        self.bytes += bytes;
        self.failed += failed;
        self.skipped += skipped;
        self.left_out.add(left_out);
        self.without_files.add(without_files);
        self.other_works += other_works;
    }

    /// A task that has failed for good.
    pub(crate) fn failed() -> Self {
        Self { failed: 1, ..Self::default() }
    }

    /// Files that are left out.
    pub(crate) fn left_out(left_out: LeftOut) -> Self {
        Self { skipped: left_out.total(), left_out, ..Self::default() }
    }

    /// A file of a version that is no longer the newest.
    pub(crate) fn outdated() -> Self {
        Self::left_out(LeftOut { outdated: 1, ..LeftOut::default() })
    }

    /// The same numbers as the queue keeps them.
    pub(crate) fn to_counters(self) -> Counters {
        let mut counters = Counters::default();
        for (name, value) in [
            ("created", self.created),
            ("updated", self.updated),
            ("unchanged", self.unchanged),
            ("files", self.files),
            ("bytes", self.bytes),
            ("failed", self.failed),
            ("skipped", self.skipped),
            ("other_works", self.other_works),
        ] {
            if value > 0 {
                counters.add(name, value);
            }
        }
        self.left_out.count(&mut counters);
        self.without_files.count(&mut counters);
        counters
    }

    /// What the queue has counted.
    pub(crate) fn from_counters(counters: &Counters) -> Self {
        Self {
            created: counters.get("created"),
            updated: counters.get("updated"),
            unchanged: counters.get("unchanged"),
            files: counters.get("files"),
            bytes: counters.get("bytes"),
            failed: counters.get("failed"),
            skipped: counters.get("skipped"),
            left_out: LeftOut::counted(counters),
            without_files: WithoutFiles::counted(counters),
            other_works: counters.get("other_works"),
            ..Self::default()
        }
    }
}

/// A record that could not be read or stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The record, when it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// What is wrong with it.
    pub detail: String,
    /// Where it is kept as received, relative to the granary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantined: Option<String>,
}

/// A finished run, as it is kept in `_granary/runs/<silo>/<run>.json` and printed by `--json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The silo.
    pub silo: SiloName,
    /// The run.
    pub run: String,
    /// The metadata prefix that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata_prefix: Option<String>,
    /// Why that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What it did.
    #[serde(flatten)]
    pub counts: Counts,
    /// How many windows were given up, in this run or before, and are still open.
    pub gaps: u64,
    /// How long it took, from its first request to its last stored file, interruptions included.
    pub seconds: f64,
    /// When it began, UTC.
    pub started: String,
    /// When it ended, UTC.
    pub ended: String,
    /// The watermark after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark: Option<String>,
    /// What its sweep came to, when it swept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
    /// Records that could not be read or stored: the first hundred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// The windows given up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open_gaps: Vec<Gap>,
    /// What was odd, and lost nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl Granary {
    /// The report of a run.
    pub async fn report(&self, silo: &SiloName, run: &str) -> Result<Option<Report>, Error> {
        Ok(self.read(&path(silo, run)).await?.map(|document| document.value))
    }

    /// The names of the runs of a source that have a report, the newest first.
    pub async fn runs(&self, silo: &SiloName) -> Result<Vec<String>, Error> {
        let mut names = self.names(&format!("runs/{silo}")).await?;
        // They begin with their time.
        names.reverse();
        Ok(names)
    }

    pub(crate) async fn put_report(&self, report: &Report) -> Result<(), Error> {
        self.replace(&path(&report.silo, &report.run), report).await
    }
}

fn path(silo: &SiloName, run: &str) -> String {
    format!("runs/{silo}/{run}.json")
}
