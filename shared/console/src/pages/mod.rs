//! The pages, a file each: handler and template.

mod asked;
mod compare;
mod login;
mod object;
mod objects;
mod silos;
mod source;
mod sources;

use crate::{files, routes::Routes};
pub(crate) use asked::{InForm, InPath, InQuery};

/// Where each page is. This is the one place that says so.
pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .get("/", sources::sources)
        .get("/sources/{silo}", source::source)
        .post("/sources/{silo}/start", source::start)
        .post("/sources/{silo}/stop", source::stop)
        .get("/silos", silos::silos)
        .get("/silos/{silo}", objects::objects)
        .get("/silos/{silo}/object", object::object)
        .get("/silos/{silo}/compare", compare::compare)
        .get("/silos/{silo}/file", files::file)
        .get("/login", login::ask)
        .post("/login", login::log_in)
        .post("/logout", login::log_out)
}
