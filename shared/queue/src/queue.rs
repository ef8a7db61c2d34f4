//! The port: what every queue does.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::{counters::Counters, error::Error, task::Task};

/// A queue of messages, delivered at least once.
///
/// May be shared between tasks; any number of processes may use the same queue. Whoever receives a message holds it
/// for a time, its *visibility*; who has neither settled nor extended it by then loses it to the next who asks. So
/// nothing is lost with a worker that dies, and everything may be worked twice.
///
/// A queue may give messages out of order (SQS) or oldest first (SQLite).
///
/// A dropped future leaves the queue whole: what it was to do is then done altogether or not at all, except that a
/// send may have sent some of its messages. Messages that a dropped [`receive`](Queue::receive) has taken come back
/// when their visibility ends.
///
/// # Errors
/// Every method fails with [`Error`] when the queue cannot be reached or written, and for no other reason: a
/// receipt that is no longer valid is never an error.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Sends tasks, any number, in this order. They survive a power cut once it returns.
    async fn send(&self, tasks: &[Task]) -> Result<(), Error> {
        let bodies: Vec<_> = tasks.iter().map(Task::to_body).collect();
        self.send_bodies(&bodies).await
    }

    /// Sends messages as they are, as [`Queue::send`] does; they need not be tasks.
    async fn send_bodies(&self, bodies: &[String]) -> Result<(), Error>;

    /// Takes up to `max` messages and hides them for `visibility`. With nothing there it returns nothing: at once, or
    /// after waiting some seconds for something to come (SQS's long polling).
    async fn receive(&self, max: usize, visibility: Duration, select: &Select)
    -> Result<Vec<Message>, Error>;

    /// Takes messages off the queue, and counts. A receipt whose message went to somebody else is passed over, and
    /// does not count: each message counts once.
    async fn acknowledge(&self, settled: &[Settled]) -> Result<(), Error>;

    /// Makes a message visible again after `delay`. Its receipt is then no longer valid.
    async fn give_back(&self, receipt: &Receipt, delay: Duration) -> Result<(), Error>;

    /// Hides messages for `visibility` from now on.
    async fn extend(&self, receipts: &[Receipt], visibility: Duration) -> Result<(), Error>;

    /// Moves a message to the dead letters with its reason, and counts, as [`Queue::acknowledge`] does. `settled` is
    /// this message's.
    async fn bury(&self, message: &Message, settled: &Settled, burial: &Burial) -> Result<(), Error>;

    /// Shows up to `max` messages without taking or hiding them, in the order in which they would come: those that are
    /// delayed or held by somebody last.
    async fn peek(&self, max: usize, select: &Select) -> Result<Vec<Peeked>, Error>;

    /// How many messages there are.
    async fn depth(&self, select: &Select) -> Result<Depth, Error>;

    /// Shows up to `max` dead letters, the longest dead first.
    async fn dead(&self, max: usize, select: &Select) -> Result<Vec<DeadLetter>, Error>;

    /// Puts dead letters back into the queue, as if they were new. Returns how many.
    async fn redrive(&self, which: &Redrive, select: &Select) -> Result<u64, Error>;

    /// What acknowledgements and burials have counted for a run; nothing when this queue cannot keep count (SQS).
    async fn counters(&self, run: &str) -> Result<Option<Counters>, Error>;

    /// Whether [`Queue::counters`] are kept. Where they are not, who settles messages has to count them elsewhere.
    fn keeps_counters(&self) -> bool;
}

/// Which messages are meant. A queue that cannot select among those that wait (SQS) receives and counts all of them; dead
/// letters and those looked at are always selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Select {
    /// All of them, those that are no tasks too.
    All,
    /// Those of the silo with this name, as [`Task::silo_name`] says.
    Silo(String),
}

/// A message that was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The message as it was sent; need not be a task.
    pub body: String,
    /// Names this reception.
    pub receipt: Receipt,
    /// How often it has been received, this time included.
    pub attempts: u32,
    /// When it was sent.
    pub sent: DateTime<Utc>,
}

/// Names one reception of one message (SQS's receipt handle): valid until somebody else receives the message, or
/// until it is settled or given back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Receipt(pub(crate) String);

impl Receipt {
    /// The receipt handle that SQS, or Lambda in its place, has given with a message.
    #[must_use]
    pub fn of_handle(handle: String) -> Self {
        Self(handle)
    }
}

/// A message that is done with, and what is to be counted for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Which.
    pub receipt: Receipt,
    /// The run that the numbers belong to; without one they are not kept.
    pub run: Option<String>,
    /// The numbers.
    pub counters: Counters,
}

/// Why a message is given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Burial {
    /// In one word, for [`Redrive::Reason`].
    pub reason: String,
    /// In full.
    pub detail: String,
}

/// A message that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peeked {
    /// The message as it was sent.
    pub body: String,
    /// How often it has been received.
    pub attempts: u32,
}

/// How many messages there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Ready to be received.
    pub waiting: u64,
    /// Given back, and not ready yet. Some queues (SQS) count those among [`Depth::in_flight`].
    pub delayed: u64,
    /// Received and neither settled nor given back; their visibility lasts.
    pub in_flight: u64,
    /// Given up.
    pub dead: u64,
    /// When the first of those delayed is ready; unknown to some queues.
    pub next_ready: Option<DateTime<Utc>>,
}

#[cfg(feature = "sqs")]
impl Select {
    /// Whether a message is meant.
    pub(crate) fn includes(&self, body: &str) -> bool {
        match self {
            Self::All => true,
            Self::Silo(silo) => Task::parse(body).is_ok_and(|task| task.silo_name() == silo),
        }
    }
}

impl Depth {
    /// Whether nothing is left to be done.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.waiting + self.delayed + self.in_flight == 0
    }
}

/// A message that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Names it for [`Redrive::Ids`].
    pub id: String,
    /// The message as it was sent.
    pub body: String,
    /// Why, in one word.
    pub reason: String,
    /// Why, in full.
    pub detail: String,
    /// How often it had been received.
    pub attempts: u32,
    /// When it was given up.
    pub died: DateTime<Utc>,
}

/// Which dead letters to put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redrive {
    /// All.
    All,
    /// Those with this reason.
    Reason(String),
    /// Those that [`DeadLetter::id`] names; an id that names none is passed over.
    Ids(Vec<String>),
}
