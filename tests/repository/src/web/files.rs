//! The files of the items.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Extension,
    body::Body,
    extract::{Path, State},
    http::{
        HeaderMap, StatusCode,
        header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED, LOCATION},
    },
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};

use crate::{
    catalogue::Status,
    contents::{Alteration, Contents},
    datestamp,
    item::Document,
    repository::Repository,
};

use super::{
    conditions::{Validators, Wanted, wanted},
    pages,
};

/// `/ITEM/POSITION/NAME`
pub(crate) async fn file(
    State(repository): State<Arc<Repository>>,
    Path((item, position, name)): Path<(String, String, String)>,
    alteration: Option<Extension<Alteration>>,
    headers: HeaderMap,
) -> Response {
    let Some(item) = item.parse().ok().and_then(|number| repository.item(number)) else {
        return pages::not_found();
    };
    if item.state.status == Status::Deleted {
        return pages::deleted();
    }
    let asked = |document: &Document| document.position.to_string() == position && document.name == name;
    match item.documents().into_iter().find(asked) {
        None => pages::not_found(),
        Some(document) if document.access.is_open() => {
            send(&document, alteration.map(|Extension(it)| it).unwrap_or_default(), &headers)
        }
        Some(_) => (StatusCode::FOUND, [(LOCATION, "/login")]).into_response(),
    }
}

/// The file, or what the client still wants of it. The validators are those of the true file in any case: a server that
/// sends wrong bytes does not know it.
fn send(document: &Document, alteration: Alteration, headers: &HeaderMap) -> Response {
    let contents = document.contents.altered(alteration);
    let size_bytes = contents.size_bytes;
    let validators =
        Validators { etag: format!("\"{:016x}\"", document.contents.seed), modified: document.modified };
    let wanted = wanted(headers, &validators, size_bytes);
    let common = [
        (ACCEPT_RANGES, "bytes".to_owned()),
        (ETAG, validators.etag),
        (LAST_MODIFIED, datestamp::http(validators.modified)),
    ];
    let kind = [(CONTENT_TYPE, contents.media.mime_type())];
    match wanted {
        Wanted::Whole => {
            let length = [(CONTENT_LENGTH, size_bytes.to_string())];
            (common, kind, length, body(contents, 0..size_bytes)).into_response()
        }
        Wanted::Part(range) => {
            let length = [
                (CONTENT_LENGTH, (range.end - range.start).to_string()),
                (CONTENT_RANGE, format!("bytes {}-{}/{size_bytes}", range.start, range.end - 1)),
            ];
            (StatusCode::PARTIAL_CONTENT, common, kind, length, body(contents, range)).into_response()
        }
        Wanted::NotModified => (StatusCode::NOT_MODIFIED, common).into_response(),
        Wanted::Unsatisfiable => {
            let size = [(CONTENT_RANGE, format!("bytes */{size_bytes}"))];
            (StatusCode::RANGE_NOT_SATISFIABLE, common, size).into_response()
        }
    }
}

fn body(contents: Contents, range: std::ops::Range<u64>) -> Body {
    Body::from_stream(stream::iter(contents.part(range)).map(Ok::<_, Infallible>))
}
