//! One file for each subcommand.

pub(crate) mod add;
pub(crate) mod cat;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod dry_run;
pub(crate) mod harvest;
pub(crate) mod ls;
pub(crate) mod man;
pub(crate) mod queue;
pub(crate) mod remove;
pub(crate) mod reprocess;
pub(crate) mod serve;
pub(crate) mod show;
pub(crate) mod sources;
pub(crate) mod start;
pub(crate) mod status;
pub(crate) mod sweep;
pub(crate) mod tail;
pub(crate) mod verify;
pub(crate) mod work;

use crate::{
    args::{Args, Command},
    exit::Exit,
    printer::Printer,
    stack,
};

/// Runs the command.
pub(crate) async fn run(args: Args, printer: &Printer) -> anyhow::Result<Exit> {
    let (mut global, printer) = (args.global, *printer);
    let stack = stack::of(&mut global).await?;
    match args.command {
        Command::Harvest(command) => harvest::run(&global, printer, command).await,
        Command::Work(command) => work::run(&global, printer, &command).await,
        Command::Add(command) => add::run(&global, printer, &command).await,
        Command::Sources => sources::run(&global, printer).await,
        Command::Remove { silo } => remove::run(&global, printer, &silo).await,
        Command::Reprocess(command) => reprocess::run(&global, printer, &command).await,
        Command::Status { silo } => status::run(&global, printer, silo).await,
        Command::Queue(command) => queue::run(&global, printer, command).await,
        Command::Ls { silo, prefix, limit } => ls::run(&global, printer, silo, prefix, limit).await,
        Command::Show { silo, identifier } => show::run(&global, printer, &silo, &identifier).await,
        Command::Cat { silo, identifier, name, version } => {
            cat::run(&global, &silo, &identifier, &name, version).await
        }
        Command::Serve(command) => serve::run(&global, printer, &command).await,
        Command::Start(command) => start::start(&global, printer, stack, &command).await,
        Command::Stop(command) => start::stop(&global, printer, stack, &command).await,
        Command::Tail(command) => tail::run(&global, printer, stack, &command).await,
        Command::Doctor { subject } => doctor::run(&global, printer, subject).await,
        Command::Verify { silo } => verify::run(&global, printer, silo).await,
        Command::Completions { shell } => completions::run(shell),
        Command::Man { directory } => man::run(directory.as_deref()),
    }
}
