//! The ways in which a path can misbehave.

use std::time::Duration;

use crate::flood::{Flood, Packing};

/// The ways in which a path can misbehave. Each is what some real repository does.
///
/// The name in brackets is the `kind` at `/_repository/fault`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// 404 with an HTML page (`not-found`).
    NotFound,
    /// 410 with an HTML page (`gone`).
    Gone,
    /// 403 with an HTML page (`forbidden`).
    Forbidden,
    /// 500 with an HTML page (`server-error`).
    ServerError,
    /// 503 with an HTML page (`unavailable`).
    Unavailable {
        /// `Retry-After` in seconds; without one the header is missing (`retry-after`).
        retry_after: Option<u64>,
    },
    /// 503 with an HTML page, and a `Retry-After` that is a date (`unavailable-until`).
    UnavailableUntil {
        /// How far ahead the date is (`retry-after`).
        seconds: u32,
    },
    /// 429 with an HTML page (`too-many-requests`).
    TooManyRequests {
        /// `Retry-After` in seconds (`retry-after`).
        retry_after: u64,
    },
    /// The right headers, `Content-Length` too, then half of the bytes, rounded down, then the end of the connection
    /// (`truncate`). Half of what was asked for: a client that resumes gets half of the rest. HEAD is answered well.
    Truncate,
    /// A file's last byte differs from the one that its digest was made of; its size and its `ETag` are right
    /// (`wrong-digest`). Other paths than those of files are answered well.
    WrongDigest,
    /// A file is 16 bytes longer than announced, and its `Content-Length` says so (`wrong-size`). Other paths than those
    /// of files are answered well.
    WrongSize,
    /// 302 to `/login`, an HTML page with status 200 (`login-page`).
    LoginPage,
    /// 200 with an HTML page (`html`).
    Html,
    /// 302 to a target that is sent as it is (`redirect`).
    Redirect {
        /// The `Location`: `http://169.254.169.254/`, `file:///etc/passwd`, a path (`target`).
        target: String,
    },
    /// 302 to the very URL that was asked for (`redirect-loop`).
    RedirectLoop,
    /// The right answer, with a wait before each KiB of its body (`slow`).
    Slow {
        /// Each wait (`delay`, in milliseconds).
        delay: Duration,
    },
    /// No answer; the connection stays open until the client or the server ends (`hang`).
    Hang,
    /// No answer; the connection is reset (`reset`).
    Reset,
    /// 200 with a body of no bytes (`empty`).
    Empty,
    /// `badResumptionToken` for OAI-PMH requests with a token (`bad-token`). Others are answered well, and do not count.
    BadToken,
    /// 200 with a JSON document (`json`).
    Json,
    /// 200 with more than anybody should hold (its own name).
    Flood {
        /// Of what.
        of: Flood,
        /// How much of it, before it is packed (`bytes`).
        bytes: u64,
        /// How it is sent (`packed=gzip`).
        packing: Packing,
    },
    /// The right answer, with more headers than anybody should take (`headers`).
    Headers {
        /// What they are called (`name`).
        name: String,
        /// How many there are, 20,000 at most (`count`).
        count: usize,
        /// How long the value of each is (`bytes`).
        bytes: usize,
    },
    /// 302 to the same path with another query each time (`redirect-chain`).
    RedirectChain,
    /// A list without end: one deleted record to a page, each time another, and another token (`endless-list`). Requests that
    /// are not for lists of records or identifiers are answered well, and do not count.
    EndlessList,
    /// 405 to GET and HEAD; POST is answered well, and does not count (`post-only`).
    PostOnly,
    /// 414 to a request whose path and query are too long; others are answered well, and do not count (`long-url`).
    LongUrl {
        /// How long they may be (`bytes`).
        most: usize,
    },
}
