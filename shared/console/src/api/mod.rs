//! The API: the views as JSON. `openapi.json` describes it.

mod silos;
mod sources;
mod status;

use crate::{files, routes::Routes};

/// Where each resource is. This is the one place that says so.
pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .get("/healthz", status::health)
        .get("/api/status", status::status)
        .get("/api/sources", sources::sources)
        .get("/api/sources/{silo}", sources::source)
        .post("/api/sources/{silo}/start", sources::start)
        .post("/api/sources/{silo}/stop", sources::stop)
        .get("/api/sources/{silo}/runs", sources::runs)
        .get("/api/sources/{silo}/runs/{run}", sources::run)
        .get("/api/silos", silos::silos)
        .get("/api/silos/{silo}/objects", silos::objects)
        .get("/api/silos/{silo}/object", silos::object)
        .get("/api/silos/{silo}/compare", silos::compare)
        .get("/api/silos/{silo}/file", files::file)
}
