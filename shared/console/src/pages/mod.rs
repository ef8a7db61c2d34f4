//! The pages, a file each: handler and template.

mod asked;
mod compare;
mod log;
mod login;
mod object;
mod objects;
mod queue;
mod run;
mod silos;
mod source;
mod source_form;
mod sources;
mod verify;

use crate::{files, routes::Routes};
pub(crate) use asked::{InForm, InPath, InQuery};

/// Where each page is. This is the one place that says so.
pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .get("/", sources::sources)
        .get("/sources/new", source_form::new)
        .post("/sources", source_form::add)
        .get("/sources/{silo}", source::source)
        .post("/sources/{silo}", source_form::change)
        .get("/sources/{silo}/edit", source_form::edit)
        .get("/sources/{silo}/remove", source_form::ask_to_remove)
        .post("/sources/{silo}/remove", source_form::remove)
        .get("/sources/{silo}/runs/{run}", run::run)
        .post("/sources/{silo}/start", source::start)
        .post("/sources/{silo}/stop", source::stop)
        .get("/queue", queue::queue)
        .post("/queue/redrive", queue::redrive)
        .post("/workers/start", queue::start_workers)
        .post("/workers/stop", queue::stop_workers)
        .post("/schedule/start", queue::start_schedule)
        .post("/schedule/stop", queue::stop_schedule)
        .get("/verify", verify::verify)
        .post("/verify", verify::start)
        .post("/verify/stop", verify::stop)
        .get("/log", log::log)
        .get("/silos", silos::silos)
        .get("/silos/{silo}", objects::objects)
        .get("/silos/{silo}/object", object::object)
        .get("/silos/{silo}/compare", compare::compare)
        .get("/silos/{silo}/file", files::file)
        .get("/login", login::ask)
        .post("/login", login::log_in)
        .post("/logout", login::log_out)
}

/// A field of a form that was left empty says nothing.
fn empty_is_none<'de, T, D>(field: D) -> Result<Option<T>, D::Error>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
    D: serde::Deserializer<'de>,
{
    let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(field)?;
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(serde::de::Error::custom),
    }
}
