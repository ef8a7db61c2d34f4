//! `/silos/{silo}`: the objects of a silo, page by page.

use askama::Template;
use axum::{extract::State, response::Response};
use granary_silo::{Identifier, SiloName};
use serde::Deserialize;

use crate::{
    app::{App, Shell},
    failure::Failure,
    html::{self, Frame, Section},
    links,
    model::{self, ObjectsView, SiloView, Status},
    pages::{InPath, InQuery},
};

/// How many objects are on a page.
const LIMIT: usize = 50;

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    beginning: String,
    after: Option<Identifier>,
}

#[derive(Template)]
#[template(path = "objects.html")]
struct ObjectsPage {
    frame: Frame,
    silo: SiloView,
    page: ObjectsView,
}

pub(crate) async fn objects(
    State(app): State<App>,
    shell: Shell,
    InPath(name): InPath<SiloName>,
    InQuery(asked): InQuery<Asked>,
) -> Result<Response, Failure> {
    let silo = model::silo(app.granary(), &name).await?;
    // Pasted identifiers come with white space around them.
    let page = model::objects(app.granary(), &name, asked.beginning.trim(), asked.after, LIMIT).await?;
    html::page(&ObjectsPage { frame: shell.frame(Some(Section::Silos), name.as_str()), silo, page })
}
