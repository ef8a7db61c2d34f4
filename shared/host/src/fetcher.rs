//! What may be fetched, and as whom.

use std::time::Duration;

use granary_fetch::{Fetcher, Policy};
use granary_harvest::Source;

use crate::error::Error;

/// What a host's options say about fetching.
#[derive(Debug, Clone, Default)]
pub struct Fetching {
    /// Whom the staff of a repository can write to; a source's own contact when there is none.
    pub contact: Option<String>,
    /// Hosts that are trusted beside those of the sources.
    pub allowed_hosts: Vec<String>,
    /// How many connections to a host are open at once.
    pub connections_per_host: usize,
    /// How long a server may say nothing, when it is not the usual time.
    pub timeout: Option<Duration>,
}

/// What fetches for these sources: their hosts are trusted and treated as the sources say, and those are trusted that the
/// options name.
///
/// # Errors
/// When the HTTP client cannot be made, or the certificates of a source cannot be read.
pub fn fetcher<'a>(
    sources: impl Iterator<Item = &'a Source> + Clone,
    fetching: &Fetching,
) -> Result<Fetcher, Error> {
    let named = fetching.allowed_hosts.iter().map(String::as_str);
    let trusted_hosts = named.map(str::to_lowercase).collect();
    // Files may lie on other hosts, whose staff would like to know as well.
    let mut contacts = sources.clone().filter_map(|source| source.contact.clone());
    let usual = Policy::default();
    let policy = Policy {
        contact: fetching.contact.clone().or_else(|| contacts.next()),
        trusted_hosts,
        connections_per_host: fetching.connections_per_host,
        idle_timeout: fetching.timeout.unwrap_or(usual.idle_timeout),
        ..usual
    };
    let fetcher = Fetcher::new(policy)?;
    for source in sources {
        source.admit(&fetcher)?;
    }
    Ok(fetcher)
}
