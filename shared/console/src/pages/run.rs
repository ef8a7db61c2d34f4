//! `/sources/{silo}/runs/{run}`: the report of a run.

use askama::Template;
use axum::{extract::State, response::Response};
use granary_harvest::Report;
use granary_silo::SiloName;

use crate::{
    app::{App, Shell},
    failure::Failure,
    html::{self, Frame, Section},
    model,
    pages::InPath,
    show,
};

#[derive(Template)]
#[template(path = "run.html")]
struct RunPage {
    frame: Frame,
    has_source: bool,
    report: Report,
    left_out: Vec<(&'static str, u64)>,
    without_files: Vec<(&'static str, u64)>,
}

pub(crate) async fn run(
    State(app): State<App>,
    shell: Shell,
    InPath((silo, run)): InPath<(SiloName, String)>,
) -> Result<Response, Failure> {
    let report = model::report(&app, &silo, &run).await?;
    let some = |(_, number): &(&str, u64)| *number > 0;
    html::page(&RunPage {
        frame: shell.frame(Some(Section::Sources), format!("Run {run} of {silo}")),
        has_source: app.granary().source(&silo).await.is_ok_and(|source| source.is_some()),
        left_out: report.counts.left_out.by_reason().filter(some).collect(),
        without_files: report.counts.without_files.by_reason().filter(some).collect(),
        report,
    })
}

impl RunPage {
    fn is_bad(&self, name: &str, number: &u64) -> bool {
        name == "Failed" && *number > 0
    }

    fn numbers(&self) -> [(&'static str, u64); 10] {
        let counts = &self.report.counts;
        [
            ("Pages", counts.pages),
            ("Records", counts.records),
            ("New", counts.created),
            ("Changed", counts.updated),
            ("Unchanged", counts.unchanged),
            ("Deleted", counts.deleted),
            ("Files", counts.files),
            ("Left out", counts.skipped),
            ("Failed", counts.failed),
            ("Gaps", self.report.gaps),
        ]
    }
}
