//! The guard: only http and https, and only public addresses, but for trusted hosts.

use std::{
    collections::BTreeSet,
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::error::Error;

/// Which hosts may have addresses that are not public, and who knows their addresses.
#[derive(Clone)]
pub(crate) struct Guard {
    trusted: Arc<RwLock<BTreeSet<String>>>,
    look_up: LookUp,
}

/// Finds the addresses of a host.
type LookUp = Arc<dyn Fn(String) -> LookingUp + Send + Sync>;
type LookingUp = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

impl Default for Guard {
    fn default() -> Self {
        Self::asking(|host| {
            Box::pin(async move { Ok(tokio::net::lookup_host((host.as_str(), 0)).await?.collect()) })
        })
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("trusted", &self.trusted).finish_non_exhaustive()
    }
}

impl Guard {
    /// A guard that trusts nobody, and learns addresses so.
    fn asking(look_up: impl Fn(String) -> LookingUp + Send + Sync + 'static) -> Self {
        Self { trusted: Arc::default(), look_up: Arc::new(look_up) }
    }

    pub(crate) fn trust(&self, host: &str) {
        self.trusted.write().unwrap_or_else(PoisonError::into_inner).insert(normal(host));
    }

    fn trusts(&self, host: &str) -> bool {
        self.trusted.read().unwrap_or_else(PoisonError::into_inner).contains(&normal(host))
    }

    /// Judges a URL as far as it can be without looking its host up. A name is judged when it is resolved, which is when the
    /// connection is made: what is checked is what is connected to.
    pub(crate) fn check(&self, url: &Url) -> Result<(), Error> {
        let refuse = |why: String| Err(Error::Refused { url: redacted(url), why });
        if !matches!(url.scheme(), "http" | "https") {
            return refuse(format!("only http and https are fetched, not {}", url.scheme()));
        }
        let address = match url.host() {
            None => return refuse("it has no host".to_owned()),
            // Not every resolver knows these names, and none may be asked for them (RFC 6761, section 6.3).
            Some(Host::Domain(name)) if is_localhost(name) && !self.trusts(name) => {
                return refuse(format!("{name} is this machine; --allow-host {} allows it", normal(name)));
            }
            Some(Host::Domain(_)) => return Ok(()),
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
        };
        if is_public(address) || self.trusts(&address.to_string()) {
            return Ok(());
        }
        refuse(format!("{address} is not a public address; --allow-host {address} allows it"))
    }
}

fn is_localhost(name: &str) -> bool {
    let name = normal(name);
    name == "localhost" || name.ends_with(".localhost")
}

/// A host name as it is compared: lower case, without brackets or a final dot.
pub(crate) fn normal(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase()
}

/// A URL without user name and password.
pub(crate) fn redacted(url: &Url) -> String {
    if url.username().is_empty() && url.password().is_none() {
        return url.to_string();
    }
    let mut url = url.clone();
    // Both only fail for URLs that cannot have them, and then there are none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

/// A name that resolves to no public address.
#[derive(Debug)]
pub(crate) struct NotPublic {
    pub(crate) host: String,
    addresses: Vec<IpAddr>,
}

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        let addresses: Vec<_> = self.addresses.iter().map(ToString::to_string).collect();
        write!(f, "{host} has no public address ({}); --allow-host {host} allows it", addresses.join(", "))
    }
}

impl std::error::Error for NotPublic {}

/// Resolves names for the HTTP client, and keeps from it what is not public.
impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let addresses = (guard.look_up)(host.clone()).await?;
            let allowed: Vec<SocketAddr> = match guard.trusts(&host) {
                true => addresses,
                false => {
                    let public = addresses
                        .iter()
                        .filter(|address| is_public(address.ip()))
                        .copied()
                        .collect::<Vec<_>>();
                    if public.is_empty() {
                        let addresses = addresses.iter().map(SocketAddr::ip).collect();
                        return Err(Box::new(NotPublic { host, addresses })
                            as Box<dyn std::error::Error + Send + Sync>);
                    }
                    public
                }
            };
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public internet. One that embeds an IPv4 address is judged by that.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(embedded) => is_public_v4(embedded),
            None => is_public_v6(address),
        },
    }
}

/// IANA's registry of special-purpose addresses, and multicast.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Only 2000::/3 is given out, and parts of it are not.
    let global = segments[0] & 0xe000 == 0x2000;
    let documentation = segments[0] == 0x2001 && segments[1] == 0x0db8 || segments[0] & 0xfff0 == 0x3ff0;
    let protocol = segments[0] == 0x2001 && segments[1] < 0x0200;
    global && !documentation && !protocol
}

/// The IPv4 address inside a mapped, compatible, NAT64, 6to4 or Teredo address.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match s {
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(v4(high, low)),
        [0, 0, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        [0x2001, 0, _, _, _, _, high, low] => Some(v4(!high, !low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::{fetcher::Fetcher, policy::Policy, request::Request};

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:0:0:0:0:0:80ff:fffe",
            "64:ff9b:1::1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:c0a8:1::",
            "3fff::1",
            "4000::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "2606:4700::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn hosts_in_disguise_are_seen_through() {
        let guard = Guard::default();
        for url in [
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://[::1]/",
            "http://[::ffff:169.254.169.254]/",
            "http://127.0.0.1./",
            "file:///etc/passwd",
            "ftp://example.org/",
            "gopher://example.org/",
            "data:text/plain,x",
        ] {
            let url = Url::parse(url).unwrap();
            assert!(guard.check(&url).is_err(), "{url}");
        }
        assert!(guard.check(&Url::parse("http://8.8.8.8/").unwrap()).is_ok());
    }

    #[test]
    fn a_trusted_host_may_have_any_address() {
        let guard = Guard::default();
        guard.trust("127.0.0.1");
        guard.trust("[::1]");
        guard.trust("Example.ORG.");
        for url in ["http://127.0.0.1:8080/", "http://2130706433/", "http://[::1]/"] {
            assert!(guard.check(&Url::parse(url).unwrap()).is_ok(), "{url}");
        }
        assert!(guard.trusts("example.org"));
        assert!(!guard.trusts("www.example.org"));
    }

    /// A fetcher of a guard whose look-ups give these addresses one after the other, and how often it looked up.
    fn looking_up(answers: &'static [&'static [&'static str]]) -> (Fetcher, Guard, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let guard = Guard::asking(move |_| {
            let nth = counted.fetch_add(1, Ordering::SeqCst);
            let addresses = answers[nth.min(answers.len() - 1)].iter();
            let addresses = addresses.map(|address| SocketAddr::new(address.parse().unwrap(), 0)).collect();
            Box::pin(async move { Ok(addresses) })
        });
        let policy = Policy { attempts: 1, ..Policy::default() };
        (Fetcher::guarded(policy, guard.clone()).unwrap(), guard, count)
    }

    async fn resolved(guard: &Guard) -> Result<Vec<String>, String> {
        let addresses = guard.resolve("rebinds.example.org".parse().unwrap()).await;
        addresses
            .map(|all| all.map(|address| address.ip().to_string()).collect())
            .map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_name_that_changes_its_address_is_judged_by_each_look_up() {
        let (_, guard, _) = looking_up(&[&["8.8.8.8"], &["127.0.0.1"], &["::ffff:10.0.0.1", "8.8.4.4"]]);
        assert_eq!(resolved(&guard).await.unwrap(), ["8.8.8.8"]);
        assert!(resolved(&guard).await.unwrap_err().contains("has no public address (127.0.0.1)"));
        assert_eq!(resolved(&guard).await.unwrap(), ["8.8.4.4"], "the private one of several is left out");
    }

    #[tokio::test]
    async fn between_look_up_and_connection_nobody_looks_up_again() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://rebinds.example.org:{}/", listener.local_addr().unwrap().port());
        let request = Request::new(url.parse().unwrap());
        let answer = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").await.unwrap();
        });
        let (fetcher, _, count) = looking_up(&[&["127.0.0.1"], &["127.0.0.1"], &["8.8.8.8"]]);
        let error = fetcher.get(request.clone()).await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{error}");
        assert_eq!(count.load(Ordering::SeqCst), 1);
        assert!(!answer.is_finished(), "nobody has connected");
        fetcher.trust("rebinds.example.org");
        assert_eq!(fetcher.get(request).await.unwrap().status, 200);
        answer.await.unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 2, "what was looked up is what was connected to");
    }

    #[test]
    fn passwords_are_not_shown() {
        let url = Url::parse("http://user:secret@example.org/a?b").unwrap();
        assert_eq!(redacted(&url), "http://example.org/a?b");
    }
}
