//! Sends any number of messages, ten at a time.

use std::time::Duration;

use aws_sdk_sqs::{Client, types::SendMessageBatchRequestEntry};
use futures::{StreamExt, TryStreamExt, stream};

use super::{
    BATCH,
    answer::{failed, incomplete},
};
use crate::error::Error;

/// The most bytes of one request: what every implementation of SQS takes (Amazon's takes 1 MiB).
const BATCH_BYTES: usize = 256 << 10;

/// How many requests are made at once.
const REQUESTS: usize = 4;

/// How often messages are sent that the service could not take.
const ATTEMPTS: u32 = 5;

/// Returns once all are stored.
pub(super) async fn send(client: &Client, url: &str, bodies: &[String]) -> Result<(), Error> {
    let batches: Vec<_> = batches(bodies).into_iter().map(<[String]>::to_vec).collect();
    stream::iter(batches)
        .map(|batch| async move { send_batch(client, url, &batch).await })
        .buffer_unordered(REQUESTS)
        .try_collect()
        .await
}

/// In order, as many in each as it takes.
fn batches(bodies: &[String]) -> Vec<&[String]> {
    let mut batches = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (n, body) in bodies.iter().enumerate() {
        if n > start && (n - start == BATCH || bytes + body.len() > BATCH_BYTES) {
            batches.push(&bodies[start..n]);
            (start, bytes) = (n, 0);
        }
        bytes += body.len();
    }
    if start < bodies.len() {
        batches.push(&bodies[start..]);
    }
    batches
}

async fn send_batch(client: &Client, url: &str, batch: &[String]) -> Result<(), Error> {
    let mut left: Vec<usize> = (0..batch.len()).collect();
    for attempt in 0..ATTEMPTS {
        let entries = left.iter().map(|n| {
            SendMessageBatchRequestEntry::builder().id(n.to_string()).message_body(&batch[*n]).build()
        });
        let entries = entries.collect::<Result<Vec<_>, _>>().map_err(incomplete(url))?;
        let request = client.send_message_batch().queue_url(url).set_entries(Some(entries));
        let sent = request.send().await.map_err(failed("send to", url))?;
        if let Some(entry) = sent.failed().iter().find(|entry| entry.sender_fault()) {
            return Err(refused(url, entry));
        }
        left = sent.failed().iter().filter_map(|entry| entry.id().parse().ok()).collect();
        match sent.failed() {
            [] => return Ok(()),
            [entry, ..] if attempt + 1 == ATTEMPTS => return Err(refused(url, entry)),
            _ => tokio::time::sleep(Duration::from_millis(fastrand::u64(0..200 << attempt))).await,
        }
    }
    Ok(())
}

fn refused(url: &str, entry: &aws_sdk_sqs::types::BatchResultErrorEntry) -> Error {
    let text = format!("{}: {}", entry.code(), entry.message().unwrap_or("no message"));
    Error::Sqs { action: "send to", url: url.to_owned(), source: text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_ten_messages_and_a_quarter_of_a_mebibyte_at_most() {
        let bodies: Vec<String> = [vec![1000; 12], vec![200 << 10, 100 << 10, 300 << 10, 1]]
            .concat()
            .into_iter()
            .map(|n| "x".repeat(n))
            .collect();
        let sizes: Vec<_> = batches(&bodies).into_iter().map(<[String]>::len).collect();
        assert_eq!(sizes, [10, 3, 1, 1, 1]);
        assert!(batches(&[]).is_empty());
    }
}
