//! `granary verify`: fixity.

use std::io::Write as _;

use futures::StreamExt;
use granary_silo::{Problem, SiloName};
use serde_json::json;

use crate::{
    args::Global,
    exit::Exit,
    printer::{Printer, bytes},
    setup,
};

pub(crate) async fn run(global: &Global, printer: Printer, silo: Option<SiloName>) -> anyhow::Result<Exit> {
    let granary = setup::open(global).await?;
    let silos = match silo {
        Some(silo) => vec![silo],
        None => granary.silos().await?,
    };
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let mut out = Printer::out();
    let mut exit = Exit::Done;
    for name in silos {
        let silo = granary.silo(&name).await?;
        let (mut objects, mut files, mut size, mut without_digest) = (0u64, 0u64, 0u64, 0u64);
        let (mut missing, mut corrupt, mut unlisted) = (0u64, 0u64, 0u64);
        let mut checks = silo.verify(cores * 2);
        while let Some(checked) = checks.next().await {
            let checked = checked?;
            objects += checked.objects;
            files += checked.files;
            size += checked.bytes;
            without_digest += checked.without_digest;
            for finding in checked.findings {
                let problem = match finding.problem {
                    Problem::Missing => count(&mut missing, "missing"),
                    Problem::Corrupt | Problem::Unreadable => count(&mut corrupt, "corrupt"),
                    Problem::Unlisted => count(&mut unlisted, "unlisted"),
                };
                let path = granary.place(&finding.path);
                let value = json!({
                    "silo": name, "identifier": finding.identifier, "path": path,
                    "problem": problem, "detail": finding.detail,
                });
                printer
                    .item(&mut out, &value, |out| writeln!(out, "{problem}  {path}: {}", finding.detail))?;
            }
        }
        if missing + corrupt > 0 {
            exit = Exit::Unfinished;
        }
        let value = json!({
            "silo": name, "objects": objects, "files": files, "bytes": size, "without_digest": without_digest,
            "missing": missing, "corrupt": corrupt, "unlisted": unlisted,
        });
        printer.item(&mut out, &value, |out| {
            writeln!(
                out,
                "{name}: {objects} objects, {files} files, {}; {missing} missing, {corrupt} corrupt, {unlisted} unlisted",
                bytes(size)
            )?;
            match without_digest {
                0 => Ok(()),
                n => writeln!(out, "{name}: {n} files of 2010 are there and have no digest to compare with"),
            }
        })?;
    }
    out.flush()?;
    Ok(exit)
}

fn count(counter: &mut u64, name: &'static str) -> &'static str {
    *counter += 1;
    name
}
