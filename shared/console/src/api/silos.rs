//! Silos, objects, and what changed between two versions.

use axum::{Json, extract::State};
use granary_silo::{Identifier, SiloName, VersionName};
use serde::Deserialize;

use crate::{
    app::App,
    failure::Failure,
    model::{self, Comparison, ObjectView, ObjectsView, SiloView},
    pages::{InPath, InQuery},
};

/// How many objects are listed when nobody says.
const LIMIT: usize = 100;
/// How many at most: each is read.
const MOST: usize = 1000;

#[derive(Debug, Deserialize)]
pub(crate) struct Listed {
    #[serde(default)]
    beginning: String,
    after: Option<Identifier>,
    limit: Option<u32>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Object {
    id: Identifier,
    version: Option<VersionName>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Compared {
    id: Identifier,
    from: Option<VersionName>,
    to: Option<VersionName>,
}

pub(crate) async fn silos(State(app): State<App>) -> Result<Json<Vec<SiloView>>, Failure> {
    model::silos(app.granary()).await.map(Json)
}

pub(crate) async fn objects(
    State(app): State<App>,
    InPath(silo): InPath<SiloName>,
    InQuery(asked): InQuery<Listed>,
) -> Result<Json<ObjectsView>, Failure> {
    let limit = asked.limit.map_or(LIMIT, |limit| limit as usize).clamp(1, MOST);
    model::objects(app.granary(), &silo, &asked.beginning, asked.after, limit).await.map(Json)
}

pub(crate) async fn object(
    State(app): State<App>,
    InPath(silo): InPath<SiloName>,
    InQuery(asked): InQuery<Object>,
) -> Result<Json<ObjectView>, Failure> {
    model::object(app.granary(), &silo, &asked.id, asked.version.as_ref()).await.map(Json)
}

pub(crate) async fn compare(
    State(app): State<App>,
    InPath(silo): InPath<SiloName>,
    InQuery(asked): InQuery<Compared>,
) -> Result<Json<Comparison>, Failure> {
    let (from, to) = (asked.from.as_ref(), asked.to.as_ref());
    model::compare(app.granary(), &silo, &asked.id, from, to).await.map(Json)
}
