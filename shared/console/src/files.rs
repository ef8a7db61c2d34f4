//! Stored files, as they are: bytes of strangers, under the console's own address.
//!
//! A browser must never take one for a page of the console. So only kinds that cannot hold a script are shown,
//! everything else is saved; the browser is told not to guess; and what it does show gets no rights.

mod conditions;
mod disposition;
mod kind;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use granary_silo::{Identifier, SiloName, VersionName};
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt};
use serde::Deserialize;

use crate::{
    app::App,
    failure::Failure,
    model::{StoredFile, find_file},
    pages::{InPath, InQuery},
};
pub(crate) use conditions::is_known;
use conditions::{Part, part};
pub(crate) use kind::Kind;

/// Nothing runs, nothing is loaded, and no origin is ours. Chromium shows pictures, texts and PDF under it.
const NO_RIGHTS: &str = "default-src 'none'; sandbox";

/// Which file, and whether to save it.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    id: Identifier,
    version: Option<VersionName>,
    name: String,
    /// Whatever it says: the file is to be saved.
    download: Option<String>,
}

/// Answers with a file's bytes: all of them, or one range.
pub(crate) async fn file(
    State(app): State<App>,
    InPath(silo): InPath<SiloName>,
    InQuery(wanted): InQuery<Wanted>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let file = find_file(app.granary(), &silo, &wanted.id, wanted.version.as_ref(), &wanted.name).await?;
    let store = app.granary().store();
    let meta = match store.head(&file.location).await {
        Ok(meta) => meta,
        Err(object_store::Error::NotFound { .. }) => return Err(gone(&file)),
        Err(error) => return Err(error.into()),
    };
    let mut said = about(&file, &meta, wanted.download.is_some());
    let e_tag = said.get(header::ETAG).and_then(|e_tag| e_tag.to_str().ok()).unwrap_or_default();
    if is_known(&headers, e_tag) {
        return Ok((StatusCode::NOT_MODIFIED, said).into_response());
    }
    let (status, range) = match part(&headers, e_tag, meta.size) {
        Part::Whole => (StatusCode::OK, 0..meta.size),
        Part::Range(range) => (StatusCode::PARTIAL_CONTENT, range),
        Part::Unsatisfiable => {
            let text = format!("the file has {} bytes", meta.size);
            let failure = Failure::new(StatusCode::RANGE_NOT_SATISFIABLE, text);
            return Ok(([(header::CONTENT_RANGE, format!("bytes */{}", meta.size))], failure).into_response());
        }
    };
    said.insert(header::CONTENT_LENGTH, (range.end - range.start).into());
    if status == StatusCode::PARTIAL_CONTENT {
        let text = format!("bytes {}-{}/{}", range.start, range.end.saturating_sub(1), meta.size);
        said.insert(header::CONTENT_RANGE, value(&text));
    }
    if method == Method::HEAD || range.is_empty() {
        return Ok((status, said).into_response());
    }
    let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
    let got = store.get_opts(&file.location, options).await?;
    Ok((status, said, Body::from_stream(got.into_stream())).into_response())
}

fn gone(file: &StoredFile) -> Failure {
    Failure::not_found(format!(
        "{} is named in the manifest and not there; `granary verify` says what else is",
        file.entry.path
    ))
}

/// What is said of a file, whatever part of it is sent.
fn about(file: &StoredFile, meta: &ObjectMeta, download: bool) -> HeaderMap {
    let kind = Kind::of(file.entry.content_type.as_deref(), &file.name);
    // Of what RecordSilo stored there is no digest: then the store tells one state of the file from another.
    let e_tag = file.entry.sha256.as_ref().map(|sha256| format!("\"{sha256}\"")).or(meta.e_tag.clone());
    let mut said = HeaderMap::new();
    said.insert(header::CONTENT_TYPE, value(kind.content_type()));
    said.insert(
        header::CONTENT_DISPOSITION,
        value(&disposition::disposition(&file.name, kind.is_shown() && !download)),
    );
    said.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(NO_RIGHTS));
    said.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    said.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Some(e_tag) = e_tag {
        said.insert(header::ETAG, value(&e_tag));
    }
    said.insert(
        header::LAST_MODIFIED,
        value(&meta.last_modified.format("%a, %d %b %Y %H:%M:%S GMT").to_string()),
    );
    said
}

/// A header that holds visible ASCII; another would be a mistake of ours, and says nothing then.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}
