//! The controls over HTTP, under `/_repository/`.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};

use crate::{
    catalogue::{Status, UnknownItem},
    datestamp,
    fault::Fault,
    flood::{Flood, Packing},
    item::{Document, Item},
    quirk::{Quirk, UnknownQuirk},
    repository::Repository,
    switchboard::Times,
};

type Shared = State<Arc<Repository>>;

/// The routes, relative to `/_repository`.
pub(crate) fn routes() -> Router<Arc<Repository>> {
    Router::new()
        .route("/change", post(change))
        .route("/delete", post(delete))
        .route("/reuse", post(reuse))
        .route("/fault", post(fault))
        .route("/mend", post(mend))
        .route("/quirk", post(quirk_on).delete(quirk_off))
        .route("/quirks", get(quirks))
        .route("/certificate", get(certificate))
        .route("/log", get(log).delete(clear_log))
        .route("/items", get(items))
}

/// Why a control was not obeyed.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    UnknownItem(#[from] UnknownItem),
    #[error(transparent)]
    UnknownQuirk(#[from] UnknownQuirk),
    #[error("there is no fault {0}")]
    UnknownFault(String),
    #[error("{kind} needs {parameter}")]
    Missing { kind: String, parameter: &'static str },
    #[error("a header cannot hold the target {0:?}")]
    Target(String),
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self {
            Self::UnknownItem(_) => StatusCode::NOT_FOUND,
            Self::UnknownQuirk(_) | Self::UnknownFault(_) | Self::Missing { .. } | Self::Target(_) => {
                StatusCode::BAD_REQUEST
            }
        };
        (status, format!("{self}\n")).into_response()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    item: u32,
}

async fn change(State(repository): Shared, Query(which): Query<Which>) -> Result<StatusCode, Refused> {
    repository.catalogue.change(which.item, datestamp::now())?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete(State(repository): Shared, Query(which): Query<Which>) -> Result<StatusCode, Refused> {
    repository.catalogue.delete(which.item, datestamp::now())?;
    Ok(StatusCode::NO_CONTENT)
}

async fn reuse(State(repository): Shared, Query(which): Query<Which>) -> Result<StatusCode, Refused> {
    repository.catalogue.reuse(which.item, datestamp::now())?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

async fn quirk_on(State(repository): Shared, Query(named): Query<Named>) -> Result<StatusCode, Refused> {
    repository.quirks.switch_on(named.name.parse()?);
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaybeNamed {
    name: Option<String>,
}

/// One off, or all of them.
async fn quirk_off(
    State(repository): Shared,
    Query(named): Query<MaybeNamed>,
) -> Result<StatusCode, Refused> {
    match named.name {
        Some(name) => repository.quirks.switch_off(name.parse()?),
        None => repository.quirks.switch_all_off(),
    }
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize)]
struct ListedQuirk {
    number: u8,
    name: &'static str,
    description: &'static str,
    on: bool,
}

async fn quirks(State(repository): Shared) -> Response {
    let listed = |quirk: &Quirk| ListedQuirk {
        number: quirk.number(),
        name: quirk.name(),
        description: quirk.description(),
        on: repository.quirks.is_on(*quirk),
    };
    json(&Quirk::ALL.iter().map(listed).collect::<Vec<_>>())
}

async fn certificate(State(repository): Shared) -> Response {
    let pem = repository.tls.certificate(&repository.quirks).to_owned();
    ([(CONTENT_TYPE, "application/x-pem-file")], pem).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Switch {
    path: String,
    kind: String,
    times: Option<u32>,
    retry_after: Option<u64>,
    target: Option<String>,
    /// In milliseconds.
    delay: Option<u64>,
    bytes: Option<u64>,
    packed: Option<Packed>,
    name: Option<String>,
    count: Option<usize>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Packed {
    Gzip,
}

async fn fault(State(repository): Shared, Query(switch): Query<Switch>) -> Result<StatusCode, Refused> {
    let times = switch.times.map_or(Times::Always, Times::First);
    let path = switch.path.clone();
    repository.faults.set(&path, switch.fault()?, times);
    Ok(StatusCode::NO_CONTENT)
}

impl Switch {
    fn fault(self) -> Result<Fault, Refused> {
        let missing = |parameter| Refused::Missing { kind: self.kind.clone(), parameter };
        Ok(match self.kind.as_str() {
            "not-found" => Fault::NotFound,
            "gone" => Fault::Gone,
            "forbidden" => Fault::Forbidden,
            "server-error" => Fault::ServerError,
            "unavailable" => Fault::Unavailable { retry_after: self.retry_after },
            "unavailable-until" => {
                let seconds = self.retry_after.ok_or_else(|| missing("retry-after"))?;
                Fault::UnavailableUntil { seconds: u32::try_from(seconds).unwrap_or(u32::MAX) }
            }
            "too-many-requests" => Fault::TooManyRequests {
                retry_after: self.retry_after.ok_or_else(|| missing("retry-after"))?,
            },
            "truncate" => Fault::Truncate,
            "wrong-digest" => Fault::WrongDigest,
            "wrong-size" => Fault::WrongSize,
            "login-page" => Fault::LoginPage,
            "html" => Fault::Html,
            "redirect" => {
                let target = self.target.clone().ok_or_else(|| missing("target"))?;
                match HeaderValue::from_bytes(target.as_bytes()) {
                    Ok(_) => Fault::Redirect { target },
                    Err(_) => return Err(Refused::Target(target)),
                }
            }
            "redirect-loop" => Fault::RedirectLoop,
            "slow" => {
                Fault::Slow { delay: Duration::from_millis(self.delay.ok_or_else(|| missing("delay"))?) }
            }
            "hang" => Fault::Hang,
            "reset" => Fault::Reset,
            "empty" => Fault::Empty,
            "bad-token" => Fault::BadToken,
            "json" => Fault::Json,
            "headers" => Fault::Headers {
                name: self.name.clone().ok_or_else(|| missing("name"))?,
                count: self.count.ok_or_else(|| missing("count"))?,
                bytes: self.bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| missing("bytes"))?,
            },
            "redirect-chain" => Fault::RedirectChain,
            "endless-list" => Fault::EndlessList,
            "post-only" => Fault::PostOnly,
            "long-url" => Fault::LongUrl {
                most: self.bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| missing("bytes"))?,
            },
            kind => match Flood::ALL.iter().find(|flood| flood.name() == kind) {
                Some(of) => Fault::Flood {
                    of: *of,
                    bytes: self.bytes.ok_or_else(|| missing("bytes"))?,
                    packing: self.packed.map_or(Packing::Plain, |Packed::Gzip| Packing::Gzip),
                },
                None => return Err(Refused::UnknownFault(self.kind)),
            },
        })
    }
}

async fn mend(State(repository): Shared) -> StatusCode {
    repository.faults.mend();
    StatusCode::NO_CONTENT
}

async fn log(State(repository): Shared) -> Response {
    json(&repository.log.all())
}

async fn clear_log(State(repository): Shared) -> StatusCode {
    repository.log.clear();
    StatusCode::NO_CONTENT
}

/// An item as it should be found in a mirror.
#[derive(Serialize)]
struct Listed {
    item: u32,
    identifier: String,
    datestamp: String,
    deleted: bool,
    files: Vec<ListedFile>,
}

#[derive(Serialize)]
struct ListedFile {
    position: u32,
    name: String,
    url: String,
    size: u64,
    mime_type: &'static str,
    md5: String,
    sha256: String,
    access: &'static str,
}

async fn items(State(repository): Shared) -> Response {
    // Every file is read here, the first time.
    let listed = move || {
        let listed: Vec<Listed> = repository.items().map(|item| listed(&repository, &item)).collect();
        json(&listed)
    };
    tokio::task::spawn_blocking(listed).await.expect("listing the items does not panic")
}

fn listed(repository: &Repository, item: &Item<'_>) -> Listed {
    Listed {
        item: item.number,
        identifier: item.identifier(),
        datestamp: datestamp::oai(item.state.datestamp, repository.settings.granularity),
        deleted: item.state.status == Status::Deleted,
        files: item.documents().iter().map(|document| listed_file(repository, document)).collect(),
    }
}

fn listed_file(repository: &Repository, document: &Document) -> ListedFile {
    let digests = repository.digests(document);
    ListedFile {
        position: document.position,
        name: document.name.clone(),
        url: repository.file_url(document),
        size: document.contents.size_bytes,
        mime_type: document.contents.media.mime_type(),
        md5: digests.md5,
        sha256: digests.sha256,
        access: document.access.name(),
    }
}

fn json(value: &impl Serialize) -> Response {
    let text = serde_json::to_vec(value).expect("text, numbers and lists become JSON");
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}
