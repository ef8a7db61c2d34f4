//! `granary harvest --dry-run`: says what would be harvested, and writes nothing.

use std::io::Write as _;

use granary_fetch::Fetcher;
use granary_harvest::{Error, Granary, MaxAbsent, Source, preview, rehearse};

use crate::{
    args::Global,
    commands::add::SourceOptions,
    exit::{Exit, Misuse},
    printer::Printer,
    setup,
};

/// How many records are shown when no limit is given.
const SHOWN: u64 = 10;

/// How many objects are named that a sweep would ask for.
const NAMED: usize = 20;

/// What is to be shown.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shown {
    /// What a harvest would begin with: so many records.
    Records(Option<u64>),
    /// What a sweep would find missing.
    Sweep(MaxAbsent),
}

pub(crate) async fn run(
    global: &Global,
    printer: Printer,
    targets: &[String],
    options: &SourceOptions,
    shown: Shown,
) -> anyhow::Result<Exit> {
    let granary = setup::open_existing(global).await?;
    let known = match &granary {
        Some(granary) => granary.sources().await?,
        None => Vec::new(),
    };
    let mut sources: Vec<Source> = Vec::new();
    for target in targets {
        if target.contains("://") {
            sources.push(options.source(granary.as_ref(), target, global).await?);
        } else {
            let source = known.iter().find(|source| source.silo.as_str() == target);
            sources.push(source.cloned().ok_or_else(|| Misuse(format!("there is no source {target}")))?);
        }
    }
    if targets.is_empty() {
        sources = known;
    }
    let all: Vec<_> = sources.iter().collect();
    let fetcher = setup::fetcher(global, granary.as_ref(), &all, 4).await?;
    for source in &sources {
        let limit = match shown {
            Shown::Records(limit) => limit.unwrap_or(SHOWN),
            Shown::Sweep(brake) => {
                let none = || Error::Silo(granary_silo::Error::NoSuchSilo { name: source.silo.clone() });
                sweep(printer, granary.as_ref().ok_or_else(none)?, &fetcher, source, brake).await?;
                continue;
            }
        };
        let preview = preview(&fetcher, source, limit).await?;
        printer.result(&preview, |out| {
            writeln!(
                out,
                "{} ({})",
                preview.repository_name.as_deref().unwrap_or("a repository"),
                source.url
            )?;
            writeln!(
                out,
                "would fill the silo {}: kind {}, metadata prefix {}",
                source.silo, preview.kind, preview.metadata_prefix
            )?;
            if let Some(why) = &preview.why {
                writeln!(out, "  because: {why}")?;
            }
            if let Some(announced) = preview.announced {
                writeln!(out, "{announced} records are announced")?;
            }
            for record in &preview.records {
                let deleted = if record.deleted { "  deleted" } else { "" };
                writeln!(out, "  {}  {}{deleted}", record.datestamp, record.identifier)?;
                for file in &record.files {
                    writeln!(out, "    {file}")?;
                }
                if let Some(page) = &record.landing_page {
                    writeln!(out, "    landing page {page}")?;
                }
            }
            Ok(())
        })?;
    }
    Ok(Exit::Done)
}

/// What a sweep of one source would find.
async fn sweep(
    printer: Printer,
    granary: &Granary,
    fetcher: &Fetcher,
    source: &Source,
    brake: MaxAbsent,
) -> anyhow::Result<()> {
    let found = rehearse(granary, fetcher, source, brake).await?;
    printer.result(&found, |out| {
        if let Some(why) = &found.incomplete {
            return writeln!(
                out,
                "{}: nothing would be marked: the list of identifiers is not complete: {why}",
                found.silo
            );
        }
        let missing = found.missing.len();
        writeln!(
            out,
            "{}: {} identifiers listed; {missing} of {} objects are missing, {} are listed again",
            found.silo,
            found.listed,
            found.live,
            found.returned.len()
        )?;
        match (missing, found.allowed) {
            (0, _) => {}
            (_, true) => writeln!(
                out,
                "would be asked for, and marked as absent if the repository does not know them:"
            )?,
            (_, false) => writeln!(out, "nothing would be marked: more than --max-absent {brake} allows:")?,
        }
        found.missing.iter().take(NAMED).try_for_each(|identifier| writeln!(out, "  {identifier}"))?;
        match missing.saturating_sub(NAMED) {
            0 => Ok(()),
            more => writeln!(out, "  and {more} more; --json names all"),
        }
    })
}
