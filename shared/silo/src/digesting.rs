//! Digests of a file that is being received: of a large one they are counted on threads of their own, while more comes.

use std::sync::Arc;

use bytes::Bytes;
use md5::Md5;
use sha2::{Digest, Sha256};
use tokio::{
    sync::mpsc,
    task::{JoinHandle, spawn_blocking},
};

use crate::digest::{Digester, Digests};

/// From this size on a digest gets a thread: what is smaller is done before a thread has woken up often enough to be worth it.
const LARGE: u64 = 4 << 20;

/// How many bytes a thread is given at once, at least: to wake it up for every packet would cost more than to count it.
const LOAD: usize = 256 << 10;

/// How many loads may wait for each digest, so that memory stays small when they come faster than they are counted.
const LOADS_WAITING: usize = 8;

/// The digests so far.
pub(crate) enum Digesting {
    Here(Digester),
    Beside(Lanes),
    Done(Digests),
}

impl Default for Digesting {
    fn default() -> Self {
        Self::Here(Digester::default())
    }
}

impl Digesting {
    /// Takes the next piece. Waits while too many have not been counted yet.
    pub(crate) async fn take(&mut self, piece: Bytes) {
        match self {
            Self::Here(digester) if digester.size() < LARGE => digester.update(&piece),
            Self::Here(digester) => {
                let (size, sha256, md5) = std::mem::take(digester).into_parts();
                let (sha256, md5) = (Lane::start(sha256), Lane::start(md5));
                let mut lanes = Lanes { size, sha256, md5, load: Vec::new(), loaded: 0 };
                lanes.take(piece).await;
                *self = Self::Beside(lanes);
            }
            Self::Beside(lanes) => lanes.take(piece).await,
            Self::Done(_) => unreachable!("nothing is written to a file after its end"),
        }
    }

    /// The digests of all pieces. Nothing can be taken afterwards.
    pub(crate) async fn finish(&mut self) -> Digests {
        let digests = match std::mem::take(self) {
            Self::Here(digester) => digester.finish(),
            Self::Beside(lanes) => lanes.finish().await,
            Self::Done(digests) => digests,
        };
        *self = Self::Done(digests.clone());
        digests
    }
}

/// Both digests, each on its own thread.
pub(crate) struct Lanes {
    size: u64,
    sha256: Lane<Sha256>,
    md5: Lane<Md5>,
    /// What is to be handed over next.
    load: Vec<Bytes>,
    loaded: usize,
}

impl Lanes {
    async fn take(&mut self, piece: Bytes) {
        self.size += piece.len() as u64;
        self.loaded += piece.len();
        self.load.push(piece);
        if self.loaded >= LOAD {
            self.hand_over().await;
        }
    }

    async fn hand_over(&mut self) {
        let load: Arc<[Bytes]> = std::mem::take(&mut self.load).into();
        self.loaded = 0;
        self.sha256.take(load.clone()).await;
        self.md5.take(load).await;
    }

    async fn finish(mut self) -> Digests {
        self.hand_over().await;
        Digester::from_parts(self.size, self.sha256.finish().await, self.md5.finish().await).finish()
    }
}

/// A digest on its own thread, which ends when this is dropped.
struct Lane<D> {
    loads: mpsc::Sender<Arc<[Bytes]>>,
    digest: JoinHandle<D>,
}

impl<D: Digest + Send + 'static> Lane<D> {
    fn start(mut digest: D) -> Self {
        let (loads, mut coming) = mpsc::channel::<Arc<[Bytes]>>(LOADS_WAITING);
        let digest = spawn_blocking(move || {
            while let Some(load) = coming.blocking_recv() {
                load.iter().for_each(|piece| digest.update(piece));
            }
            digest
        });
        Self { loads, digest }
    }

    async fn take(&self, load: Arc<[Bytes]>) {
        // Nobody is there to take it only when the thread has panicked: `finish` tells.
        let _ = self.loads.send(load).await;
    }

    async fn finish(self) -> D {
        drop(self.loads);
        match self.digest.await {
            Ok(digest) => digest,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime ends, and this future with it.
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_digests_of_a_file_are_the_same_on_its_thread_and_on_others() {
        for size in [0, 1, LARGE as usize - 1, LARGE as usize, LARGE as usize + 1, 3 * LARGE as usize] {
            let bytes = Bytes::from((0..size).map(|at| (at % 251) as u8).collect::<Vec<_>>());
            let mut digesting = Digesting::default();
            for piece in bytes.chunks(300_007) {
                digesting.take(bytes.slice_ref(piece)).await;
            }
            let digests = digesting.finish().await;
            assert_eq!(digests, Digests::of(&bytes), "{size}");
            assert_eq!(digesting.finish().await, digests);
        }
    }
}
