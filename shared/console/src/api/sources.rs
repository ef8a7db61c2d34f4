//! Sources: how they stand; to start and stop them.

use axum::{Json, extract::State};
use granary_harvest::Report;
use granary_silo::SiloName;

use crate::{
    app::App,
    change::Changing,
    failure::Failure,
    model::{self, RunsView, SourceDetail, SourceStatus, SourceView},
    pages::InPath,
};

pub(crate) async fn sources(State(app): State<App>) -> Result<Json<Vec<SourceView>>, Failure> {
    model::sources(&app).await.map(Json)
}

pub(crate) async fn source(
    State(app): State<App>,
    InPath(silo): InPath<SiloName>,
) -> Result<Json<SourceDetail>, Failure> {
    let source = model::source(&app, &silo).await?;
    let failures = model::failures(&app, &source).await?;
    Ok(Json(SourceDetail { source, failures }))
}

pub(crate) async fn runs(
    State(app): State<App>,
    InPath(silo): InPath<SiloName>,
) -> Result<Json<RunsView>, Failure> {
    model::source(&app, &silo).await?;
    model::runs(&app, &silo).await.map(Json)
}

pub(crate) async fn run(
    State(app): State<App>,
    InPath((silo, run)): InPath<(SiloName, String)>,
) -> Result<Json<Report>, Failure> {
    model::report(&app, &silo, &run).await.map(Json)
}

pub(crate) async fn start(
    State(app): State<App>,
    Changing(supervisor): Changing,
    InPath(silo): InPath<SiloName>,
) -> Result<Json<SourceStatus>, Failure> {
    supervisor.start_source(&silo).await?;
    model::status_of(&app, &silo).await.map(Json)
}

pub(crate) async fn stop(
    State(app): State<App>,
    Changing(supervisor): Changing,
    InPath(silo): InPath<SiloName>,
) -> Result<Json<SourceStatus>, Failure> {
    supervisor.stop_source(&silo).await?;
    model::status_of(&app, &silo).await.map(Json)
}
