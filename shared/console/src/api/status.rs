//! How everything stands.

use axum::{Json, extract::State};

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
    match app.granary().sources().await {
        Ok(_) => Ok("ok\n"),
        Err(error) => {
            Err(Failure { status: axum::http::StatusCode::SERVICE_UNAVAILABLE, ..Failure::internal(&error) })
        }
    }
}
