//! Builds the real parts from the command line's options.

use std::{io::IsTerminal as _, sync::Arc};

use granary_fetch::Fetcher;
use granary_harvest::{Context, Granary, Source};
use granary_host::{Access, Fetching, QueueLocation};
use granary_queue::Queue;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::args::Global;

/// Starts the log on stderr: errors, or what `-v` and `GRANARY_LOG` ask for. In colour on a terminal, unless `NO_COLOR` is set.
pub(crate) fn log(global: &Global) {
    let is_coloured = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let _ = tracing_subscriber::fmt()
        .with_env_filter(log_filter(global))
        .with_writer(std::io::stderr)
        .with_ansi(is_coloured)
        .with_target(false)
        .try_init();
}

/// What of the log is to be seen on stderr.
pub(crate) fn log_filter(global: &Global) -> EnvFilter {
    let level = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (false, 0) => "error",
        (false, 1) => "warn,granary=info",
        (false, 2) => "info,granary=debug",
        (false, _) => "trace",
    };
    EnvFilter::try_from_env("GRANARY_LOG").unwrap_or_else(|_| EnvFilter::new(level))
}

/// The granary, opened for what is to be done with it.
async fn granary(global: &Global, access: Access) -> anyhow::Result<Granary> {
    Ok(granary_host::granary(&global.granary.parse()?, access).await?)
}

/// The granary, for reading.
pub(crate) async fn open(global: &Global) -> anyhow::Result<Granary> {
    granary(global, Access::Read).await
}

/// The granary, for reading, if there is one.
pub(crate) async fn open_existing(global: &Global) -> anyhow::Result<Option<Granary>> {
    match granary_host::granary(&global.granary.parse()?, Access::Read).await {
        Err(granary_host::Error::NoGranary(_)) => Ok(None),
        granary => Ok(Some(granary?)),
    }
}

/// A granary that is there, for writing.
pub(crate) async fn open_to_write(global: &Global) -> anyhow::Result<Granary> {
    granary(global, Access::Write).await
}

/// The granary, for writing; makes it when it is not there.
pub(crate) async fn create(global: &Global) -> anyhow::Result<Granary> {
    granary(global, Access::Create).await
}

fn queue_location(global: &Global, granary: &Granary) -> anyhow::Result<QueueLocation> {
    match &global.queue {
        Some(queue) => Ok(queue.parse()?),
        None => Ok(QueueLocation::of(granary)?),
    }
}

/// The queue, made when it is not there.
pub(crate) async fn create_queue(global: &Global, granary: &Granary) -> anyhow::Result<Arc<dyn Queue>> {
    Ok(granary_host::queue(&queue_location(global, granary)?).await?)
}

/// The queue, if there is one.
pub(crate) async fn existing_queue(
    global: &Global,
    granary: &Granary,
) -> anyhow::Result<Option<Arc<dyn Queue>>> {
    let location = queue_location(global, granary)?;
    match granary_host::existing_queue(&location).await {
        // A granary that can only be read: what is in its queue cannot be told, the rest can.
        Err(granary_host::Error::Queue(error @ granary_queue::Error::Unwritable { .. })) => {
            tracing::error!("{error}");
            Ok(None)
        }
        queue => Ok(queue?),
    }
}

/// The queue, if one is named or there is one: a granary in a bucket can be looked at without.
pub(crate) async fn existing_queue_if_any(
    global: &Global,
    granary: &Granary,
) -> anyhow::Result<Option<Arc<dyn Queue>>> {
    match global.queue.is_none() && granary.local().is_none() {
        true => Ok(None),
        false => existing_queue(global, granary).await,
    }
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
    let fetching = Fetching {
        contact: global.contact.clone(),
        allowed_hosts: global.allow_host.clone(),
        connections_per_host: workers,
        timeout: global.timeout.map(std::time::Duration::from_secs),
    };
    Ok(granary_host::fetcher(sources.iter().chain(more.iter().copied()), &fetching)?)
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
    Ok(Context::new(granary, queue, fetcher, stop.clone()))
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
