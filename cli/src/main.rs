//! `granary`: the command line.

mod args;
mod commands;
mod exit;
mod plain;
mod printer;
mod server;
mod setup;
mod stack;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    args::{Args, Command},
    exit::Exit,
    printer::Printer,
};

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version go to stdout and are no failure. A reader that went away is none either.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    let printer = Printer::new(&args.global);
    if !matches!(args.command, Command::Serve(_)) {
        // A server has a log of its own.
        setup::log(&args.global);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return printer.failure(&anyhow::Error::new(error).context("cannot start")).into(),
    };
    let exit = match runtime.block_on(commands::run(args, &printer)) {
        Ok(exit) => exit,
        Err(error) => printer.failure(&error),
    };
    // What still runs in the background holds nothing that is not safe.
    runtime.shutdown_background();
    exit.into()
}
