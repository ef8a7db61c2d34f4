//! The endpoint of OAI-PMH, by GET and by POST (OAI-PMH 2.0, section 3.1.1).

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use url::form_urlencoded;

use crate::{datestamp, oai, repository::Repository};

pub(crate) async fn oai(
    State(repository): State<Arc<Repository>>,
    RawQuery(query): RawQuery,
    form: Bytes,
) -> Response {
    let query = query.unwrap_or_default();
    let parts = [query.as_bytes(), &form];
    let arguments: Vec<(String, String)> =
        parts.into_iter().flat_map(|part| form_urlencoded::parse(part).into_owned()).collect();
    let answer = oai::answer(&repository, &arguments, datestamp::now());
    ([(CONTENT_TYPE, "text/xml; charset=utf-8")], answer).into_response()
}
