//! The web console of a granary: pages for people, and beside them the same things as JSON.
//!
//! [`serve`] answers from a [`Console`]: a granary, and what goes with it. Pages and API render the same views
//! (`model`), so that they say the same; and the views are made from what is stored, not from what this process
//! remembers, so that two tabs, two processes and a console that only reads say the same too.
//!
//! Everything that a repository has sent is data: templates escape it, its files never run as script (`files`), its
//! names travel in queries. Who may ask at all is decided before any handler is called (`guard`).
//!
//! A page is a file in `pages` with its handler and template, and its line in the table there; so is a resource
//! of the API in `api`.

mod add;
mod api;
mod app;
mod assets;
mod change;
mod chart;
mod failure;
mod files;
mod guard;
mod html;
mod links;
mod live;
mod model;
mod pages;
mod routes;
mod serve;
mod show;
mod totals;

use tokio_util::sync::CancellationToken;

pub use app::Console;
pub use guard::{Guard, InvalidSecret, Secret};
pub use model::Standing;
pub use routes::{Endpoint, endpoints};
pub use serve::serve;

/// The console as a service. It answers every request, and ends with no error.
///
/// # Panics
/// When the operating system has no random numbers.
pub fn router(console: Console) -> axum::Router {
    answering(app::App::new(console, CancellationToken::new()))
}

fn answering(app: app::App) -> axum::Router {
    let routes = routes::all().router.fallback(failure::no_such_page);
    let routes = routes.method_not_allowed_fallback(failure::no_such_method);
    routes.layer(axum::middleware::from_fn_with_state(app.clone(), guard::answer)).with_state(app)
}
