//! The API: the views as JSON. `openapi.json` describes it.

mod body;
mod events;
mod log;
mod metrics;
mod queue;
mod silos;
mod sources;
mod status;
mod verify;

use axum::http::header;
pub(crate) use body::{InJson, Settings};

use crate::{files, routes::Routes};

/// What the API says about itself (OpenAPI 3.1).
const DESCRIPTION: &str = include_str!("../../openapi.json");

/// Where each resource is. This is the one place that says so.
pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .get("/healthz", status::health)
        .get("/api/status", status::status)
        .get("/api/sources", sources::sources)
        .post("/api/sources", sources::add)
        .get("/api/sources/{silo}", sources::source)
        .put("/api/sources/{silo}", sources::change)
        .delete("/api/sources/{silo}", sources::remove)
        .post("/api/sources/{silo}/start", sources::start)
        .post("/api/sources/{silo}/stop", sources::stop)
        .get("/api/sources/{silo}/runs", sources::runs)
        .get("/api/sources/{silo}/runs/{run}", sources::run)
        .get("/api/queue", queue::queue)
        .get("/api/queue/messages", queue::messages)
        .get("/api/queue/dead", queue::dead)
        .post("/api/queue/redrive", queue::redrive)
        .get("/api/workers", queue::workers)
        .post("/api/workers/start", queue::start_workers)
        .post("/api/workers/stop", queue::stop_workers)
        .post("/api/schedule/start", queue::start_schedule)
        .post("/api/schedule/stop", queue::stop_schedule)
        .get("/api/verify", verify::check)
        .post("/api/verify", verify::start)
        .post("/api/verify/stop", verify::stop)
        .get("/api/log", log::log)
        .get("/api/events", events::events)
        .get("/api/openapi.json", async || ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION))
        .get("/metrics", metrics::metrics)
        .get("/api/silos", silos::silos)
        .get("/api/silos/{silo}/objects", silos::objects)
        .get("/api/silos/{silo}/object", silos::object)
        .get("/api/silos/{silo}/compare", silos::compare)
        .get("/api/silos/{silo}/file", files::file)
}
