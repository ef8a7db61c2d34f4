//! `granary start` and `granary stop`: a deployed stack's schedule and downloads.

use std::io::Write as _;

use anyhow::Context as _;
use aws_sdk_lambda::{primitives::Blob, types::InvocationType};
use clap::ValueEnum;
use granary_harvest::Error;
use granary_silo::SiloName;
use serde_json::json;

use crate::{args::Global, exit::Exit, printer::Printer, setup, stack::Stack};

/// What is started or paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The schedule that starts the harvest function
    Harvest,
    /// The downloads: messages of the queue are no longer given to the download function
    Workers,
}

/// Start a harvest in the cloud now, and what was paused there
#[derive(Debug, clap::Args)]
pub(crate) struct Start {
    /// Harvest these silos now, due or not; none named: those that are due
    silos: Vec<SiloName>,
    /// Start this part alone
    #[arg(long, value_enum, value_name = "PART")]
    only: Option<Part>,
}

/// Pause the schedule and the downloads of a stack; what is in hand is finished, nothing is lost
#[derive(Debug, clap::Args)]
pub(crate) struct Stop {
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
    let stack = Stack::required(stack)?;
    let granary = setup::open(global).await?;
    for silo in &command.silos {
        // Told here, where somebody reads it.
        granary.source(silo).await?.ok_or_else(|| Error::NoSuchSource(silo.clone()))?;
    }
    if command.only != Some(Part::Harvest) {
        set_workers(&stack, true).await?;
    }
    if command.only != Some(Part::Workers) {
        set_schedule(&stack, true).await?;
        invoke(&stack, &command.silos).await?;
    }
    let started = name(command.only);
    printer.result(&json!({"started": started, "silos": command.silos}), |out| {
        writeln!(out, "started: {started}")
    })?;
    printer.say("`granary tail -f` shows what goes on, `granary status` how it stands");
    Ok(Exit::Done)
}

pub(crate) async fn stop(printer: Printer, stack: Option<Stack>, command: &Stop) -> anyhow::Result<Exit> {
    let stack = Stack::required(stack)?;
    if command.only != Some(Part::Workers) {
        set_schedule(&stack, false).await?;
    }
    if command.only != Some(Part::Harvest) {
        set_workers(&stack, false).await?;
    }
    let stopped = name(command.only);
    printer.result(&json!({"stopped": stopped}), |out| writeln!(out, "paused: {stopped}"))?;
    printer.say("what is in hand is finished; `granary start` goes on");
    Ok(Exit::Done)
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
