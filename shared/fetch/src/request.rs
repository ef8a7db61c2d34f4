//! What is asked for.

use std::fmt;

use url::Url;

use crate::guard::redacted;

/// A request.
#[derive(Clone)]
pub struct Request {
    /// GET, HEAD or POST.
    pub method: Method,
    /// Where.
    pub url: Url,
    /// The `Accept` header.
    pub accept: Option<String>,
    /// Whether the body may come compressed.
    pub encoding: Encoding,
    /// Ask only for what is not that: 304 is an answer then.
    pub validators: Validators,
    /// The most bytes of the body, after decompression.
    pub max_bytes: Option<u64>,
    /// Which statuses are answers.
    pub statuses: Statuses,
    /// Whether a broken transfer is taken up again by `Range` and `If-Range`; only with [`Encoding::Identity`].
    pub resume: bool,
    /// What becomes of the query at a redirect.
    pub query: Query,
}

impl Request {
    /// A GET request with defaults: any encoding, no limit, only successes are answers.
    pub fn new(url: Url) -> Self {
        Self {
            method: Method::Get,
            url,
            accept: None,
            encoding: Encoding::Any,
            validators: Validators::default(),
            max_bytes: None,
            statuses: Statuses::Success,
            resume: false,
            query: Query::AsRedirected,
        }
    }
}

/// Without the URL's user name and password.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, url, accept, encoding, validators, max_bytes, statuses, resume, query } = self;
        f.debug_struct("Request")
            .field("method", method)
            .field("url", &redacted(url))
            .field("accept", accept)
            .field("encoding", encoding)
            .field("validators", validators)
            .field("max_bytes", max_bytes)
            .field("statuses", statuses)
            .field("resume", resume)
            .field("query", query)
            .finish()
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The headers and the body.
    Get,
    /// The headers alone.
    Head,
    /// The same as by GET, with the URL's query as a form. For what changes nothing over there: it is tried again like any
    /// other, and a redirect is followed by POST, whatever its status; only 303 asks for GET.
    Post,
}

/// Whether a body may come compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// gzip is accepted and undone. It needs 32 KiB of memory, whatever is sent; brotli and zstd would need 16 MiB and more
    /// for each connection, if a server says so.
    Any,
    /// The bytes as they are stored: sizes, digests and ranges mean them.
    Identity,
}

/// What becomes of the query at a redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query {
    /// The redirect says all.
    AsRedirected,
    /// A redirect to a URL without a query gets the one that was asked with: the query is what is asked for, and not where.
    Kept,
}

/// Which statuses are answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statuses {
    /// 2xx, and 304 to a conditional request.
    Success,
    /// All that are final: the body says more.
    Any,
}

/// What is known of a file that was fetched before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// Its `ETag`.
    pub etag: Option<String>,
    /// Its `Last-Modified`.
    pub last_modified: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_password() {
        let request = Request::new(Url::parse("http://user:secret@example.org/a").unwrap());
        let text = format!("{request:?}");
        assert!(text.contains("http://example.org/a") && !text.contains("secret"), "{text}");
    }
}
