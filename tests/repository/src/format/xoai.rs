//! `xoai`: DSpace's own format, elements and fields by name.

use crate::{
    item::{Document, Item},
    repository::Repository,
    xml::escape,
};

use super::bundles;

pub(super) const NAMESPACE: &str = "http://www.lyncode.com/xoai";

pub(super) fn metadata(repository: &Repository, item: &Item<'_>) -> String {
    let documents = item.documents();
    let bundles: String =
        bundles(&documents).map(|(name, documents)| bundle(repository, name, &documents)).collect();
    format!(
        "<metadata xmlns=\"{NAMESPACE}\">\n{}{}{}</metadata>\n",
        dublin_core(repository, item),
        element("bundles", &bundles),
        element(
            "others",
            &(field("identifier", &item.identifier()) + &field("handle", &format!("12345/{}", item.number)))
        ),
    )
}

fn dublin_core(repository: &Repository, item: &Item<'_>) -> String {
    let (family, given) = item.creator();
    let value = |name: &str, value: &str| element(name, &element("none", &field("value", value)));
    let elements = [
        element("contributor", &value("author", &format!("{family}, {given}"))),
        element("date", &value("issued", &item.created().format("%Y-%m-%d").to_string())),
        element("identifier", &value("uri", &repository.landing_url(item.number))),
        value("title", &item.title()),
    ];
    element("dc", &elements.concat())
}

fn bundle(repository: &Repository, name: &str, documents: &[&Document]) -> String {
    let bitstreams: String = documents.iter().map(|document| bitstream(repository, document)).collect();
    element("bundle", &(field("name", name) + &element("bitstreams", &bitstreams)))
}

fn bitstream(repository: &Repository, document: &Document) -> String {
    let fields = [
        field("name", &document.name),
        field("originalName", &document.name),
        field("format", document.contents.media.mime_type()),
        field("size", &document.contents.size_bytes.to_string()),
        field("url", &repository.file_url(document)),
        field("checksum", &repository.digests(document).md5),
        field("checksumAlgorithm", "MD5"),
        field("sid", &document.position.to_string()),
    ];
    element("bitstream", &fields.concat())
}

fn element(name: &str, children: &str) -> String {
    format!("<element name=\"{name}\">\n{children}</element>\n")
}

fn field(name: &str, text: &str) -> String {
    format!("<field name=\"{name}\">{}</field>\n", escape(text))
}
