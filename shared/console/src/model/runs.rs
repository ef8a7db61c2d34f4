//! The finished runs of a source.

use futures::{StreamExt, stream};
use granary_harvest::{Report, in_full};
use granary_silo::SiloName;
use serde::Serialize;

use crate::{app::App, failure::Failure};

/// How many reports are read at once.
const AT_ONCE: usize = 16;
/// How many runs are shown.
const SHOWN: usize = 50;

/// The last finished runs of a source.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct RunsView {
    /// The newest first.
    pub(crate) runs: Vec<Report>,
    /// How many there are, those that are not shown among them.
    pub(crate) total: usize,
    /// Reports that cannot be read.
    pub(crate) unreadable: Vec<String>,
}

/// The last finished runs of a source, or of a silo whose source was removed.
pub(crate) async fn runs(app: &App, silo: &SiloName) -> Result<RunsView, Failure> {
    let granary = app.granary();
    let names = granary.runs(silo).await?;
    let reads: Vec<_> = names.iter().take(SHOWN).map(|run| granary.report(silo, run)).collect();
    let reads: Vec<_> = stream::iter(reads).buffered(AT_ONCE).collect().await;
    let mut view = RunsView { total: names.len(), ..RunsView::default() };
    for read in reads {
        match read {
            Ok(report) => view.runs.extend(report),
            Err(error @ granary_harvest::Error::Document { .. }) => view.unreadable.push(in_full(&error)),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(view)
}

/// The report of one run.
///
/// # Errors
/// When there is none of this name.
pub(crate) async fn report(app: &App, silo: &SiloName, run: &str) -> Result<Report, Failure> {
    let none = || Failure::not_found(format!("there is no report of a run {run} of {silo}"));
    // Names of runs are letters, digits and hyphens: nothing else leads anywhere.
    if run.is_empty() || !run.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(none());
    }
    app.granary().report(silo, run).await?.ok_or_else(none)
}
