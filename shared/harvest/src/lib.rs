//! What Granary does: sources, run state, the harvest step and the download step.
//!
//! A *step* is a unit of work that ends by itself and may be cut short anywhere. Hosts (the command line, the
//! Lambda functions) build a [`Context`] of real parts and call the steps; nothing here knows which host it is.
//!
//! The order of writes is the same everywhere: bytes, then manifest, then queue what follows from it, then
//! acknowledge or checkpoint. Whoever is killed in between leaves work that is done again, and finds what is stored.

mod breakdown;
mod choice;
mod clock;
mod context;
pub mod doctor;
mod download;
mod endpoint;
mod error;
mod export;
mod files;
mod granary;
mod harvest_run;
mod html;
mod items;
mod lacking;
mod landing;
mod lease;
mod listing;
mod object_batch;
mod object_files;
mod object_landing;
mod page;
mod preview;
mod reason;
mod record;
mod record_worker;
mod report;
mod reprocess;
mod room;
mod source;
mod span;
mod standing;
mod state;
mod sweep;
mod tally;
mod tick;
mod transfer;
mod window;
mod workers;

pub use breakdown::{LeftOut, WithoutFiles};
pub use context::{Context, Deadlines, Progress};
pub use download::download_step;
pub use error::Error;
pub use granary::Granary;
pub use harvest_run::{HarvestRun, Outstanding};
pub use lease::Lease;
pub use listing::Listing;
pub use preview::{Preview, PreviewedRecord, check, preview};
pub use reason::Reason;
pub use report::{Counts, Problem, Report};
pub use reprocess::{Reprocessed, Which, reprocess};
pub use room::Room;
pub use source::{Files, Kind, LandingPages, Source, Tls};
pub use span::{InvalidSpan, format_span, parse_span};
pub use state::{Failing, Gap, Learned, Run, State, Turn};
pub use sweep::{InvalidMaxAbsent, MaxAbsent, Rehearsal, Sweep, Swept, rehearse};
pub use tick::{Patience, Ticked, Why, harvest_source, tick};
pub use transfer::in_full;
pub use window::{Holds, Verdict, Window, Windows};
pub use workers::{Until, work};
