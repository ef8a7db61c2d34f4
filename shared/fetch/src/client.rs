//! The HTTP clients that a fetcher asks by: a pair for all hosts, and one for each host that is treated in a way of its own.

use reqwest::{
    Certificate, Client, ClientBuilder,
    header::{self, HeaderMap, HeaderValue},
};

use crate::{
    error::Error,
    guard::Guard,
    policy::{HostPolicy, Policy, Tls},
    request::Encoding,
};

/// Two clients that differ in nothing but what they do with a compressed body.
#[derive(Debug)]
pub(crate) struct Clients {
    /// Undoes compression.
    pub(crate) decoding: Client,
    /// Leaves bytes as they are.
    pub(crate) plain: Client,
}

impl Clients {
    /// Those for every host.
    pub(crate) fn new(policy: &Policy, guard: &Guard) -> Result<Self, Error> {
        let build = |encoding| builder(policy, guard, encoding).build().map_err(Error::Client);
        Ok(Self { decoding: build(Encoding::Any)?, plain: build(Encoding::Identity)? })
    }

    /// Those for one host.
    pub(crate) fn towards(
        host: &str,
        special: &HostPolicy,
        policy: &Policy,
        guard: &Guard,
    ) -> Result<Self, Error> {
        let policy = policy.towards(special);
        let build = |encoding| {
            let builder = builder(&policy, guard, encoding);
            let builder = match &special.tls {
                Tls::Public => builder,
                Tls::Authority(pem) => builder.tls_certs_merge(certificates(host, pem)?),
                Tls::Unchecked => builder.tls_danger_accept_invalid_certs(true),
            };
            builder.build().map_err(Error::Client)
        };
        Ok(Self { decoding: build(Encoding::Any)?, plain: build(Encoding::Identity)? })
    }
}

fn certificates(host: &str, pem: &str) -> Result<Vec<Certificate>, Error> {
    let certificates = Certificate::from_pem_bundle(pem.as_bytes()).unwrap_or_default();
    match certificates.is_empty() {
        true => Err(Error::Authority { host: host.to_owned() }),
        false => Ok(certificates),
    }
}

fn builder(policy: &Policy, guard: &Guard, encoding: Encoding) -> ClientBuilder {
    let decodes = encoding == Encoding::Any;
    Client::builder()
        .user_agent(policy.user_agent())
        .connect_timeout(policy.connect_timeout)
        .read_timeout(policy.idle_timeout)
        .redirect(reqwest::redirect::Policy::none())
        .dns_resolver(guard.clone())
        // A proxy would look names up in our place, and the guard would see nothing.
        .no_proxy()
        .gzip(decodes)
        .pool_max_idle_per_host(policy.connections_per_host)
        .default_headers(from_header(policy))
}

fn from_header(policy: &Policy) -> HeaderMap {
    let from = policy.sender().and_then(|from| HeaderValue::from_str(from).ok());
    from.map(|from| (header::FROM, from)).into_iter().collect()
}
