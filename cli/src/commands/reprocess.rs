//! `granary reprocess`: queues what the stored metadata names and the silo lacks.

use std::io::Write as _;

use granary_harvest::{Error, Which};
use granary_silo::SiloName;

use crate::{
    args::Global,
    exit::Exit,
    printer::{Printer, in_brackets},
    setup,
};

/// Read the stored metadata again, and queue every file it names that is not stored
#[derive(Debug, clap::Args)]
pub(crate) struct Reprocess {
    /// The silo
    silo: SiloName,
    /// Queue also what is stored, to be compared with what the server has now
    #[arg(long)]
    redownload: bool,
}

pub(crate) async fn run(global: &Global, printer: Printer, command: &Reprocess) -> anyhow::Result<Exit> {
    let stop = setup::stop_on_signal()?;
    let granary = setup::open_to_write(global).await?;
    let source =
        granary.source(&command.silo).await?.ok_or_else(|| Error::NoSuchSource(command.silo.clone()))?;
    let context = setup::context(global, granary, &[], 4, &stop).await?;
    let which = if command.redownload { Which::All } else { Which::Missing };
    let result = granary_harvest::reprocess(&context, &source, which).await?;
    printer.result(&result, |out| {
        writeln!(
            out,
            "{} objects read, {} tasks queued, {} files left out{}",
            result.objects,
            result.queued,
            result.skipped,
            in_brackets(result.left_out.by_reason())
        )
    })?;
    for problem in result.problems.iter().take(10) {
        printer.say(format_args!("failed: {problem}"));
    }
    if result.queued > 0 {
        printer.say("`granary work --drain` fetches them");
    }
    Ok(match (stop.is_cancelled(), result.problems.is_empty()) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Done,
        (false, false) => Exit::Failed,
    })
}
