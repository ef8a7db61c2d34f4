//! The pages of the repository, and which path leads to which.

mod conditions;
mod export;
mod files;
mod landing;
mod pages;
mod protocol;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
    routing::get,
};

use crate::{
    control, front,
    quirk::{Quirk, gate::NEW_PATH},
    repository::Repository,
    settings::Settings,
};

pub(crate) use pages::{html, markup};

/// The whole repository. Requests must carry the [`Wire`](crate::wire::Wire) that they came by as an extension.
pub(crate) fn app(repository: &Arc<Repository>) -> Router {
    pages(repository)
        .nest("/other", other(repository))
        .nest("/_repository", control::routes().with_state(Arc::clone(repository)))
        .fallback(async || -> Response { pages::not_found() })
        .layer(middleware::from_fn_with_state(Arc::clone(repository), front::front))
}

/// What harvesters see of a repository.
fn pages(repository: &Arc<Repository>) -> Router {
    Router::new()
        .route("/", get(pages::home))
        .route("/login", get(pages::login))
        .route("/cgi/oai2", get(protocol::oai).post(protocol::oai))
        .route(NEW_PATH, get(protocol::oai).post(protocol::oai))
        .route("/cgi/export/eprint/{item}/XML/{name}", get(export::dataset))
        .route("/cgi/export/{item}/XML/{name}", get(export::plain))
        .route("/{item}/", get(landing::landing))
        .route("/{item}/linkset", get(landing::linkset))
        .route("/{item}/{position}/{name}", get(files::file))
        .with_state(Arc::clone(repository))
}

/// Another repository below the first, as long as [`Quirk::SecondRepository`] is on: the same identifiers, other works.
fn other(repository: &Arc<Repository>) -> Router {
    let first = &repository.settings;
    let settings = Settings { seed: first.seed.wrapping_add(1), quirks: Vec::new(), ..first.clone() };
    let other = Arc::new(Repository::new(settings, format!("{}/other", repository.url)));
    pages(&other).layer(middleware::from_fn_with_state(Arc::clone(repository), if_there_is_another))
}

async fn if_there_is_another(
    State(repository): State<Arc<Repository>>,
    request: Request,
    next: Next,
) -> Response {
    if repository.quirks.is_on(Quirk::SecondRepository) {
        next.run(request).await
    } else {
        pages::not_found()
    }
}
