//! What a request asks for: axum's extractors, with failures of ours.

use axum::{
    Form,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use crate::{app::App, failure::Failure};

/// What stands in the path.
pub(crate) struct InPath<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for InPath<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let path = Path::from_request_parts(parts, app).await;
        path.map(|Path(path)| Self(path)).map_err(|no| Failure::new(no.status(), no.body_text()))
    }
}

/// What stands in the query.
pub(crate) struct InQuery<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for InQuery<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let query = Query::from_request_parts(parts, app).await;
        query.map(|Query(query)| Self(query)).map_err(|no| Failure::new(no.status(), no.body_text()))
    }
}

/// What a form sends.
pub(crate) struct InForm<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequest<App> for InForm<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let form = Form::from_request(request, app).await;
        form.map(|Form(form)| Self(form)).map_err(|no| Failure::new(no.status(), no.body_text()))
    }
}
