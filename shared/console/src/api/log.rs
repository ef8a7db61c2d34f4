//! The log of this process.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use granary_silo::SiloName;
use granary_supervisor::Line;
use serde::Deserialize;

use crate::{app::App, pages::InQuery};

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    since: Option<DateTime<Utc>>,
    silo: Option<SiloName>,
}

/// The lines that are younger than `since`, the oldest first; all that are kept when it is not said.
pub(crate) async fn log(State(app): State<App>, InQuery(asked): InQuery<Asked>) -> Json<Vec<Line>> {
    let since = asked.since.unwrap_or(DateTime::UNIX_EPOCH);
    let mut lines = app.console.log.since(since, asked.silo.as_ref().map(SiloName::as_str));
    lines.retain(|line| line.time > since);
    Json(lines)
}
