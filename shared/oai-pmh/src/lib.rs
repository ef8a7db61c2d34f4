//! OAI-PMH 2.0: types, a streaming parser that does no I/O, a state machine that says what to ask next, and (feature
//! `client`) a client.
//!
//! Section numbers are those of the specification, <https://www.openarchives.org/OAI/openarchivesprotocol.html>.
//! Repositories break it in many ways; what can be read is read, and what cannot is an [`Item::Broken`] or a
//! [`PageError`], never a panic and never a silently shorter list.

mod datestamp;
mod list;
mod need;
mod parser;
mod request;
mod step;
mod summary;
mod types;

#[cfg(feature = "client")]
mod client;

#[cfg(feature = "client")]
pub use client::{Answer, Client, Error, Page};
pub use datestamp::{Datestamp, Granularity, InvalidDatestamp};
#[cfg(feature = "client")]
pub use granary_fetch::Retry;
pub use list::List;
pub use need::{Need, Needs};
pub use parser::{Broken, Item, Limits, PageError, Parser};
pub use request::{Request, Selection, Verb};
pub use step::{Step, Trouble, Warning};
pub use summary::{Ending, PageSummary, Summary};
pub use types::{
    DeletedRecord, ErrorCode, Header, Identify, MetadataFormat, Next, OaiError, Record, Set, Token,
};
