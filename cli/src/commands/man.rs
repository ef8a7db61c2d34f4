//! `granary man`: the manual pages.

use std::{io::Write as _, path::Path};

use anyhow::Context as _;
use clap::CommandFactory;

use crate::{args::Args, exit::Exit, printer::Printer};

pub(crate) fn run(directory: Option<&Path>) -> anyhow::Result<Exit> {
    match directory {
        Some(directory) => {
            std::fs::create_dir_all(directory)
                .and_then(|()| clap_mangen::generate_to(Args::command(), directory))
                .with_context(|| format!("cannot write the manual into {}", directory.display()))?;
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Args::command()).render(&mut page)?;
            let mut out = Printer::out();
            out.write_all(&page)?;
            out.flush()?;
        }
    }
    Ok(Exit::Done)
}
