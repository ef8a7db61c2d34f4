//! The views: what pages and API show, made from what is stored. Plain data; how it looks is for templates.

mod changes;
mod compare;
mod diff;
mod file;
mod metadata;
mod object;
mod objects;
mod silos;

pub(crate) use changes::{Change, FileChange};
pub(crate) use compare::{Comparison, FilePair, compare};
pub(crate) use diff::Line;
pub(crate) use file::{StoredFile, find_file};
pub(crate) use metadata::MetadataView;
pub(crate) use object::{FileView, ObjectView, Status, VersionView, object};
pub(crate) use objects::{ObjectsView, objects};
pub(crate) use silos::{SiloView, silo, silos};
