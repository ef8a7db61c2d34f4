//! `/`: where people come in.

use axum::response::Redirect;

/// A console that harvests nothing has its silos to show.
pub(crate) async fn home() -> Redirect {
    Redirect::to("/silos")
}
