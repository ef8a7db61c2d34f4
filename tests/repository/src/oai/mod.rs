//! OAI-PMH 2.0: arguments in, an answer in XML out. No I/O.
//!
//! Stateless, but for what the quirks that are on remember. Where a quirk may change something, the parts of the answer are
//! values ([`Asked`], [`Draft`], [`Entry`], [`Identity`], [`ListedSet`]) until they are written.

mod answer;
mod arguments;
mod asked;
mod error;
mod identify;
mod list;
mod record;
mod request;
mod sets;
mod token;

pub(crate) use answer::{Facts, answer, bad_token};
pub(crate) use arguments::is_token_request;
pub(crate) use asked::{Asked, pairs};
pub(crate) use error::{Code, OaiError};
pub(crate) use identify::Identity;
pub(crate) use list::{Draft, Next};
pub(crate) use record::Entry;
pub(crate) use request::Listing;
pub(crate) use sets::ListedSet;
pub(crate) use token::bad as bad_token_error;
