//! One process for one machine: the schedule, the workers, fixity checks, and the log of it all.
//!
//! It does what Supervisor did in 2010, for programs that were processes of their own then: it starts them, starts them
//! again after a crash, stops them when told to, and keeps their log. What a harvest or a worker does is in
//! `granary-harvest`; nothing here knows of HTTP.
//!
//! How a run stands is in the granary and in the queue, and read from there: any number of supervisors, of shells and of
//! machines may share them. Here is only what concerns this process.

mod controls;
mod error;
mod fixity;
mod log;
mod pool;
mod sampler;
mod schedule;
mod supervisor;

pub use controls::{Controls, Switch};
pub use error::Error;
pub use fixity::{Finding, Fixity};
pub use log::{Line, Log};
pub use pool::{Worker, WorkerState};
pub use sampler::Sample;
pub use schedule::Activity;
pub use supervisor::{Settings, Supervisor};
