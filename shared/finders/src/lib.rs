//! The files behind a record, found in its metadata: bytes in, file references out. Pure, no I/O.
//!
//! Each metadata format has a *finder*, a module of this crate. [`find`] asks them in order of trust, and the
//! first that recognises the format answers. Elements are matched by their local names, because repositories
//! disagree about namespaces; the metadata may still be wrapped in the OAI-PMH `<metadata>` element.
//!
//! A new format is a file with a `FINDER` in it, its line in the table below, and its name in [`Method`].

mod eprints3;
mod error;
mod file_type;
mod finder;
mod link;
mod method;
mod oai_dc;
mod record;
mod xml;

pub use eprints3::is_eprints3;
pub use error::Error;
pub use finder::{find, rank};
pub use method::{Method, UnknownMethod};
pub use record::{Availability, FileRef, Found, Record};

/// The finders, those that say most about files first.
const FINDERS: &[finder::Finder] = &[eprints3::FINDER, oai_dc::FINDER];
