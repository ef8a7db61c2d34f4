//! Why a file was not stored: one word, the same in manifests, dead letters and reports.

use std::fmt;

/// Why a file, or a record's metadata, was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The server says that it is not there (404, 410).
    Gone,
    /// The server does not give it to us (401, 403).
    Forbidden,
    /// A challenge page or firewall stood before it.
    Blocked,
    /// HTML came in place of what was announced.
    NotAFile,
    /// Size or digest are not what the metadata announces.
    BadDigest,
    /// It is larger than allowed.
    TooBig,
    /// The server could not be reached, failed, or broke off.
    Unreachable,
    /// The server did not answer in time.
    Timeout,
    /// Redirects without end.
    RedirectLoop,
    /// The URL leads where Granary does not go (another scheme than http(s), an address that is not public), or the server
    /// refuses the request as such (400, 422).
    Refused,
    /// Declared as restricted; not tried.
    Restricted,
    /// Declared as embargoed; not tried.
    Embargoed,
    /// The metadata cannot be read.
    BadMetadata,
    /// The queue's message is no task that can be done.
    BadMessage,
    /// The object's manifest cannot be read.
    CorruptManifest,
}

impl Reason {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Forbidden => "forbidden",
            Self::Blocked => "blocked",
            Self::NotAFile => "not_a_file",
            Self::BadDigest => "bad_digest",
            Self::TooBig => "too_big",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::RedirectLoop => "redirect_loop",
            Self::Refused => "refused",
            Self::Restricted => "restricted",
            Self::Embargoed => "embargoed",
            Self::BadMetadata => "bad_metadata",
            Self::BadMessage => "bad_message",
            Self::CorruptManifest => "corrupt_manifest",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<granary_fetch::Reason> for Reason {
    fn from(reason: granary_fetch::Reason) -> Self {
        match reason {
            granary_fetch::Reason::Gone => Self::Gone,
            granary_fetch::Reason::Forbidden => Self::Forbidden,
            granary_fetch::Reason::Blocked => Self::Blocked,
            granary_fetch::Reason::TooBig => Self::TooBig,
            granary_fetch::Reason::Unreachable => Self::Unreachable,
            granary_fetch::Reason::Timeout => Self::Timeout,
            granary_fetch::Reason::RedirectLoop => Self::RedirectLoop,
            granary_fetch::Reason::Refused => Self::Refused,
        }
    }
}
