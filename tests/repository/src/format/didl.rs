//! `didl`: MPEG-21 DIDL as DRIVER wanted it: an item of items, each with the type of what it is.

use crate::{
    datestamp,
    item::{Access, Document, Item},
    repository::Repository,
    settings::Granularity,
    xml::{element, escape},
};

pub(super) const NAMESPACE: &str = "urn:mpeg:mpeg21:2002:02-DIDL-NS";

const TYPES: &str = "info:eu-repo/semantics/";

pub(super) fn metadata(repository: &Repository, item: &Item<'_>) -> String {
    let landing = repository.landing_url(item.number);
    let files = item.documents().into_iter().filter(|document| document.access == Access::Public);
    let items = [
        descriptor(&element("dii:Identifier", &landing)),
        descriptor(&element("dcterms:modified", &datestamp::oai(item.state.datestamp, Granularity::Second))),
        resource(&landing, "text/html"),
        typed("descriptiveMetadata", &description(item)),
        files.map(|document| file(repository, &document)).collect(),
        typed("humanStartPage", &resource(&landing, "text/html")),
    ];
    format!(
        "<didl:DIDL DIDLDocumentId=\"{}\" xmlns:didl=\"{NAMESPACE}\" xmlns:dii=\"urn:mpeg:mpeg21:2002:01-DII-NS\" \
         xmlns:dip=\"urn:mpeg:mpeg21:2002:01-DIP-NS\" xmlns:dcterms=\"http://purl.org/dc/terms/\">\n\
         <didl:Item>\n{}</didl:Item>\n</didl:DIDL>\n",
        escape(&landing),
        items.concat()
    )
}

fn typed(kind: &str, content: &str) -> String {
    let kind = descriptor(&element("dip:ObjectType", &format!("{TYPES}{kind}")));
    format!("<didl:Item>\n{kind}{content}</didl:Item>\n")
}

fn file(repository: &Repository, document: &Document) -> String {
    typed("objectFile", &resource(&repository.file_url(document), document.contents.media.mime_type()))
}

fn descriptor(statement: &str) -> String {
    format!(
        "<didl:Descriptor>\n<didl:Statement mimeType=\"application/xml\">\n{statement}</didl:Statement>\n</didl:Descriptor>\n"
    )
}

fn resource(url: &str, mime_type: &str) -> String {
    format!(
        "<didl:Component>\n<didl:Resource mimeType=\"{mime_type}\" ref=\"{}\"/>\n</didl:Component>\n",
        escape(url)
    )
}

fn description(item: &Item<'_>) -> String {
    let (family, given) = item.creator();
    let elements = element("dc:title", &item.title()) + &element("dc:creator", &format!("{family}, {given}"));
    format!(
        "<didl:Component>\n<didl:Resource mimeType=\"application/xml\">\n\
         <oai_dc:dc xmlns:oai_dc=\"http://www.openarchives.org/OAI/2.0/oai_dc/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n\
         {elements}</oai_dc:dc>\n</didl:Resource>\n</didl:Component>\n"
    )
}
