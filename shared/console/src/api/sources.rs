//! Sources: how they stand; to start and stop them.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use granary_harvest::Report;
use granary_silo::SiloName;

use crate::{
    add::{self, Refusal},
    api::{InJson, Settings},
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

/// Adds a source, which is harvested at once.
pub(crate) async fn add(
    State(app): State<App>,
    Changing(supervisor): Changing,
    InJson(settings): InJson<Settings>,
) -> Result<Response, Failure> {
    let silo = add::add(&app, &supervisor, &settings.into()).await.map_err(Refusal::into_failure)?;
    let location = [(header::LOCATION, format!("/api/sources/{silo}"))];
    Ok((StatusCode::CREATED, location, Json(model::status_of(&app, &silo).await?)).into_response())
}

/// Changes the settings of a source.
pub(crate) async fn change(
    State(app): State<App>,
    _: Changing,
    InPath(silo): InPath<SiloName>,
    InJson(settings): InJson<Settings>,
) -> Result<Json<SourceStatus>, Failure> {
    if settings.url.is_some() || settings.silo.is_some() {
        return Err(Failure::unprocessable(
            "url and silo of a source do not change; another address is another source",
        ));
    }
    add::change(&app, &silo, &settings.into()).await.map_err(Refusal::into_failure)?;
    model::status_of(&app, &silo).await.map(Json)
}

/// Removes a source. Its silo stays.
pub(crate) async fn remove(
    Changing(supervisor): Changing,
    InPath(silo): InPath<SiloName>,
) -> Result<StatusCode, Failure> {
    supervisor.remove_source(&silo).await?;
    tracing::info!(%silo, "the source was removed");
    Ok(StatusCode::NO_CONTENT)
}
