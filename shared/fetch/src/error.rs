//! Why something could not be fetched, and whether to try again.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// A failed request. URLs in its text are without user names and passwords.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The guard does not let it pass.
    #[error("{url} is refused: {why}")]
    Refused {
        /// What was asked.
        url: String,
        /// Why.
        why: String,
    },
    /// The server answers with an error.
    #[error("{url} answers HTTP {status}")]
    Status {
        /// What was asked.
        url: String,
        /// The status.
        status: u16,
        /// Until when the server asks to wait.
        until: Option<DateTime<Utc>>,
    },
    /// A firewall or a challenge page answers.
    #[error("{url} is blocked by {by} (HTTP {status})")]
    Blocked {
        /// What was asked.
        url: String,
        /// The status.
        status: u16,
        /// What told so.
        by: String,
    },
    /// The host asked to be left alone, and that is not over.
    #[error("{host} asks to wait until {}", until.format("%Y-%m-%dT%H:%M:%SZ"))]
    NotBefore {
        /// The host.
        host: String,
        /// Until when.
        until: DateTime<Utc>,
    },
    /// The server says nothing for too long, or no connection is made in time.
    #[error("{url} does not answer in time")]
    Timeout {
        /// What was asked.
        url: String,
        /// What timed out.
        source: reqwest::Error,
    },
    /// It comes, but so slowly that it is not waited for.
    #[error("{url} comes too slowly: {received} bytes in {} s", after.as_secs())]
    TooSlow {
        /// What was asked.
        url: String,
        /// How many bytes came.
        received: u64,
        /// In which time.
        after: Duration,
    },
    /// The server's certificate cannot be trusted.
    #[error("the certificate of {url} cannot be trusted")]
    Certificate {
        /// What was asked.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// No such host, no connection, or it breaks.
    #[error("cannot reach {url}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The transfer broke, and could not be taken up again.
    #[error("{url} breaks off after {received} bytes{}", of(*expected))]
    Truncated {
        /// What was asked.
        url: String,
        /// How many bytes came.
        received: u64,
        /// How many were announced.
        expected: Option<u64>,
    },
    /// The body cannot be decompressed.
    #[error("cannot decompress what {url} sends")]
    Encoding {
        /// What was asked.
        url: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file changed while it was being fetched.
    #[error("{url} changed while it was being fetched")]
    Changed {
        /// What was asked.
        url: String,
    },
    /// It is larger than allowed.
    #[error("{url} is larger than the {limit} bytes allowed")]
    TooBig {
        /// What was asked.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// The headers of the answer are more than is taken.
    #[error("the headers of the answer of {url} are too long")]
    HeadersTooLong {
        /// What was asked.
        url: String,
        /// What the client says.
        source: reqwest::Error,
    },
    /// A redirect leads back.
    #[error("the redirects of {url} go round in circles")]
    RedirectLoop {
        /// What was asked.
        url: String,
    },
    /// One redirect after the other.
    #[error("{url} redirects more than {count} times")]
    TooManyRedirects {
        /// What was asked.
        url: String,
        /// How many were followed.
        count: usize,
    },
    /// The client could not be made.
    #[error("cannot make an HTTP client")]
    Client(#[source] reqwest::Error),
    /// What is to be trusted for a host are no certificates.
    #[error("the certificates that are to be trusted for {host} cannot be read as PEM")]
    Authority {
        /// The host.
        host: String,
    },
}

fn of(expected: Option<u64>) -> String {
    expected.map_or_else(String::new, |expected| format!(" of {expected}"))
}

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// 404, 410.
    Gone,
    /// 401, 403, 407, 451.
    Forbidden,
    /// A challenge page or firewall.
    Blocked,
    /// Larger than allowed.
    TooBig,
    /// No host, no connection, a broken transfer, a failing server.
    Unreachable,
    /// No answer in time.
    Timeout,
    /// Redirects without end.
    RedirectLoop,
    /// The guard does not let it pass; or the server takes no such request (400, 405, 422, and every other 4xx that is
    /// neither above nor temporary), however often it is sent.
    Refused,
}

/// Whether to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It will fail again.
    Never,
    /// It may work after a while.
    Later,
    /// The server says when.
    NotBefore(DateTime<Utc>),
}

impl Error {
    /// What kind of failure it is.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Refused { .. } => Reason::Refused,
            Self::Status { status: 404 | 410, .. } => Reason::Gone,
            Self::Status { status: 408, .. } => Reason::Timeout,
            Self::Status { status: 425 | 429, .. } => Reason::Unreachable,
            Self::Status { status: 401 | 403 | 407 | 451, .. } => Reason::Forbidden,
            Self::Status { status: 400..=499, .. } => Reason::Refused,
            Self::Status { .. } | Self::NotBefore { .. } => Reason::Unreachable,
            Self::Blocked { .. } => Reason::Blocked,
            Self::Timeout { .. } | Self::TooSlow { .. } => Reason::Timeout,
            Self::Certificate { .. }
            | Self::Unreachable { .. }
            | Self::Truncated { .. }
            | Self::Encoding { .. }
            | Self::Changed { .. }
            | Self::Client(_)
            | Self::Authority { .. } => Reason::Unreachable,
            Self::TooBig { .. } | Self::HeadersTooLong { .. } => Reason::TooBig,
            Self::RedirectLoop { .. } | Self::TooManyRedirects { .. } => Reason::RedirectLoop,
        }
    }

    /// Whether to try again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::NotBefore { until, .. } | Self::Status { until: Some(until), .. } => {
                Retry::NotBefore(*until)
            }
            Self::Status { status: 408 | 425 | 429 | 500 | 502 | 503 | 504, .. } => Retry::Later,
            Self::Timeout { .. }
            | Self::TooSlow { .. }
            | Self::Unreachable { .. }
            | Self::Truncated { .. }
            | Self::Encoding { .. }
            | Self::Changed { .. } => Retry::Later,
            Self::Refused { .. }
            | Self::Status { .. }
            | Self::Blocked { .. }
            | Self::Certificate { .. }
            | Self::TooBig { .. }
            | Self::HeadersTooLong { .. }
            | Self::RedirectLoop { .. }
            | Self::TooManyRedirects { .. }
            | Self::Client(_)
            | Self::Authority { .. } => Retry::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_its_reason() {
        let check = |statuses: &[u16], reason: Reason, retry: Retry| {
            for &status in statuses {
                let error = Error::Status { url: String::new(), status, until: None };
                assert_eq!((error.reason(), error.retry()), (reason, retry), "{status}");
            }
        };
        check(&[404, 410], Reason::Gone, Retry::Never);
        check(&[401, 403, 407, 451], Reason::Forbidden, Retry::Never);
        check(&[400, 402, 405, 406, 409, 413, 414, 416, 422, 431], Reason::Refused, Retry::Never);
        check(&[408], Reason::Timeout, Retry::Later);
        check(&[425, 429, 500, 502, 503, 504], Reason::Unreachable, Retry::Later);
    }
}
