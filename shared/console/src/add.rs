//! Adding a source and changing one, for the form and for the API.

use std::time::Duration;

use granary_harvest::{Error, Source, check, in_full};
use granary_silo::SiloName;
use granary_supervisor::Supervisor;
use tokio::time::timeout;

use crate::{
    app::App,
    failure::Failure,
    model::{self, Given, Wrong, no_such_source},
};

/// How long an endpoint may take to say who it is.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a source is not added or changed.
pub(crate) enum Refusal {
    /// Something that was given cannot be.
    Wrong(Vec<Wrong>),
    /// What was given is fine, and cannot be done.
    Failure(Failure),
}

impl<F: Into<Failure>> From<F> for Refusal {
    fn from(failure: F) -> Self {
        Self::Failure(failure.into())
    }
}

fn wrong(field: &'static str, text: impl Into<String>) -> Refusal {
    Refusal::Wrong(vec![Wrong::new(field, text)])
}

/// Adds a source and harvests it at once. Its endpoint is asked who it is before, unless that is not wanted.
pub(crate) async fn add(app: &App, supervisor: &Supervisor, given: &Given) -> Result<SiloName, Refusal> {
    let source = given.new_source().map_err(Refusal::Wrong)?;
    let silo = source.silo.clone();
    if app.granary().source(&silo).await?.is_some() {
        return Err(wrong("silo", format!("there is a source {silo} already; give this one another name")));
    }
    if let Some(endpoint) = endpoint_of(app, &silo).await?
        && endpoint != source.url.as_str()
    {
        return Err(wrong(
            "silo",
            format!("{silo} is the silo of {endpoint}; give this source another name"),
        ));
    }
    let fetcher = &supervisor.context().fetcher;
    source.admit(fetcher).map_err(|error| wrong("url", in_full(&error)))?;
    if given.without_asking.is_none() {
        ask(supervisor, &source).await?;
    }
    app.granary().put_source(&source).await?;
    supervisor.start_source(&silo).await?;
    tracing::info!(%silo, url = %source.url, "the source was added");
    Ok(silo)
}

/// Changes a source's settings. A run in hand goes on by the old ones.
pub(crate) async fn change(app: &App, silo: &SiloName, given: &Given) -> Result<(), Refusal> {
    let known = app.granary().source(silo).await?.ok_or_else(|| no_such_source(silo))?;
    let source = given.changed(&known).map_err(Refusal::Wrong)?;
    app.granary().put_source(&source).await?;
    tracing::info!(%silo, "the settings of the source were changed");
    Ok(())
}

async fn ask(supervisor: &Supervisor, source: &Source) -> Result<(), Refusal> {
    match timeout(PATIENCE, check(&supervisor.context().fetcher, source)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(wrong("url", in_full(&error))),
        Err(_) => Err(wrong("url", format!("it did not answer within {} seconds", PATIENCE.as_secs()))),
    }
}

/// The endpoint whose silo this is, if there is such a silo.
async fn endpoint_of(app: &App, silo: &SiloName) -> Result<Option<String>, Refusal> {
    match app.granary().silo(silo).await {
        Ok(_) => Ok(model::silo(app.granary(), silo).await?.url),
        Err(Error::Silo(granary_silo::Error::NoSuchSilo { .. })) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Refusal {
    /// In one text, for programs.
    pub(crate) fn into_failure(self) -> Failure {
        match self {
            Self::Wrong(wrong) => {
                let texts: Vec<_> =
                    wrong.iter().map(|wrong| format!("{}: {}", wrong.field, wrong.text)).collect();
                Failure::unprocessable(texts.join("; "))
            }
            Self::Failure(failure) => failure,
        }
    }
}
