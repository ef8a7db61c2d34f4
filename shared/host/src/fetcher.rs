//! What may be fetched, and as whom.

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
}

/// What fetches for these sources: their hosts are trusted, and those that the options name.
///
/// # Errors
/// When the HTTP client cannot be made.
pub fn fetcher<'a>(
    sources: impl Iterator<Item = &'a Source> + Clone,
    fetching: &Fetching,
) -> Result<Fetcher, Error> {
    let named = fetching.allowed_hosts.iter().map(String::as_str);
    let hosts = sources.clone().filter_map(|source| source.url.host_str());
    let trusted_hosts = named.chain(hosts).map(str::to_lowercase).collect();
    let mut contacts = sources.filter_map(|source| source.contact.clone());
    let policy = Policy {
        contact: fetching.contact.clone().or_else(|| contacts.next()),
        trusted_hosts,
        connections_per_host: fetching.connections_per_host,
        ..Policy::default()
    };
    Ok(Fetcher::new(policy)?)
}
