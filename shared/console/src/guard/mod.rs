//! Who may ask, and what: decided for every request before its handler is called.
//!
//! A web page of anybody's can make the browser of someone here send requests to the console. It cannot read the answers
//! and cannot send headers of its own; but where its own name is made to lead to this machine (DNS rebinding) it can.
//! So a console without a secret answers only to the names of this machine, and whatever changes something needs a token
//! that stands in the console's own pages.

mod answer;
mod body;
mod headers;
mod host;
mod keys;
mod secret;
mod sessions;
mod visitor;

pub(crate) use answer::answer;
pub(crate) use keys::Keys;
pub(crate) use secret::Verdict;
pub use secret::{InvalidSecret, Secret};
pub(crate) use sessions::{LASTS_SECONDS, Sessions};
pub(crate) use visitor::{COOKIE, Visitor, too_many};

/// Who may ask.
#[derive(Debug, Clone)]
pub enum Guard {
    /// Whoever is on this machine: the console listens on a loopback address, at this port.
    Loopback {
        /// The port that it listens at: what comes in the header `Host`.
        port: u16,
    },
    /// Whoever knows a secret.
    Secret(Secret),
}
