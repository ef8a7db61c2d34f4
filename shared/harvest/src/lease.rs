//! One run of a source at a time: a lease in the source's state, which expires, and on one machine a lock, which
//! ends with its process.

use std::{fs::File, io, path::Path, time::Duration};

use chrono::{DateTime, Utc};
use granary_silo::SiloName;
use serde::{Deserialize, Serialize};

use crate::{
    clock,
    error::Error,
    granary::{Document, Granary},
    state::{self, State},
};

/// How long a lease lasts. It is renewed with every checkpoint, at least once a page.
const LEASE: Duration = Duration::from_secs(15 * 60);

/// How much of it is gone when it is renewed by work that saves nothing.
const RENEWAL: Duration = Duration::from_secs(60);

/// Who is harvesting a source, and until when nobody else may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The process: its host, its number there, and something that no other has.
    pub holder: String,
    /// The host.
    pub host: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when, unless it is renewed.
    pub expires: DateTime<Utc>,
}

/// The state of a source while we hold its lease.
///
/// Dropped without [`Held::release`] (a crash, an error), the lease stays in the state; on the same machine the
/// next process sees by the lock that its holder is gone, elsewhere it waits until the lease expires.
#[derive(Debug)]
pub(crate) struct Held {
    granary: Granary,
    silo: SiloName,
    document: Document<State>,
    /// Held for its lock; a granary that is not a directory has none.
    _lock: Option<File>,
}

impl Held {
    /// Takes the lease of a source.
    ///
    /// # Errors
    /// [`Error::Leased`] when somebody else has it.
    pub(crate) async fn take(granary: &Granary, silo: &SiloName) -> Result<Self, Error> {
        let lock = match granary.local() {
            None => None,
            Some(local) => match lock(&local.join("runs"), silo)? {
                Some(lock) => Some(lock),
                None => return Err(leased(silo, granary.state(silo).await?.lease)),
            },
        };
        let host = host_name();
        let holder = format!("process {} on {host}, {:08x}", std::process::id(), fastrand::u32(..));
        loop {
            let known = granary.read_state(silo).await?;
            let (mut state, version) = match known {
                Some(document) => (document.value.clone(), Some(document.known())),
                None => (State::default(), None),
            };
            let now = clock::now();
            if let Some(lease) = &state.lease {
                // We have the machine's lock: a holder on this machine is dead.
                if lease.holder == holder
                    && let (state, Some(document)) = (&state, granary.read_state(silo).await?)
                    && document.value.lease == state.lease
                {
                    // We have it: only the answer was lost, and a worker has noted something since.
                    return Ok(Self { granary: granary.clone(), silo: silo.clone(), document, _lock: lock });
                }
                let dead = lock.is_some() && lease.host == host;
                if !dead && lease.expires > now {
                    return Err(leased(silo, state.lease));
                }
            }
            state.lease =
                Some(Lease { holder: holder.clone(), host: host.clone(), since: now, expires: now + LEASE });
            if let Some(document) = granary.write(&state::path(silo), state, version).await? {
                return Ok(Self { granary: granary.clone(), silo: silo.clone(), document, _lock: lock });
            }
        }
    }

    pub(crate) fn state(&self) -> &State {
        &self.document.value
    }

    /// Changes the state and renews the lease: a checkpoint. Returns once it is safe.
    ///
    /// # Errors
    /// [`Error::TakenOver`] when the lease had expired and somebody else took it.
    pub(crate) async fn save(&mut self, change: impl Fn(&mut State)) -> Result<(), Error> {
        loop {
            let mut state = self.document.value.clone();
            change(&mut state);
            if let Some(lease) = &mut state.lease {
                lease.expires = clock::now() + LEASE;
            }
            let known = Some(self.document.known());
            if let Some(written) = self.granary.write(&state::path(&self.silo), state, known).await? {
                self.document = written;
                return Ok(());
            }
            self.read_again().await?;
        }
    }

    /// Renews the lease when a minute of it is gone: between the parts of work that saves nothing.
    ///
    /// # Errors
    /// As [`Held::save`].
    pub(crate) async fn keep(&mut self) -> Result<(), Error> {
        let expires = self.state().lease.as_ref().map(|lease| lease.expires);
        match expires.is_some_and(|expires| expires > clock::now() + LEASE - RENEWAL) {
            true => Ok(()),
            false => self.save(|_| {}).await,
        }
    }

    /// Reads the state that somebody else has changed: a worker that was told to wait, or who has taken the lease.
    async fn read_again(&mut self) -> Result<(), Error> {
        let taken_over = || Error::TakenOver { silo: self.silo.clone() };
        let document = self.granary.read_state(&self.silo).await?.ok_or_else(taken_over)?;
        let holder = |state: &State| state.lease.as_ref().map(|lease| lease.holder.clone());
        if holder(&document.value) != holder(&self.document.value) {
            return Err(taken_over());
        }
        self.document = document;
        Ok(())
    }

    /// Remembers that the endpoint wants to be left alone, when that is what an error says.
    pub(crate) async fn note_wait(&mut self, error: &Error) -> Result<(), Error> {
        match error {
            Error::NotBefore { until, .. } => self.save(|state| state.not_before = Some(*until)).await,
            _ => Ok(()),
        }
    }

    /// Gives the lease back.
    pub(crate) async fn release(mut self) -> Result<(), Error> {
        self.save(|state| state.lease = None).await
    }
}

fn leased(silo: &SiloName, lease: Option<Lease>) -> Error {
    let now = clock::now();
    let (since, holder, expires) =
        lease.map_or((now, "another process".to_owned(), now + LEASE), |l| (l.since, l.holder, l.expires));
    Error::Leased { silo: silo.clone(), since: clock::format(since), holder, expires: clock::format(expires) }
}

/// The machine's lock of a source; nothing when another process has it.
fn lock(folder: &Path, silo: &SiloName) -> Result<Option<File>, Error> {
    let path = folder.join(format!("{silo}.lock"));
    let failed = |source: io::Error| Error::Local { path: path.clone(), source };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let file = File::options().create(true).append(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
