//! The API: the views as JSON. `openapi.json` describes it.

mod silos;

use crate::{files, routes::Routes};

/// Where each resource is. This is the one place that says so.
pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .get("/healthz", async || "ok\n")
        .get("/api/silos", silos::silos)
        .get("/api/silos/{silo}/objects", silos::objects)
        .get("/api/silos/{silo}/object", silos::object)
        .get("/api/silos/{silo}/compare", silos::compare)
        .get("/api/silos/{silo}/file", files::file)
}
