//! What every host does before it calls a step: names become parts. A directory or `s3://bucket/prefix` becomes a
//! [`Granary`](granary_harvest::Granary), a file or the URL of an SQS queue a [`Queue`](granary_queue::Queue), the sources
//! become what a [`Fetcher`](granary_fetch::Fetcher) may fetch.
//!
//! Hosts are the command line and the two Lambda functions.

mod aws;
mod error;
mod examining;
mod fetcher;
mod function;
mod granary;
mod metrics;
mod queue;

pub use aws::aws_config;
pub use error::Error;
pub use examining::examining;
pub use fetcher::{Fetching, fetcher};
pub use function::{Function, deadlines};
pub use granary::{Access, Location, granary};
pub use metrics::Metrics;
pub use queue::{QueueLocation, existing_queue, queue, sqs};
