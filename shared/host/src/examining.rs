//! What examines an endpoint.

use std::time::Duration;

use granary_fetch::{Fetcher, Policy};
use url::Url;

use crate::{error::Error, fetcher::Fetching};

/// How long an endpoint that is examined may say nothing: half of what a harvest waits.
const SILENCE: Duration = Duration::from_secs(30);

/// What asks on behalf of the doctor: it sends each request once, over one connection, and trusts the host of `url`, and those
/// that the options name.
///
/// # Errors
/// When the HTTP client cannot be made.
pub fn examining(url: &Url, fetching: &Fetching) -> Result<Fetcher, Error> {
    let named = fetching.allowed_hosts.iter().map(String::as_str);
    let policy = Policy {
        contact: fetching.contact.clone(),
        trusted_hosts: named.chain(url.host_str()).map(str::to_lowercase).collect(),
        connections_per_host: 1,
        idle_timeout: SILENCE,
        attempts: 1,
        ..Policy::default()
    };
    Ok(Fetcher::new(policy)?)
}
