//! `oai_openaire`: the OpenAIRE guidelines for literature repositories, version 4. An `oaire:file` tells who may have it.

use crate::{
    item::{Access, Document, EMBARGO_END, Item},
    repository::Repository,
    xml::{element, escape},
};

pub(super) const NAMESPACE: &str = "http://namespace.openaire.eu/schema/oaire/";

/// Where the terms of COAR for access rights are.
const COAR: &str = "http://purl.org/coar/access_right/";

pub(super) fn metadata(repository: &Repository, item: &Item<'_>) -> String {
    let (family, given) = item.creator();
    let documents = item.documents();
    let files: String = documents.iter().filter_map(|document| file(repository, document)).collect();
    let embargo: String =
        documents.iter().filter(|it| it.access == Access::Embargoed).map(|_| available()).collect();
    let elements = [
        format!("<datacite:titles>\n{}</datacite:titles>\n", element("datacite:title", &item.title())),
        format!(
            "<datacite:creators>\n<datacite:creator>\n{}</datacite:creator>\n</datacite:creators>\n",
            element("datacite:creatorName", &format!("{family}, {given}"))
        ),
        format!(
            "<datacite:identifier identifierType=\"URL\">{}</datacite:identifier>\n",
            escape(&repository.landing_url(item.number))
        ),
        format!(
            "<datacite:dates>\n<datacite:date dateType=\"Issued\">{}</datacite:date>\n{embargo}</datacite:dates>\n",
            item.created().format("%Y-%m-%d")
        ),
        element("dc:language", "en"),
        "<datacite:rights rightsURI=\"http://purl.org/coar/access_right/c_abf2\">open access</datacite:rights>\n".to_owned(),
        files,
    ];
    format!(
        "<oaire:resource xmlns:oaire=\"{NAMESPACE}\" xmlns:datacite=\"http://datacite.org/schema/kernel-4\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n{}</oaire:resource>\n",
        elements.concat()
    )
}

fn available() -> String {
    format!("<datacite:date dateType=\"Available\">{EMBARGO_END}</datacite:date>\n")
}

fn file(repository: &Repository, document: &Document) -> Option<String> {
    let rights = match document.access {
        Access::Public => "c_abf2",
        Access::StaffOnly => "c_16ec",
        Access::Embargoed => "c_f1cf",
        Access::Derived => return None,
    };
    Some(format!(
        "<oaire:file accessRightsURI=\"{COAR}{rights}\" mimeType=\"{}\" objectType=\"fulltext\">{}</oaire:file>\n",
        document.contents.media.mime_type(),
        escape(&repository.file_url(document)),
    ))
}
