//! Pairtree 0.1: an identifier becomes a path of two-character folders, and back. No I/O.
//!
//! The specification is CDL's "Pairtrees for Object Storage (V0.1)". One deviation, the one that the original
//! Python implementation has: the backslash is encoded (`^5c`), though the specification's table leaves it
//! out. Pairs are made of the cleaned, all-ASCII identifier, so that a pair may hold half of an escape.
//!
//! ```
//! let path = granary_pairtree::to_path("ark:/13030/xt12t3");
//! assert_eq!(path, "ar/k+/=1/30/30/=x/t1/2t/3");
//! assert_eq!(granary_pairtree::to_identifier(&path).as_deref(), Ok("ark:/13030/xt12t3"));
//! ```

mod cleaning;
mod error;
mod ppath;

pub use cleaning::{decode, encode};
pub use error::Error;
pub use ppath::{to_identifier, to_path};
