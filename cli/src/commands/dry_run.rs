//! `granary harvest --dry-run`: says what would be harvested, and writes nothing.

use std::io::Write as _;

use granary_harvest::{Source, preview};

use crate::{
    args::Global,
    commands::add::SourceOptions,
    exit::{Exit, Misuse},
    printer::Printer,
    setup,
};

/// How many records are shown when no limit is given.
const SHOWN: u64 = 10;

pub(crate) async fn run(
    global: &Global,
    printer: Printer,
    targets: &[String],
    options: &SourceOptions,
    limit: Option<u64>,
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
        let preview = preview(&fetcher, source, limit.unwrap_or(SHOWN)).await?;
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
