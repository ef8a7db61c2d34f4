//! `rioxx`: RIOXX 3. A `dc:relation` is a file, with the day on which all may have it.

use crate::{
    item::{Access, Document, EMBARGO_END, Item},
    repository::Repository,
    xml::{element, escape},
};

pub(super) const NAMESPACE: &str = "http://www.rioxx.net/schema/v3.0/rioxx/";

pub(super) fn metadata(repository: &Repository, item: &Item<'_>) -> String {
    let (family, given) = item.creator();
    let day = item.created().format("%Y-%m-%d").to_string();
    let relations: String =
        item.documents().iter().filter_map(|document| relation(repository, document, &day)).collect();
    let elements = [
        element("dc:identifier", &repository.landing_url(item.number)),
        element("dc:title", &item.title()),
        format!(
            "<rioxxterms:creator>\n{}</rioxxterms:creator>\n",
            element("rioxxterms:name", &format!("{family}, {given}"))
        ),
        element("rioxxterms:publication_date", &day),
        element("rioxxterms:record_public_release_date", &day),
        element("dc:language", "en"),
        element("rioxxterms:type", "https://purl.org/coar/resource_type/c_6501"),
        relations,
    ];
    format!(
        "<rioxx:rioxx xmlns:rioxx=\"{NAMESPACE}\" xmlns:rioxxterms=\"http://www.rioxx.net/schema/v3.0/rioxxterms/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:dcterms=\"http://purl.org/dc/terms/\">\n{}</rioxx:rioxx>\n",
        elements.concat()
    )
}

fn relation(repository: &Repository, document: &Document, day: &str) -> Option<String> {
    let exposed = match document.access {
        Access::Public => day,
        Access::Embargoed => EMBARGO_END,
        Access::Derived | Access::StaffOnly => return None,
    };
    Some(format!(
        "<dc:relation rel=\"item\" type=\"{}\" coar_type=\"https://purl.org/coar/resource_type/c_6501\" \
         coar_version=\"https://purl.org/coar/version/c_970fb48d4fbd8a85\" deposit_date=\"{day}\" \
         resource_exposed_date=\"{exposed}\">{}</dc:relation>\n",
        document.contents.media.mime_type(),
        escape(&repository.file_url(document)),
    ))
}
