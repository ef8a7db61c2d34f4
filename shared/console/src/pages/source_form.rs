//! `/sources/new` and `/sources/{silo}/edit`: the form of a source. `/sources/{silo}/remove`: the question before it is
//! removed.

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use granary_silo::SiloName;

use crate::{
    add::{self, Refusal},
    app::{App, Shell},
    change::Changing,
    failure::Failure,
    html::{self, Frame, Section},
    model::{self, Given, SourceView, Wrong, no_such_source},
    pages::{InForm, InPath},
    show,
};

#[derive(Template)]
#[template(path = "source_form.html")]
struct FormPage {
    frame: Frame,
    /// The source that is changed; none while one is added.
    silo: Option<SiloName>,
    given: Given,
    wrong: Vec<Wrong>,
}

#[derive(Template)]
#[template(path = "source_remove.html")]
struct RemovePage {
    frame: Frame,
    source: SourceView,
}

/// The form of a new source.
pub(crate) async fn new(_: Changing, shell: Shell) -> Result<Response, Failure> {
    form(&shell, None, Given::default(), Vec::new())
}

/// Adds a source.
pub(crate) async fn add(
    State(app): State<App>,
    Changing(supervisor): Changing,
    shell: Shell,
    InForm(given): InForm<Given>,
) -> Result<Response, Failure> {
    match add::add(&app, &supervisor, &given).await {
        Ok(silo) => Ok(Redirect::to(&show::source(&silo)).into_response()),
        Err(refusal) => refused(&shell, None, given, refusal),
    }
}

/// The form of a source that is there.
pub(crate) async fn edit(
    State(app): State<App>,
    _: Changing,
    shell: Shell,
    InPath(silo): InPath<SiloName>,
) -> Result<Response, Failure> {
    let source = app.granary().source(&silo).await?.ok_or_else(|| no_such_source(&silo))?;
    let given = Given::of(&source);
    form(&shell, Some(silo), given, Vec::new())
}

/// Changes a source.
pub(crate) async fn change(
    State(app): State<App>,
    _: Changing,
    shell: Shell,
    InPath(silo): InPath<SiloName>,
    InForm(given): InForm<Given>,
) -> Result<Response, Failure> {
    match add::change(&app, &silo, &given).await {
        Ok(()) => Ok(Redirect::to(&show::source(&silo)).into_response()),
        Err(refusal) => refused(&shell, Some(silo), given, refusal),
    }
}

/// Asks whether a source is to be removed.
pub(crate) async fn ask_to_remove(
    State(app): State<App>,
    _: Changing,
    shell: Shell,
    InPath(silo): InPath<SiloName>,
) -> Result<Response, Failure> {
    let source = model::source(&app, &silo).await?;
    html::page(&RemovePage { frame: shell.frame(Some(Section::Sources), format!("Remove {silo}")), source })
}

/// Removes a source.
pub(crate) async fn remove(
    Changing(supervisor): Changing,
    InPath(silo): InPath<SiloName>,
) -> Result<Redirect, Failure> {
    supervisor.remove_source(&silo).await?;
    tracing::info!(%silo, "the source was removed");
    Ok(Redirect::to("/"))
}

/// The form again, with what was typed, and why it cannot be.
fn refused(
    shell: &Shell,
    silo: Option<SiloName>,
    given: Given,
    refusal: Refusal,
) -> Result<Response, Failure> {
    match refusal {
        Refusal::Wrong(wrong) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, form(shell, silo, given, wrong)?).into_response())
        }
        Refusal::Failure(failure) => Err(failure),
    }
}

fn form(shell: &Shell, silo: Option<SiloName>, given: Given, wrong: Vec<Wrong>) -> Result<Response, Failure> {
    let title = silo.as_ref().map_or_else(|| "Add a source".to_owned(), |silo| format!("Edit {silo}"));
    html::page(&FormPage { frame: shell.frame(Some(Section::Sources), title), silo, given, wrong })
}

impl FormPage {
    /// What is wrong with a field.
    fn wrong(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|wrong| wrong.field == field).map(|wrong| wrong.text.as_str())
    }

    /// How a field is called beside it.
    fn label(&self, field: &str) -> String {
        match field {
            "url" => "Address".to_owned(),
            "silo" => "Name of the silo".to_owned(),
            "every" => "Harvest every".to_owned(),
            other => html::words(other),
        }
    }

    /// Whether the settings that few need are to be seen at once.
    fn is_open(&self) -> bool {
        let rare = ["template", "from", "until", "look_back", "contact", "user_agent", "landing_pages"];
        let given = [&self.given.template, &self.given.from, &self.given.until, &self.given.look_back];
        self.wrong.iter().any(|wrong| rare.contains(&wrong.field))
            || given.iter().any(|text| !text.is_empty())
    }

    fn action(&self) -> String {
        self.silo.as_ref().map_or_else(|| "/sources".to_owned(), show::source)
    }
}
