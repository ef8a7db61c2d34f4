//! What is to be downloaded, and the queue that holds it.
//!
//! A [`Task`] is a JSON object whose first four keys are those of 2010. [`Queue`] is the port; [`SqliteQueue`] serves
//! any number of processes on one machine. Delivery is at least once: who works a task has to bear doing it twice.

mod counters;
mod error;
mod queue;
mod sqlite;
mod task;

pub use counters::Counters;
pub use error::Error;
pub use queue::{Burial, DeadLetter, Depth, Message, Peeked, Queue, Receipt, Redrive, Select, Settled};
pub use sqlite::SqliteQueue;
pub use task::{Role, Task, TaskError};
