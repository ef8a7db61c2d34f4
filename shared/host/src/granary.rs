//! Where a granary lies.

use std::{fmt, path::PathBuf, str::FromStr, sync::Arc};

use granary_harvest::Granary;
use granary_silo::BucketStore;

use crate::{aws::aws_config, error::Error};

/// Where a granary lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// In a directory.
    Directory(PathBuf),
    /// In a bucket of S3.
    Bucket {
        /// Its name.
        bucket: String,
        /// The beginning of all keys, without a slash at either end; may be empty.
        prefix: String,
    },
}

/// What for a granary is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To read it. It must be there.
    Read,
    /// To write to it. It must be there.
    Write,
    /// To write to it; makes it when it is not there. (A bucket is never made.)
    Create,
}

impl FromStr for Location {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let unknown = || Error::Unknown {
            name: name.to_owned(),
            what: "granary",
            known: "it is a directory, or s3://BUCKET/PREFIX",
        };
        match name.split_once("://") {
            None if name.is_empty() => Err(unknown()),
            None => Ok(Self::Directory(PathBuf::from(name))),
            Some(("s3", rest)) => {
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                let prefix = prefix.trim_matches('/').to_owned();
                let is_plain =
                    prefix.split('/').all(|part| !matches!(part, "." | "..")) && !prefix.contains("//");
                match !bucket.is_empty() && is_plain {
                    true => Ok(Self::Bucket { bucket: bucket.to_owned(), prefix }),
                    false => Err(unknown()),
                }
            }
            Some(_) => Err(unknown()),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => path.display().fmt(f),
            Self::Bucket { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::Bucket { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

/// Opens a granary. A bucket that is to be written to is asked whether it honours conditional writes.
///
/// # Errors
/// When it is not there, cannot be used, or, to be written to, cannot be relied on.
pub async fn granary(location: &Location, access: Access) -> Result<Granary, Error> {
    let write = access != Access::Read;
    let failed = |source| Error::Granary { location: location.to_string(), write, source: Box::new(source) };
    match location {
        Location::Directory(root) => {
            if access != Access::Create && !root.exists() {
                return Err(Error::NoGranary(root.clone()));
            }
            match access {
                Access::Read => Granary::open(root).map_err(failed),
                Access::Write | Access::Create => Granary::create(root).map_err(failed),
            }
        }
        Location::Bucket { bucket, prefix } => {
            let store = BucketStore::new(aws_config().await, bucket, prefix);
            let store = store.map_err(|source| failed(source.into()))?;
            // Before something is begun: some stores make a bucket that is written to.
            if access != Access::Write {
                store.look().await.map_err(|source| failed(source.into()))?;
            }
            if write {
                store.probe().await.map_err(|source| failed(source.into()))?;
            }
            Ok(Granary::on(Arc::new(store)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_granary_is_a_directory_or_a_prefix_of_a_bucket() {
        let bucket =
            |bucket: &str, prefix: &str| Location::Bucket { bucket: bucket.into(), prefix: prefix.into() };
        for (name, location) in [
            ("./granary", Location::Directory("./granary".into())),
            ("s3://b", bucket("b", "")),
            ("s3://b/", bucket("b", "")),
            ("s3://b/a/c/", bucket("b", "a/c")),
        ] {
            assert_eq!(name.parse::<Location>().expect(name), location);
        }
        for wrong in ["", "s3://", "s3:///a", "s3://b/../a", "s3://b/a//c", "gs://b", "https://b"] {
            assert!(wrong.parse::<Location>().is_err(), "{wrong}");
        }
    }
}
