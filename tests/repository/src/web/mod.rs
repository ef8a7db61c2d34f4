//! The pages of the repository, and which path leads to which.

mod conditions;
mod export;
mod files;
mod pages;
mod protocol;

use std::sync::Arc;

use axum::{Router, middleware, response::Response, routing::get};

use crate::{control, front, repository::Repository};

pub(crate) use pages::html;

/// The whole repository. Requests must carry the [`Wire`](crate::wire::Wire) that they came by as an extension.
pub(crate) fn app(repository: &Arc<Repository>) -> Router {
    Router::new()
        .route("/", get(pages::home))
        .route("/login", get(pages::login))
        .route("/cgi/oai2", get(protocol::oai).post(protocol::oai))
        .route("/cgi/export/eprint/{item}/XML/{name}", get(export::dataset))
        .route("/cgi/export/{item}/XML/{name}", get(export::plain))
        .route("/{item}/", get(pages::landing))
        .route("/{item}/{position}/{name}", get(files::file))
        .nest("/_repository", control::routes())
        .fallback(async || -> Response { pages::not_found() })
        .with_state(Arc::clone(repository))
        .layer(middleware::from_fn_with_state(Arc::clone(repository), front::front))
}
