//! `/`: the sources, and how each stands.

use askama::Template;
use axum::{extract::State, response::Response};
use granary_silo::SiloName;
use granary_supervisor::Switch;

use crate::{
    app::{App, Shell},
    change::MayChange,
    failure::Failure,
    html::{self, Frame, Section},
    model::{self, SourceView, Standing},
    show,
};

#[derive(Template)]
#[template(path = "sources.html")]
struct SourcesPage {
    frame: Frame,
    may_change: bool,
    is_paused: bool,
    sources: Vec<SourceView>,
}

pub(crate) async fn sources(
    State(app): State<App>,
    shell: Shell,
    MayChange(may_change): MayChange,
) -> Result<Response, Failure> {
    let sources = model::sources(&app).await?;
    let supervisor = app.console.supervisor.as_ref();
    let is_paused = supervisor.is_some_and(|supervisor| supervisor.controls().schedule == Switch::Off);
    let frame = shell.frame(Some(Section::Sources), "Sources");
    html::page(&SourcesPage { frame, may_change, is_paused, sources })
}

impl SourcesPage {
    fn id(&self, what: &str, silo: &SiloName) -> String {
        format!("{what}-{silo}")
    }

    fn is_moving(&self) -> bool {
        self.sources.iter().any(|source| source.standing.is_moving())
    }
}
