//! `granary harvest`: the whole job.

use std::{
    collections::BTreeMap,
    io::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use granary_harvest::{
    Context, Error, HarvestRun, Listing, MaxAbsent, Outstanding, Progress, Report, Source, Until, check, work,
};
use granary_queue::Select;
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    args::Global,
    commands::{
        add::SourceOptions,
        dry_run::{self, Shown},
        sweep,
    },
    exit::{Exit, Misuse},
    printer::{Printer, bytes, in_brackets},
    setup,
    watch::Watch,
};

/// How often the lease is renewed while files are fetched.
const RENEWAL: Duration = Duration::from_secs(60);

/// How often it is looked whether a run is done that shares its queue with others.
const LOOK: Duration = Duration::from_secs(5);

/// Harvest a repository by its URL, or update silos by name; none named: all
#[derive(Debug, clap::Args)]
pub(crate) struct Harvest {
    /// An OAI-PMH base URL, or names of silos
    #[arg(value_name = "URL|SILO")]
    targets: Vec<String>,
    #[command(flatten)]
    options: SourceOptions,
    /// Fill the queue and fetch nothing from it
    #[arg(long)]
    list_only: bool,
    /// How many files are fetched at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: u16,
    /// Stop after so many records
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Also list all identifiers, and mark the objects as absent that the repository no longer has
    ///
    /// For repositories that do not announce what they delete. Each object that is not listed is asked for by itself before
    /// it is marked. Nothing is removed: a version says that the record is absent.
    #[arg(long, conflicts_with = "limit")]
    sweep: bool,
    /// How many objects a sweep may find missing, as a number or a share; when it finds more, it marks nothing
    #[arg(long, value_name = "N|N%", requires = "sweep", default_value_t)]
    max_absent: MaxAbsent,
    /// Only say what would be done; write nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(global: &Global, printer: Printer, command: Harvest) -> anyhow::Result<Exit> {
    let stop = setup::stop_on_signal()?;
    if command.dry_run {
        let shown =
            if command.sweep { Shown::Sweep(command.max_absent) } else { Shown::Records(command.limit) };
        return dry_run::run(global, printer, &command.targets, &command.options, shown).await;
    }
    let urls = command.targets.iter().filter(|target| target.contains("://")).count();
    if urls > 1 && command.options.silo.is_some() {
        return Err(Misuse("--silo names one silo: give one URL with it".to_owned()).into());
    }
    let granary = if urls > 0 { setup::create(global).await? } else { setup::open_to_write(global).await? };
    let mut worst = Exit::Done;
    let mut sources = Vec::new();
    for target in &command.targets {
        sources.push(resolve(global, &granary, target, &command.options).await?);
    }
    if command.targets.is_empty() {
        if !command.options.is_empty() {
            return Err(
                Misuse("these options belong to one source: name its URL or its silo".to_owned()).into()
            );
        }
        let (readable, corrupt) = granary.sources_and_corrupt().await?;
        sources = readable;
        for error in corrupt {
            worst = worst.max(printer.failure(&error.into()));
        }
        if sources.is_empty() && worst == Exit::Done {
            let text = "there is nothing to harvest yet: `granary harvest URL` adds a source";
            return Err(Misuse(text.to_owned()).into());
        }
    }
    let all: Vec<_> = sources.iter().collect();
    let context = setup::context(global, granary, &all, usize::from(command.workers), &stop).await?;
    for source in &sources {
        let exit = match one(printer, &context, source, &command, &stop).await {
            Ok(exit) => exit,
            // One source's trouble does not keep the others from being harvested.
            Err(error) => printer.failure(&error.context(format!("cannot harvest {}", source.silo))),
        };
        worst = worst.max(exit);
        if stop.is_cancelled() {
            break;
        }
    }
    Ok(worst)
}

/// The source that an argument stands for, with the options given now.
async fn resolve(
    global: &Global,
    granary: &granary_harvest::Granary,
    target: &str,
    options: &SourceOptions,
) -> anyhow::Result<Source> {
    if target.contains("://") {
        return options.source(Some(granary), target, global).await;
    }
    let silo = target.parse().map_err(|error| {
        Misuse(format!(
            "{error}; to harvest a repository give its URL, which begins with http:// or https://"
        ))
    })?;
    let known = granary.source(&silo).await?.ok_or(Error::NoSuchSource(silo))?;
    let same = SourceOptions { silo: Some(known.silo.clone()), ..options.clone() };
    same.source(Some(granary), known.url.as_str(), global).await
}

async fn one(
    printer: Printer,
    context: &Context,
    source: &Source,
    command: &Harvest,
    stop: &CancellationToken,
) -> anyhow::Result<Exit> {
    if context.granary.source(&source.silo).await?.is_none() {
        // A mistyped URL is not made a source.
        check(&context.fetcher, source).await?;
    }
    context.granary.put_source(source).await?;
    // A failure here stops this source's workers, not the others' turn.
    let context =
        Context { progress: Arc::new(Progress::default()), stop: stop.child_token(), ..context.clone() };
    let mut run = HarvestRun::begin(&context, source, command.limit).await?;
    let (started, resumed) = run.started();
    if resumed {
        printer.say(format_args!(
            "{}: going on with the run of {}",
            source.silo,
            started.format("%Y-%m-%d %H:%M UTC")
        ));
    }
    let watch = Watch::new(printer, source.silo.as_str(), context.progress.clone());
    let listed = list_and_download(&context, &mut run, source, command).await;
    drop(watch);
    match listed {
        Ok(Listing::Done) => {}
        Ok(Listing::Stopped) if !stop.is_cancelled() && run.is_listed() => {
            // What is listed is done with; the tasks stay in the queue.
            let report = run.finish(Outstanding::Waiting).await?;
            summary(printer, &context, &report, command.list_only).await?;
            let text = "a server asks to wait with some files; `granary work --drain` fetches them later";
            printer.say(format_args!("{}: {text}", source.silo));
            return Ok(Exit::Unfinished);
        }
        Ok(Listing::Stopped) => {
            run.suspend().await?;
            printer.say(format_args!("{}: stopped; the same command goes on from here", source.silo));
            return Ok(Exit::Interrupted);
        }
        Err(error) => {
            // The failure matters more than whether the lease could be given back.
            let _ = run.suspend().await;
            return Err(error.into());
        }
    }
    let outstanding = if command.list_only { Outstanding::Waiting } else { Outstanding::Lost };
    let report = run.finish(outstanding).await?;
    summary(printer, &context, &report, command.list_only).await
}

/// Lists, and fetches what is queued at the same time.
async fn list_and_download(
    context: &Context,
    run: &mut HarvestRun,
    source: &Source,
    command: &Harvest,
) -> Result<Listing, Error> {
    if command.list_only {
        return list(run, command).await;
    }
    let (listed, is_listed) = watch::channel(false);
    // Each loop takes up to ten tasks at a time; the connections are bounded for each host.
    let loops = usize::from(command.workers).div_ceil(2);
    let done = context.stop.child_token();
    let start = |until| {
        let select = Select::Silo(source.silo.to_string());
        let (all, context) = (context.stop.clone(), Context { stop: done.clone(), ..context.clone() });
        tokio::spawn(async move {
            let worked = work(&context, &select, loops, until).await;
            if worked.is_err() {
                // What cannot be stored need not be listed.
                all.cancel();
            }
            worked
        })
    };
    let workers = start(Until::DrainedAfter(is_listed));
    let listing = list(run, command).await;
    if listing.is_err() {
        context.stop.cancel();
    }
    let _ = listed.send(true);
    wait_for(workers, run, context, &done).await?;
    if listing? == Listing::Stopped {
        return Ok(Listing::Stopped);
    }
    while !run.is_drained().await? {
        // What is left has to wait for long; or the queue can only guess how much is left.
        if context.queue.keeps_counters() || context.stop.is_cancelled() {
            return Ok(Listing::Stopped);
        }
        wait_for(start(Until::Drained), run, context, &done).await?;
    }
    Ok(Listing::Done)
}

/// Lists what is new, and then all there is, when a sweep was asked for.
async fn list(run: &mut HarvestRun, command: &Harvest) -> Result<Listing, Error> {
    match run.list().await? {
        Listing::Done if command.sweep => run.sweep(command.max_absent).await,
        listing => Ok(listing),
    }
}

/// Waits for workers to end, and renews the lease meanwhile. Of a queue that holds the tasks of others too, they would see no
/// end: they are told when the run's own are done.
async fn wait_for(
    mut workers: JoinHandle<Result<(), Error>>,
    run: &mut HarvestRun,
    context: &Context,
    done: &CancellationToken,
) -> Result<(), Error> {
    let mut renewed = Instant::now();
    loop {
        tokio::select! {
            worked = &mut workers => {
                return match worked {
                    Ok(worked) => worked,
                    Err(panic) => std::panic::resume_unwind(panic.into_panic()),
                };
            }
            () = tokio::time::sleep(LOOK) => {}
        }
        if renewed.elapsed() >= RENEWAL {
            run.checkpoint().await?;
            renewed = Instant::now();
        }
        if !context.queue.keeps_counters() && run.is_listed() && run.is_drained().await? {
            done.cancel();
        }
    }
}

async fn summary(
    printer: Printer,
    context: &Context,
    report: &Report,
    list_only: bool,
) -> anyhow::Result<Exit> {
    let counts = &report.counts;
    let failures = failures(context, report).await?;
    printer.result(report, |out| {
        writeln!(
            out,
            "{}: {} records in {} pages: {} new, {} changed, {} unchanged, {} deleted",
            report.silo,
            counts.records,
            counts.pages,
            counts.created,
            counts.updated,
            counts.unchanged,
            counts.deleted
        )?;
        writeln!(
            out,
            "{} files stored, {}; {} not to be fetched{}; {:.1} s",
            counts.files,
            bytes(counts.bytes),
            counts.skipped,
            in_brackets(counts.left_out.by_reason()),
            report.seconds
        )?;
        let without: u64 = counts.without_files.by_reason().map(|(_, records)| records).sum();
        if without > 0 {
            let reasons = in_brackets(counts.without_files.by_reason());
            writeln!(out, "{without} new or changed records have no file to fetch{reasons}")?;
        }
        if counts.other_works > 0 {
            let n = counts.other_works;
            writeln!(
                out,
                "{n} changed records may be about other works than before; `granary show` quotes those"
            )?;
        }
        if let (Some(prefix), Some(why)) = (&report.metadata_prefix, &report.why) {
            writeln!(out, "metadata prefix {prefix}: {why}")?;
        }
        report.sweep.iter().try_for_each(|sweep| writeln!(out, "sweep: {sweep}"))
    })?;
    if list_only {
        printer.say("`granary queue` shows what is queued, `granary work --drain` fetches it");
    }
    for warning in &report.warnings {
        printer.say(format_args!("warning: {warning}"));
    }
    if let Some(trouble) = report.sweep.as_ref().and_then(sweep::trouble) {
        printer.say(trouble);
    }
    for problem in report.problems.iter().take(10) {
        printer.say(format_args!(
            "failed: {}: {}",
            problem.identifier.as_deref().unwrap_or("a record"),
            problem.detail
        ));
    }
    for gap in &report.open_gaps {
        let end = |stamp: &Option<granary_oai_pmh::Datestamp>| {
            stamp.as_ref().map_or("…".to_owned(), ToString::to_string)
        };
        printer.say(format_args!(
            "gap: {} to {} could not be listed ({}); `granary harvest {}` tries it again",
            end(&gap.from),
            end(&gap.until),
            gap.reason,
            report.silo
        ));
    }
    if !failures.is_empty() {
        let list: Vec<_> = failures.iter().map(|(reason, n)| format!("{n} {reason}")).collect();
        printer.say(format_args!(
            "{} failed: {}\n`granary queue dead` says which and why; \
             once mended, `granary queue redrive && granary work --drain` tries them again",
            failures.values().sum::<u64>(),
            list.join(", ")
        ));
    }
    let whole = counts.failed == 0 && report.gaps == 0 && report.problems.is_empty() && failures.is_empty();
    let exit = if whole { Exit::Done } else { Exit::Failed };
    Ok(report.sweep.as_ref().map_or(Exit::Done, sweep::exit).max(exit))
}

/// The dead letters of the silo, counted by reason.
async fn failures(context: &Context, report: &Report) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut reasons = BTreeMap::new();
    for letter in context.queue.dead(10_000, &Select::Silo(report.silo.to_string())).await? {
        *reasons.entry(letter.reason).or_insert(0) += 1;
    }
    Ok(reasons)
}
