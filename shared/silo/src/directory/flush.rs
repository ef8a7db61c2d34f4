//! Flushing a file system, once for all that want it at the same time.

use std::sync::atomic::{AtomicU64, Ordering};

use object_store::Result;
use tokio::sync::Mutex;

/// The flushes of a directory, numbered from 1.
#[derive(Debug, Default)]
pub(super) struct Flushes {
    /// The number of the last that has begun.
    begun: AtomicU64,
    /// The number of the last that has ended well; held while one is under way.
    done: Mutex<u64>,
}

impl Flushes {
    /// Returns once a flush has ended that began after this was called: `flush`, unless another one who waited has had one
    /// meanwhile, which serves both.
    pub(super) async fn share(&self, flush: impl Future<Output = Result<()>>) -> Result<()> {
        let begun = self.begun.load(Ordering::SeqCst);
        let mut done = self.done.lock().await;
        if *done > begun {
            return Ok(());
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        flush.await?;
        *done = number;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::atomic::{AtomicU32, Ordering::Relaxed},
    };

    use futures::{FutureExt, future};
    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn those_who_come_during_a_flush_share_the_next_one() {
        let (flushes, count, disk) = (Flushes::default(), AtomicU32::new(0), Notify::new());
        let flush = || async {
            count.fetch_add(1, Relaxed);
            disk.notified().await;
            Ok(())
        };
        let mut first = pin!(flushes.share(flush()));
        assert!(first.as_mut().now_or_never().is_none());
        let mut late =
            pin!(future::try_join3(flushes.share(flush()), flushes.share(flush()), flushes.share(flush())));
        assert!(late.as_mut().now_or_never().is_none());
        disk.notify_one();
        first.await.unwrap();
        assert!(
            late.as_mut().now_or_never().is_none(),
            "what they have written may have come too late for the first"
        );
        disk.notify_one();
        late.await.unwrap();
        assert_eq!(count.load(Relaxed), 2);
    }

    #[tokio::test]
    async fn a_flush_that_fails_serves_nobody_else() {
        let flushes = Flushes::default();
        let fails = async {
            tokio::task::yield_now().await;
            Err(object_store::Error::NotImplemented { operation: "flush".into(), implementer: "this".into() })
        };
        let (failed, other) = tokio::join!(flushes.share(fails), flushes.share(async { Ok(()) }));
        assert!(failed.is_err());
        other.unwrap();
        assert_eq!(*flushes.done.lock().await, 2);
    }
}
