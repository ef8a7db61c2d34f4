//! `granary ls`: silos, or the objects of one.

use std::io::Write as _;

use futures::StreamExt;
use granary_silo::{Error, SiloName};
use serde_json::json;

use crate::{args::Global, exit::Exit, printer::Printer, setup};

pub(crate) async fn run(
    global: &Global,
    printer: Printer,
    silo: Option<SiloName>,
    prefix: Option<String>,
    limit: Option<usize>,
) -> anyhow::Result<Exit> {
    let granary = setup::open(global).await?;
    let mut out = Printer::out();
    let mut exit = Exit::Done;
    match silo {
        None => {
            for name in granary.silos().await?.into_iter().take(limit.unwrap_or(usize::MAX)) {
                let path = granary.place(name.as_str());
                printer
                    .item(&mut out, &json!({"silo": name, "path": path}), |out| writeln!(out, "{name}"))?;
            }
        }
        Some(silo) => {
            let silo = granary.silo(&silo).await?;
            let mut objects = silo.list_from(prefix.as_deref().unwrap_or_default(), None);
            let mut left = limit.unwrap_or(usize::MAX);
            while left > 0
                && let Some(object) = objects.next().await
            {
                let object = match object {
                    Ok(object) => object,
                    Err(error @ Error::NotAnIdentifier { .. }) => {
                        exit = printer.failure(&error.into());
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                };
                left -= 1;
                let value = json!({"identifier": object.identifier, "path": granary.place(&object.folder)});
                printer.item(&mut out, &value, |out| writeln!(out, "{}", object.identifier))?;
            }
        }
    }
    out.flush()?;
    Ok(exit)
}
