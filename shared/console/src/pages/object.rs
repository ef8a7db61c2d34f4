//! `/silos/{silo}/object`: an object, and its versions as a line of time.

use askama::Template;
use axum::{extract::State, response::Response};
use granary_silo::{Identifier, SiloName, VersionName};
use serde::Deserialize;

use crate::{
    app::{App, Shell},
    failure::Failure,
    files::Kind,
    html::{self, Frame, Section},
    links,
    model::{self, Change, FileView, ObjectView, Status},
    pages::{InPath, InQuery},
};

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    id: Identifier,
    version: Option<VersionName>,
}

#[derive(Template)]
#[template(path = "object.html")]
struct ObjectPage {
    frame: Frame,
    object: ObjectView,
}

pub(crate) async fn object(
    State(app): State<App>,
    shell: Shell,
    InPath(silo): InPath<SiloName>,
    InQuery(asked): InQuery<Asked>,
) -> Result<Response, Failure> {
    let object = model::object(app.granary(), &silo, &asked.id, asked.version.as_ref()).await?;
    let title = object.title().unwrap_or(object.identifier.as_str());
    html::page(&ObjectPage { frame: shell.frame(Some(Section::Silos), title), object })
}

impl ObjectPage {
    fn is_shown_inline(&self, file: &FileView) -> bool {
        Kind::of(file.entry.content_type.as_deref(), &file.name).is_shown()
    }
}
