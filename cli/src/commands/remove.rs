//! `granary remove`: forgets a source and keeps its silo.

use std::io::Write as _;

use granary_silo::SiloName;
use serde_json::json;

use crate::{args::Global, exit::Exit, printer::Printer, setup};

pub(crate) async fn run(global: &Global, printer: Printer, silo: &SiloName) -> anyhow::Result<Exit> {
    let granary = setup::open(global).await?;
    granary.remove_source(silo).await?;
    let kept = granary.place(silo.as_str());
    printer.result(&json!({"removed": silo, "kept": kept}), |out| {
        writeln!(out, "{silo} is no source any more; what was harvested stays in {kept}")
    })?;
    Ok(Exit::Done)
}
