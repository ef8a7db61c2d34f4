//! A batch of messages that Lambda has received for a function.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;

use super::SqsQueue;
use crate::{
    counters::Counters,
    error::Error,
    queue::{Burial, DeadLetter, Depth, Message, Peeked, Queue, Receipt, Redrive, Select, Settled},
};

/// The queue as a function sees it whose messages Lambda receives and deletes: what is settled is noted, and costs no
/// request. What is not is to be reported as failed (`ReportBatchItemFailures`), and comes again.
///
/// Messages are hidden for as long as the queue says, which is longer than the function may run: extending does nothing.
/// All else is [`SqsQueue`]'s.
#[derive(Debug)]
pub struct SqsBatch {
    queue: SqsQueue,
    settled: Mutex<HashSet<Receipt>>,
}

impl SqsBatch {
    /// A batch of a queue.
    #[must_use]
    pub fn new(queue: SqsQueue) -> Self {
        Self { queue, settled: Mutex::default() }
    }

    /// Whether a message has been acknowledged or buried.
    pub fn is_settled(&self, receipt: &Receipt) -> bool {
        self.settled.lock().unwrap_or_else(PoisonError::into_inner).contains(receipt)
    }
}

#[async_trait]
impl Queue for SqsBatch {
    async fn send_bodies(&self, bodies: &[String]) -> Result<(), Error> {
        self.queue.send_bodies(bodies).await
    }

    async fn receive(
        &self,
        max: usize,
        visibility: Duration,
        select: &Select,
    ) -> Result<Vec<Message>, Error> {
        self.queue.receive(max, visibility, select).await
    }

    async fn acknowledge(&self, settled: &[Settled]) -> Result<(), Error> {
        let receipts = settled.iter().map(|settled| settled.receipt.clone());
        self.settled.lock().unwrap_or_else(PoisonError::into_inner).extend(receipts);
        Ok(())
    }

    async fn give_back(&self, receipt: &Receipt, delay: Duration) -> Result<(), Error> {
        self.queue.give_back(receipt, delay).await
    }

    async fn extend(&self, _receipts: &[Receipt], _visibility: Duration) -> Result<(), Error> {
        Ok(())
    }

    async fn bury(&self, message: &Message, settled: &Settled, burial: &Burial) -> Result<(), Error> {
        self.queue.send_to_the_dead(message, burial).await?;
        self.acknowledge(std::slice::from_ref(settled)).await
    }

    async fn peek(&self, max: usize, select: &Select) -> Result<Vec<Peeked>, Error> {
        self.queue.peek(max, select).await
    }

    async fn depth(&self, select: &Select) -> Result<Depth, Error> {
        self.queue.depth(select).await
    }

    async fn dead(&self, max: usize, select: &Select) -> Result<Vec<DeadLetter>, Error> {
        self.queue.dead(max, select).await
    }

    async fn redrive(&self, which: &Redrive, select: &Select) -> Result<u64, Error> {
        self.queue.redrive(which, select).await
    }

    async fn counters(&self, run: &str) -> Result<Option<Counters>, Error> {
        self.queue.counters(run).await
    }

    fn keeps_counters(&self) -> bool {
        self.queue.keeps_counters()
    }
}
