//! HTTP as a good citizen.
//!
//! A [`Fetcher`] goes only where it may (public addresses and trusted hosts, checked when it connects and on every
//! redirect), says who it is, opens a bounded number of connections to a host, obeys `Retry-After`, backs off, and goes
//! on with a broken transfer where the server allows it.

mod client;
mod disposition;
mod error;
mod failure;
mod fetcher;
mod guard;
mod host;
mod policy;
mod request;
mod response;
mod resume;
mod retry_after;
mod unannounced;

pub use disposition::file_name as disposition_file_name;
pub use error::{Error, Reason, Retry};
pub use fetcher::Fetcher;
pub use guard::is_public;
pub use policy::{Backoff, HostPolicy, Pace, Policy, Tls};
pub use request::{Encoding, Method, Query, Request, Statuses, Validators};
pub use response::Response;
pub use retry_after::parse as parse_retry_after;
