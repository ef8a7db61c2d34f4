//! The files behind a record, found in its metadata and on its landing page: bytes in, file references out. Pure,
//! no I/O.
//!
//! Each metadata format has a *finder*, a module in `formats`. [`find`] tells the format by its root element and asks
//! its finder. Elements are matched by their local names, because repositories disagree about namespaces; the
//! metadata may still be wrapped in the OAI-PMH `<metadata>` element. Where metadata names no file, its
//! [`landing_page`](Found::landing_page) may: [`read_page`] reads what that page answered.
//!
//! [`describe`] reads what the metadata says of the work itself, for people: title, creators, dates.
//!
//! A new format is a file in `formats`, its line in the table there, and its name in [`Method`].

mod announced;
mod describe;
mod encoding;
mod error;
mod file_type;
mod finder;
mod formats;
mod lack;
mod landing_page;
mod link;
mod media_type;
mod method;
mod page;
mod payload;
mod record;
mod rights;
mod work;
mod xml;

pub use describe::{Description, Field, Value, describe};
pub use error::Error;
pub use file_type::{ending, has_ending};
pub use finder::{find, rank};
pub use formats::is_eprints3;
pub use lack::Lack;
pub use method::{Method, UnknownMethod};
pub use page::{Next, Page, PageFound, read_page};
pub use record::{Availability, FileRef, Found, NameFrom, Record};
pub use work::Work;
