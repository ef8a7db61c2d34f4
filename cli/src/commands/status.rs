//! `granary status`: how everything stands.

use std::io::Write as _;

use chrono::{SecondsFormat, Utc};
use granary_console::Standing;
use granary_harvest::{Granary, Source, Sweep, Tls};
use granary_oai_pmh::Needs;
use granary_queue::{Queue, Select};
use granary_silo::SiloName;
use serde_json::{Value, json};

use crate::{
    args::Global,
    exit::{Exit, Misuse},
    printer::{Out, Printer, bytes, in_brackets},
    server::Server,
    setup,
};

pub(crate) async fn run(global: &Global, printer: Printer, silo: Option<SiloName>) -> anyhow::Result<Exit> {
    let granary = setup::open(global).await?;
    let queue = setup::existing_queue(global, &granary).await?;
    let sources = granary.sources().await?;
    let silos = match &silo {
        Some(silo) => vec![silo.clone()],
        None => {
            let mut silos = granary.silos().await?;
            silos.extend(sources.iter().map(|source| source.silo.clone()));
            silos.sort();
            silos.dedup();
            silos
        }
    };
    let server = of_server(global, &granary).await?;
    let mut all = Vec::new();
    for name in &silos {
        let source = sources.iter().find(|source| source.silo == *name);
        let mut value = of_silo(&granary, queue.as_deref(), name, source).await?;
        value["standing"] = standing(&server, name);
        all.push(value);
    }
    if let (Some(_), Some(value)) = (&silo, all.first()) {
        printer.result(value, |out| print(out, value))?;
        return Ok(Exit::Done);
    }
    let depth = depth(queue.as_deref(), &Select::All).await?;
    let value = json!({"granary": granary.place(""), "server": server, "queue": depth, "silos": all});
    printer.result(&value, |out| {
        all.iter().try_for_each(|value| print(out, value))?;
        print_server(out, &server)?;
        writeln!(
            out,
            "queue: {} waiting, {} to be tried later, {} in work, {} dead",
            depth["waiting"], depth["delayed"], depth["in_flight"], depth["dead"]
        )
    })?;
    Ok(Exit::Done)
}

/// What the `granary serve` over this granary says of itself; nothing when there is none.
async fn of_server(global: &Global, granary: &Granary) -> anyhow::Result<Value> {
    let Some(server) = Server::find(global, Some(granary)).await? else { return Ok(Value::Null) };
    let mut value = server.get("api/status").await?;
    value["url"] = server.url.as_str().into();
    Ok(value)
}

/// How a source stands for the server that looks after it.
fn standing(server: &Value, silo: &SiloName) -> Value {
    let sources = server["sources"].as_array().into_iter().flatten();
    let found = sources.into_iter().find(|source| source["silo"] == silo.as_str());
    found.map(|source| source["standing"].clone()).unwrap_or_default()
}

fn print_server(out: &mut Out, server: &Value) -> std::io::Result<()> {
    let Some(url) = server["url"].as_str() else { return Ok(()) };
    let workers = server["workers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let running = workers.iter().filter(|worker| worker["state"] == "running").count();
    match server["schedule"].as_str() {
        None => writeln!(out, "server: {url}, which only shows"),
        Some(schedule) => {
            writeln!(
                out,
                "server: {url}, schedule {schedule}, {running} of {} workers running",
                workers.len()
            )
        }
    }
}

async fn depth(queue: Option<&dyn Queue>, select: &Select) -> anyhow::Result<Value> {
    let depth = match queue {
        Some(queue) => queue.depth(select).await?,
        None => Default::default(),
    };
    Ok(json!({
        "waiting": depth.waiting, "delayed": depth.delayed, "in_flight": depth.in_flight, "dead": depth.dead,
    }))
}

async fn of_silo(
    granary: &Granary,
    queue: Option<&dyn Queue>,
    name: &SiloName,
    source: Option<&Source>,
) -> anyhow::Result<Value> {
    let silo = match granary.silo(name).await {
        Ok(silo) => Some(silo),
        Err(granary_harvest::Error::Silo(granary_silo::Error::NoSuchSilo { .. })) if source.is_some() => None,
        Err(granary_harvest::Error::Silo(error @ granary_silo::Error::NoSuchSilo { .. })) => {
            return Err(Misuse(format!("{error}; `granary ls` lists them")).into());
        }
        Err(error) => return Err(error.into()),
    };
    let usage = match &silo {
        Some(silo) => silo.usage().await?,
        None => Default::default(),
    };
    let state = granary.state(name).await?;
    let last = match &state.last_run {
        Some(run) => granary.report(name, run).await?,
        None => None,
    };
    let run = state.run.as_ref().map(|run| {
        json!({
            "run": run.id, "started": run.started, "records": run.counts.records, "announced": run.announced,
            "windows_left": run.windows.len(),
        })
    });
    Ok(json!({
        "silo": name,
        "url": source.map(|source| &source.url),
        "path": granary.place(name.as_str()),
        "repository": state.learned.repository_name,
        "kind": state.learned.kind,
        "metadata_prefix": state.learned.metadata_prefix,
        "why": state.learned.why,
        "needs": state.learned.needs,
        "tls": source.map(|source| match source.tls {
            Tls::Public => "public",
            Tls::Authority(_) => "authority",
            Tls::Unchecked => "unchecked",
        }),
        "watermark": state.watermark,
        "not_before": state.not_before,
        "downloads_not_before": state.downloads_not_before.filter(|until| *until > Utc::now()),
        "failing": state.failing,
        "gaps": state.gaps,
        "lease": state.lease,
        "run": run,
        "last_run": last,
        "last_sweep": state.last_sweep,
        "queue": depth(queue, &Select::Silo(name.to_string())).await?,
        "objects": usage.objects,
        "files": usage.files,
        "bytes": usage.bytes,
    }))
}

fn print(out: &mut Out, value: &Value) -> std::io::Result<()> {
    let text = |value: &Value| value.as_str().map_or_else(|| "-".to_owned(), str::to_owned);
    writeln!(out, "{}  {}", text(&value["silo"]), text(&value["url"]))?;
    if let Ok(standing) = serde_json::from_value::<Standing>(value["standing"].clone()) {
        match &standing {
            Standing::Idle { next } => {
                writeln!(out, "  idle, next run {}", next.to_rfc3339_opts(SecondsFormat::Secs, true))?;
            }
            _ => writeln!(out, "  {}", standing.word())?,
        }
    }
    let size = value["bytes"].as_u64().map(bytes).unwrap_or_default();
    writeln!(
        out,
        "  {} objects, {} files, {size} in {}",
        value["objects"],
        value["files"],
        text(&value["path"])
    )?;
    if value["kind"].is_string() {
        writeln!(
            out,
            "  kind {}, metadata prefix {}",
            text(&value["kind"]),
            text(&value["metadata_prefix"])
        )?;
        if value["why"].is_string() {
            writeln!(out, "    because: {}", text(&value["why"]))?;
        }
    }
    let needs = serde_json::from_value::<Needs>(value["needs"].clone()).unwrap_or_default();
    for need in needs {
        writeln!(out, "  it needs {need}")?;
    }
    if value["tls"] == "unchecked" {
        writeln!(out, "  warning: its certificate is not checked (--insecure-tls); --check-tls ends that")?;
    }
    writeln!(out, "  harvested up to {}", text(&value["watermark"]))?;
    if let Some(run) = value["run"].as_object() {
        let lease = &value["lease"];
        let in_bucket = value["path"].as_str().is_some_and(|path| path.starts_with("s3://"));
        let has_schedule = in_bucket || value["standing"].is_object();
        let state = match (lease.is_object(), has_schedule) {
            (true, _) => "in progress",
            (false, false) => "interrupted; `granary harvest` goes on with it",
            (false, true) => "interrupted; the schedule goes on with it, or `granary harvest`",
        };
        writeln!(
            out,
            "  run {} since {}: {} records; {state}",
            text(&run["run"]),
            text(&run["started"]),
            run["records"]
        )?;
    }
    if let Some(last) = value["last_run"].as_object() {
        writeln!(
            out,
            "  last run {}: {} records, {} new, {} changed, {} files, {} failed",
            text(&last["ended"]),
            last["records"],
            last["created"],
            last["updated"],
            last["files"],
            last["failed"]
        )?;
        let without = &last["without_files"];
        let reasons = without.as_object().into_iter().flatten();
        let reasons = in_brackets(reasons.map(|(name, n)| (name.as_str(), n.as_u64().unwrap_or(0))));
        if !reasons.is_empty() {
            writeln!(out, "    records without a file to fetch{reasons}")?;
        }
    }
    if let Ok(sweep) = serde_json::from_value::<Sweep>(value["last_sweep"].clone()) {
        writeln!(out, "  last sweep {}: {sweep}", sweep.time)?;
        sweep.detail.iter().try_for_each(|detail| writeln!(out, "    because: {detail}"))?;
    }
    for warning in value["last_run"]["warnings"].as_array().into_iter().flatten() {
        writeln!(out, "  warning of the last run: {}", text(warning))?;
    }
    if value["not_before"].is_string() {
        writeln!(out, "  the endpoint asks to wait until {}", text(&value["not_before"]))?;
    }
    if value["downloads_not_before"].is_string() {
        writeln!(
            out,
            "  its host asks to wait with downloads until {}",
            text(&value["downloads_not_before"])
        )?;
    }
    if let Some(failing) = value["failing"].as_object() {
        writeln!(
            out,
            "  fails ({} times): {}; the schedule tries again at {}",
            failing["times"],
            text(&failing["detail"]),
            text(&failing["again"])
        )?;
    }
    for gap in value["gaps"].as_array().into_iter().flatten() {
        writeln!(out, "  gap {} to {}: {}", text(&gap["from"]), text(&gap["until"]), text(&gap["reason"]))?;
    }
    let queue = &value["queue"];
    writeln!(
        out,
        "  queue: {} waiting, {} to be tried later, {} dead",
        queue["waiting"], queue["delayed"], queue["dead"]
    )
}
