//! Room in memory for metadata, which is held whole. What is small is held by as many as work; what is large by one at a time.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use granary_fetch::{Response, Retry};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{reason::Reason, transfer::Fault};

/// The most bytes that metadata may have.
pub(crate) const METADATA_BYTES: u64 = 16 << 20;

/// Up to here metadata is small: hardly any is larger.
const SMALL_BYTES: usize = 256 << 10;

/// How much room a large body is given at once: what is not used costs nothing, and blocks of more than 32 MiB go back to the
/// system when they are freed.
const LARGE_BYTES: usize = 33 << 20;

/// How long a large body may take: nobody else has room for one meanwhile.
const LONGEST: Duration = Duration::from_secs(300);

/// Room in memory for metadata. What is large is held by one of all clones at a time.
#[derive(Debug, Clone)]
pub struct Room(Arc<Semaphore>);

/// A place in it, for as long as it is kept; small things need none.
#[derive(Debug, Default)]
pub(crate) struct Place {
    permit: Option<OwnedSemaphorePermit>,
}

impl Place {
    /// Whether it is one that nobody else has meanwhile.
    pub(crate) fn is_taken(&self) -> bool {
        self.permit.is_some()
    }
}

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

impl Room {
    /// Waits until there is room for so many bytes. Dropped, it gives up its turn.
    pub(crate) async fn for_bytes(&self, bytes: usize) -> Place {
        if bytes <= SMALL_BYTES {
            return Place::default();
        }
        // The semaphore is never closed.
        Place { permit: self.0.clone().acquire_owned().await.ok() }
    }

    /// Reads a body whole. It is bounded by its request's `max_bytes`.
    pub(crate) async fn read(&self, mut response: Response) -> Result<(Bytes, Place), Fault> {
        let mut body = BytesMut::new();
        while body.len() <= SMALL_BYTES {
            let Some(bytes) = response.chunk().await? else { return Ok((body.freeze(), Place::default())) };
            body.extend_from_slice(&bytes);
        }
        let place = self.for_bytes(body.len()).await;
        body.reserve(LARGE_BYTES - body.len());
        let rest = async {
            while let Some(bytes) = response.chunk().await? {
                body.extend_from_slice(&bytes);
            }
            Ok::<_, granary_fetch::Error>(())
        };
        match tokio::time::timeout(LONGEST, rest).await {
            Ok(read) => read?,
            Err(_) => {
                let detail = format!("{} takes longer than {} s", response.url, LONGEST.as_secs());
                return Err(Fault { reason: Reason::Timeout, detail, retry: Retry::Later });
            }
        }
        Ok((body.freeze(), place))
    }
}
