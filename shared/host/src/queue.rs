//! Where a queue is.

use std::{path::PathBuf, str::FromStr, sync::Arc};

use granary_harvest::Granary;
#[cfg(feature = "sqlite")]
use granary_queue::SqliteQueue;
use granary_queue::{Queue, SqsQueue};

use crate::{aws::aws_config, error::Error};

/// Where a queue is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueLocation {
    /// An SQLite file.
    File(PathBuf),
    /// The URL of a queue of SQS.
    Sqs(String),
}

impl FromStr for QueueLocation {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        match name.split_once("://") {
            Some(("http" | "https", _)) => Ok(Self::Sqs(name.to_owned())),
            None if !name.is_empty() => Ok(Self::File(PathBuf::from(name))),
            _ => Err(Error::Unknown {
                name: name.to_owned(),
                what: "queue",
                known: "it is an SQLite file, or the URL of an SQS queue",
            }),
        }
    }
}

impl QueueLocation {
    /// The queue of a granary for which no other is named: a file in its own folder.
    ///
    /// # Errors
    /// [`Error::NoQueue`] when the granary lies in a bucket.
    pub fn of(granary: &Granary) -> Result<Self, Error> {
        let local = granary.local().ok_or(Error::NoQueue)?;
        Ok(Self::File(local.join("queue.sqlite")))
    }
}

/// Opens a queue of SQS.
///
/// # Errors
/// When it is not there, has no dead-letter queue, or cannot be used.
pub async fn sqs(url: &str) -> Result<SqsQueue, Error> {
    Ok(SqsQueue::open(aws_config().await, url).await?)
}

/// Opens a queue; a file is made when it is not there, and what processes of this machine held that are gone is free
/// again.
///
/// # Errors
/// When it cannot be used.
pub async fn queue(location: &QueueLocation) -> Result<Arc<dyn Queue>, Error> {
    match location {
        QueueLocation::Sqs(url) => Ok(Arc::new(sqs(url).await?)),
        #[cfg(feature = "sqlite")]
        QueueLocation::File(path) => {
            let queue = SqliteQueue::open(path).await?;
            let released = queue.release_abandoned().await?;
            if released > 0 {
                tracing::info!(released, "took back the tasks of a process that is gone");
            }
            Ok(Arc::new(queue))
        }
        #[cfg(not(feature = "sqlite"))]
        QueueLocation::File(path) => Err(no_file(path)),
    }
}

/// Opens a queue to look at it; nothing when it is a file that is not there.
///
/// # Errors
/// When it cannot be used.
pub async fn existing_queue(location: &QueueLocation) -> Result<Option<Arc<dyn Queue>>, Error> {
    match location {
        QueueLocation::Sqs(_) => queue(location).await.map(Some),
        #[cfg(feature = "sqlite")]
        QueueLocation::File(path) => {
            let queue = SqliteQueue::open_existing(path).await?;
            Ok(queue.map(|queue| Arc::new(queue) as Arc<dyn Queue>))
        }
        #[cfg(not(feature = "sqlite"))]
        QueueLocation::File(path) => Err(no_file(path)),
    }
}

#[cfg(not(feature = "sqlite"))]
fn no_file(path: &std::path::Path) -> Error {
    Error::Unknown {
        name: path.display().to_string(),
        what: "queue that this program knows",
        known: "name the URL of an SQS queue",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_a_file_or_the_url_of_an_sqs_queue() {
        let url = "https://sqs.eu-west-1.amazonaws.com/1/q";
        assert_eq!(url.parse::<QueueLocation>().expect(url), QueueLocation::Sqs(url.to_owned()));
        let file = "a/queue.sqlite";
        assert_eq!(file.parse::<QueueLocation>().expect(file), QueueLocation::File(file.into()));
        for wrong in ["", "redis://localhost", "sqs://q"] {
            assert!(wrong.parse::<QueueLocation>().is_err(), "{wrong}");
        }
    }
}
