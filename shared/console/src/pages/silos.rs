//! `/silos`: the silos of the granary.

use askama::Template;
use axum::{extract::State, response::Response};

use crate::{
    app::{App, Shell},
    failure::Failure,
    html::{self, Frame, Section},
    links,
    model::{self, SiloView},
};

#[derive(Template)]
#[template(path = "silos.html")]
struct SilosPage {
    frame: Frame,
    silos: Vec<SiloView>,
}

pub(crate) async fn silos(State(app): State<App>, shell: Shell) -> Result<Response, Failure> {
    let silos = model::silos(app.granary()).await?;
    html::page(&SilosPage { frame: shell.frame(Some(Section::Silos), "Silos"), silos })
}
