//! The quirks: what real repositories break, one switch each.
//!
//! [`Quirk`] is the table: each row has a name, a number, a sentence, and the [`Hook`]s by which it changes an answer on its
//! way out. An answer passes the stages in this order, and each stage is a file that holds its hooks and runs those that
//! are on:
//!
//! | stage | changes | |
//! | --- | --- | --- |
//! | [`gate`] | whether the request gets its answer at all | before anything is read |
//! | [`request`] | the arguments: decoding, the text of tokens, what is refused | `oai::request` follows |
//! | [`selection`] | which items there seem to be, in which order, and what happens when a list ends | |
//! | [`page`] | the entries of a page, and the token at its end | |
//! | [`record`] | one entry; and of the other verbs, what Identify and ListSets say | |
//! | [`document`] | the bytes of the XML | `oai::answer` is done |
//! | [`response`] | status, headers, body, the connection | |
//!
//! So a quirk is added by its row and a function or two, and no other code knows of it. Three have no hook, since they
//! change what stands around the protocol: [`Quirk::SelfSignedTls`] and [`Quirk::ExpiredTls`] (`tls`), and
//! [`Quirk::SecondRepository`] (`web`).

pub(crate) mod document;
pub(crate) mod gate;
mod hook;
pub(crate) mod page;
pub(crate) mod record;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod selection;
mod switches;
mod table;

pub(crate) use gate::{Channel, Instead, Seen};
pub(crate) use hook::{Cut, Reply};
pub(crate) use switches::Quirks;
pub use table::{Quirk, UnknownQuirk};

use hook::Hook;
use switches::Memory;

/// The item that some quirks make unreadable, and every page that holds it.
const BAD_ITEM: u32 = 8;

/// Whether an item is one of those that quirks of single records concern: 3, 8, 13 and so on, one in five.
fn concerns(item: u32) -> bool {
    item % 5 == 3
}
