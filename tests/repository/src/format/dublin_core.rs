//! `oai_dc`: unqualified Dublin Core (OAI-PMH 2.0, section 3.4).

use crate::{
    item::{Access, Item, Set},
    repository::Repository,
    settings::Format,
    xml::element,
};

pub(super) const NAMESPACE: &str = "http://www.openarchives.org/OAI/2.0/oai_dc/";

/// The landing page comes first among the identifiers, then the public files, unless another format names them.
pub(super) fn metadata(repository: &Repository, item: &Item<'_>) -> String {
    let (family, given) = item.creator();
    let kind = if Set::Theses.holds(item.number) { "Thesis" } else { "Article" };
    let identifiers: String =
        identifiers(repository, item).into_iter().map(|url| element("dc:identifier", &url)).collect();
    let elements = [
        element("dc:title", &item.title()),
        element("dc:creator", &format!("{family}, {given}")),
        element("dc:date", &item.created().format("%Y-%m-%d").to_string()),
        element("dc:type", kind),
        element("dc:language", "en"),
        identifiers,
    ]
    .concat();
    format!(
        "<oai_dc:dc xmlns:oai_dc=\"{NAMESPACE}\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:schemaLocation=\"http://www.openarchives.org/OAI/2.0/oai_dc/ \
         http://www.openarchives.org/OAI/2.0/oai_dc.xsd\">\n{elements}</oai_dc:dc>\n"
    )
}

fn identifiers(repository: &Repository, item: &Item<'_>) -> Vec<String> {
    let mut urls = vec![repository.landing_url(item.number)];
    if repository.settings.format == Format::OaiDc {
        let files = item.documents().into_iter().filter(|document| document.access == Access::Public);
        urls.extend(files.map(|document| repository.file_url(&document)));
    }
    urls
}
