//! Builds the real parts from the command line's options.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use granary_fetch::{Fetcher, Policy};
use granary_harvest::{Context, Granary, Progress, Source};
use granary_queue::{Queue, SqliteQueue};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::{args::Global, exit::Misuse};

/// Starts the log on stderr: warnings, or what `-v` and `GRANARY_LOG` ask for.
pub(crate) fn log(global: &Global) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (false, 0) => "error",
        (false, 1) => "warn,granary=info",
        (false, 2) => "info,granary=debug",
        (false, _) => "trace",
    };
    let filter = EnvFilter::try_from_env("GRANARY_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .try_init();
}

/// The directory of the granary.
pub(crate) fn root(global: &Global) -> anyhow::Result<PathBuf> {
    if global.granary.contains("://") {
        let text = format!("{} is no directory; this version keeps a granary in a directory", global.granary);
        return Err(Misuse(text).into());
    }
    Ok(PathBuf::from(&global.granary))
}

/// The granary, for reading.
pub(crate) fn open(global: &Global) -> anyhow::Result<Granary> {
    let root = root(global)?;
    if !root.exists() {
        let text = format!("there is no granary at {}; `granary harvest URL` makes one", root.display());
        return Err(Misuse(text).into());
    }
    Granary::open(&root).with_context(|| format!("cannot open the granary {}", root.display()))
}

/// A granary that is there, for writing.
pub(crate) fn open_to_write(global: &Global) -> anyhow::Result<Granary> {
    open(global)?;
    create(global)
}

/// The granary, for writing; makes it when it is not there.
pub(crate) fn create(global: &Global) -> anyhow::Result<Granary> {
    let root = root(global)?;
    Granary::create(&root).with_context(|| {
        format!("cannot write to the granary {}; choose another with --granary", root.display())
    })
}

fn queue_path(global: &Global, granary: &Granary) -> anyhow::Result<PathBuf> {
    match (&global.queue, granary.local()) {
        (Some(queue), _) if queue.contains("://") => {
            Err(Misuse(format!("{queue} is no file; this version keeps its queue in an SQLite file")).into())
        }
        (Some(queue), _) => Ok(PathBuf::from(queue)),
        (None, Some(local)) => Ok(local.join("queue.sqlite")),
        (None, None) => Err(Misuse("name a queue with --queue".to_owned()).into()),
    }
}

/// The queue, made when it is not there.
pub(crate) async fn create_queue(global: &Global, granary: &Granary) -> anyhow::Result<Arc<dyn Queue>> {
    let path = queue_path(global, granary)?;
    let queue = open_queue(&path).await?;
    // What a killed process on this machine held is free at once.
    let released = queue.release_abandoned().await?;
    if released > 0 {
        tracing::info!(released, "took back the tasks of a process that is gone");
    }
    Ok(Arc::new(queue))
}

async fn open_queue(path: &Path) -> anyhow::Result<SqliteQueue> {
    SqliteQueue::open(path).await.with_context(|| format!("cannot use the queue {}", path.display()))
}

/// The queue, if there is one.
pub(crate) async fn existing_queue(
    global: &Global,
    granary: &Granary,
) -> anyhow::Result<Option<Arc<dyn Queue>>> {
    let path = queue_path(global, granary)?;
    let queue = match SqliteQueue::open_existing(&path).await {
        // A granary that can only be read: what is in its queue cannot be told, the rest can.
        Err(error @ granary_queue::Error::Unwritable { .. }) => {
            tracing::error!("{error}");
            return Ok(None);
        }
        queue => queue,
    };
    let queue = queue.with_context(|| format!("cannot use the queue {}", path.display()))?;
    Ok(queue.map(|queue| Arc::new(queue) as Arc<dyn Queue>))
}

/// What is fetched, how, and from where: the hosts of all sources, of `more`, and those named are trusted.
pub(crate) async fn fetcher(
    global: &Global,
    granary: Option<&Granary>,
    more: &[&Source],
    workers: usize,
) -> anyhow::Result<Fetcher> {
    let sources = match granary {
        Some(granary) => granary.sources().await?,
        None => Vec::new(),
    };
    let all = || sources.iter().chain(more.iter().copied());
    let mut trusted_hosts: BTreeSet<String> =
        global.allow_host.iter().map(|host| host.to_lowercase()).collect();
    trusted_hosts.extend(all().filter_map(|source| source.url.host_str()).map(str::to_lowercase));
    let contact = global.contact.clone().or_else(|| all().find_map(|source| source.contact.clone()));
    let policy = Policy { contact, trusted_hosts, connections_per_host: workers, ..Policy::default() };
    Ok(Fetcher::new(policy)?)
}

/// All parts of a step.
pub(crate) async fn context(
    global: &Global,
    granary: Granary,
    more: &[&Source],
    workers: usize,
    stop: &CancellationToken,
) -> anyhow::Result<Context> {
    let fetcher = fetcher(global, Some(&granary), more, workers).await?;
    let queue = create_queue(global, &granary).await?;
    Ok(Context { granary, queue, fetcher, stop: stop.clone(), progress: Arc::new(Progress::default()) })
}

/// A token that Ctrl-C or SIGTERM cancels. A second one ends the process at once; nothing is lost by that either.
pub(crate) fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let stop = CancellationToken::new();
    let token = stop.clone();
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            if token.is_cancelled() {
                std::process::exit(130);
            }
            token.cancel();
        }
    });
    Ok(stop)
}
