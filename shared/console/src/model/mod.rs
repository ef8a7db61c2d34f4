//! The views: what pages and API show, made from what is stored. Plain data; how it looks is for templates.

mod changes;
mod compare;
mod dead;
mod depth;
mod diff;
mod file;
mod metadata;
mod object;
mod objects;
mod run;
mod runs;
mod silos;
mod source;
mod standing;
mod status;
mod totals;

pub(crate) use changes::{Change, FileChange};
pub(crate) use compare::{Comparison, FilePair, compare};
pub(crate) use dead::{DeadView, LetterView, MessageView, ReasonView, dead};
pub(crate) use depth::{DepthView, depth, select};
pub(crate) use diff::Line;
pub(crate) use file::{StoredFile, find_file};
pub(crate) use metadata::MetadataView;
pub(crate) use object::{FileView, ObjectView, Status, VersionView, object};
pub(crate) use objects::{ObjectsView, objects};
pub(crate) use run::{Phase, RunView};
pub(crate) use runs::{RunsView, report, runs};
pub(crate) use silos::{SiloView, silo, silos};
pub(crate) use source::{Doings, SourceDetail, SourceView, failures, no_such_source, source, sources};
pub(crate) use standing::Standing;
pub(crate) use status::{SourceStatus, StatusView, status, status_of};
pub(crate) use totals::TotalsView;
