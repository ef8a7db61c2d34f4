//! The download step as a Lambda function: a batch of messages from SQS.
//!
//! Answers for each message: those settled are deleted by Lambda, the others come again (`ReportBatchItemFailures`).

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use granary_harvest::{Context, Progress, download_step, in_full};
use granary_host::{Function, Metrics, deadlines};
use granary_queue::{Message, Receipt, SqsBatch};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let function = Function::start().await.map_err(|error| in_full(&error))?;
    run(service_fn(|event| handle(&function, event))).await
}

async fn handle(function: &Function, event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Error> {
    let begun = Instant::now();
    let batch = Arc::new(SqsBatch::new(function.queue.clone()));
    let (granary, fetcher) = (function.granary.clone(), function.fetcher.clone());
    let context = Context {
        deadlines: Some(deadlines(event.context.deadline())),
        ..Context::new(granary, batch.clone(), fetcher, Default::default())
    };
    let records = event.payload.records;
    let received = records.len() as u64;
    let messages = records.iter().map(message).collect();
    if let Err(error) = download_step(&context, messages).await {
        // What it has settled by then is settled; the rest comes again.
        tracing::error!(error = in_full(&error), "a batch could not be worked");
    }
    let unsettled = records.into_iter().filter(|record| !batch.is_settled(&receipt(record)));
    let failures: Vec<_> = unsettled
        .map(|record| {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = record.message_id.unwrap_or_default();
            failure
        })
        .collect();
    let progress = &context.progress;
    Metrics::of(&event.context.env_config.function_name)
        .with("TasksReceived", "Count", received)
        .with("TasksToTryAgain", "Count", failures.len() as u64)
        .with("TasksFailed", "Count", Progress::get(&progress.failed))
        .with("FilesStored", "Count", Progress::get(&progress.files))
        .with("BytesReceived", "Bytes", Progress::get(&progress.bytes))
        .with("BatchMilliseconds", "Milliseconds", begun.elapsed().as_millis() as u64)
        .emit(SystemTime::now());
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failures;
    Ok(response)
}

fn receipt(record: &SqsMessage) -> Receipt {
    Receipt::of_handle(record.receipt_handle.clone().unwrap_or_default())
}

fn message(record: &SqsMessage) -> Message {
    let attribute = |name| record.attributes.get(name).and_then(|value| value.parse::<i64>().ok());
    let attempts = attribute("ApproximateReceiveCount");
    let sent = attribute("SentTimestamp");
    Message {
        body: record.body.clone().unwrap_or_default(),
        receipt: receipt(record),
        attempts: attempts.and_then(|attempts| attempts.try_into().ok()).unwrap_or(1),
        sent: sent.and_then(chrono::DateTime::from_timestamp_millis).unwrap_or_default(),
    }
}
