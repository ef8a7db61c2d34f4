//! The download step: takes a batch of tasks and answers for each one.

use std::{collections::BTreeMap, time::Duration};

use futures::{StreamExt, stream};
use granary_fetch::Retry;
use granary_queue::{Burial, Counters, Message, Settled, Task};
use tokio::time::{Instant, error::Elapsed};

use crate::{
    clock,
    context::{Context, Progress},
    error::Error,
    object_batch::{ObjectBatch, Settlement, Worked},
    reason::Reason,
    report::Counts,
    tally::{QUEUED, SETTLED},
    transfer::{Fault, in_full},
};

/// How often a task is tried before it goes to the dead letters. Each try asks more than once by itself.
const ATTEMPTS: u32 = 4;

/// How often a task waits because a server says so.
const WAITS: u32 = 20;

/// How long a message stays hidden while it is worked on; renewed while that lasts.
pub(crate) const VISIBILITY: Duration = Duration::from_secs(300);

/// How many objects of a batch are worked on at once. The connections to a host are bounded elsewhere.
const OBJECTS_AT_ONCE: usize = 10;

/// A message that was read as a task.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) message: Message,
    pub(crate) task: Task,
}

/// Works a batch: groups it by object, fetches, checks, stores, writes one manifest for each object, and only then
/// acknowledges. What failed for now is given back with a delay; what failed for good goes to the dead letters with its
/// reason, and into the manifest.
///
/// Objects that are not done by the `deadline` are left; what is done is settled. The tasks left are given back at once,
/// or given up after as many tries as others that fail for now.
///
/// May be cut short anywhere: what was not acknowledged comes back, and finds what is stored.
///
/// # Errors
/// When the store or the queue fails. The messages not settled by then come back by themselves.
pub async fn download_step(
    context: &Context,
    messages: Vec<Message>,
    deadline: Option<Instant>,
) -> Result<(), Error> {
    let mut objects: BTreeMap<(String, String), Vec<Job>> = BTreeMap::new();
    for message in messages {
        match Task::parse(&message.body) {
            Ok(task) => {
                let object = (task.silo_name().to_owned(), task.pid.clone());
                objects.entry(object).or_default().push(Job { message, task });
            }
            Err(error) => {
                let fault = Fault::for_good(Reason::BadMessage, in_full(&error));
                bury(context, &message, None, &fault, Counts::failed()).await?;
                Progress::add(&context.progress.failed, 1);
                Progress::add(&context.progress.settled, 1);
            }
        }
    }
    let receipts: Vec<_> = objects.values().flatten().map(|job| job.message.receipt.clone()).collect();
    let work = work_objects(context, objects, deadline);
    tokio::pin!(work);
    loop {
        tokio::select! {
            result = &mut work => return result,
            () = tokio::time::sleep(VISIBILITY / 3) => context.queue.extend(&receipts, VISIBILITY).await?,
        }
    }
}

async fn work_objects(
    context: &Context,
    objects: BTreeMap<(String, String), Vec<Job>>,
    deadline: Option<Instant>,
) -> Result<(), Error> {
    let mut left = BTreeMap::new();
    if deadline.is_some() {
        left.extend(objects.values().flatten().map(|job| (job.message.receipt.clone(), job.clone())));
    }
    let mut work = stream::iter(objects)
        .map(|((silo, pid), jobs)| async move { ObjectBatch::work(context, &silo, &pid, jobs).await })
        .buffer_unordered(OBJECTS_AT_ONCE);
    let mut all = Worked::default();
    let mut failure = None;
    while let Ok(Some(result)) = before(deadline, work.next()).await {
        match result {
            Ok(worked) => {
                worked.settled.iter().for_each(|(job, _)| drop(left.remove(&job.message.receipt)));
                all.settled.extend(worked.settled);
                all.tasks.extend(worked.tasks);
            }
            // The others finish: what they have stored is theirs to acknowledge.
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    drop(work);
    if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
        all.settled.extend(left.into_values().map(out_of_time));
    }
    context.granary.sync().await?;
    context.queue.send(&all.tasks).await?;
    Progress::add(&context.progress.queued, all.tasks.len() as u64);
    if !context.queue.keeps_counters() {
        tally(context, &all).await?;
    }
    settle(context, all.settled).await?;
    failure.map_or(Ok(()), Err)
}

/// What the future gives, unless the deadline comes first.
async fn before<T>(deadline: Option<Instant>, future: impl Future<Output = T>) -> Result<T, Elapsed> {
    match deadline {
        Some(deadline) => tokio::time::timeout_at(deadline, future).await,
        None => Ok(future.await),
    }
}

fn out_of_time(job: Job) -> (Job, Settlement) {
    let detail = format!(
        "{} could not be fetched in the time that there is; `granary work` on a machine of your own has no limit",
        job.task.url
    );
    let fault = Fault { reason: Reason::Timeout, detail, retry: Retry::Later };
    let settlement = match again(&fault, job.message.attempts) {
        Some(delay) => Settlement::Again(delay),
        None => Settlement::Failed(fault, Counts::failed()),
    };
    (job, settlement)
}

/// Counts what is about to be settled, and what follows from it, for the runs concerned.
async fn tally(context: &Context, worked: &Worked) -> Result<(), Error> {
    let mut tallies: BTreeMap<(&str, &str), Counters> = BTreeMap::new();
    for (job, settlement) in &worked.settled {
        let (Some(run), Some(counts)) = (&job.task.run, settlement.counts()) else { continue };
        let tally = tallies.entry((job.task.silo_name(), run)).or_default();
        tally.merge(&counts.to_counters());
        tally.add(SETTLED, 1);
    }
    for task in &worked.tasks {
        let Some(run) = &task.run else { continue };
        tallies.entry((task.silo_name(), run)).or_default().add(QUEUED, 1);
    }
    for ((silo, run), counters) in tallies {
        if let Ok(silo) = silo.parse() {
            context.granary.tally(&silo, run, &counters).await?;
        }
    }
    Ok(())
}

async fn settle(context: &Context, settlements: Vec<(Job, Settlement)>) -> Result<(), Error> {
    let mut done = Vec::new();
    let mut settled = 0;
    for (job, settlement) in settlements {
        match settlement {
            Settlement::Done(counts) => {
                Progress::add(&context.progress.files, counts.files);
                settled += 1;
                let counters = counts.to_counters();
                done.push(Settled { receipt: job.message.receipt, run: job.task.run, counters });
            }
            Settlement::Failed(fault, counts) => {
                settled += 1;
                Progress::add(&context.progress.failed, 1);
                bury(context, &job.message, job.task.run, &fault, counts).await?;
            }
            Settlement::Again(delay) => context.queue.give_back(&job.message.receipt, delay).await?,
        }
    }
    context.queue.acknowledge(&done).await?;
    Progress::add(&context.progress.settled, settled);
    Ok(())
}

async fn bury(
    context: &Context,
    message: &Message,
    run: Option<String>,
    fault: &Fault,
    counts: Counts,
) -> Result<(), Error> {
    tracing::warn!(reason = %fault.reason, "given up: {}", fault.detail);
    let burial = Burial { reason: fault.reason.to_string(), detail: fault.detail.clone() };
    let counters = Settled { receipt: message.receipt.clone(), run, counters: counts.to_counters() };
    Ok(context.queue.bury(message, &counters, &burial).await?)
}

/// When to try a failed task again; nothing when it is to be given up.
pub(crate) fn again(fault: &Fault, attempts: u32) -> Option<Duration> {
    match fault.retry {
        Retry::Never => None,
        // A server that always says "later" is not asked for ever.
        Retry::NotBefore(_) if attempts >= WAITS => None,
        // Obeyed for as long as it takes.
        Retry::NotBefore(time) => Some((time - clock::now()).to_std().unwrap_or_default()),
        Retry::Later if attempts >= ATTEMPTS => None,
        // 2, 6, 18 seconds.
        Retry::Later => Some(Duration::from_secs(2 * 3u64.pow(attempts.saturating_sub(1).min(10)))),
    }
}
