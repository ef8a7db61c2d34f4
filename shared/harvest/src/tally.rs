//! The numbers of a run, where the queue cannot keep them: a tally, one file for each batch that was worked.
//!
//! A file is empty; its name is a number that no other has, and what was counted: `3f…,bytes=4000,files=2,settled=2`.
//! So a million tasks are added up by listing, without reading anything, and no worker waits for another.
//!
//! A tally is written before the messages are acknowledged. Of a worker that is killed in between, the messages come
//! again and count again: a tally never lacks what was acknowledged, and may have a little too much.

use futures::TryStreamExt;
use granary_queue::Counters;
use granary_silo::SiloName;

use crate::{error::Error, granary::Granary};

/// The number of messages settled.
pub(crate) const SETTLED: &str = "settled";
/// The number of tasks that followed from metadata, and were queued.
pub(crate) const QUEUED: &str = "queued";

impl Granary {
    /// Adds to the numbers of a run.
    pub(crate) async fn tally(&self, silo: &SiloName, run: &str, counters: &Counters) -> Result<(), Error> {
        if !is_run(run) {
            // Of a message that was made by hand.
            return Ok(());
        }
        let name = name_of(fastrand::u64(..), counters);
        self.put_name(&format!("{}/{run}/{name}", folder(silo))).await
    }

    /// What was counted for a run.
    pub(crate) async fn tallied(&self, silo: &SiloName, run: &str) -> Result<Counters, Error> {
        let mut counters = Counters::default();
        let mut names = self.file_names(&format!("{}/{run}", folder(silo)));
        while let Some(name) = names.try_next().await? {
            counters.merge(&counters_in(&name));
        }
        Ok(counters)
    }

    /// Removes the tallies of a silo's runs: they are in the reports.
    pub(crate) async fn clear_tally(&self, silo: &SiloName) -> Result<(), Error> {
        self.clear(&folder(silo)).await
    }
}

fn folder(silo: &SiloName) -> String {
    format!("tally/{silo}")
}

fn is_run(run: &str) -> bool {
    !run.is_empty() && run.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn name_of(number: u64, counters: &Counters) -> String {
    let numbers = counters.iter().map(|(name, value)| format!(",{name}={value}"));
    format!("{number:016x}{}", numbers.collect::<String>())
}

fn counters_in(name: &str) -> Counters {
    let mut counters = Counters::default();
    for (name, value) in name.split(',').filter_map(|part| part.split_once('=')) {
        counters.add(name, value.parse().unwrap_or(0));
    }
    counters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_comes_back_from_the_name() {
        let mut counters = Counters::default();
        counters.add("files", 2);
        counters.add("bytes", u64::MAX);
        counters.add("without_files.none_named", 3);
        let name = "00000000000000ff,bytes=18446744073709551615,files=2,without_files.none_named=3";
        assert_eq!(name_of(255, &counters), name);
        assert_eq!(counters_in(&name_of(255, &counters)), counters);
        assert_eq!(counters_in("not a tally"), Counters::default());
    }

    #[test]
    fn the_run_of_a_forged_message_names_no_file() {
        assert!(is_run("20200101T000000Z-00ff"));
        for wrong in ["", "..", "a/b", "a,files=7"] {
            assert!(!is_run(wrong), "{wrong}");
        }
    }
}
