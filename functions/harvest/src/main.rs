//! The harvest step as a Lambda function: a tick of the schedule.
//!
//! Takes every source that is due or has an unfinished run, lists until shortly before the function's limit, queues what
//! is to be fetched, and leaves a checkpoint. It never calls itself: the next tick goes on.
//!
//! An event that names silos, `{"silos": ["maths"]}`, harvests those now, due or not; any other is a tick.

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use granary_harvest::{Context, Progress, Ticked, in_full, tick};
use granary_host::{Function, Metrics, deadlines};
use granary_silo::SiloName;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Default, Deserialize)]
struct Event {
    #[serde(default)]
    silos: Vec<SiloName>,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let function = Function::start().await.map_err(|error| in_full(&error))?;
    run(service_fn(|event| handle(&function, event))).await
}

async fn handle(function: &Function, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let begun = Instant::now();
    // An event of the schedule has other fields than ours; one that names silos wrongly is refused.
    let asked_for = serde_json::from_value::<Option<Event>>(event.payload)?.unwrap_or_default();
    let (granary, fetcher) = (function.granary.clone(), function.fetcher.clone());
    let context = Context {
        deadlines: Some(deadlines(event.context.deadline())),
        ..Context::new(granary, Arc::new(function.queue.clone()), fetcher, Default::default())
    };
    let ticks = tick(&context, &asked_for.silos).await.map_err(|error| in_full(&error))?;
    let failed = ticks.iter().filter(|(_, ticked)| matches!(ticked, Ticked::Failed(_))).count() as u64;
    let progress = &context.progress;
    Metrics::of(&event.context.env_config.function_name)
        .with("RecordsListed", "Count", Progress::get(&progress.records))
        .with("TasksQueued", "Count", Progress::get(&progress.queued))
        .with("SourcesFailed", "Count", failed)
        .with("TickMilliseconds", "Milliseconds", begun.elapsed().as_millis() as u64)
        .emit(SystemTime::now());
    Ok(
        json!({"sources": ticks.iter().map(|(silo, ticked)| json!({"silo": silo, "outcome": ticked.name()})).collect::<Vec<_>>()}),
    )
}
