//! What keeps a host from being built.

use std::path::PathBuf;

/// A part that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name is of no kind that is known.
    #[error("{name} is no {what}; {known}")]
    Unknown {
        /// As it was given.
        name: String,
        /// What it was given for.
        what: &'static str,
        /// What there is.
        known: &'static str,
    },
    /// There is no granary to read.
    #[error("there is no granary at {}; `granary harvest URL` makes one", .0.display())]
    NoGranary(PathBuf),
    /// A granary in a bucket has no place for a queue of its own.
    #[error("a granary in a bucket has no queue of its own; name one with --queue, an SQS URL or a file")]
    NoQueue,
    /// A variable that a function needs is not set.
    #[error("the variable {0} is not set; the template sets it")]
    NotSet(&'static str),
    /// The granary cannot be opened.
    #[error("cannot {} the granary {location}; choose another with --granary", if *write { "write to" } else { "read" })]
    Granary {
        /// Where it is.
        location: String,
        /// Whether it was to be written to.
        write: bool,
        /// Why.
        source: Box<granary_harvest::Error>,
    },
    /// The queue cannot be opened.
    #[error(transparent)]
    Queue(#[from] granary_queue::Error),
    /// The sources cannot be read.
    #[error(transparent)]
    Harvest(#[from] granary_harvest::Error),
    /// The HTTP client cannot be made, or not as a source wants it.
    #[error(transparent)]
    Fetch(#[from] granary_fetch::Error),
}
