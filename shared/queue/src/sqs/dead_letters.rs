//! The dead-letter queue: looking at it, and putting its messages back.

use std::{collections::HashSet, time::Duration};

use aws_sdk_sqs::types::{MessageAttributeValue, MessageSystemAttributeName};
use chrono::Utc;

use super::{
    LOOK, SqsQueue,
    answer::{failed, incomplete},
    message, outbox,
};
use crate::{
    error::Error,
    queue::{Burial, DeadLetter, Message, Redrive, Select},
};

/// The most characters of a reason's detail that go with a message.
const LONGEST_DETAIL: usize = 2000;

/// The most bytes of a message, attributes included; and what of it the names, the types and the short attributes take.
const LONGEST_MESSAGE: usize = 1 << 20;
const ATTRIBUTES: usize = 200;

/// How many receptions without anything new end a look: each asks all of the queue's servers, and may still miss some.
const EMPTY_LOOKS: u32 = 2;

/// How long a move may show no progress.
const MOVE_STALLS: u32 = 120;

impl SqsQueue {
    /// Puts a message among the dead, with its reason as attributes.
    pub(super) async fn send_to_the_dead(&self, message: &Message, burial: &Burial) -> Result<(), Error> {
        // A message that is nearly as long as it may be has room for a short detail only.
        let room = LONGEST_MESSAGE.saturating_sub(message.body.len() + ATTRIBUTES) / 4;
        let detail = xml_characters(&burial.detail, room.min(LONGEST_DETAIL));
        let attributes = [
            ("reason", burial.reason.clone()),
            ("detail", if detail.is_empty() { "no detail".to_owned() } else { detail }),
            ("attempts", message.attempts.to_string()),
        ];
        let mut request = self.client.send_message().queue_url(&self.dead_url).message_body(&message.body);
        for (name, value) in attributes {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value).build();
            request = request.message_attributes(name, value.map_err(incomplete(&self.dead_url))?);
        }
        request.send().await.map_err(failed("send to", &self.dead_url))?;
        Ok(())
    }

    /// Messages of a queue, hidden only while this goes on.
    pub(super) async fn look(&self, url: &str, max: usize, select: &Select) -> Result<Vec<Message>, Error> {
        let mut looked = Looked::new(self, url);
        let mut found = Vec::new();
        while let Some(batch) = looked.next(found.len() < max).await? {
            let meant = batch.into_iter().map(message).filter(|message| select.includes(&message.body));
            found.extend(meant.take(max - found.len()));
        }
        Ok(found)
    }

    pub(super) async fn dead_letters(&self, max: usize, select: &Select) -> Result<Vec<DeadLetter>, Error> {
        let mut looked = Looked::new(self, &self.dead_url);
        let mut found = Vec::new();
        while let Some(batch) = looked.next(found.len() < max).await? {
            let meant = batch.into_iter().map(dead_letter).filter(|letter| select.includes(&letter.body));
            found.extend(meant.take(max - found.len()));
        }
        found.sort_by_key(|letter| letter.died);
        Ok(found)
    }

    /// Moves all dead letters back: a message move task, carried out by SQS. Returns when it has ended.
    pub(super) async fn move_all(&self) -> Result<u64, Error> {
        let started = self
            .client
            .start_message_move_task()
            .source_arn(&self.dead_arn)
            // Those that were sent there, and not moved by SQS, have no queue of their own to go back to.
            .destination_arn(&self.arn)
            .send()
            .await
            .map_err(failed("redrive to", &self.url))?;
        let (mut moved, mut stalls) = (0, 0);
        while stalls < MOVE_STALLS {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let tasks = self.client.list_message_move_tasks().source_arn(&self.dead_arn).send().await;
            let tasks = tasks.map_err(failed("redrive to", &self.url))?;
            // The newest comes first; only a running one shows its handle.
            let Some(task) = tasks.results().first() else { break };
            let now = u64::try_from(task.approximate_number_of_messages_moved()).unwrap_or(0);
            stalls = if now == moved { stalls + 1 } else { 0 };
            moved = now;
            match task.status() {
                Some("RUNNING" | "CREATED") => {}
                Some("FAILED") => {
                    let why = task.failure_reason().unwrap_or("no reason given").to_owned();
                    let (action, url) = ("redrive to", self.url.clone());
                    return Err(Error::Sqs { action, url, source: why.into() });
                }
                _ => return Ok(moved),
            }
        }
        tracing::warn!(task = started.task_handle(), "messages are still being moved back");
        Ok(moved)
    }

    /// Moves back those that are meant: sent first, then deleted.
    pub(super) async fn move_some(&self, which: &Redrive, select: &Select) -> Result<u64, Error> {
        let begun = Utc::now();
        let mut looked = Looked::new(self, &self.dead_url);
        let mut moved = 0;
        // What is tried again at once may soon be back among the dead, as a letter of its own: not that one too.
        let there: u64 = self.numbers(&self.dead_url).await?.values().sum();
        while let Some(batch) = looked.next(looked.seen() <= there).await? {
            let (mut handles, mut bodies) = (Vec::new(), Vec::new());
            for message in batch {
                let handle = message.receipt_handle.clone().unwrap_or_default();
                let letter = dead_letter(message);
                let is_meant = match which {
                    Redrive::All => true,
                    Redrive::Reason(reason) => letter.reason == *reason,
                    Redrive::Ids(ids) => ids.contains(&letter.id),
                };
                if is_meant && letter.died <= begun && select.includes(&letter.body) {
                    handles.push(handle);
                    bodies.push(letter.body);
                }
            }
            outbox::send(&self.client, &self.url, &bodies).await?;
            let handles: Vec<_> = handles.iter().map(String::as_str).collect();
            self.delete(&self.dead_url, &handles).await?;
            moved += bodies.len() as u64;
        }
        Ok(moved)
    }
}

/// A walk through the messages of a queue. Ended, it makes those visible again that it has seen.
struct Looked<'a> {
    queue: &'a SqsQueue,
    url: &'a str,
    ids: HashSet<String>,
    handles: Vec<String>,
    empty: u32,
}

impl<'a> Looked<'a> {
    fn new(queue: &'a SqsQueue, url: &'a str) -> Self {
        Self { queue, url, ids: HashSet::new(), handles: Vec::new(), empty: 0 }
    }

    /// How many different messages it has come by.
    fn seen(&self) -> u64 {
        self.ids.len() as u64
    }

    /// The next messages that were not seen before; nothing at the end, or when no `more` are wanted.
    async fn next(&mut self, more: bool) -> Result<Option<Vec<aws_sdk_sqs::types::Message>>, Error> {
        while more && self.empty < EMPTY_LOOKS {
            // Longer for long walks, so that what was seen first is not seen again.
            let hidden = LOOK + i32::try_from(self.handles.len() / 10).unwrap_or(i32::MAX / 2);
            // A wait of a second asks all servers, no wait only some of them.
            let mut batch = self.queue.take(self.url, super::BATCH, hidden, 1).await?;
            self.handles.extend(batch.iter().filter_map(|message| message.receipt_handle.clone()));
            batch.retain(|message| self.ids.insert(message.message_id.clone().unwrap_or_default()));
            if !batch.is_empty() {
                self.empty = 0;
                return Ok(Some(batch));
            }
            self.empty += 1;
        }
        let handles: Vec<_> = self.handles.iter().map(String::as_str).collect();
        self.queue.hide(self.url, &handles, 0).await?;
        Ok(None)
    }
}

fn dead_letter(from: aws_sdk_sqs::types::Message) -> DeadLetter {
    let attribute =
        |name| from.message_attributes().and_then(|all| all.get(name)?.string_value().map(str::to_owned));
    let detail =
        "it was received as often as the queue allows, and never settled: its worker was killed each time";
    // SQS itself has moved it, perhaps one that had been redriven with its old reason.
    let is_abandoned = from
        .attributes()
        .is_some_and(|all| all.contains_key(&MessageSystemAttributeName::DeadLetterQueueSourceArn));
    let attribute = |name| attribute(name).filter(|_| !is_abandoned);
    let (reason, id) = (attribute("reason"), from.message_id.clone().unwrap_or_default());
    let (given_detail, attempts) = (attribute("detail"), attribute("attempts"));
    let message = message(from);
    DeadLetter {
        id,
        detail: given_detail.unwrap_or_else(|| detail.to_owned()),
        attempts: attempts.and_then(|attempts| attempts.parse().ok()).unwrap_or(message.attempts),
        reason: reason.unwrap_or_else(|| "abandoned".to_owned()),
        died: message.sent,
        body: message.body,
    }
}

/// What SQS takes in an attribute: the characters of XML 1.0.
fn xml_characters(text: &str, most: usize) -> String {
    let allowed = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().filter(allowed).take(most).collect()
}
