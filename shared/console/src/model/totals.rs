use serde::Serialize;

/// What a silo holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct TotalsView {
    pub(crate) objects: u64,
    /// Metadata among them.
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}
