//! The fetcher: one request, with redirects, waits and retries.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::Utc;
use reqwest::{
    StatusCode,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use tokio::sync::OwnedSemaphorePermit;
use url::Url;

use crate::{
    client::Clients,
    error::{Error, Retry},
    failure::failure,
    guard::{Guard, normal, redacted},
    host::Hosts,
    policy::{HostPolicy, Policy},
    request::{Encoding, Method, Query, Request, Statuses},
    response::Response,
    resume::Range,
    retry_after,
};

/// Fetches, as a good citizen. Cheap to clone; all clones share connections, bounds and what is known of hosts.
#[derive(Clone)]
pub struct Fetcher(Arc<Inner>);

struct Inner {
    policy: Policy,
    guard: Guard,
    hosts: Hosts,
    clients: Clients,
    /// Hosts that are treated in a way of their own.
    special: RwLock<HashMap<String, Arc<Special>>>,
    /// Requests sent.
    sent: AtomicU64,
}

/// How a host is treated, and what it is asked by.
struct Special {
    policy: HostPolicy,
    clients: Clients,
}

/// One of the attempts of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    /// Whether there is none after it.
    pub(crate) is_last: bool,
    /// Whether it asks for plain bytes, though others would do.
    pub(crate) plain: bool,
}

/// An answer that was not a redirect.
pub(crate) struct Answer {
    pub(crate) response: reqwest::Response,
    pub(crate) permit: Option<OwnedSemaphorePermit>,
    pub(crate) url: Url,
    pub(crate) moved_permanently: bool,
    /// Whether it was asked not to be compressed.
    pub(crate) asked_identity: bool,
}

impl Fetcher {
    /// A fetcher that behaves so.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(policy: Policy) -> Result<Self, Error> {
        Self::guarded(policy, Guard::default())
    }

    /// The same with a guard of its own.
    pub(crate) fn guarded(policy: Policy, guard: Guard) -> Result<Self, Error> {
        // Another part of the program may have chosen a provider before; that one serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        policy.trusted_hosts.iter().for_each(|host| guard.trust(host));
        let clients = Clients::new(&policy, &guard)?;
        let hosts = Hosts::new(policy.connections_per_host);
        Ok(Self(Arc::new(Inner {
            policy,
            guard,
            hosts,
            clients,
            special: RwLock::default(),
            sent: AtomicU64::new(0),
        })))
    }

    /// Trusts one more host.
    pub fn trust(&self, host: &str) {
        self.0.guard.trust(host);
    }

    /// Trusts a host, and treats it in a way of its own from now on.
    ///
    /// # Errors
    /// When the certificates that are to be trusted for it cannot be read, or the HTTP client cannot be made.
    pub fn adapt(&self, host: &str, policy: &HostPolicy) -> Result<(), Error> {
        self.trust(host);
        let (host, usual) = (normal(host), *policy == HostPolicy::default());
        if self.special(&host).map_or(usual, |special| special.policy == *policy) {
            return Ok(());
        }
        let new = match usual {
            true => None,
            false => Some(Clients::towards(&host, policy, &self.0.policy, &self.0.guard)?),
        };
        let mut special = self.0.special.write().unwrap_or_else(PoisonError::into_inner);
        match new {
            Some(clients) => special.insert(host, Arc::new(Special { policy: policy.clone(), clients })),
            None => special.remove(&host),
        };
        Ok(())
    }

    fn special(&self, host: &str) -> Option<Arc<Special>> {
        self.0.special.read().unwrap_or_else(PoisonError::into_inner).get(&normal(host)).cloned()
    }

    /// The User-Agent that a host is shown.
    pub fn user_agent(&self, host: &str) -> String {
        let special = self.special(host).map(|special| special.policy.clone()).unwrap_or_default();
        self.0.policy.towards(&special).user_agent()
    }

    /// How many requests were sent, redirects and those that were tried again included.
    pub fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    /// Whether a host has been seen to break what it compresses, or to fail when it is asked to: it is asked for plain bytes.
    pub fn compresses_badly(&self, host: &str) -> bool {
        self.0.hosts.identity_only(host)
    }

    /// Takes it for known that a host compresses badly.
    pub fn note_bad_compression(&self, host: &str) {
        self.0.hosts.compresses_badly(host);
    }

    /// Fetches. Waits for a free connection to the host and for its `Retry-After`, follows redirects, and tries again what is
    /// temporary. Returns when the answer begins; the connection is held until the response is read or dropped.
    ///
    /// # Errors
    /// See [`Error`]; what is temporary has been tried as often as the policy says.
    pub async fn get(&self, request: Request) -> Result<Response, Error> {
        let answer = self.answer(&request).await?;
        Response::new(self.clone(), request, answer)
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.0.policy
    }

    pub(crate) fn hosts(&self) -> &Hosts {
        &self.0.hosts
    }

    async fn answer(&self, request: &Request) -> Result<Answer, Error> {
        let policy = &self.0.policy;
        // Some servers fail whenever they are asked to compress: the last attempt asks them not to.
        let mut fails_to_compress = request.encoding == Encoding::Any;
        for attempt in 1.. {
            let is_last = attempt >= policy.attempts.max(1);
            let plain = fails_to_compress && is_last && attempt > 1;
            let error = match self.follow(request, None, Attempt { is_last, plain }).await {
                Ok(answer) => {
                    if plain && answer.response.status().is_success() {
                        self.0.hosts.compresses_badly(answer.url.host_str().unwrap_or_default());
                    }
                    return Ok(answer);
                }
                Err(error) => error,
            };
            fails_to_compress &= matches!(error, Error::Status { status: 500, .. });
            let pause = self.pause(&error, attempt).filter(|_| !is_last);
            let Some(wait) = pause else { return Err(error) };
            tracing::debug!(attempt, ?wait, "trying again: {error}");
            tokio::time::sleep(wait).await;
        }
        unreachable!("the last attempt returns")
    }

    /// How long to wait after the attempt with this number; nothing when another is of no use now.
    pub(crate) fn pause(&self, error: &Error, attempt: u32) -> Option<Duration> {
        let policy = &self.0.policy;
        match error.retry() {
            Retry::Never => None,
            Retry::Later => Some(policy.backoff.delay(attempt, &mut fastrand::Rng::new())),
            Retry::NotBefore(until) => {
                let wait = (until - Utc::now()).to_std().unwrap_or_default();
                (wait <= policy.longest_wait).then_some(wait)
            }
        }
    }

    /// One attempt, with its redirects.
    pub(crate) async fn follow(
        &self,
        request: &Request,
        range: Option<&Range>,
        attempt: Attempt,
    ) -> Result<Answer, Error> {
        let mut url = request.url.clone();
        let mut visited = vec![url.clone()];
        let mut moved_permanently = false;
        let mut method = request.method;
        loop {
            let answer = self.send(request, method, &url, range, attempt.plain).await?;
            if let Some(by) = blocked_by(answer.response.headers()) {
                let status = answer.response.status().as_u16();
                return Err(Error::Blocked { url: redacted(&url), status, by });
            }
            if let Some(target) = redirect_target(&answer.response, &url, request.query) {
                moved_permanently |= matches!(answer.response.status().as_u16(), 301 | 308);
                if answer.response.status() == StatusCode::SEE_OTHER && method == Method::Post {
                    method = Method::Get;
                }
                drop(answer);
                let target = target?;
                let asked = redacted(&request.url);
                if visited.contains(&target) {
                    return Err(Error::RedirectLoop { url: asked });
                }
                if visited.len() > self.0.policy.max_redirects {
                    return Err(Error::TooManyRedirects { url: asked, count: self.0.policy.max_redirects });
                }
                visited.push(target.clone());
                url = target;
                continue;
            }
            self.judge(&answer.response, &url, request, attempt.is_last)?;
            return Ok(Answer { moved_permanently, ..answer });
        }
    }

    /// One hop.
    async fn send(
        &self,
        request: &Request,
        method: Method,
        url: &Url,
        range: Option<&Range>,
        plain: bool,
    ) -> Result<Answer, Error> {
        self.0.guard.check(url)?;
        let host = url.host_str().unwrap_or_default();
        let permit = self.0.hosts.permit(host).await;
        self.wait_for(host).await?;
        // Some hosts compress unasked: what may be compressed is decoded even when it is asked for as it is.
        let special = self.special(host);
        let clients = special.as_ref().map_or(&self.0.clients, |special| &special.clients);
        let (client, asked_identity) = match request.encoding {
            Encoding::Any => (&clients.decoding, plain || self.0.hosts.identity_only(host)),
            Encoding::Identity => (&clients.plain, true),
        };
        self.0.sent.fetch_add(1, Ordering::Relaxed);
        let asked = match method {
            Method::Get => client.get(url.clone()),
            Method::Head => client.head(url.clone()),
            Method::Post => form(client, url),
        };
        let sent = asked.headers(headers(request, range, asked_identity)).send().await;
        let response = sent.map_err(|source| failure(url, source))?;
        Ok(Answer { response, permit, url: url.clone(), moved_permanently: false, asked_identity })
    }

    /// Waits until the host may be asked again.
    async fn wait_for(&self, host: &str) -> Result<(), Error> {
        while let Some(until) = self.0.hosts.not_before(host) {
            let Ok(wait) = (until - Utc::now()).to_std() else { break };
            if wait > self.0.policy.longest_wait {
                return Err(Error::NotBefore { host: host.to_owned(), until });
            }
            tokio::time::sleep(wait + Duration::from_millis(1)).await;
        }
        Ok(())
    }

    /// Whether the answer is one.
    fn judge(
        &self,
        response: &reqwest::Response,
        url: &Url,
        request: &Request,
        is_last: bool,
    ) -> Result<(), Error> {
        let status = response.status();
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            return Ok(());
        }
        let asks_to_wait = matches!(status.as_u16(), 429 | 503);
        let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let until =
            retry_after.filter(|_| asks_to_wait).and_then(|value| retry_after::parse(value, Utc::now()));
        if let Some(until) = until {
            self.0.hosts.wait_until(url.host_str().unwrap_or_default(), until);
        }
        let error = Error::Status { url: redacted(url), status: status.as_u16(), until };
        let is_final = error.retry() == Retry::Never || is_last && until.is_none();
        if request.statuses == Statuses::Any && is_final { Ok(()) } else { Err(error) }
    }
}

impl std::fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetcher").field("policy", &self.0.policy).finish_non_exhaustive()
    }
}

/// A request with the URL's query as a form.
fn form(client: &reqwest::Client, url: &Url) -> reqwest::RequestBuilder {
    let mut bare = url.clone();
    bare.set_query(None);
    let form = url.query().unwrap_or_default().to_owned();
    client.post(bare).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
}

fn headers(request: &Request, range: Option<&Range>, asked_identity: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    // What was received as a header can be sent as one; what cannot is left out.
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::ACCEPT, request.accept.as_deref().unwrap_or("*/*"));
    if asked_identity {
        set(header::ACCEPT_ENCODING, "identity");
    }
    if let Some(range) = range {
        set(header::RANGE, &format!("bytes={}-", range.from));
        set(header::IF_RANGE, &range.if_range);
        return headers;
    }
    if let Some(etag) = &request.validators.etag {
        set(header::IF_NONE_MATCH, etag);
    }
    if let Some(last_modified) = &request.validators.last_modified {
        set(header::IF_MODIFIED_SINCE, last_modified);
    }
    headers
}

/// Where a redirect leads; nothing when the answer is none.
fn redirect_target(response: &reqwest::Response, url: &Url, query: Query) -> Option<Result<Url, Error>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(header::LOCATION)?;
    let location = String::from_utf8_lossy(location.as_bytes()).into_owned();
    let target = url.join(location.trim()).map_err(|error| Error::Refused {
        url: redacted(url),
        why: format!("it redirects to {:?}, which is no URL: {error}", after_password(&location)),
    });
    Some(target.map(|mut target| {
        target.set_fragment(None);
        if query == Query::Kept && target.query().is_none() {
            target.set_query(url.query());
        }
        // What is meant for one server is not shown to another, and one server may be told where it is without it.
        let is_same = is_same_server(url, &target);
        // Both only fail for URLs that cannot have them, and those are refused.
        let _ = target.set_username(if is_same { url.username() } else { "" });
        let _ = target.set_password(url.password().filter(|_| is_same));
        target
    }))
}

/// Whether a redirect stays where it was: at the same host and port, and with no less encryption. To go from HTTP to HTTPS,
/// each at its own port, is to stay.
fn is_same_server(from: &Url, to: &Url) -> bool {
    let place = |url: &Url| (url.scheme().to_owned(), url.port_or_known_default());
    let becomes_https =
        place(from) == ("http".to_owned(), Some(80)) && place(to) == ("https".to_owned(), Some(443));
    from.host() == to.host() && (place(from) == place(to) || becomes_https)
}

/// What can be shown of a text that is no URL, and may hold a password all the same.
fn after_password(text: &str) -> &str {
    text.rsplit('@').next().unwrap_or_default()
}

/// The firewall that answers in the server's place.
fn blocked_by(headers: &HeaderMap) -> Option<String> {
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|v| v.as_bytes() == value.as_bytes());
    if is("cf-mitigated", "challenge") {
        return Some("a Cloudflare challenge".to_owned());
    }
    if headers.contains_key("x-amzn-waf-action") {
        return Some("an AWS firewall".to_owned());
    }
    headers.contains_key("x-sucuri-block").then(|| "a Sucuri firewall".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_stays_at_its_server_or_makes_it_safer() {
        let check = |from: &str, to: &str, is_same: bool| {
            let (from, to): (Url, Url) = (from.parse().unwrap(), to.parse().unwrap());
            assert_eq!(is_same_server(&from, &to), is_same, "{from} to {to}");
        };
        check("http://x.org/a", "http://x.org:80/b", true);
        check("http://x.org/a", "http://X.org/b", true);
        check("http://x.org/a", "https://x.org/a", true);
        check("https://x.org/a", "http://x.org/a", false);
        check("https://x.org/a", "https://x.org:8443/a", false);
        check("http://x.org:8080/a", "https://x.org/a", false);
        check("http://x.org/a", "http://x.org:8080/a", false);
        check("http://x.org/a", "http://www.x.org/a", false);
        check("http://x.org/a", "http://x.org.evil.net/a", false);
    }

    #[test]
    fn of_a_bad_location_only_what_follows_the_password_is_shown() {
        assert_eq!(after_password("http://user:p@ss@example.org:99999/"), "example.org:99999/");
        assert_eq!(after_password("http://example.org:99999/"), "http://example.org:99999/");
    }
}
