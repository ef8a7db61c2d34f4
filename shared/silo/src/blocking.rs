//! Work on files, off the threads that must not block.

use std::cell::Cell;

use futures::future::{BoxFuture, join_all};
use tokio::{runtime::Handle, sync::Semaphore, task::spawn_blocking};

use crate::silo::Silo;

/// How many works have a thread of their own at once. They wait for others that need one for a moment, of the 512 that a
/// runtime has, so that they must never be all.
static OWN_THREADS: Semaphore = Semaphore::const_new(128);

thread_local! {
    /// Whether this thread may block: then work on files is done where it is asked for.
    static MAY_BLOCK: Cell<bool> = const { Cell::new(false) };
}

/// Runs file work off the async threads. Once begun it runs to its end, even when the future is dropped.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> object_store::Result<T> + Send + 'static,
) -> object_store::Result<T> {
    if MAY_BLOCK.get() {
        return work();
    }
    match spawn_blocking(work).await {
        Ok(result) => result,
        Err(source) => Err(object_store::Error::JoinError { source }),
    }
}

impl Silo {
    /// Runs works on the silo's objects, and returns what they came to, in their order.
    ///
    /// In a bucket they wait for their answers at the same time. In a directory they run one after the other, on one thread that
    /// may block: to hand a file operation to another thread and to wake up again costs more than the operation. Of a hundred
    /// microseconds that a record took, handing over took fifty.
    ///
    /// When the future is dropped, works in a directory may go on.
    pub async fn run_all<T: Send + 'static>(&self, works: Vec<BoxFuture<'static, T>>) -> Vec<T> {
        if !self.is_in_directory() || MAY_BLOCK.get() {
            return join_all(works).await;
        }
        let one_after_the_other = async move {
            let mut done = Vec::with_capacity(works.len());
            for work in works {
                done.push(work.await);
            }
            done
        };
        on_own_thread(one_after_the_other).await
    }
}

/// Runs a work that does much with files, in a directory, on a thread that may block: what it asks of a directory is done there,
/// and not handed to other threads one by one. Whatever it spawns runs as ever. Beyond 128 at a time, works run as ever too.
///
/// On its own thread the work goes on when the future is dropped; nobody is told what it came to.
pub async fn on_own_thread<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let Ok(place) = OWN_THREADS.try_acquire() else { return work.await };
    let runtime = Handle::current();
    let thread = spawn_blocking(move || {
        let _entered = (MayBlock::enter(), place);
        runtime.block_on(work)
    });
    match thread.await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime ends, and this future with it.
        Err(_) => std::future::pending().await,
    }
}

/// As long as it is held, its thread may block. The pool uses the thread for other things afterwards.
struct MayBlock;

impl MayBlock {
    fn enter() -> Self {
        MAY_BLOCK.set(true);
        Self
    }
}

impl Drop for MayBlock {
    fn drop(&mut self) {
        MAY_BLOCK.set(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn works_that_are_more_than_threads_do_not_keep_each_other_waiting() {
        let work = |number| async move {
            assert!(number >= 128 || MAY_BLOCK.get(), "{number}");
            tokio::spawn(blocking(move || Ok(number))).await.unwrap().unwrap()
        };
        let done = join_all((0..600).map(|number| on_own_thread(work(number)))).await;
        assert_eq!(done, (0..600).collect::<Vec<_>>());
    }
}
