//! `granary serve`: schedule, workers and console in one process.

use std::{
    fs::{self, File},
    io::BufReader,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use granary_console::{Console, Guard, Secret};
use granary_harvest::Granary;
use granary_supervisor::{Log, Settings, Supervisor};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::{EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};
use url::Url;

use crate::{
    args::Global,
    exit::{Exit, Misuse},
    printer::Printer,
    server::{Notice, new_key},
    setup,
};

/// How many days of the log are kept.
const DAYS_OF_LOG: usize = 30;

/// Run the schedule, the workers and a web console, until Ctrl-C or SIGTERM
///
/// Sources are harvested as often as their --every says, once a day otherwise. The console shows everything and can start and stop
/// it; so can `granary start`, `stop`, `tail` and `status` on this machine. What is in hand is finished and saved at the end; killed
/// instead, the next `serve` goes on.
///
/// Whoever reaches the console may use it: it listens to this machine only. To listen to others, give it a secret: write one to a
/// file with `granary serve --set-secret FILE`, and start with --auth FILE. TLS is the business of a proxy in front of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// Where the console listens; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8470")]
    listen: SocketAddr,
    /// The file with the hash of the secret; or the hash itself in GRANARY_AUTH
    #[arg(long, value_name = "FILE")]
    auth: Option<PathBuf>,
    /// Ask for a secret, or read it from standard input, write its hash to this file, and end
    #[arg(long, value_name = "FILE", exclusive = true)]
    set_secret: Option<PathBuf>,
    /// Only show the granary: no schedule, no workers, no change
    #[arg(long)]
    read_only: bool,
    /// How many files are fetched at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: u16,
}

pub(crate) async fn run(global: &Global, printer: Printer, command: &Serve) -> anyhow::Result<Exit> {
    if let Some(file) = &command.set_secret {
        return set_secret(printer, file);
    }
    let secret = secret(command.auth.as_deref())?;
    if secret.is_none() && !command.listen.ip().is_loopback() {
        let text = format!(
            "{} can be reached by others: give a secret with --auth FILE (`granary serve --set-secret FILE` makes one)",
            command.listen.ip()
        );
        return Err(Misuse(text).into());
    }
    let stop = setup::stop_on_signal()?;
    let granary = match command.read_only {
        true => setup::open(global).await?,
        false => setup::create(global).await?,
    };
    let local = granary.local().filter(|_| !command.read_only);
    // One at a time: the second would not see what the first has switched off.
    let _alone = local.as_deref().map(alone).transpose()?;
    let log = start_log(global, local.as_deref())?;
    let listener = TcpListener::bind(command.listen)
        .await
        .map_err(|error| Misuse(format!("cannot listen on {}: {error}", command.listen)))?;
    let address = listener.local_addr()?;
    let url = Url::parse(&format!("http://{address}/"))?;
    let supervisor = match command.read_only {
        true => None,
        false => Some(supervise(global, granary.clone(), command.workers, &stop).await?),
    };
    let key = new_key().context("cannot make a key")?;
    let queue = match &supervisor {
        Some(supervisor) => Some(supervisor.context().queue.clone()),
        None => setup::existing_queue_if_any(global, &granary).await?,
    };
    let guard = match secret {
        Some(secret) => Guard::Secret(secret),
        None => Guard::Loopback { port: address.port() },
    };
    let console = Console { granary, queue, supervisor: supervisor.clone(), log, guard, key: key.clone() };
    if let Some(local) = &local {
        let notice = Notice { url: url.clone(), key, pid: std::process::id() };
        notice.leave(local).with_context(|| format!("cannot write to {}", local.display()))?;
    }
    tracing::info!(%url, "the server is up");
    printer.result(&serde_json::json!({"url": url}), |out| {
        use std::io::Write as _;
        writeln!(out, "{url}")
    })?;
    printer.say("Ctrl-C ends it: what is in hand is finished and saved");
    granary_console::serve(listener, console, stop.clone()).await;
    stop.cancel();
    if let Some(supervisor) = &supervisor {
        supervisor.ended().await;
    }
    if let Some(local) = &local {
        Notice::remove(local);
    }
    tracing::info!("the server has ended");
    Ok(Exit::Done)
}

async fn supervise(
    global: &Global,
    granary: Granary,
    workers: u16,
    stop: &CancellationToken,
) -> anyhow::Result<Supervisor> {
    let workers = usize::from(workers);
    let context = setup::context(global, granary, &[], workers, stop).await?;
    // Each loop takes up to ten tasks at a time; the connections are bounded for each host.
    Ok(Supervisor::start(context, Settings { workers: workers.div_ceil(2) }))
}

/// The lock that a server holds while it runs.
fn alone(local: &Path) -> anyhow::Result<File> {
    let path = local.join("server.lock");
    let failed = || format!("cannot open {}", path.display());
    fs::create_dir_all(local).with_context(failed)?;
    let file = File::options().create(true).append(true).open(&path).with_context(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(Misuse(
            "a `granary serve` runs over this granary already; `granary status` says where".to_owned(),
        )
        .into()),
        Err(fs::TryLockError::Error(error)) => Err(error).with_context(failed),
    }
}

/// Starts the log: on stderr what `-v` asks for; everything that people want to know later in the granary's own folder.
fn start_log(global: &Global, local: Option<&Path>) -> anyhow::Result<Log> {
    let log = match local {
        None => Log::default(),
        Some(local) => {
            let folder = local.join("log");
            // The appender looks through it for old files before it makes it, and complains.
            fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
            let appender = RollingFileAppender::builder()
                .rotation(Rotation::DAILY)
                .filename_prefix("granary")
                .filename_suffix("log")
                .max_log_files(DAYS_OF_LOG)
                .build(&folder)
                .with_context(|| format!("cannot write the log to {}", folder.display()))?;
            let log = Log::written_to(Box::new(appender));
            for file in latest_logs(&folder) {
                log.remember(BufReader::new(file));
            }
            log
        }
    };
    let heard = EnvFilter::new("info,granary_harvest::download=debug");
    let stderr = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    tracing_subscriber::registry()
        .with(stderr.with_filter(setup::log_filter(global)))
        .with(log.clone().with_filter(heard))
        .try_init()?;
    Ok(log)
}

/// The files of the last two days with a log, the older first.
pub(crate) fn latest_logs(folder: &Path) -> Vec<File> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "log"))
        .collect();
    // Their names are dates.
    paths.sort();
    let skipped = paths.len().saturating_sub(2);
    paths.into_iter().skip(skipped).filter_map(|path| File::open(path).ok()).collect()
}

/// The secret that opens the console, if there is one.
fn secret(file: Option<&Path>) -> anyhow::Result<Option<Secret>> {
    let (hash, from) = match (file, std::env::var("GRANARY_AUTH")) {
        (Some(file), _) => {
            let text = fs::read_to_string(file)
                .map_err(|error| Misuse(format!("cannot read {}: {error}", file.display())))?;
            (text, file.display().to_string())
        }
        (None, Ok(hash)) => (hash, "GRANARY_AUTH".to_owned()),
        (None, Err(_)) => return Ok(None),
    };
    let secret = Secret::from_phc(&hash).map_err(|error| Misuse(format!("{from}: {error}")))?;
    Ok(Some(secret))
}

fn set_secret(printer: Printer, file: &Path) -> anyhow::Result<Exit> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let plain =
        rpassword::prompt_password("Secret: ").or_else(|_| std::io::read_to_string(std::io::stdin()))?;
    let secret = Secret::from_plain(&plain).map_err(|error| Misuse(error.to_string()))?;
    let written = File::options().write(true).create(true).truncate(true).mode(0o600).open(file);
    written
        .and_then(|mut written| writeln!(written, "{}", secret.phc()))
        .map_err(|error| Misuse(format!("cannot write {}: {error}", file.display())))?;
    printer.say(format_args!("`granary serve --auth {}` asks for it", file.display()));
    Ok(Exit::Done)
}
