//! `granary start` and `granary stop`: schedule and downloads of `granary serve`, or of a deployed stack.

use std::io::Write as _;

use anyhow::Context as _;
use aws_sdk_lambda::{primitives::Blob, types::InvocationType};
use clap::ValueEnum;
use granary_harvest::Error;
use granary_silo::SiloName;
use serde_json::json;

use crate::{
    args::Global,
    exit::{Exit, Misuse},
    printer::Printer,
    server::Server,
    setup,
    stack::Stack,
};

/// What is started or paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The schedule: sources are harvested when their time has come
    Harvest,
    /// The downloads: the queue is worked
    Workers,
}

/// Start harvests now, and what was paused: of `granary serve` on this machine, or of a stack
#[derive(Debug, clap::Args)]
pub(crate) struct Start {
    /// Harvest these silos now, due or not; none named: those that are due
    silos: Vec<SiloName>,
    /// Start this part alone
    #[arg(long, value_enum, value_name = "PART")]
    only: Option<Part>,
}

/// Pause schedule and downloads, or stop single sources; what is in hand is finished, nothing is lost
#[derive(Debug, clap::Args)]
pub(crate) struct Stop {
    /// Stop these silos' runs, and leave them alone until they are started; none named: everything is paused
    #[arg(conflicts_with = "only")]
    silos: Vec<SiloName>,
    /// Pause this part alone
    #[arg(long, value_enum, value_name = "PART")]
    only: Option<Part>,
}

pub(crate) async fn start(
    global: &Global,
    printer: Printer,
    stack: Option<Stack>,
    command: &Start,
) -> anyhow::Result<Exit> {
    let granary = setup::open(global).await?;
    for silo in &command.silos {
        // Told here, where somebody reads it.
        granary.source(silo).await?.ok_or_else(|| Error::NoSuchSource(silo.clone()))?;
    }
    match stack {
        Some(stack) => {
            if command.only != Some(Part::Harvest) {
                set_workers(&stack, true).await?;
            }
            if command.only != Some(Part::Workers) {
                set_schedule(&stack, true).await?;
                invoke(&stack, &command.silos).await?;
            }
        }
        None => {
            let server = Server::required(global, &granary).await?;
            for part in parts(command.only) {
                server.post(&format!("api/{part}/start")).await?;
            }
            for silo in &command.silos {
                server.post(&format!("api/sources/{silo}/start")).await?;
            }
        }
    }
    let started = name(command.only);
    printer.result(&json!({"started": started, "silos": command.silos}), |out| {
        writeln!(out, "started: {started}")
    })?;
    printer.say("`granary tail -f` shows what goes on, `granary status` how it stands");
    Ok(Exit::Done)
}

pub(crate) async fn stop(
    global: &Global,
    printer: Printer,
    stack: Option<Stack>,
    command: &Stop,
) -> anyhow::Result<Exit> {
    let silos: Vec<_> = command.silos.iter().map(SiloName::as_str).collect();
    let stopped = if silos.is_empty() { name(command.only).to_owned() } else { silos.join(", ") };
    match stack {
        Some(_) if !silos.is_empty() => {
            let text = "the schedule of a stack is paused as a whole; name no silos";
            return Err(Misuse(text.to_owned()).into());
        }
        Some(stack) => {
            if command.only != Some(Part::Workers) {
                set_schedule(&stack, false).await?;
            }
            if command.only != Some(Part::Harvest) {
                set_workers(&stack, false).await?;
            }
        }
        None => {
            let server = Server::required(global, &setup::open(global).await?).await?;
            for silo in &silos {
                server.post(&format!("api/sources/{silo}/stop")).await?;
            }
            if silos.is_empty() {
                for part in parts(command.only) {
                    server.post(&format!("api/{part}/stop")).await?;
                }
            }
        }
    }
    printer.result(&json!({"stopped": stopped}), |out| writeln!(out, "stopped: {stopped}"))?;
    printer.say("what is in hand is finished; `granary start` goes on");
    Ok(Exit::Done)
}

/// What a part is called in the API of a server.
fn parts(only: Option<Part>) -> &'static [&'static str] {
    match only {
        None => &["workers", "schedule"],
        Some(Part::Harvest) => &["schedule"],
        Some(Part::Workers) => &["workers"],
    }
}

fn name(only: Option<Part>) -> &'static str {
    match only {
        None => "harvest and workers",
        Some(Part::Harvest) => "harvest",
        Some(Part::Workers) => "workers",
    }
}

/// Calls the harvest function, and does not wait for its end, which may take a quarter of an hour.
async fn invoke(stack: &Stack, silos: &[SiloName]) -> anyhow::Result<()> {
    let function = stack.output("HarvestFunction")?;
    aws_sdk_lambda::Client::new(granary_host::aws_config().await)
        .invoke()
        .function_name(function)
        .invocation_type(InvocationType::Event)
        .payload(Blob::new(json!({"silos": silos}).to_string()))
        .send()
        .await
        .with_context(|| format!("cannot invoke the function {function}"))?;
    Ok(())
}

async fn set_schedule(stack: &Stack, enabled: bool) -> anyhow::Result<()> {
    let rule = stack.output("ScheduleRule")?;
    let client = aws_sdk_eventbridge::Client::new(granary_host::aws_config().await);
    match enabled {
        true => client.enable_rule().name(rule).send().await.map(drop).map_err(anyhow::Error::new),
        false => client.disable_rule().name(rule).send().await.map(drop).map_err(anyhow::Error::new),
    }
    .with_context(|| format!("cannot {} the rule {rule}", if enabled { "enable" } else { "disable" }))
}

async fn set_workers(stack: &Stack, enabled: bool) -> anyhow::Result<()> {
    let mapping = stack.output("EventSource")?;
    let client = aws_sdk_lambda::Client::new(granary_host::aws_config().await);
    client.update_event_source_mapping().uuid(mapping).enabled(enabled).send().await.with_context(|| {
        format!("cannot {} the event source {mapping}", if enabled { "enable" } else { "disable" })
    })?;
    Ok(())
}
