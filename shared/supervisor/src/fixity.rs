//! Fixity checks in the background: one at a time, watched, and kept when it has ended.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use futures::StreamExt;
use granary_harvest::{Error as HarvestError, Granary, in_full};
use granary_silo::{Identifier, Problem, SiloName};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::error::Error;

/// How many findings are kept; all are counted.
const FINDINGS: usize = 1000;

/// Where the last check of a granary is kept, on a machine that keeps it.
pub(crate) fn file(granary: &Granary) -> Option<PathBuf> {
    Some(granary.local()?.join("fixity.json"))
}

/// A fixity check, running or ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fixity {
    /// The silos that are checked, in this order.
    pub silos: Vec<SiloName>,
    /// Those that are done with.
    pub silos_done: usize,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it ended; none while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<DateTime<Utc>>,
    /// Why it ended before all was checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_off: Option<String>,
    /// Objects whose manifest was read.
    pub objects: u64,
    /// Files that were read and compared.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that are there and have no digest to compare with (stored by RecordSilo).
    pub without_digest: u64,
    /// Files that a manifest names and that are not there.
    pub missing: u64,
    /// Files with other bytes than their manifest says, and manifests that cannot be read.
    pub corrupt: u64,
    /// Files that no manifest names: harmless.
    pub unlisted: u64,
    /// What was found: the first thousand.
    pub findings: Vec<Finding>,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The silo.
    pub silo: SiloName,
    /// The object, when its manifest could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<Identifier>,
    /// Where the file lies.
    pub path: String,
    /// `missing`, `corrupt` or `unlisted`.
    pub problem: String,
    /// In full.
    pub detail: String,
}

/// The check of a process. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Checks(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<(Option<Fixity>, CancellationToken)>,
    /// Where the last one is kept, on a machine that keeps it.
    file: Option<PathBuf>,
}

impl Checks {
    pub(crate) fn new(file: Option<PathBuf>) -> Self {
        let kept = file.as_deref().and_then(read);
        Self(Arc::new(Inner { state: Mutex::new((kept, CancellationToken::new())), file }))
    }

    fn state(&self) -> MutexGuard<'_, (Option<Fixity>, CancellationToken)> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn last(&self) -> Option<Fixity> {
        self.state().0.clone()
    }

    pub(crate) fn stop(&self) {
        self.state().1.cancel();
    }

    /// Begins a check of these silos.
    pub(crate) fn begin(
        &self,
        granary: &Granary,
        silos: Vec<SiloName>,
        stop: CancellationToken,
    ) -> Result<impl Future<Output = ()> + Send + 'static + use<>, Error> {
        let mut state = self.state();
        if let Some(Fixity { started, ended: None, .. }) = &state.0 {
            return Err(Error::Checking {
                since: started.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            });
        }
        let fixity = Fixity { silos: silos.clone(), started: Utc::now(), ..Fixity::default() };
        *state = (Some(fixity), stop.clone());
        let (checks, granary) = (self.clone(), granary.clone());
        Ok(async move {
            let broken_off = match checks.check(&granary, silos, &stop).await {
                Ok(()) if stop.is_cancelled() => Some("it was stopped".to_owned()),
                Ok(()) => None,
                Err(error) => Some(in_full(&error)),
            };
            checks.end(broken_off);
        })
    }

    async fn check(
        &self,
        granary: &Granary,
        silos: Vec<SiloName>,
        stop: &CancellationToken,
    ) -> Result<(), HarvestError> {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        for name in silos {
            let mut checked = granary.silo(&name).await?.verify(cores);
            while !stop.is_cancelled()
                && let Some(totals) = checked.next().await
            {
                let totals = totals?;
                self.note(|fixity| fixity.add(granary, &name, totals));
            }
            if stop.is_cancelled() {
                break;
            }
            self.note(|fixity| fixity.silos_done += 1);
        }
        Ok(())
    }

    fn note(&self, change: impl FnOnce(&mut Fixity)) {
        if let Some(fixity) = &mut self.state().0 {
            change(fixity);
        }
    }

    fn end(&self, broken_off: Option<String>) {
        self.note(|fixity| {
            fixity.ended = Some(Utc::now());
            fixity.broken_off = broken_off;
        });
        let (Some(file), Some(fixity)) = (&self.0.file, self.last()) else { return };
        let written = serde_json::to_vec_pretty(&fixity).map(|json| fs::write(file, json));
        if !matches!(written, Ok(Ok(()))) {
            tracing::error!(path = %file.display(), "what the check found could not be written down");
        }
        let Fixity { objects, files, missing, corrupt, .. } = fixity;
        tracing::info!(objects, files, missing, corrupt, "the fixity check has ended");
    }
}

/// One that cannot be read is done without: the next one replaces it.
fn read(file: &Path) -> Option<Fixity> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
}

impl Fixity {
    /// The last check of a granary that ended on this machine, whoever made it.
    pub fn last(granary: &Granary) -> Option<Self> {
        read(&file(granary)?)
    }

    /// Whether anything is missing or corrupt.
    pub fn is_sound(&self) -> bool {
        self.missing + self.corrupt == 0
    }

    fn add(&mut self, granary: &Granary, silo: &SiloName, totals: granary_silo::Totals) {
        self.objects += totals.objects;
        self.files += totals.files;
        self.bytes += totals.bytes;
        self.without_digest += totals.without_digest;
        for finding in totals.findings {
            let (problem, counter) = match finding.problem {
                Problem::Missing => ("missing", &mut self.missing),
                Problem::Corrupt | Problem::Unreadable => ("corrupt", &mut self.corrupt),
                Problem::Unlisted => ("unlisted", &mut self.unlisted),
            };
            *counter += 1;
            if self.findings.len() < FINDINGS {
                self.findings.push(Finding {
                    silo: silo.clone(),
                    identifier: finding.identifier,
                    path: granary.place(&finding.path),
                    problem: problem.to_owned(),
                    detail: finding.detail,
                });
            }
        }
    }
}
