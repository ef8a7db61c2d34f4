//! Whether a request was sent to this machine by one of its own names.

use axum::http::{HeaderMap, Uri, header, uri::Authority};

/// Names that no name server can make lead elsewhere, nor a stranger's name lead to.
const HERE: &[&str] = &["localhost", "127.0.0.1", "[::1]"];

/// Whether the request names this machine, and this port, wherever it names one.
pub(super) fn is_here(uri: &Uri, headers: &HeaderMap, port: u16) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let is_host_here =
        host.to_str().ok().and_then(|host| host.parse().ok()).is_some_and(|host| names(&host, port));
    is_host_here && uri.authority().is_none_or(|authority| names(authority, port))
}

fn names(authority: &Authority, port: u16) -> bool {
    let is_plain = !authority.as_str().contains('@');
    is_plain
        && HERE.iter().any(|name| authority.host().eq_ignore_ascii_case(name))
        && authority.port_u16().unwrap_or(80) == port
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_names_of_this_machine_with_our_port_are_here() {
        for (host, expected) in [
            ("localhost:8000", true),
            ("LocalHost:8000", true),
            ("127.0.0.1:8000", true),
            ("[::1]:8000", true),
            ("localhost", false),
            ("localhost:8001", false),
            ("127.0.0.1.evil.org:8000", false),
            ("evil.org:8000", false),
            ("localhost@evil.org:8000", false),
            ("evil@localhost:8000", false),
            ("127.0.0.2:8000", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
            assert_eq!(is_here(&Uri::from_static("/"), &headers, 8000), expected, "{host}");
            assert!(!is_here(&Uri::from_static("http://evil.org/"), &headers, 8000), "{host}");
        }
        assert!(!is_here(&Uri::from_static("/"), &HeaderMap::new(), 8000));
        let headers = HeaderMap::from_iter([(header::HOST, "localhost".parse().unwrap())]);
        assert!(is_here(&Uri::from_static("/"), &headers, 80));
    }
}
