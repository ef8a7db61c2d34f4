//! What a harvest has come to, compared with what another has.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt};
use granary_harvest::{Counts, Report};
use granary_queue::{Depth, Queue as _, Select};
use granary_silo::{Silo, Totals};
use object_store::{ObjectStore, ObjectStoreExt, path::Path};
use serde_json::Value;

use crate::{
    normal::normalise,
    world::{SILO, World},
};

/// All that is left when a harvest is over, without what tells one from another.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    /// Every file of the silo, and the documents of the granary, by path.
    pub(crate) files: BTreeMap<String, String>,
    /// What the runs have counted together.
    pub(crate) counts: Counts,
}

impl Outcome {
    /// Looks, and sees to it that nothing is left to do, nothing is wrong, and nothing lies about.
    pub(crate) async fn of(world: &World) -> Self {
        let store = world.store();
        assert_eq!(world.queue().depth(&Select::All).await.unwrap(), Depth::default(), "the queue");
        let silo = Silo::open(store.clone(), SILO.parse().unwrap()).await.unwrap();
        let verified: Vec<Totals> = silo.verify(4).try_collect().await.unwrap();
        let findings: Vec<_> = verified.into_iter().flat_map(|totals| totals.findings).collect();
        assert_eq!(findings, []);
        let mut outcome = Self { files: BTreeMap::new(), counts: Counts::default() };
        for (path, bytes) in everything(&*store).await {
            outcome.take(path, &bytes);
        }
        outcome
    }

    fn take(&mut self, path: String, bytes: &[u8]) {
        let json = || serde_json::from_slice::<Value>(bytes).unwrap();
        if path.starts_with("_granary/tally/") {
            // Of a run that was not there to remove it any more: the next one does.
        } else if path.starts_with("_granary/local/") {
            let is_left = path.contains("/staging/") && !path.ends_with("/lock");
            assert!(!is_left, "an unfinished file is left: {path}");
        } else if path.starts_with("_granary/runs/") {
            let report: Report = serde_json::from_value(json()).unwrap();
            assert_eq!((report.gaps, report.problems, report.warnings), (0, Vec::new(), Vec::new()));
            add(&mut self.counts, &report.counts);
        } else if path.starts_with("_granary/state/") {
            let mut state = json();
            assert!(state.get("run").is_none(), "{state}");
            let state = state.as_object_mut().unwrap();
            state.remove("last_run");
            // Of a process that has lived just not long enough to give it back. It has expired.
            state.remove("lease");
            // A failure that was noted when the run was over is forgotten with the next one.
            state.remove("failing");
            self.files.insert(path, Value::Object(state.clone()).to_string());
        } else if path.ends_with("/__manifest.json") {
            let mut manifest = json();
            normalise(&mut manifest);
            self.files.insert(path, manifest.to_string());
        } else {
            self.files.insert(path, String::from_utf8_lossy(bytes).into_owned());
        }
    }

    /// Compares.
    #[track_caller]
    pub(crate) fn assert_is(&self, expected: &Self, how: &str) {
        let without = |some: &Self, others: &Self| {
            let mut paths: Vec<_> = some.files.keys().cloned().collect();
            paths.retain(|path| !others.files.contains_key(path));
            paths
        };
        let (too_many, missing) = (without(self, expected), without(expected, self));
        assert!(too_many.is_empty() && missing.is_empty(), "{too_many:#?} or not {missing:#?}: {how}");
        for (path, text) in &expected.files {
            assert_eq!(&self.files[path], text, "{path}: {how}");
        }
    }

    /// Compares, and what has been counted as well.
    #[track_caller]
    pub(crate) fn assert_counts_as(&self, expected: &Self, how: &str) {
        assert_eq!(self.counts, expected.counts, "{how}");
    }
}

/// Adds what must be the same however many runs and pages it took. A run that was finished, and did not live to say so, is
/// followed by one that finds everything unchanged.
fn add(sum: &mut Counts, counts: &Counts) {
    sum.created += counts.created;
    sum.updated += counts.updated;
    sum.files += counts.files;
    sum.bytes += counts.bytes;
    sum.failed += counts.failed;
    sum.skipped += counts.skipped;
}

/// Every file of a store.
pub(crate) async fn everything(store: &dyn ObjectStore) -> Vec<(String, Vec<u8>)> {
    let listed: Vec<_> = store.list(None).try_collect().await.unwrap();
    let reads = listed.into_iter().map(|file| async move {
        let location: Path = file.location;
        let bytes = store.get(&location).await.unwrap().bytes().await.unwrap();
        (location.to_string(), bytes.to_vec())
    });
    futures::stream::iter(reads.collect::<Vec<_>>()).buffered(16).collect().await
}
