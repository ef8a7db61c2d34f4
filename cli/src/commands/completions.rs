//! `granary completions`: for the shell.

use std::io::Write as _;

use clap::CommandFactory;

use crate::{args::Args, exit::Exit, printer::Printer};

pub(crate) fn run(shell: clap_complete::Shell) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "granary", &mut script);
    let mut out = Printer::out();
    out.write_all(&script)?;
    out.flush()?;
    Ok(Exit::Done)
}
