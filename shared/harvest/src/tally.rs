//! The tasks of a run and what became of them, where the queue cannot keep count: a tally.
//!
//! It is made of empty files whose paths say all. `queued,…,<task>,<task>,…` notes tasks before they are sent;
//! `settled,…,bytes=4000,files=2,<task>,<task>` notes those of a batch, and what they count for, before their messages are
//! acknowledged. A task is named by a number made of its text. So a million tasks are added up by listing, without reading
//! anything, and no worker waits for another.
//!
//! A task that is sent twice, comes twice or is worked twice is one task: what is outstanding is exact. Of a
//! worker that is killed between tally and acknowledgement, the messages come again, and count again in the numbers.

use std::collections::HashSet;

use futures::{StreamExt, TryStreamExt, stream};
use granary_queue::Counters;
use granary_silo::SiloName;

use crate::{error::Error, granary::Granary};

/// How many tasks one path has room for: of the 1,024 bytes of a key, 17 for each.
const TASKS_OF_A_PATH: usize = 28;

/// The most bytes of a name in a path: file systems know 255.
const LONGEST_NAME: usize = 240;

/// How many files are made at once.
const PUTS_AT_ONCE: usize = 8;

/// How many tasks are told apart. Of a longer run only the numbers are kept, so that memory is bounded.
const TASKS_TOLD_APART: usize = 4_000_000;

/// What is known of a run's tasks.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// What was counted in settling them.
    pub(crate) counters: Counters,
    queued: HashSet<u64>,
    settled: HashSet<u64>,
    is_cut_off: bool,
}

impl Tally {
    /// How many tasks were queued and not settled; unknown when there are too many to be told apart.
    pub(crate) fn outstanding(&self) -> Option<u64> {
        (!self.is_cut_off).then(|| self.queued.difference(&self.settled).count() as u64)
    }

    /// How many tasks were settled.
    pub(crate) fn settled(&self) -> u64 {
        self.settled.len() as u64
    }

    /// Adds what a path says, relative to the run's folder.
    fn add(&mut self, path: &str) {
        let mut parts = path.split([',', '/']);
        let kind = parts.next();
        for part in parts {
            match (part.split_once('='), u64::from_str_radix(part, 16)) {
                (Some((SALT, _)), _) => {}
                (Some((name, value)), _) => self.counters.add(name, value.parse().unwrap_or(0)),
                (None, Ok(task)) if self.queued.len() + self.settled.len() < TASKS_TOLD_APART => {
                    let tasks = if kind == Some("queued") { &mut self.queued } else { &mut self.settled };
                    tasks.insert(task);
                }
                (None, Ok(_)) => self.is_cut_off = true,
                (None, Err(_)) => {}
            }
        }
    }
}

impl Granary {
    /// Notes tasks that are about to be sent, by their messages.
    pub(crate) async fn tally_queued(
        &self,
        silo: &SiloName,
        run: &str,
        bodies: &[String],
    ) -> Result<(), Error> {
        let none = Counters::default();
        let puts =
            bodies.chunks(TASKS_OF_A_PATH).map(|some| self.put_tally(silo, run, "queued", &none, some));
        let puts: Vec<_> = puts.collect();
        stream::iter(puts).buffer_unordered(PUTS_AT_ONCE).try_collect().await
    }

    /// Notes tasks that are about to be acknowledged, by their messages, and what they count for.
    pub(crate) async fn tally_settled(
        &self,
        silo: &SiloName,
        run: &str,
        counters: &Counters,
        bodies: &[String],
    ) -> Result<(), Error> {
        let mut some = bodies.chunks(TASKS_OF_A_PATH);
        self.put_tally(silo, run, "settled", counters, some.next().unwrap_or_default()).await?;
        for more in some {
            self.put_tally(silo, run, "settled", &Counters::default(), more).await?;
        }
        Ok(())
    }

    async fn put_tally(
        &self,
        silo: &SiloName,
        run: &str,
        kind: &str,
        counters: &Counters,
        bodies: &[String],
    ) -> Result<(), Error> {
        if !is_run(run) {
            // Of a message that was made by hand.
            return Ok(());
        }
        let path = path_of(kind, fastrand::u32(..), counters, bodies.iter().map(|body| number(body)));
        self.put_empty(&format!("{}/{run}/{path}", folder(silo))).await
    }

    /// What is known of a run's tasks.
    pub(crate) async fn tallied(&self, silo: &SiloName, run: &str) -> Result<Tally, Error> {
        let mut tally = Tally::default();
        let mut paths = self.paths(&format!("{}/{run}", folder(silo)));
        while let Some(path) = paths.try_next().await? {
            tally.add(&path);
        }
        Ok(tally)
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

/// The number of a task: FNV-1a of its message. Two tasks of one run share one less than once in a million runs of a
/// million.
fn number(body: &str) -> u64 {
    body.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A path that no other tally has.
fn path_of(kind: &str, salt: u32, counters: &Counters, tasks: impl Iterator<Item = u64>) -> String {
    let numbers = counters.iter().map(|(name, value)| format!("{name}={value}"));
    let tasks = tasks.map(|task| format!("{task:016x}"));
    let mut path = format!("{kind},{SALT}={salt}");
    let mut begins = 0;
    for part in numbers.chain(tasks) {
        let fits = path.len() - begins + 1 + part.len() <= LONGEST_NAME;
        path.push(if fits { ',' } else { '/' });
        if !fits {
            begins = path.len();
        }
        path.push_str(&part);
    }
    path
}

/// What makes a path one that no other tally has.
const SALT: &str = "salt";

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn tally(names: &[(&str, &[&str])]) -> Tally {
        let mut tally = Tally::default();
        for (kind, tasks) in names {
            let mut counters = Counters::default();
            counters.add("files", tasks.len() as u64);
            let tasks = bodies(tasks);
            tally.add(&path_of(kind, 7, &counters, tasks.iter().map(|body| number(body))));
        }
        tally
    }

    #[test]
    fn a_task_sent_or_worked_twice_is_one_and_one_that_is_not_settled_is_outstanding() {
        let some = tally(&[
            ("queued", &["a", "b"]),
            ("queued", &["b", "c"]),
            ("settled", &["a"]),
            ("settled", &["a", "b"]),
        ]);
        assert_eq!((some.outstanding(), some.settled()), (Some(1), 2));
        let all = tally(&[("queued", &["a", "b"]), ("settled", &["b", "a"])]);
        assert_eq!((all.outstanding(), all.counters.get("files")), (Some(0), 4));
        assert_eq!(tally(&[]).outstanding(), Some(0));
    }

    #[test]
    fn a_path_fits_into_a_key_its_names_into_a_directory_and_what_is_no_tally_counts_nothing() {
        let mut counters = Counters::default();
        for n in 0..10 {
            counters.add(&format!("left_out_{n}"), 1_000_000_000);
        }
        let tasks = (0..TASKS_OF_A_PATH as u64).map(|n| u64::MAX - n);
        let path = path_of("settled", u32::MAX, &counters, tasks);
        assert!(path.len() < 800, "{}", path.len());
        assert!(path.split('/').all(|name| name.len() <= LONGEST_NAME), "{path}");
        let mut tally = Tally::default();
        tally.add(&path);
        assert_eq!((tally.settled(), tally.counters), (TASKS_OF_A_PATH as u64, counters));
        let mut tally = Tally::default();
        tally.add("no tally at all");
        assert_eq!((tally.settled(), tally.counters), (0, Counters::default()));
    }

    #[test]
    fn the_run_of_a_forged_message_names_no_file() {
        assert!(is_run("20200101T000000Z-00ff"));
        for wrong in ["", "..", "a/b", "a,files=7"] {
            assert!(!is_run(wrong), "{wrong}");
        }
    }
}
