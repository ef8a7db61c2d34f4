//! A silo: one repository's objects in a Pairtree, each with numbered versions and a JSON manifest.
//!
//! The layout is that of RecordSilo (2010), which opens what this crate writes; this crate opens what
//! RecordSilo wrote, with or without the `obj` folder, and leaves alone what it does not know. Where a
//! granary lies, in a directory or a bucket, is the business of an [`object_store::ObjectStore`];
//! [`DirectoryStore`] is the one for a directory, with the conditional writes that `object_store`'s own lacks, `BucketStore` (feature
//! `s3`) the one for a bucket.
//!
//! Two rules hold everywhere. Bytes are written before the manifest that names them, and a manifest changes
//! only by compare-and-swap: whoever dies, or loses the race, leaves nothing that a reader could trip over.

mod absence;
mod announce;
mod blocking;
#[cfg(feature = "s3")]
mod bucket;
mod digest;
mod digesting;
mod directory;
mod error;
mod list;
mod manifest;
mod name;
mod parts;
mod silo;
mod staging;
mod usage;
mod verify;
mod writer;

pub use absence::Absence;
pub use announce::{Announcement, Change, Metadata};
pub use blocking::on_own_thread;
#[cfg(feature = "s3")]
pub use bucket::BucketStore;
pub use digest::{Digester, Digests};
pub use directory::DirectoryStore;
pub use error::Error;
pub use list::{Listed, Page};
pub use manifest::{Entry, Failure, LandingPage, Manifest, VersionRecord, VersionRecords, WithoutFiles};
pub use name::{FileName, Identifier, InvalidName, SiloName, VersionName};
pub use silo::{Object, Silo, Updated};
pub use staging::IfAbsent;
pub use usage::Usage;
pub use verify::{Finding, Problem, Totals};
pub use writer::{Stored, Writer};
