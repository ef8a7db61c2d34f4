//! `granary sources`: lists the sources.

use std::io::Write as _;

use crate::{args::Global, exit::Exit, printer::Printer, setup};

pub(crate) async fn run(global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let granary = setup::open(global).await?;
    let sources = granary.sources().await?;
    let mut out = Printer::out();
    for source in &sources {
        printer.item(&mut out, source, |out| writeln!(out, "{}  {}", source.silo, source.url))?;
    }
    out.flush()?;
    if sources.is_empty() {
        printer.say("no sources yet: `granary add URL` or `granary harvest URL` adds one");
    }
    Ok(Exit::Done)
}
