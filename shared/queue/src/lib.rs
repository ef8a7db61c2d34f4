//! What is to be downloaded, and the queue that holds it.
//!
//! A [`Task`] is a JSON object whose first four keys are those of 2010. [`Queue`] is the port. `SqliteQueue`
//! (feature `sqlite`) serves any number of processes on one machine, `SqsQueue` (feature `sqs`) any number of machines. Delivery is at least once: who works a task has to bear doing it twice.

mod counters;
mod error;
mod queue;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqs")]
mod sqs;
mod task;

pub use counters::Counters;
pub use error::Error;
pub use queue::{Burial, DeadLetter, Depth, Message, Peeked, Queue, Receipt, Redrive, Select, Settled};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteQueue;
#[cfg(feature = "sqs")]
pub use sqs::{SqsBatch, SqsQueue};
pub use task::{Role, Task, TaskError};
