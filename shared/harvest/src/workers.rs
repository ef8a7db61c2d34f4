//! Works the queue: several loops of the download step, until there is nothing left or the host stops.

use std::{
    future::pending,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use futures::future::{AbortHandle, abortable};
use granary_queue::{Depth, Select};
use granary_silo::on_own_thread;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};

use crate::{
    clock,
    context::Context,
    download::{VISIBILITY, download_step},
    error::Error,
};

/// The most messages that one call takes: what SQS gives at most.
const BATCH: usize = 10;

/// How long to wait before an empty queue is asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// How long a queue gives nothing before what it holds is taken for put off, where it cannot tell.
const SILENCE: Duration = Duration::from_secs(180);

/// The longest wait for a task that a server has put off; who is told to wait longer ends, and says so.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(5);

/// Whether all that is left has to wait for long.
pub(crate) fn is_far_off(depth: &Depth) -> bool {
    let far = depth.next_ready.is_some_and(|ready| ready - clock::now() > LONGEST_WAIT);
    far && depth.waiting + depth.in_flight == 0
}

/// When workers stop by themselves.
#[derive(Debug, Clone)]
pub enum Until {
    /// Never: only when the host stops them.
    Stopped,
    /// When the queue is empty, delayed tasks and those in other hands included; or when all that is left has to wait for
    /// more than five minutes, because a server says so.
    Drained,
    /// As [`Until::Drained`], but not before this says `true`: somebody may still be sending.
    DrainedAfter(watch::Receiver<bool>),
}

impl Until {
    fn may_end(&self) -> bool {
        match self {
            Self::Stopped => false,
            Self::Drained => true,
            Self::DrainedAfter(sent) => *sent.borrow(),
        }
    }

    /// Waits until workers may end: for ever, if nobody will ever say so.
    async fn wait(&mut self) {
        let will_end = match self {
            Self::Stopped => false,
            Self::Drained => true,
            Self::DrainedAfter(sent) => sent.wait_for(|is_sent| *is_sent).await.is_ok(),
        };
        if !will_end {
            pending::<()>().await;
        }
    }
}

/// Runs `workers` loops of the download step over the tasks of `select`. What is in hand is finished before it returns.
///
/// # Errors
/// The first failure of the store or the queue ends all loops. Nothing is lost by it.
pub async fn work(context: &Context, select: &Select, workers: usize, until: Until) -> Result<(), Error> {
    let mut loops = JoinSet::new();
    let one_ended = Arc::new(Notify::new());
    for _ in 0..workers.max(1) {
        let (context, select, until) = (context.clone(), select.clone(), until.clone());
        let one_ended = one_ended.clone();
        loops.spawn(on_its_thread(context.granary.local().is_some(), async move {
            let ended = one_loop(&context, &select, until, &one_ended).await;
            one_ended.notify_waiters();
            ended
        }));
    }
    let mut result = Ok(());
    while let Some(ended) = loops.join_next().await {
        let ended = match ended {
            Ok(ended) => ended,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        if ended.is_err() && result.is_ok() {
            result = ended;
            // The others finish what they hold.
            context.stop.cancel();
        }
    }
    result
}

/// Runs a loop; over a directory on a thread of its own. A small file takes ten operations on files, and to hand each to another
/// thread took a third of the time.
async fn on_its_thread(
    is_in_directory: bool,
    one_loop: impl Future<Output = Result<(), Error>> + Send + 'static,
) -> Result<(), Error> {
    if !is_in_directory {
        return one_loop.await;
    }
    let (one_loop, handle) = abortable(one_loop);
    // Whoever drops this future drops the loop, on whatever thread it is.
    let _dropped = AbortOnDrop(handle);
    on_own_thread(one_loop).await.unwrap_or(Ok(()))
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn one_loop(
    context: &Context,
    select: &Select,
    mut until: Until,
    one_ended: &Notify,
) -> Result<(), Error> {
    let mut last = Instant::now();
    while !context.stop.is_cancelled() {
        let messages = context.queue.receive(BATCH, VISIBILITY, select).await?;
        if !messages.is_empty() {
            download_step(context, messages).await?;
            last = Instant::now();
            continue;
        }
        let may_end = until.may_end();
        if may_end {
            let depth = context.queue.depth(select).await?;
            // A queue that cannot tell what is put off, nor whose messages it holds, shows it by silence.
            let is_silent = !context.queue.keeps_counters() && last.elapsed() > SILENCE;
            if depth.is_drained() || is_far_off(&depth) || is_silent {
                return Ok(());
            }
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = context.stop.cancelled() => {}
            // What made another end, or kept this one from it, is asked again at once.
            () = one_ended.notified() => {}
            () = until.wait(), if !may_end => {}
        }
    }
    Ok(())
}
