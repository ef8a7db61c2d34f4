//! The harvest step as a Lambda function: a tick of the schedule.
//!
//! Takes every source that is due or has an unfinished run, lists until shortly before the function's limit, queues what
//! is to be fetched, and leaves a checkpoint. It never calls itself: the next tick goes on.
//!
//! An event that names silos, `{"silos": ["maths"]}`, harvests those now, due or not; any other is a tick.

use std::time::{Instant, SystemTime};

use granary_harvest::{Context, Ticked, tick};
use granary_host::{Deadlines, Function, Metrics};
use granary_silo::SiloName;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Debug, Default, Deserialize)]
struct Event {
    #[serde(default)]
    silos: Vec<SiloName>,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let function = Function::start().await?;
    run(service_fn(|event| handle(&function, event))).await
}

async fn handle(function: &Function, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let begun = Instant::now();
    let deadlines = Deadlines::before(event.context.deadline());
    // An event of the schedule has other fields than ours; one that names silos wrongly is refused.
    let asked_for: Event = serde_json::from_value(event.payload)?;
    let context = Context {
        granary: function.granary.clone(),
        queue: Arc::new(function.queue.clone()),
        fetcher: function.fetcher.clone(),
        stop: Default::default(),
        progress: Default::default(),
    };
    let ticks = tick(&context, &asked_for.silos, deadlines.stop_at, deadlines.cut_at).await?;
    let mut failed = 0;
    for (silo, ticked) in &ticks {
        match ticked {
            Ticked::Passed(turn) => tracing::debug!(%silo, ?turn, "not its turn"),
            Ticked::GoesOn { is_listed, records } => {
                tracing::info!(%silo, records, is_listed, "goes on at the next tick");
            }
            Ticked::Finished(report) => tracing::info!(%silo, report = %json!(report), "finished"),
            Ticked::Failed(error) => {
                failed += 1;
                tracing::error!(%silo, error = granary_harvest::in_full(error), "cannot be harvested");
            }
        }
    }
    let progress = &context.progress;
    let get = granary_harvest::Progress::get;
    Metrics::of(&event.context.env_config.function_name)
        .with("RecordsListed", "Count", get(&progress.records))
        .with("TasksQueued", "Count", get(&progress.queued))
        .with("SourcesFailed", "Count", failed)
        .with("TickMilliseconds", "Milliseconds", begun.elapsed().as_millis() as u64)
        .emit(SystemTime::now());
    Ok(
        json!({"sources": ticks.iter().map(|(silo, ticked)| json!({"silo": silo, "outcome": ticked.name()})).collect::<Vec<_>>()}),
    )
}
