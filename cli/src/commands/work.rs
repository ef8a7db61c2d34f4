//! `granary work`: works the queue.

use std::io::Write as _;

use granary_harvest::{Progress, Until};
use granary_queue::Select;
use serde_json::json;

use crate::{
    args::Global,
    exit::Exit,
    printer::{Printer, bytes},
    setup,
    watch::Watch,
};

/// Work the queue, in as many processes as you start
#[derive(Debug, clap::Args)]
pub(crate) struct Work {
    /// End when the queue is empty
    #[arg(long)]
    drain: bool,
    /// Only this silo's tasks
    #[arg(long, value_name = "NAME")]
    silo: Option<granary_silo::SiloName>,
    /// How many files are fetched at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: u16,
}

pub(crate) async fn run(global: &Global, printer: Printer, command: &Work) -> anyhow::Result<Exit> {
    let stop = setup::stop_on_signal()?;
    let granary = setup::open_to_write(global).await?;
    let context = setup::context(global, granary, &[], usize::from(command.workers), &stop).await?;
    let select = command.silo.as_ref().map_or(Select::All, |silo| Select::Silo(silo.to_string()));
    let until = if command.drain { Until::Drained } else { Until::Stopped };
    let watch = Watch::new(printer, "work", context.progress.clone());
    let loops = usize::from(command.workers).div_ceil(2);
    let worked = granary_harvest::work(&context, &select, loops, until).await;
    drop(watch);
    worked?;
    let progress = &context.progress;
    let (settled, files) = (Progress::get(&progress.settled), Progress::get(&progress.files));
    let (size, failed) = (Progress::get(&progress.bytes), Progress::get(&progress.failed));
    let value = json!({"tasks": settled, "files": files, "bytes": size, "failed": failed});
    printer.result(&value, |out| {
        writeln!(out, "{settled} tasks done: {files} files stored, {} received, {failed} failed", bytes(size))
    })?;
    if failed > 0 {
        printer.say("`granary queue dead` says what failed and why");
    }
    if command.drain && !stop.is_cancelled() && !context.queue.depth(&select).await?.is_drained() {
        printer.say("a server asks to wait with the rest; run the same command later");
        return Ok(Exit::Unfinished);
    }
    Ok(match (stop.is_cancelled(), failed) {
        (true, _) => Exit::Interrupted,
        (false, 0) => Exit::Done,
        (false, _) => Exit::Failed,
    })
}
