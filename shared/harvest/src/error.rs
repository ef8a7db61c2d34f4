//! What stops a step. What concerns one record or file only is not here: it is counted and recorded.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use granary_silo::{InvalidName, SiloName};

/// A failure that ends a step. Nothing is lost by it: what was done is recorded, and the same call goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error("cannot {action} {path}")]
    Store {
        /// What was tried.
        action: &'static str,
        /// On what, relative to `_granary`.
        path: String,
        /// The store's own words.
        source: object_store::Error,
    },
    /// A silo failed.
    #[error(transparent)]
    Silo(#[from] granary_silo::Error),
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] granary_queue::Error),
    /// The HTTP client could not be made.
    #[error(transparent)]
    Fetch(#[from] granary_fetch::Error),
    /// A document of `_granary` cannot be read. It is left as it is.
    #[error(
        "{path} is corrupt; mend it, or move it away to begin anew (what is stored is found again and not fetched twice)"
    )]
    Document {
        /// Where it lies.
        path: String,
        /// What is wrong in it.
        source: serde_json::Error,
    },
    /// A document cannot be written as JSON.
    #[error("cannot write a document as JSON")]
    Serialize(#[source] serde_json::Error),
    /// The endpoint did not answer as an OAI-PMH repository does.
    #[error("{url} does not answer as an OAI-PMH repository; {advice}")]
    NotARepository {
        /// What was asked.
        url: String,
        /// What to do.
        advice: &'static str,
        /// What it answered.
        source: Box<granary_oai_pmh::Error>,
    },
    /// The endpoint cannot be reached, or fails for now.
    #[error("{url} cannot be harvested now")]
    Unavailable {
        /// The endpoint.
        url: String,
        /// Why.
        source: Box<granary_oai_pmh::Error>,
    },
    /// The endpoint does not say which metadata formats it has.
    #[error(
        "{url} does not say which metadata formats it has; --metadata-prefix oai_dc asks for the one that every repository has"
    )]
    NoFormats {
        /// The endpoint.
        url: String,
        /// Why.
        source: Box<granary_oai_pmh::Error>,
    },
    /// A firewall stands before the endpoint, or its server lets nobody in who is called as we are.
    #[error("{url} is blocked for this program; {advice}; its User-Agent is {user_agent:?}")]
    Blocked {
        /// The endpoint.
        url: String,
        /// Whom to ask for what.
        advice: &'static str,
        /// As whom it was asked.
        user_agent: String,
        /// What it answered.
        source: Box<granary_oai_pmh::Error>,
    },
    /// The endpoint asked to be left alone for a while.
    #[error("{silo} asks to wait until {}", crate::clock::format(*until))]
    NotBefore {
        /// Whose endpoint.
        silo: SiloName,
        /// Until when.
        until: DateTime<Utc>,
    },
    /// The host of the step has no more time.
    #[error("{silo} did not answer in the time that there was")]
    OutOfTime {
        /// Whose endpoint.
        silo: SiloName,
    },
    /// The endpoint refuses the request for good.
    #[error("{url} refuses the request: {detail}")]
    Refused {
        /// The endpoint.
        url: String,
        /// Its words, and what there is instead.
        detail: String,
    },
    /// One list request after the other fails.
    #[error("every list of {url} fails ({detail}); ask the repository's staff, should it go on like that")]
    EveryListFails {
        /// The endpoint.
        url: String,
        /// The last failure.
        detail: String,
    },
    /// Somebody else is harvesting the source.
    #[error(
        "a run of {silo} is in progress since {since} ({holder}); wait for its end, or until {expires} should it be dead"
    )]
    Leased {
        /// The silo.
        silo: SiloName,
        /// Since when.
        since: String,
        /// By whom.
        holder: String,
        /// When the lease runs out by itself.
        expires: String,
    },
    /// The run state was taken over by somebody else.
    #[error("the run of {silo} was taken over by another process")]
    TakenOver {
        /// The silo.
        silo: SiloName,
    },
    /// There is no such source.
    #[error("there is no source {0}; `granary sources` lists them, `granary harvest URL` adds one")]
    NoSuchSource(SiloName),
    /// A silo name stands for another endpoint already.
    #[error("{silo} is the silo of {known}; name another with --silo")]
    OtherEndpoint {
        /// The name.
        silo: SiloName,
        /// The endpoint behind it.
        known: String,
    },
    /// A name is not possible.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// A lock file of this machine cannot be used.
    #[error("cannot use {path}")]
    Local {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Error {
    /// Whether it is the endpoint's: the store and the queue are well.
    pub(crate) fn is_of_endpoint(&self) -> bool {
        match self {
            Self::NotARepository { .. }
            | Self::Unavailable { .. }
            | Self::NoFormats { .. }
            | Self::Blocked { .. }
            | Self::NotBefore { .. }
            | Self::OutOfTime { .. }
            | Self::Refused { .. }
            | Self::EveryListFails { .. } => true,
            Self::Store { .. }
            | Self::Silo(_)
            | Self::Queue(_)
            | Self::Fetch(_)
            | Self::Document { .. }
            | Self::Serialize(_)
            | Self::Leased { .. }
            | Self::TakenOver { .. }
            | Self::NoSuchSource(_)
            | Self::OtherEndpoint { .. }
            | Self::Name(_)
            | Self::Local { .. } => false,
        }
    }

    pub(crate) fn store(
        action: &'static str,
        path: impl std::fmt::Display,
    ) -> impl FnOnce(object_store::Error) -> Self {
        let path = path.to_string();
        move |source| match source {
            object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
                Self::Silo(granary_silo::Error::Denied { action, path, source })
            }
            source => Self::Store { action, path, source },
        }
    }
}
