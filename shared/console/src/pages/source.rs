//! `/sources/{silo}`: a source, its run in progress, and its past runs.

use askama::Template;
use axum::{
    extract::State,
    response::{Redirect, Response},
};
use granary_harvest::{Files, Kind, LandingPages, Source, Tls, format_span};
use granary_silo::SiloName;
use granary_supervisor::Line;

use crate::{
    app::{App, Shell},
    change::{Changing, MayChange},
    chart::Chart,
    failure::Failure,
    html::{self, Frame, Section},
    model::{self, Level, Phase, ReasonView, RunsView, SourceView, Standing},
    pages::InPath,
    show,
};

/// How many lines of its log are shown.
const LINES: usize = 12;

#[derive(Template)]
#[template(path = "source.html")]
struct SourcePage {
    frame: Frame,
    may_change: bool,
    source: SourceView,
    failures: Vec<ReasonView>,
    lines: Vec<Line>,
    past: RunsView,
    records: Chart,
    files: Chart,
    settings: Vec<(&'static str, String)>,
}

pub(crate) async fn source(
    State(app): State<App>,
    shell: Shell,
    MayChange(may_change): MayChange,
    InPath(silo): InPath<SiloName>,
) -> Result<Response, Failure> {
    let source = model::source(&app, &silo).await?;
    let past = model::runs(&app, &silo).await?;
    let numbers = |number: fn(&granary_harvest::Counts) -> u64| {
        past.runs.iter().rev().map(|run| number(&run.counts)).collect::<Vec<_>>()
    };
    html::page(&SourcePage {
        frame: shell.frame(Some(Section::Sources), silo.as_str()),
        may_change,
        failures: model::failures(&app, &source).await?,
        lines: model::log(&app.console.log, Some(silo.clone()), Level::Info, LINES).lines,
        records: Chart::bars("records", "Records in each run", &numbers(|counts| counts.records)),
        files: Chart::bars("files", "Files stored in each run", &numbers(|counts| counts.files)),
        settings: settings(&source.settings),
        source,
        past,
    })
}

/// Harvests it now.
pub(crate) async fn start(
    Changing(supervisor): Changing,
    InPath(silo): InPath<SiloName>,
) -> Result<Redirect, Failure> {
    supervisor.start_source(&silo).await?;
    Ok(Redirect::to(&format!("/sources/{silo}")))
}

/// Stops its run, and leaves it alone until it is started.
pub(crate) async fn stop(
    Changing(supervisor): Changing,
    InPath(silo): InPath<SiloName>,
) -> Result<Redirect, Failure> {
    supervisor.stop_source(&silo).await?;
    Ok(Redirect::to(&format!("/sources/{silo}")))
}

impl SourcePage {
    fn says_failing(&self) -> bool {
        matches!(self.source.standing, Standing::Failing { .. })
    }

    fn given_up(&self) -> usize {
        self.failures.iter().map(|failure| failure.count as usize).sum()
    }

    fn kind(&self, kind: &Kind) -> &'static str {
        kind_in_words(*kind)
    }
}

fn kind_in_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Auto => "found out at the first run",
        Kind::Oai => "OAI-PMH records",
        Kind::Eprints3 => "EPrints 3 exports",
    }
}

/// The settings that say something, in words.
fn settings(source: &Source) -> Vec<(&'static str, String)> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let stamp = |stamp: &Option<granary_oai_pmh::Datestamp>| {
        stamp.as_ref().map(ToString::to_string).unwrap_or_default()
    };
    let span = |seconds: Option<u64>| seconds.map(format_span).unwrap_or_default();
    let files = match source.files {
        Files::Originals => "those of the repository, not what was made from them",
        Files::All => "all, those made from others too",
        Files::None => "none: metadata only",
    };
    let landing_pages = match source.landing_pages {
        LandingPages::WhereNeeded => "asked where metadata names no files",
        LandingPages::Never => "never asked",
    };
    let tls = match source.tls {
        Tls::Public => "",
        Tls::Authority(_) => "checked by an authority of its own",
        Tls::Unchecked => "not checked: who listens in between is not noticed",
    };
    let every = format_span(u64::try_from(source.every().num_seconds()).unwrap_or_default());
    let all = [
        ("Harvested every", every),
        ("Kind", kind_in_words(source.kind).to_owned()),
        ("Metadata prefix", text(&source.metadata_prefix)),
        ("Template", text(&source.template)),
        ("Sets", source.sets.join(", ")),
        ("From", stamp(&source.from)),
        ("Until", stamp(&source.until)),
        ("Files", files.to_owned()),
        ("Landing pages", landing_pages.to_owned()),
        ("Looks back", span(source.look_back_seconds)),
        ("Contact", text(&source.contact)),
        ("User-Agent", text(&source.user_agent)),
        ("Certificate", tls.to_owned()),
    ];
    all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}
