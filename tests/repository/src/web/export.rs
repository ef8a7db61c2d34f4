//! The exports, at today's URLs and at those of 2010.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};

use crate::{catalogue::Status, eprints, repository::Repository, settings::ExportForm};

use super::pages;

/// `/cgi/export/eprint/ITEM/XML/NAME`
pub(crate) async fn dataset(
    State(repository): State<Arc<Repository>>,
    Path((item, _name)): Path<(String, String)>,
) -> Response {
    match repository.settings.export_form {
        ExportForm::Dataset | ExportForm::Both => export(repository, item).await,
        ExportForm::Plain2010 => pages::not_found(),
    }
}

/// `/cgi/export/ITEM/XML/NAME`
pub(crate) async fn plain(
    State(repository): State<Arc<Repository>>,
    Path((item, _name)): Path<(String, String)>,
) -> Response {
    match repository.settings.export_form {
        ExportForm::Plain2010 | ExportForm::Both => export(repository, item).await,
        ExportForm::Dataset => pages::not_found(),
    }
}

async fn export(repository: Arc<Repository>, item: String) -> Response {
    // Digests are made here, of files that may be large.
    let made = tokio::task::spawn_blocking(move || answer(&repository, &item)).await;
    made.expect("making an export does not panic")
}

fn answer(repository: &Repository, item: &str) -> Response {
    let item = item.parse().ok().filter(|_| repository.settings.has_exports());
    let Some(item) = item.and_then(|number| repository.item(number)) else { return pages::not_found() };
    match item.state.status {
        Status::Live => {
            ([(CONTENT_TYPE, eprints::MEDIA_TYPE)], eprints::export(repository, &item)).into_response()
        }
        Status::Deleted => pages::deleted(),
    }
}
