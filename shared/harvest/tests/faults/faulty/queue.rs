//! A queue whose operations fail, and that is as odd as queues may be.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use granary_queue::{
    Burial, Counters, DeadLetter, Depth, Error, Message, Peeked, Queue, Receipt, Redrive, Select, Settled,
    SqliteQueue,
};

use super::plan::{Effect, Faults};

/// Whether a queue keeps count of what is settled, as SQLite does, or not, as SQS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counting {
    Kept,
    NotKept,
}

/// The receptions of a process: when it dies, somebody has to let go of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Held(Arc<Mutex<BTreeSet<Receipt>>>);

impl Held {
    /// Makes all of them visible, as opening the queue does for those of a process that is gone.
    pub(crate) async fn release(&self, queue: &SqliteQueue) {
        let held = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for receipt in held {
            queue.give_back(&receipt, Duration::ZERO).await.unwrap();
        }
    }

    fn add(&self, messages: &[Message]) {
        let receipts = messages.iter().map(|message| message.receipt.clone());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(receipts);
    }
}

/// A real queue, and what befalls its operations.
///
/// By chance, a message comes out of order, comes to two at once, comes back while it is worked on, and comes back though
/// it was acknowledged.
pub(crate) struct FaultyQueue {
    inner: SqliteQueue,
    faults: Arc<Faults>,
    counting: Counting,
    held: Held,
    /// What may come twice.
    delivered: Mutex<Vec<Message>>,
}

impl FaultyQueue {
    pub(crate) fn new(inner: SqliteQueue, faults: Arc<Faults>, counting: Counting, held: Held) -> Self {
        Self { inner, faults, counting, held, delivered: Mutex::default() }
    }

    /// Makes of what was received what another queue might have given.
    async fn oddly(&self, mut messages: Vec<Message>) -> Result<Vec<Message>, Error> {
        for message in &messages {
            if self.faults.odd() {
                // Its time is over before its work is: somebody else gets it too.
                self.inner.give_back(&message.receipt, Duration::ZERO).await?;
            }
        }
        {
            let mut delivered = self.delivered.lock().unwrap_or_else(PoisonError::into_inner);
            delivered.extend(messages.iter().cloned());
            let twice = delivered.iter().filter(|_| self.faults.odd()).take(2).cloned();
            messages.extend(twice.collect::<Vec<_>>());
        }
        if let Some(mut random) = self.faults.random() {
            random.shuffle(&mut messages);
        }
        Ok(messages)
    }
}

#[async_trait]
impl Queue for FaultyQueue {
    async fn send_bodies(&self, bodies: &[String]) -> Result<(), Error> {
        let begun = self.faults.begin(Effect::Changes, format!("send {}", bodies.len())).await?;
        let result = self.inner.send_bodies(bodies).await;
        self.faults.end(&begun, result)
    }

    async fn receive(
        &self,
        max: usize,
        visibility: Duration,
        select: &Select,
    ) -> Result<Vec<Message>, Error> {
        let begun = self.faults.begin(Effect::Reads, "receive".to_owned()).await?;
        let messages = self.inner.receive(max, visibility, select).await?;
        self.held.add(&messages);
        let messages = self.faults.end(&begun, Ok::<_, Error>(messages))?;
        if messages.is_empty() {
            // Nothing has changed, and nobody knows how often it is asked for.
            return Ok(messages);
        }
        let begun = self.faults.begin(Effect::Changes, format!("receive {}", messages.len())).await?;
        let messages = self.oddly(messages).await;
        self.faults.end(&begun, messages)
    }

    async fn acknowledge(&self, settled: &[Settled]) -> Result<(), Error> {
        if settled.is_empty() {
            return Ok(());
        }
        let begun = self.faults.begin(Effect::Changes, format!("acknowledge {}", settled.len())).await?;
        let (lost, told): (Vec<_>, Vec<_>) = settled.iter().cloned().partition(|_| self.faults.odd());
        for settled in lost {
            self.inner.give_back(&settled.receipt, Duration::ZERO).await?;
        }
        let result = self.inner.acknowledge(&told).await;
        self.faults.end(&begun, result)
    }

    async fn give_back(&self, receipt: &Receipt, delay: Duration) -> Result<(), Error> {
        let begun = self.faults.begin(Effect::Changes, "give back".to_owned()).await?;
        let result = self.inner.give_back(receipt, delay).await;
        self.faults.end(&begun, result)
    }

    async fn extend(&self, receipts: &[Receipt], visibility: Duration) -> Result<(), Error> {
        let begun = self.faults.begin(Effect::Changes, format!("extend {}", receipts.len())).await?;
        let result = self.inner.extend(receipts, visibility).await;
        self.faults.end(&begun, result)
    }

    async fn bury(&self, message: &Message, settled: &Settled, burial: &Burial) -> Result<(), Error> {
        let begun = self.faults.begin(Effect::Changes, format!("bury as {}", burial.reason)).await?;
        let result = self.inner.bury(message, settled, burial).await;
        self.faults.end(&begun, result)
    }

    async fn peek(&self, max: usize, select: &Select) -> Result<Vec<Peeked>, Error> {
        self.inner.peek(max, select).await
    }

    async fn depth(&self, select: &Select) -> Result<Depth, Error> {
        let begun = self.faults.begin(Effect::Reads, "depth".to_owned()).await?;
        let result = self.inner.depth(select).await;
        self.faults.end(&begun, result)
    }

    async fn dead(&self, max: usize, select: &Select) -> Result<Vec<DeadLetter>, Error> {
        self.inner.dead(max, select).await
    }

    async fn redrive(&self, which: &Redrive, select: &Select) -> Result<u64, Error> {
        self.inner.redrive(which, select).await
    }

    async fn counters(&self, run: &str) -> Result<Option<Counters>, Error> {
        match self.counting {
            Counting::Kept => {
                let begun = self.faults.begin(Effect::Reads, "counters".to_owned()).await?;
                let result = self.inner.counters(run).await;
                self.faults.end(&begun, result)
            }
            Counting::NotKept => Ok(None),
        }
    }

    fn keeps_counters(&self) -> bool {
        self.counting == Counting::Kept
    }
}
