//! Landing pages, and what they tell machines: in their heads, in `Link` headers (Signposting), in a link set (RFC 9264).

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, LINK},
    },
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use crate::{
    catalogue::Status,
    contents::Media,
    eprints,
    item::{Access, Document, Item, Set},
    repository::Repository,
    settings::Landing,
    xml::escape,
};

use super::pages::{deleted, not_found, page};

/// `/ITEM/`, with a link to each public file.
pub(crate) async fn landing(State(repository): State<Arc<Repository>>, Path(item): Path<String>) -> Response {
    of_item(&repository, &item, landing_page)
}

/// `/ITEM/linkset`
pub(crate) async fn linkset(State(repository): State<Arc<Repository>>, Path(item): Path<String>) -> Response {
    of_item(&repository, &item, |repository, item| match repository.settings.landing {
        Landing::Linkset | Landing::All => link_set(repository, item),
        Landing::Eprints | Landing::Citation | Landing::Links => not_found(),
    })
}

fn of_item(
    repository: &Repository,
    item: &str,
    answer: impl FnOnce(&Repository, &Item<'_>) -> Response,
) -> Response {
    let Some(item) = item.parse().ok().and_then(|number| repository.item(number)) else { return not_found() };
    match item.state.status {
        Status::Live => answer(repository, &item),
        Status::Deleted => deleted(),
    }
}

fn landing_page(repository: &Repository, item: &Item<'_>) -> Response {
    let (title, files) = (item.title(), public(item));
    let mut links = String::new();
    for file in &files {
        let (url, name) = (escape(&repository.file_url(file)), escape(&file.name));
        links.push_str(&format!("<li><a href=\"{url}\">{name}</a></li>\n"));
    }
    let head = head(repository, &title, &files);
    let mut response = page(StatusCode::OK, &title, &head, &format!("<ul>\n{links}</ul>\n"));
    for value in link_headers(repository, item) {
        response.headers_mut().append(LINK, value);
    }
    response
}

fn public(item: &Item<'_>) -> Vec<Document> {
    item.documents().into_iter().filter(|document| document.access == Access::Public).collect()
}

fn head(repository: &Repository, title: &str, files: &[Document]) -> String {
    let meta =
        |name: &str, content: &str| format!("<meta name=\"{name}\" content=\"{}\">\n", escape(content));
    let eprints = || {
        let urls = files.iter().map(|file| meta("eprints.document_url", &repository.file_url(file)));
        meta("eprints.title", title) + &urls.collect::<String>()
    };
    let citation = || {
        let pdfs = files.iter().filter(|file| file.contents.media == Media::Pdf);
        let urls = pdfs.map(|file| meta("citation_pdf_url", &repository.file_url(file)));
        meta("citation_title", title) + &urls.collect::<String>()
    };
    match repository.settings.landing {
        Landing::Eprints => eprints(),
        Landing::Citation => citation(),
        Landing::Links | Landing::Linkset => String::new(),
        Landing::All => eprints() + &citation(),
    }
}

/// A link of the item: its relation, its target, and the target's media type.
struct Link {
    relation: &'static str,
    target: String,
    media_type: Option<&'static str>,
}

/// What Signposting's pattern for landing pages asks for, one header a link.
fn link_headers(repository: &Repository, item: &Item<'_>) -> Vec<HeaderValue> {
    let set = || Link {
        relation: "linkset",
        target: format!("{}linkset", repository.landing_url(item.number)),
        media_type: Some("application/linkset+json"),
    };
    let links = match repository.settings.landing {
        Landing::Eprints | Landing::Citation => Vec::new(),
        Landing::Links => links(repository, item),
        Landing::Linkset => vec![set()],
        Landing::All => {
            let mut links = links(repository, item);
            links.push(set());
            links
        }
    };
    links.iter().map(Link::header).collect()
}

fn links(repository: &Repository, item: &Item<'_>) -> Vec<Link> {
    let kind = if Set::Theses.holds(item.number) { "Thesis" } else { "ScholarlyArticle" };
    let plain = |relation, target| Link { relation, target, media_type: None };
    let mut links = vec![
        plain("cite-as", format!("{}/id/eprint/{}", repository.url, item.number)),
        plain("type", format!("https://schema.org/{kind}")),
        plain("type", "https://schema.org/AboutPage".to_owned()),
    ];
    links.extend(public(item).iter().map(|file| Link {
        relation: "item",
        target: repository.file_url(file),
        media_type: Some(file.contents.media.mime_type()),
    }));
    if repository.settings.has_exports() {
        links.push(Link {
            relation: "describedby",
            target: repository.export_url(item.number),
            media_type: Some(eprints::BARE_MEDIA_TYPE),
        });
    }
    links
}

impl Link {
    fn header(&self) -> HeaderValue {
        let media_type = self.media_type.map(|it| format!("; type=\"{it}\"")).unwrap_or_default();
        let value = format!("<{}>; rel=\"{}\"{media_type}", self.target, self.relation);
        HeaderValue::from_str(&value).expect("URLs are percent-encoded, and all else is ours")
    }
}

fn link_set(repository: &Repository, item: &Item<'_>) -> Response {
    let mut context = Map::from_iter([("anchor".to_owned(), repository.landing_url(item.number).into())]);
    for link in links(repository, item) {
        let mut target = json!({"href": link.target});
        if let Some(media_type) = link.media_type {
            target["type"] = media_type.into();
        }
        let targets = context.entry(link.relation).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(targets) = targets {
            targets.push(target);
        }
    }
    let set = json!({"linkset": [context]}).to_string();
    ([(CONTENT_TYPE, "application/linkset+json")], set).into_response()
}
