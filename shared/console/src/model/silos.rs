//! The silos of a granary.

use futures::{StreamExt, TryStreamExt, stream};
use granary_harvest::Granary;
use granary_silo::SiloName;
use object_store::{ObjectStoreExt, path::Path};
use serde::Serialize;

use crate::failure::Failure;

/// How many silos are asked about at once.
const AT_ONCE: usize = 16;

/// A silo, and what is known of the repository behind it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SiloView {
    pub(crate) silo: SiloName,
    /// Where it lies.
    pub(crate) place: String,
    /// The endpoint of its repository: the source's, or what the silo itself says.
    pub(crate) url: Option<String>,
    /// What the repository calls itself.
    pub(crate) repository_name: Option<String>,
    /// Whether it has a source, from which it is harvested.
    pub(crate) has_source: bool,
    /// The last finished run.
    pub(crate) last_run: Option<String>,
    /// When that ended.
    pub(crate) harvested: Option<String>,
}

/// All silos, by name.
pub(crate) async fn silos(granary: &Granary) -> Result<Vec<SiloView>, Failure> {
    let reads = granary.silos().await?.into_iter().map(|name| async move { silo(granary, &name).await });
    stream::iter(reads.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await
}

/// One silo.
///
/// # Errors
/// When there is none of this name. What is wrong with its source is for the page of the source to say.
pub(crate) async fn silo(granary: &Granary, name: &SiloName) -> Result<SiloView, Failure> {
    granary.silo(name).await?;
    let source = granary.source(name).await.ok().flatten();
    let state = granary.state(name).await.ok();
    let last_run = state.as_ref().and_then(|state| state.last_run.clone());
    let report = match &last_run {
        Some(run) => granary.report(name, run).await.ok().flatten(),
        None => None,
    };
    let url = match &source {
        Some(source) => Some(source.url.to_string()),
        None => prefix(granary, name).await?,
    };
    Ok(SiloView {
        silo: name.clone(),
        place: granary.place(name.as_str()),
        url,
        repository_name: state.and_then(|state| state.learned.repository_name),
        has_source: source.is_some(),
        last_run,
        harvested: report.map(|report| report.ended),
    })
}

/// What `pairtree_prefix` says, as RecordSilo and we write it: the endpoint.
async fn prefix(granary: &Granary, name: &SiloName) -> Result<Option<String>, Failure> {
    let path = Path::from_iter([name.as_str(), "pairtree_prefix"]);
    let bytes = match granary.store().get(&path).await {
        Ok(got) => got.bytes().await?,
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    Ok(Some(text).filter(|text| !text.is_empty()))
}
