//! The download step: takes a batch of tasks and answers for each one.

use std::{collections::BTreeMap, time::Duration};

use futures::{StreamExt, stream};
use granary_fetch::Retry;
use granary_queue::{Burial, Counters, Message, Settled, Task};

use crate::{
    clock,
    context::{Context, Progress},
    error::Error,
    object_batch::{ObjectBatch, Settlement, Worked},
    reason::Reason,
    report::Counts,
    transfer::{Fault, in_full},
};

/// How often a task is tried before it goes to the dead letters. Each try asks more than once by itself.
const ATTEMPTS: u32 = 4;

/// How often a task waits because a server says so.
pub(crate) const WAITS: u32 = 20;

/// How long a message stays hidden while it is worked on; renewed while that lasts.
pub(crate) const VISIBILITY: Duration = Duration::from_secs(300);

/// How many objects of a batch are worked on at once. The connections to a host are bounded elsewhere.
const OBJECTS_AT_ONCE: usize = 10;

/// A message that was read as a task.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) message: Message,
    pub(crate) task: Task,
}

/// Works a batch: groups it by object, fetches, checks, stores, writes one manifest for each object, and only then
/// acknowledges. What failed for now is given back with a delay; what failed for good goes to the dead letters with its
/// reason, and into the manifest.
///
/// Where the host ends the step ([`Context::deadlines`]), what could not be fetched by then has failed for now, as what a server
/// lets time out; the rest is stored and settled.
///
/// May be cut short anywhere: what was not acknowledged comes back, and finds what is stored.
///
/// # Errors
/// When the store or the queue fails. The messages not settled by then come back by themselves.
pub async fn download_step(context: &Context, messages: Vec<Message>) -> Result<(), Error> {
    let mut objects: BTreeMap<(String, String), Vec<Job>> = BTreeMap::new();
    let mut failure = None;
    for message in messages {
        match Task::parse(&message.body) {
            Ok(task) => {
                let object = (task.silo_name().to_owned(), task.pid.clone());
                objects.entry(object).or_default().push(Job { message, task });
            }
            Err(error) => {
                let fault = Fault::for_good(Reason::BadMessage, in_full(&error));
                match bury(context, &message, None, &fault, Counts::failed()).await {
                    Ok(()) => Progress::add(&context.progress.settled, 1),
                    // The others are worked all the same.
                    Err(error) => failure = failure.or(Some(error)),
                }
                Progress::add(&context.progress.failed, 1);
            }
        }
    }
    let receipts: Vec<_> = objects.values().flatten().map(|job| job.message.receipt.clone()).collect();
    let work = work_objects(context, objects);
    tokio::pin!(work);
    loop {
        tokio::select! {
            result = &mut work => return failure.map_or(result, Err),
            () = tokio::time::sleep(VISIBILITY / 3) => context.queue.extend(&receipts, VISIBILITY).await?,
        }
    }
}

async fn work_objects(context: &Context, objects: BTreeMap<(String, String), Vec<Job>>) -> Result<(), Error> {
    let mut work = stream::iter(objects)
        .map(|((silo, pid), jobs)| async move { ObjectBatch::work(context, &silo, &pid, jobs).await })
        .buffer_unordered(OBJECTS_AT_ONCE);
    let mut all = Worked::default();
    let mut failure = None;
    // What is not done by the cut was stuck beyond its time: its messages come back by themselves.
    while let Some(Some(result)) = context.before_the_cut(work.next()).await {
        match result {
            Ok(worked) => {
                all.settled.extend(worked.settled);
                all.tasks.extend(worked.tasks);
            }
            // The others finish: what they have stored is theirs to acknowledge.
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    context.granary.sync().await?;
    send(context, &all.tasks).await?;
    if !context.queue.keeps_counters() {
        tally_settled(context, &all.settled).await?;
    }
    settle(context, all.settled).await?;
    failure.map_or(Ok(()), Err)
}

/// Queues tasks. Where the queue cannot keep count, they are noted first.
pub(crate) async fn send(context: &Context, tasks: &[Task]) -> Result<(), Error> {
    if tasks.is_empty() {
        return Ok(());
    }
    let bodies: Vec<_> = tasks.iter().map(Task::to_body).collect();
    if !context.queue.keeps_counters() {
        let mut runs: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
        for (task, body) in tasks.iter().zip(&bodies) {
            let Some(run) = &task.run else { continue };
            runs.entry((task.silo_name(), run)).or_default().push(body.clone());
        }
        for ((silo, run), bodies) in runs {
            if let Ok(silo) = silo.parse() {
                context.granary.tally_queued(&silo, run, &bodies).await?;
            }
        }
    }
    context.queue.send_bodies(&bodies).await?;
    Progress::add(&context.progress.queued, tasks.len() as u64);
    Ok(())
}

/// Notes what is about to be settled, for the runs concerned.
async fn tally_settled(context: &Context, settled: &[(Job, Settlement)]) -> Result<(), Error> {
    let mut runs: BTreeMap<(&str, &str), (Counters, Vec<String>)> = BTreeMap::new();
    for (job, settlement) in settled {
        let (Some(run), Some(counts)) = (&job.task.run, settlement.counts()) else { continue };
        let (counters, bodies) = runs.entry((job.task.silo_name(), run)).or_default();
        counters.merge(&counts.to_counters());
        // As it was written when it was sent: on its way its JSON may have been laid out anew.
        bodies.push(job.task.to_body());
    }
    for ((silo, run), (counters, bodies)) in runs {
        if let Ok(silo) = silo.parse() {
            context.granary.tally_settled(&silo, run, &counters, &bodies).await?;
        }
    }
    Ok(())
}

/// Settles each message. One that cannot be settled does not keep the others: the first failure is returned at the end.
async fn settle(context: &Context, settlements: Vec<(Job, Settlement)>) -> Result<(), Error> {
    let (mut done, mut failed, mut again) = (Vec::new(), Vec::new(), Vec::new());
    for (job, settlement) in settlements {
        match settlement {
            Settlement::Done(counts) => {
                let task = &job.task;
                tracing::debug!(silo = task.silo_name(), files = counts.files, "done: {}", task.url);
                Progress::add(&context.progress.files, counts.files);
                let counters = counts.to_counters();
                done.push(Settled { receipt: job.message.receipt, run: job.task.run, counters });
            }
            Settlement::Failed(fault, counts) => failed.push((job, fault, counts)),
            Settlement::Again(delay) => again.push((job.message.receipt, delay)),
        }
    }
    context.queue.acknowledge(&done).await?;
    Progress::add(&context.progress.settled, done.len() as u64);
    let mut failure = None;
    for (job, fault, counts) in failed {
        Progress::add(&context.progress.failed, 1);
        match bury(context, &job.message, job.task.run, &fault, counts).await {
            Ok(()) => Progress::add(&context.progress.settled, 1),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    for (receipt, delay) in again {
        let given = context.queue.give_back(&receipt, delay).await;
        failure = failure.or(given.err().map(Error::from));
    }
    failure.map_or(Ok(()), Err)
}

/// There was no time for a request: the host ends the step.
pub(crate) fn out_of_time(task: &Task) -> Fault {
    let detail = format!(
        "{} could not be fetched in the time that there is; `granary work` on a machine of your own has no limit",
        task.url
    );
    Fault { reason: Reason::Timeout, detail, retry: Retry::Later }
}

async fn bury(
    context: &Context,
    message: &Message,
    run: Option<String>,
    fault: &Fault,
    counts: Counts,
) -> Result<(), Error> {
    let task = Task::parse(&message.body).ok();
    let silo = task.as_ref().map(Task::silo_name).unwrap_or_default();
    tracing::warn!(silo, reason = %fault.reason, "given up: {}", fault.detail);
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
