//! Whether a store keeps its promises: writes under conditions, a clock, room.

use std::{path::Path as FilePath, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use object_store::{
    Error as StoreError, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion,
    path::Path,
};

use super::{Patient, Writing};
use crate::{clock, doctor::finding::Finding, transfer::in_full};

/// Writers at once, and how often each of them writes.
const WRITERS: usize = 8;
const WRITES: usize = 2;

/// How often one write is tried that loses.
const TRIES: u32 = 200;

/// How far the store's clock may be from ours before it is worth a word; and when leases no longer mean the same time.
const CLOCK_MAY_DIFFER: TimeDelta = TimeDelta::minutes(1);
const CLOCK_MUST_NOT_DIFFER: TimeDelta = TimeDelta::minutes(10);

/// Little room: bytes and files.
const LITTLE_BYTES: u64 = 1 << 30;
const FEW_FILES: u64 = 10_000;

pub(super) async fn writing(patient: &Patient<'_>) -> Vec<Finding> {
    vec![match patient.writing {
        Writing::Works => Finding::fine("writable", "it is there, and can be written to"),
        Writing::Fails(why) => Finding::broken(
            "writable",
            format!("it is there, and cannot be written to: {why}"),
            "nothing can be harvested into it; what is stored can be read",
        ),
        Writing::Untried => {
            Finding::fine("writable", "it has no _granary yet: whether it can be written to was not tried")
        }
    }]
}

/// Tries what everything relies on that is written by more than one, with one object that is removed again.
pub(super) async fn conditional_writes(patient: &Patient<'_>) -> Vec<Finding> {
    if *patient.writing != Writing::Works {
        return Vec::new();
    }
    let probe = Probe {
        store: patient.granary.store(),
        path: Path::from(format!("_granary/doctor-{:016x}", fastrand::u64(..))),
    };
    let mut findings = match probe.run().await {
        Ok(findings) => findings,
        Err(error) => vec![Finding::broken(
            "conditional_writes",
            format!("what is written there to try it out fails: {}", in_full(&error)),
            "nothing can be relied on that is written",
        )],
    };
    findings.extend(probe.remove().await);
    let place = patient.granary.place(probe.path.as_ref());
    findings.into_iter().map(|finding| finding.at(&place)).collect()
}

/// One object, to try conditional writes with.
struct Probe {
    store: Arc<dyn ObjectStore>,
    path: Path,
}

impl Probe {
    async fn run(&self) -> Result<Vec<Finding>, StoreError> {
        let before = clock::now();
        let first = self.put("first\n", PutMode::Create).await?;
        let after = clock::now();
        let meta = self.store.head(&self.path).await?;
        let mut findings = vec![self.twice().await?];
        let second = self.put("second\n", PutMode::Update(first.clone())).await?;
        findings.push(self.stale(first).await?);
        if second.e_tag.is_none() && second.version.is_none() {
            findings.push(Finding::broken(
                "etag",
                "it gives what is written no ETag",
                "no update can be told from another",
            ));
        }
        findings.push(self.race().await?);
        findings.push(clocks(meta.last_modified, before, after));
        Ok(findings)
    }

    /// Creating what is there must be refused.
    async fn twice(&self) -> Result<Finding, StoreError> {
        let refused = is_refused(self.put("again\n", PutMode::Create).await)?;
        Ok(judged(
            "create_twice",
            refused,
            "what is there is not created a second time",
            "creates what is there a second time",
        ))
    }

    /// Updating what has changed since must be refused.
    async fn stale(&self, stale: UpdateVersion) -> Result<Finding, StoreError> {
        let refused = is_refused(self.put("late\n", PutMode::Update(stale)).await)?;
        Ok(judged(
            "stale_update",
            refused,
            "what has changed meanwhile is not overwritten",
            "overwrites what has changed meanwhile",
        ))
    }

    /// Several writers at once, each adding lines of its own: all of them must be there in the end.
    async fn race(&self) -> Result<Finding, StoreError> {
        let writers = (0..WRITERS).map(|writer| self.write_in_turn(writer));
        for result in join_all(writers).await {
            result?;
        }
        let bytes = self.store.get(&self.path).await?.bytes().await?;
        let text = String::from_utf8_lossy(&bytes);
        let lines = text.lines().filter(|line| line.starts_with("writer")).count();
        let all = WRITERS * WRITES;
        let finding = judged(
            "concurrent_writers",
            lines == all,
            &format!("{WRITERS} writers at once lost none of {all} updates"),
            &format!("lost {} of {all} updates of {WRITERS} writers at once", all.saturating_sub(lines)),
        );
        Ok(finding)
    }

    async fn write_in_turn(&self, writer: usize) -> Result<(), StoreError> {
        for write in 0..WRITES {
            for attempt in 1.. {
                let got = self.store.get(&self.path).await?;
                let known =
                    UpdateVersion { e_tag: got.meta.e_tag.clone(), version: got.meta.version.clone() };
                let mut text = String::from_utf8_lossy(&got.bytes().await?).into_owned();
                text.push_str(&format!("writer {writer}, {write}\n"));
                match self.put(&text, PutMode::Update(known)).await {
                    Ok(_) => break,
                    Err(StoreError::Precondition { .. } | StoreError::AlreadyExists { .. })
                        if attempt < TRIES =>
                    {
                        tokio::time::sleep(Duration::from_millis(fastrand::u64(1..50))).await;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    async fn put(&self, text: &str, mode: PutMode) -> Result<UpdateVersion, StoreError> {
        let options = PutOptions { mode, ..Default::default() };
        let payload = PutPayload::from(text.as_bytes().to_vec());
        self.store.put_opts(&self.path, payload, options).await.map(UpdateVersion::from)
    }

    async fn remove(&self) -> Option<Finding> {
        match self.store.delete(&self.path).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => None,
            Err(error) => Some(Finding::worked_around(
                "delete",
                format!("what was written to try it out cannot be removed: {}", in_full(&error)),
                "it removes nothing but its own tallies; remove this object when you can",
            )),
        }
    }
}

/// Whether a write was refused because of its condition.
fn is_refused(result: Result<UpdateVersion, StoreError>) -> Result<bool, StoreError> {
    match result {
        Ok(_) => Ok(false),
        Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

fn judged(about: &'static str, is_kept: bool, kept: &str, broken: &str) -> Finding {
    match is_kept {
        true => Finding::fine(about, kept),
        false => Finding::broken(
            about,
            format!("the store {broken}"),
            "two writers would overwrite each other unseen; use a store that honours conditional writes, or a directory",
        ),
    }
}

/// How the store's clock stands to ours: a write between `before` and `after` has `time`.
fn clocks(time: DateTime<Utc>, before: DateTime<Utc>, after: DateTime<Utc>) -> Finding {
    // Stores tell whole seconds.
    let off = (before - time - TimeDelta::seconds(1)).max(time - after).max(TimeDelta::zero());
    let found = format!("the store's clock and ours differ by {} seconds", off.num_seconds());
    if off <= CLOCK_MAY_DIFFER {
        Finding::fine("clock", "the store's clock agrees with ours")
    } else if off <= CLOCK_MUST_NOT_DIFFER {
        Finding::worked_around(
            "clock",
            found,
            "leases last for fifteen minutes; set the clock of this machine all the same",
        )
    } else {
        Finding::broken(
            "clock",
            found,
            "one run of a source at a time: machines that share a granary must agree on the time; set their clocks",
        )
    }
}

/// How much room there is, in a directory.
pub(super) async fn space(patient: &Patient<'_>) -> Vec<Finding> {
    if patient.granary.local().is_none() {
        return Vec::new();
    }
    let place = patient.granary.place("");
    let finding = match rustix::fs::statvfs(FilePath::new(&place)) {
        Ok(stat) => room(stat.f_bavail * stat.f_frsize, (stat.f_files > 0).then_some(stat.f_favail)),
        Err(error) => Finding::untold("space", format!("how much room is left: {error}")),
    };
    vec![finding.at(place)]
}

/// `files` is absent where a file system does not count them.
fn room(bytes: u64, files: Option<u64>) -> Finding {
    let of_files = files.map(|files| format!(", and {files} files")).unwrap_or_default();
    let found = format!("there is room for {} MiB{of_files}", bytes >> 20);
    match bytes < LITTLE_BYTES || files.is_some_and(|files| files < FEW_FILES) {
        true => Finding::worked_around(
            "space",
            found,
            "a full disk ends a run, and loses nothing: the next one goes on when there is room",
        ),
        false => Finding::fine("space", found),
    }
}

#[cfg(test)]
mod tests {
    use futures::stream::BoxStream;
    use object_store::{
        CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, PutMultipartOptions,
        PutResult, Result, memory::InMemory,
    };

    use super::*;
    use crate::doctor::finding::Outcome;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_stores_clock_is_compared_with_the_time_that_the_write_took() {
        let (before, after) = (at("2026-01-01T12:00:00.9Z"), at("2026-01-01T12:00:03Z"));
        let outcome = |time| clocks(at(time), before, after).outcome;
        for fine in ["2026-01-01T12:00:00Z", "2026-01-01T12:00:03Z", "2026-01-01T12:01:03Z"] {
            assert_eq!(outcome(fine), Outcome::Fine, "{fine}");
        }
        assert!(matches!(outcome("2026-01-01T11:58:00Z"), Outcome::WorkedAround { .. }));
        assert!(matches!(outcome("2026-01-01T13:00:00Z"), Outcome::Broken { .. }));
    }

    #[test]
    fn little_room_is_told() {
        assert_eq!(room(2 << 30, Some(1 << 20)).outcome, Outcome::Fine);
        assert_eq!(room(2 << 30, None).outcome, Outcome::Fine);
        assert!(matches!(room(2 << 20, Some(1 << 20)).outcome, Outcome::WorkedAround { .. }));
        assert!(matches!(room(2 << 30, Some(5)).outcome, Outcome::WorkedAround { .. }));
    }

    /// A store that takes every write, whatever condition comes with it.
    #[derive(Debug)]
    struct Careless(InMemory);

    impl std::fmt::Display for Careless {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("careless")
        }
    }

    #[async_trait::async_trait]
    impl ObjectStore for Careless {
        async fn put_opts(&self, to: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
            self.0.put_opts(to, payload, PutOptions { mode: PutMode::Overwrite, ..options }).await
        }

        async fn put_multipart_opts(
            &self,
            to: &Path,
            options: PutMultipartOptions,
        ) -> Result<Box<dyn MultipartUpload>> {
            self.0.put_multipart_opts(to, options).await
        }

        async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
            // Whoever comes between reading and writing is overwritten.
            let got = self.0.get_opts(path, options).await;
            tokio::task::yield_now().await;
            got
        }

        fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
            self.0.delete_stream(paths)
        }

        fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
            self.0.list(prefix)
        }

        async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
            self.0.list_with_delimiter(prefix).await
        }

        async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
            self.0.copy_opts(from, to, options).await
        }
    }

    async fn broken(store: Arc<dyn ObjectStore>) -> Vec<&'static str> {
        let probe = Probe { store, path: Path::from("_granary/doctor") };
        let findings = probe.run().await.unwrap();
        assert_eq!(probe.remove().await, None);
        assert!(probe.store.head(&probe.path).await.is_err(), "nothing is left");
        findings
            .into_iter()
            .filter(|finding| finding.outcome != Outcome::Fine)
            .map(|finding| finding.about)
            .collect()
    }

    #[tokio::test]
    async fn a_store_that_honours_conditions_is_fine_and_one_that_ignores_them_is_found_out() {
        assert!(broken(Arc::new(InMemory::new())).await.is_empty());
        let found = broken(Arc::new(Careless(InMemory::new()))).await;
        assert_eq!(found, ["create_twice", "stale_update", "concurrent_writers"]);
    }
}
