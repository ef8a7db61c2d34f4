//! The doctor: asks an endpoint what it supports and breaks, and a granary whether it keeps its promises.
//!
//! A check is one function that asks and returns [`Finding`]s, and a line in a table: [`examine`] has those of an
//! endpoint, [`examine_granary`] those of a granary. Asking (`asker`) is apart from judging, which is
//! plain functions of what was answered, and both are apart from rendering, which is the host's.
//!
//! What a finding says that Granary does is what the steps do; the doctor takes their decisions from them where it can
//! (which format, which export), and does not harvest.

mod answer;
mod asker;
mod checks;
mod endpoint;
mod finding;
mod granary;
mod page;
mod seen;

pub use endpoint::examine;
pub use finding::{Diagnosis, Finding, Outcome, Verdict};
pub use granary::{FoundQueue, Writing, examine_granary, not_a_granary};
