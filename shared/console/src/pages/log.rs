//! `/log`: the log as it is written.

use askama::Template;
use axum::{extract::State, response::Response};
use granary_silo::SiloName;
use granary_supervisor::Line;
use serde::Deserialize;

use crate::{
    app::{App, Shell},
    failure::Failure,
    html::{self, Frame, Section},
    model::{self, Level},
    pages::InQuery,
    show,
};

/// How many lines are shown.
const LINES: usize = 300;

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    #[serde(default, deserialize_with = "super::empty_is_none")]
    silo: Option<SiloName>,
    #[serde(default)]
    level: Level,
}

#[derive(Template)]
#[template(path = "log.html")]
struct LogPage {
    frame: Frame,
    sources: Vec<SiloName>,
    silo: Option<SiloName>,
    level: Level,
    lines: Vec<Line>,
}

pub(crate) async fn log(
    State(app): State<App>,
    shell: Shell,
    InQuery(asked): InQuery<Asked>,
) -> Result<Response, Failure> {
    let view = model::log(&app.console.log, asked.silo, asked.level, LINES);
    let mut sources: Vec<_> = app.granary().sources().await?.into_iter().map(|source| source.silo).collect();
    sources.extend(view.silo.clone().filter(|silo| !sources.contains(silo)));
    let frame = shell.frame(Some(Section::Log), "Log");
    html::page(&LogPage { frame, sources, silo: view.silo, level: view.level, lines: view.lines })
}
