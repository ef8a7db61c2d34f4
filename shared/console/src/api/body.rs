//! What a request to the API brings along.

use axum::{
    Json,
    extract::{FromRequest, Request},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{app::App, failure::Failure, model::Given};

/// A body in JSON: an object.
pub(crate) struct InJson<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequest<App> for InJson<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let body = Json::<Map<String, Value>>::from_request(request, app).await;
        let Json(body) = body.map_err(|no| Failure::new(no.status(), no.body_text()))?;
        // By way of a map: an array would be read as a struct, its fields in order.
        let value = serde_json::from_value(Value::Object(body));
        value.map(Self).map_err(|error| Failure::unprocessable(error.to_string()))
    }
}

/// The settings of a source. What is absent is left to its default.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) url: Option<String>,
    pub(crate) silo: Option<String>,
    kind: Option<String>,
    metadata_prefix: Option<String>,
    template: Option<String>,
    sets: Vec<String>,
    from: Option<String>,
    until: Option<String>,
    files: Option<String>,
    landing_pages: Option<String>,
    every: Option<String>,
    look_back: Option<String>,
    contact: Option<String>,
    user_agent: Option<String>,
    without_asking: bool,
}

impl From<Settings> for Given {
    fn from(settings: Settings) -> Self {
        Self {
            url: settings.url.unwrap_or_default(),
            silo: settings.silo.unwrap_or_default(),
            kind: settings.kind.unwrap_or_default(),
            metadata_prefix: settings.metadata_prefix.unwrap_or_default(),
            template: settings.template.unwrap_or_default(),
            // One a line; what has a line break in it is none, and is refused for its white space.
            sets: settings.sets.iter().map(|set| set.replace('\n', " ")).collect::<Vec<_>>().join("\n"),
            from: settings.from.unwrap_or_default(),
            until: settings.until.unwrap_or_default(),
            files: settings.files.unwrap_or_default(),
            landing_pages: settings.landing_pages.unwrap_or_default(),
            every: settings.every.unwrap_or_default(),
            look_back: settings.look_back.unwrap_or_default(),
            contact: settings.contact.unwrap_or_default(),
            user_agent: settings.user_agent.unwrap_or_default(),
            without_asking: settings.without_asking.then(|| "yes".to_owned()),
        }
    }
}
