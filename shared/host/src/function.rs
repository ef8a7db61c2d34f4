//! A Lambda function's parts, from the variables that the template sets.

use std::time::{Duration, SystemTime};

use granary_fetch::Fetcher;
use granary_harvest::{Deadlines, Granary};
use granary_queue::SqsQueue;
use tokio::time::Instant;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::{
    error::Error,
    fetcher::{Fetching, fetcher},
    granary::{Access, granary},
    queue::sqs,
};

/// Connections of one function to one host; several functions run side by side.
const CONNECTIONS_PER_HOST: usize = 4;

/// The share of a function's time that is kept for ending, and the most of it.
const RESERVED_SHARE: u32 = 5;
const RESERVED: Duration = Duration::from_secs(30);

/// What a function keeps between its invocations.
#[derive(Debug, Clone)]
pub struct Function {
    /// Where everything is kept: `GRANARY`.
    pub granary: Granary,
    /// The tasks: `GRANARY_QUEUE`.
    pub queue: SqsQueue,
    /// Trusts the hosts of the sources, when their turn comes, and of `GRANARY_ALLOW_HOST` (names with spaces in between).
    pub fetcher: Fetcher,
}

impl Function {
    /// Builds the parts, and starts the log: one line of JSON for each event, on standard output, as much as `GRANARY_LOG` says.
    ///
    /// # Errors
    /// When a variable is not set, or what it names cannot be used.
    pub async fn start() -> Result<Self, Error> {
        start_log();
        let location = variable("GRANARY")?.parse()?;
        let url = variable("GRANARY_QUEUE")?;
        let (granary, queue) = tokio::try_join!(granary(&location, Access::Write), sqs(&url))?;
        let allowed = std::env::var("GRANARY_ALLOW_HOST").unwrap_or_default();
        let fetching = Fetching {
            contact: std::env::var("GRANARY_CONTACT").ok().filter(|contact| !contact.is_empty()),
            allowed_hosts: allowed.split_whitespace().map(str::to_owned).collect(),
            connections_per_host: CONNECTIONS_PER_HOST,
            timeout: None,
        };
        // Each source's host is trusted when its turn comes; here only their contacts are of use.
        let sources = if fetching.contact.is_some() { Vec::new() } else { granary.sources().await? };
        let fetcher = fetcher(sources.iter(), &fetching)?;
        Ok(Self { granary, queue, fetcher })
    }
}

fn start_log() {
    let asked = std::env::var("GRANARY_LOG").ok().and_then(|levels| levels.parse().ok());
    let levels: Targets = asked.unwrap_or_else(|| Targets::new().with_default(tracing::Level::INFO));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_current_span(false)
        .with_span_list(false);
    // Started already: in a test.
    let _ = tracing_subscriber::registry().with(lines).with(levels).try_init();
}

/// When an invocation that Lambda ends at `limit` has to end.
pub fn deadlines(limit: SystemTime) -> Deadlines {
    let left = limit.duration_since(SystemTime::now()).unwrap_or_default();
    let reserved = (left / RESERVED_SHARE).min(RESERVED);
    let now = Instant::now();
    Deadlines { stop_at: now + (left - reserved), cut_at: now + (left - reserved / 2) }
}

fn variable(name: &'static str) -> Result<String, Error> {
    std::env::var(name).ok().filter(|value| !value.is_empty()).ok_or(Error::NotSet(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_of_the_time_is_kept_for_ending_and_half_a_minute_at_most() {
        let kept = |seconds| {
            let until = deadlines(SystemTime::now() + Duration::from_secs(seconds));
            let begun = Instant::now();
            [until.stop_at, until.cut_at].map(|at| (at - begun).as_secs_f64().round() as u64)
        };
        assert_eq!(kept(10), [8, 9]);
        assert_eq!(kept(900), [870, 885]);
        assert_eq!(kept(0), [0, 0]);
    }
}
