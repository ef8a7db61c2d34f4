//! `/silos/{silo}/compare`: two versions of an object, side by side.

use askama::Template;
use axum::{extract::State, response::Response};
use granary_silo::{Identifier, SiloName, VersionName};
use serde::Deserialize;

use crate::{
    app::{App, Shell},
    failure::Failure,
    html::{self, Frame, Section},
    links,
    model::{self, Change, Comparison, FilePair, FileView, Line},
    pages::{InPath, InQuery},
};

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    id: Identifier,
    from: Option<VersionName>,
    to: Option<VersionName>,
}

#[derive(Template)]
#[template(path = "compare.html")]
struct ComparePage {
    frame: Frame,
    comparison: Comparison,
}

pub(crate) async fn compare(
    State(app): State<App>,
    shell: Shell,
    InPath(silo): InPath<SiloName>,
    InQuery(asked): InQuery<Asked>,
) -> Result<Response, Failure> {
    let (from, to) = (asked.from.as_ref(), asked.to.as_ref());
    let comparison = model::compare(app.granary(), &silo, &asked.id, from, to).await?;
    let title = format!("Versions {} and {}", comparison.from.version, comparison.to.version);
    html::page(&ComparePage { frame: shell.frame(Some(Section::Silos), title), comparison })
}

impl ComparePage {
    /// A file as it is in both versions.
    fn sides<'a>(&'a self, file: &'a FilePair) -> [(&'a VersionName, Option<&'a FileView>); 2] {
        let Comparison { from, to, .. } = &self.comparison;
        [(&from.version, file.from.as_ref()), (&to.version, file.to.as_ref())]
    }
}
