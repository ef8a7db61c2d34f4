//! A queue of Amazon SQS: any number of machines.

mod answer;
mod batch;
mod dead_letters;
mod outbox;

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use aws_sdk_sqs::{
    Client,
    types::{
        ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, MessageSystemAttributeName,
        QueueAttributeName,
    },
};
use aws_types::{SdkConfig, region::Region};
use chrono::{DateTime, Utc};

use self::answer::{failed, incomplete};
pub use self::batch::SqsBatch;
use crate::{
    counters::Counters,
    error::Error,
    queue::{Burial, DeadLetter, Depth, Message, Peeked, Queue, Receipt, Redrive, Select, Settled},
};

/// The most messages of one request.
const BATCH: usize = 10;

/// The longest that a message is hidden: SQS's twelve hours are counted from its reception, which may be a quarter of an
/// hour ago.
const LONGEST_VISIBILITY: Duration = Duration::from_secs(12 * 3600 - 20 * 60);

/// How long a reception waits for a message to come: the longer, the fewer requests, and the later a worker sees that
/// the queue is drained.
const LONG_POLL: i32 = 5;

/// How long messages that are only looked at are hidden, should whoever looks be killed. Else they are visible again at once.
const LOOK: i32 = 30;

/// A queue of SQS (a standard one), with its dead-letter queue. Cheap to clone.
///
/// What holds of it, beside what [`Queue`] says: messages come in no certain order, and now and then twice; what was sent
/// is stored in several places before the request returns. [`Depth`] is approximate, and lags by up to a minute. Looking at
/// messages hides them for a moment and counts as a reception, as in the console of AWS. A message that was received
/// `maxReceiveCount` times and not settled is moved to the dead letters by SQS itself: its reason is `abandoned`.
/// Counters are not kept.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    client: Client,
    url: String,
    arn: String,
    dead_url: String,
    dead_arn: String,
}

impl SqsQueue {
    /// Opens the queue with this URL. Endpoint and credentials are those of `config`, the region is the URL's when it says one.
    ///
    /// # Errors
    /// [`Error::NoSuchQueue`], [`Error::NoDeadLetterQueue`] when it has no redrive policy, [`Error::Denied`], or what else
    /// is in the way.
    pub async fn open(config: &SdkConfig, url: &str) -> Result<Self, Error> {
        let mut client = aws_sdk_sqs::config::Builder::from(config);
        if let Some(region) = region_of(url) {
            client = client.region(Region::new(region.to_owned()));
        }
        let client = Client::from_conf(client.build());
        let asked = client
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(QueueAttributeName::QueueArn)
            .attribute_names(QueueAttributeName::RedrivePolicy)
            .send()
            .await
            .map_err(failed("open", url))?;
        let attribute = |name| asked.attributes().and_then(|all| all.get(&name)).cloned();
        let arn = attribute(QueueAttributeName::QueueArn).unwrap_or_default();
        let dead_arn =
            attribute(QueueAttributeName::RedrivePolicy).and_then(|policy| dead_letter_queue(&policy));
        let dead_arn = dead_arn.ok_or_else(|| Error::NoDeadLetterQueue { url: url.to_owned() })?;
        let dead_name = dead_arn.rsplit(':').next().unwrap_or_default();
        let dead_url = client.get_queue_url().queue_name(dead_name).send().await;
        let dead_url = dead_url.map_err(failed("find the dead-letter queue of", url))?;
        let dead_url = dead_url.queue_url().unwrap_or_default().to_owned();
        Ok(Self { client, url: url.to_owned(), arn, dead_url, dead_arn })
    }

    /// Takes what `request` gets, up to `max`, waiting `wait` seconds for the first.
    async fn take(
        &self,
        url: &str,
        max: usize,
        hidden: i32,
        wait: i32,
    ) -> Result<Vec<aws_sdk_sqs::types::Message>, Error> {
        let received = self
            .client
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(i32::try_from(max.clamp(1, BATCH)).unwrap_or(1))
            .visibility_timeout(hidden)
            .wait_time_seconds(wait)
            .message_attribute_names("All")
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .message_system_attribute_names(MessageSystemAttributeName::DeadLetterQueueSourceArn)
            .send()
            .await
            .map_err(failed("receive from", url))?;
        Ok(received.messages.unwrap_or_default())
    }

    /// Hides messages for so long from now on. Those that are no longer held are passed over.
    async fn hide(&self, url: &str, handles: &[&str], seconds: i32) -> Result<(), Error> {
        for chunk in handles.chunks(BATCH) {
            let entries = chunk.iter().enumerate().map(|(n, handle)| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(n.to_string())
                    .receipt_handle(*handle)
                    .visibility_timeout(seconds)
                    .build()
            });
            let entries = entries.collect::<Result<Vec<_>, _>>().map_err(incomplete(url))?;
            let request = self.client.change_message_visibility_batch().queue_url(url);
            let hidden =
                request.set_entries(Some(entries)).send().await.map_err(failed("extend messages of", url))?;
            for entry in hidden.failed() {
                // It is no longer ours: settled, or somebody else's.
                tracing::debug!(code = entry.code(), "a message could not be hidden");
            }
        }
        Ok(())
    }

    async fn delete(&self, url: &str, handles: &[&str]) -> Result<(), Error> {
        for chunk in handles.chunks(BATCH) {
            let entries = chunk.iter().enumerate().map(|(n, handle)| {
                DeleteMessageBatchRequestEntry::builder().id(n.to_string()).receipt_handle(*handle).build()
            });
            let entries = entries.collect::<Result<Vec<_>, _>>().map_err(incomplete(url))?;
            let request = self.client.delete_message_batch().queue_url(url).set_entries(Some(entries));
            let deleted = request.send().await.map_err(failed("delete messages of", url))?;
            for entry in deleted.failed() {
                // It comes again, and is found to be done.
                tracing::debug!(code = entry.code(), "a message could not be deleted");
            }
        }
        Ok(())
    }

    async fn numbers(&self, url: &str) -> Result<BTreeMap<&'static str, u64>, Error> {
        let names = [
            ("waiting", QueueAttributeName::ApproximateNumberOfMessages),
            ("delayed", QueueAttributeName::ApproximateNumberOfMessagesDelayed),
            ("in_flight", QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
        ];
        let mut request = self.client.get_queue_attributes().queue_url(url);
        for (_, name) in &names {
            request = request.attribute_names(name.clone());
        }
        let answer = request.send().await.map_err(failed("count", url))?;
        let number = |name| answer.attributes().and_then(|all| all.get(name)?.parse().ok()).unwrap_or(0);
        Ok(names.iter().map(|(short, name)| (*short, number(name))).collect())
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send_bodies(&self, bodies: &[String]) -> Result<(), Error> {
        outbox::send(&self.client, &self.url, bodies).await
    }

    async fn receive(
        &self,
        max: usize,
        visibility: Duration,
        _select: &Select,
    ) -> Result<Vec<Message>, Error> {
        let taken = self.take(&self.url, max, seconds(visibility), LONG_POLL).await?;
        Ok(taken.into_iter().map(message).collect())
    }

    async fn acknowledge(&self, settled: &[Settled]) -> Result<(), Error> {
        let handles: Vec<_> = settled.iter().map(|settled| settled.receipt.0.as_str()).collect();
        self.delete(&self.url, &handles).await
    }

    async fn give_back(&self, receipt: &Receipt, delay: Duration) -> Result<(), Error> {
        self.hide(&self.url, &[&receipt.0], seconds(delay)).await
    }

    async fn extend(&self, receipts: &[Receipt], visibility: Duration) -> Result<(), Error> {
        let handles: Vec<_> = receipts.iter().map(|receipt| receipt.0.as_str()).collect();
        self.hide(&self.url, &handles, seconds(visibility)).await
    }

    async fn bury(&self, message: &Message, settled: &Settled, burial: &Burial) -> Result<(), Error> {
        // In this order: killed in between, it is in both places, and is lost from neither.
        self.send_to_the_dead(message, burial).await?;
        self.acknowledge(std::slice::from_ref(settled)).await
    }

    async fn peek(&self, max: usize, select: &Select) -> Result<Vec<Peeked>, Error> {
        let looked = self.look(&self.url, max, select).await?;
        let peeked =
            |message: Message| Peeked { body: message.body, attempts: message.attempts.saturating_sub(1) };
        Ok(looked.into_iter().map(peeked).collect())
    }

    async fn depth(&self, _select: &Select) -> Result<Depth, Error> {
        let (alive, dead) = (self.numbers(&self.url).await?, self.numbers(&self.dead_url).await?);
        Ok(Depth {
            waiting: alive["waiting"],
            delayed: alive["delayed"],
            in_flight: alive["in_flight"],
            dead: dead.values().sum(),
            next_ready: None,
        })
    }

    async fn dead(&self, max: usize, select: &Select) -> Result<Vec<DeadLetter>, Error> {
        self.dead_letters(max, select).await
    }

    async fn redrive(&self, which: &Redrive, select: &Select) -> Result<u64, Error> {
        match (which, select) {
            (Redrive::All, Select::All) => self.move_all().await,
            _ => self.move_some(which, select).await,
        }
    }

    async fn counters(&self, _run: &str) -> Result<Option<Counters>, Error> {
        Ok(None)
    }

    fn keeps_counters(&self) -> bool {
        false
    }
}

/// `sqs.eu-west-1.amazonaws.com` says where it is.
fn region_of(url: &str) -> Option<&str> {
    let host = url.split_once("://")?.1.split('/').next()?;
    host.strip_prefix("sqs.")?.split_once(".amazonaws.com").map(|(region, _)| region)
}

/// The ARN of the dead-letter queue that a redrive policy names.
fn dead_letter_queue(policy: &str) -> Option<String> {
    let policy: serde_json::Value = serde_json::from_str(policy).ok()?;
    policy.get("deadLetterTargetArn")?.as_str().map(str::to_owned)
}

/// Whole seconds, never less than asked, as long as SQS can.
fn seconds(span: Duration) -> i32 {
    let span = span.min(LONGEST_VISIBILITY);
    i32::try_from(span.as_secs()).unwrap_or(0) + i32::from(span.subsec_nanos() > 0)
}

fn message(message: aws_sdk_sqs::types::Message) -> Message {
    let attribute = |name| message.attributes().and_then(|all| all.get(&name)?.parse::<i64>().ok());
    let attempts = attribute(MessageSystemAttributeName::ApproximateReceiveCount);
    let sent = attribute(MessageSystemAttributeName::SentTimestamp);
    Message {
        attempts: attempts.and_then(|attempts| attempts.try_into().ok()).unwrap_or(1),
        sent: sent.and_then(DateTime::<Utc>::from_timestamp_millis).unwrap_or_default(),
        receipt: Receipt(message.receipt_handle.unwrap_or_default()),
        body: message.body.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_a_queue_says_its_region() {
        assert_eq!(region_of("https://sqs.eu-west-1.amazonaws.com/1/q"), Some("eu-west-1"));
        assert_eq!(region_of("https://sqs.cn-north-1.amazonaws.com.cn/1/q"), Some("cn-north-1"));
        assert_eq!(region_of("http://127.0.0.1:4566/queue/us-east-1/000000000000/q"), None);
    }

    #[test]
    fn a_span_is_at_least_as_long_as_asked_and_less_than_twelve_hours() {
        let spans = [0, 1, 1000, 1001, 86_400_000];
        assert_eq!(spans.map(|ms| seconds(Duration::from_millis(ms))), [0, 1, 1, 2, 42_000]);
    }

    #[test]
    fn a_redrive_policy_names_the_dead_letter_queue() {
        let policy = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:1:dead","maxReceiveCount":5}"#;
        assert_eq!(dead_letter_queue(policy).as_deref(), Some("arn:aws:sqs:us-east-1:1:dead"));
        assert_eq!(dead_letter_queue("{}"), None);
    }
}
