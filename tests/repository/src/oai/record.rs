//! Headers and Dublin Core (OAI-PMH 2.0, sections 2.5 and 3.4).

use crate::{
    catalogue::Status,
    datestamp,
    item::{Access, Item, Set},
    repository::Repository,
    xml::element,
};

/// The header of an item.
pub(crate) fn header(item: &Item<'_>) -> String {
    let status = match item.state.status {
        Status::Live => "",
        Status::Deleted => " status=\"deleted\"",
    };
    let datestamp = datestamp::oai(item.state.datestamp, item.settings.granularity);
    let sets: String = item.sets().map(|set| element("setSpec", &set.spec())).collect();
    let identifier = element("identifier", &item.identifier());
    format!("<header{status}>\n{identifier}{}{sets}</header>\n", element("datestamp", &datestamp))
}

/// The whole record; of a deleted item only its header (section 2.5.1).
pub(crate) fn record(repository: &Repository, item: &Item<'_>) -> String {
    let metadata = match item.state.status {
        Status::Live => format!("<metadata>\n{}</metadata>\n", dublin_core(repository, item)),
        Status::Deleted => String::new(),
    };
    format!("<record>\n{}{metadata}</record>\n", header(item))
}

/// The landing page comes first among the identifiers, then the public files.
fn dublin_core(repository: &Repository, item: &Item<'_>) -> String {
    let (family, given) = item.creator();
    let kind = if Set::Theses.holds(item.number) { "Thesis" } else { "Article" };
    let files = item.documents().into_iter().filter(|document| document.access == Access::Public);
    let urls = files.map(|document| repository.file_url(&document));
    let identifiers: String = std::iter::once(repository.landing_url(item.number))
        .chain(urls)
        .map(|url| element("dc:identifier", &url))
        .collect();
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
        "<oai_dc:dc xmlns:oai_dc=\"http://www.openarchives.org/OAI/2.0/oai_dc/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:schemaLocation=\"http://www.openarchives.org/OAI/2.0/oai_dc/ \
         http://www.openarchives.org/OAI/2.0/oai_dc.xsd\">\n{elements}</oai_dc:dc>\n"
    )
}
