//! How everything stands.

use axum::{Json, extract::State, http::StatusCode};

use crate::{
    app::App,
    failure::Failure,
    model::{self, StatusView},
};

pub(crate) async fn status(State(app): State<App>) -> Result<Json<StatusView>, Failure> {
    model::status(&app).await.map(Json)
}

/// For whoever watches over the process: whether the granary can be read.
pub(crate) async fn health(State(app): State<App>) -> Result<&'static str, Failure> {
    let unwell = |failure: Failure| Failure { status: StatusCode::SERVICE_UNAVAILABLE, ..failure };
    if app.granary().local().is_some() {
        // A store in a directory that has gone (a disk that is not mounted) looks like an empty one.
        tokio::fs::metadata(app.place()).await.map_err(|error| unwell(Failure::internal(&error)))?;
    }
    app.granary().silos().await.map_err(|error| unwell(error.into()))?;
    Ok("ok\n")
}
