//! What can go wrong with a silo.

use crate::name::{FileName, Identifier, InvalidName, SiloName};

/// A failure of the store, or of what lies in it. Losing a compare-and-swap is none: it is tried again inside.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store could not do what it was asked.
    #[error("cannot {action} {path}")]
    Store {
        /// What was tried: `read`, `write`, `list`.
        action: &'static str,
        /// On what, relative to the granary.
        path: String,
        /// The store's own words.
        source: object_store::Error,
    },
    /// The store does not permit it.
    #[error("not permitted to {action} {path}; give these credentials the right to it, or use others")]
    Denied {
        /// What was tried: `read`, `write`, `list`.
        action: &'static str,
        /// On what.
        path: String,
        /// The store's own words.
        source: object_store::Error,
    },
    /// There is no such bucket.
    #[cfg(feature = "s3")]
    #[error("there is no bucket for {place}{}; make it, or name another with --granary s3://BUCKET/PREFIX", at(endpoint.as_deref()))]
    NoSuchBucket {
        /// `s3://bucket/prefix`
        place: String,
        /// The endpoint that was asked, when it is not Amazon's.
        endpoint: Option<String>,
    },
    /// The store takes every write, whatever condition comes with it.
    #[cfg(feature = "s3")]
    #[error(
        "{place} ignores conditional writes (If-Match, If-None-Match): two writers would overwrite each other unseen; \
         use a store that honours them, or a directory"
    )]
    IgnoresConditions {
        /// `s3://bucket/prefix`
        place: String,
    },
    /// The bucket cannot be used as it is named or configured.
    #[cfg(feature = "s3")]
    #[error("cannot use {place}")]
    Bucket {
        /// `s3://bucket/prefix`
        place: String,
        /// Why.
        source: object_store::Error,
    },
    /// The folder holds files and is no silo.
    #[error("{name} is no silo: it has no pairtree_version0_1; choose another silo name or another granary")]
    NotASilo {
        /// Its name.
        name: SiloName,
    },
    /// There is no such silo.
    #[error("there is no silo {name} in this granary")]
    NoSuchSilo {
        /// Its name.
        name: SiloName,
    },
    /// A manifest cannot be read. It is left as it is, and so is its object.
    #[error(
        "the manifest {path} is corrupt; restore it from a copy, or move it away to have the object harvested anew"
    )]
    CorruptManifest {
        /// Where it lies, relative to the granary.
        path: String,
        /// What is wrong in it.
        source: serde_json::Error,
    },
    /// A folder of the Pairtree does not decode to an identifier.
    #[error("{path} names no identifier")]
    NotAnIdentifier {
        /// The folder, relative to the granary.
        path: String,
        /// What is wrong with it.
        source: granary_pairtree::Error,
    },
    /// Something else lies under the name: another worker's file, or one that a crash left behind.
    #[error("another file is stored as {name} of {identifier}")]
    Occupied {
        /// The name asked for.
        name: FileName,
        /// Whose.
        identifier: Identifier,
        /// A name under which it can be stored.
        instead: FileName,
    },
    /// A manifest changed under us again and again.
    #[error("the manifest of {identifier} changed {attempts} times while it was being written")]
    Contended {
        /// Whose.
        identifier: Identifier,
        /// How often it was tried.
        attempts: u32,
    },
    /// The path of an object is longer than the store allows.
    #[error("the identifier {identifier} is too long for this store")]
    TooLong {
        /// The identifier.
        identifier: Identifier,
    },
    /// A name is not possible.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// The scratch folder of a directory cannot be used.
    #[error("cannot use the directory {path}")]
    Directory {
        /// The folder.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

impl Error {
    pub(crate) fn store(
        action: &'static str,
        path: impl std::fmt::Display,
    ) -> impl FnOnce(object_store::Error) -> Self {
        let path = path.to_string();
        move |source| match is_denied(&source) {
            true => Self::Denied { action, path, source },
            false => Self::Store { action, path, source },
        }
    }

    /// Whether the disk or the quota is full: nothing else will succeed before that is mended.
    pub fn is_full(&self) -> bool {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(self);
        while let Some(error) = cause {
            if let Some(io) = error.downcast_ref::<std::io::Error>()
                && matches!(io.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
            {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

/// Whether the store refuses these credentials. Of lists and uploads in parts only the text of its answer says so.
fn is_denied(error: &object_store::Error) -> bool {
    match error {
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => true,
        object_store::Error::Generic { source, .. } => source.to_string().contains("status code: 403"),
        _ => false,
    }
}

#[cfg(feature = "s3")]
fn at(endpoint: Option<&str>) -> String {
    endpoint.map(|endpoint| format!(" at {endpoint}")).unwrap_or_default()
}
