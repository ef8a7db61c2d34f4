//! The export of an item in EPrints XML, as EPrints 3.4 writes it.

use crate::{
    datestamp,
    item::{Access, Document, EMBARGO_END, Item, Set},
    repository::Repository,
    xml::{element, escape},
};

/// The media type of an export.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.eprints.data+xml; charset=utf-8";

/// The same without its parameter.
pub(crate) const BARE_MEDIA_TYPE: &str = "application/vnd.eprints.data+xml";

const NAMESPACE: &str = "http://eprints.org/ep2/data/2.0";

/// One item with its documents. Reads files for their digests; call it where blocking is allowed.
pub(crate) fn export(repository: &Repository, item: &Item<'_>) -> String {
    let uri = format!("{}/id/eprint/{}", repository.url, item.number);
    let documents: String =
        item.documents().iter().map(|document| document_element(repository, document)).collect();
    let eprint = [
        element("eprintid", &item.number.to_string()),
        element("rev_number", &item.state.revision.to_string()),
        format!("<documents>\n{documents}</documents>\n"),
        element("eprint_status", "archive"),
        element("userid", "1"),
        element("dir", &format!("disk0/00/00/{:02}/{:02}", item.number / 100 % 100, item.number % 100)),
        element("datestamp", &datestamp::eprints(item.created())),
        element("lastmod", &datestamp::eprints(item.state.datestamp)),
        element("status_changed", &datestamp::eprints(item.created())),
        element(
            "type",
            if Set::Theses.holds(item.number) { Set::Theses.value() } else { Set::Articles.value() },
        ),
        element("metadata_visibility", "show"),
        creators(item),
        element("title", &item.title()),
        element("ispublished", if Set::InPress.holds(item.number) { "inpress" } else { "pub" }),
        element("full_text_status", full_text_status(item)),
        element("date", &item.created().format("%Y-%m-%d").to_string()),
        element("date_type", "published"),
    ]
    .concat();
    format!(
        "<?xml version='1.0' encoding='utf-8'?>\n<eprints xmlns='{NAMESPACE}'>\n<eprint id=\"{}\">\n{eprint}</eprint>\n</eprints>\n",
        escape(&uri)
    )
}

fn creators(item: &Item<'_>) -> String {
    let (family, given) = item.creator();
    let name = format!("{}{}", element("family", family), element("given", given));
    format!("<creators>\n<item>\n<name>\n{name}</name>\n</item>\n</creators>\n")
}

fn full_text_status(item: &Item<'_>) -> &'static str {
    let documents = item.documents();
    if documents.is_empty() {
        "none"
    } else if documents.iter().any(|document| document.access.is_open()) {
        "public"
    } else {
        "restricted"
    }
}

fn document_element(repository: &Repository, document: &Document) -> String {
    let id = document_id(document.item, document.position);
    let security = match document.access {
        Access::Public | Access::Derived => "public",
        Access::StaffOnly => "staffonly",
        Access::Embargoed => "validuser",
    };
    let particulars = match document.access {
        Access::Public => element("content", "published"),
        Access::Derived => relation(repository, document.item),
        Access::StaffOnly => element("content", "draft"),
        Access::Embargoed => {
            format!("{}{}", element("date_embargo", EMBARGO_END), element("content", "accepted"))
        }
    };
    let children = [
        element("docid", &id.to_string()),
        element("rev_number", "1"),
        format!("<files>\n{}</files>\n", file_element(repository, document, id)),
        element("eprintid", &document.item.to_string()),
        element("pos", &document.position.to_string()),
        element("placement", &document.position.to_string()),
        element("mime_type", document.contents.media.mime_type()),
        element("format", if document.access == Access::Derived { "other" } else { "text" }),
        element("language", "en"),
        element("security", security),
        element("main", &document.name),
        particulars,
    ]
    .concat();
    format!("<document id=\"{}\">\n{children}</document>\n", escape(&document_uri(repository, id)))
}

fn file_element(repository: &Repository, document: &Document, document_id: u64) -> String {
    let children = [
        element("fileid", &document_id.to_string()),
        element("datasetid", "document"),
        element("objectid", &document_id.to_string()),
        element("filename", &document.name),
        element("mime_type", document.contents.media.mime_type()),
        element("hash", &repository.digests(document).md5),
        element("hash_type", "MD5"),
        element("filesize", &document.contents.size_bytes.to_string()),
        element("mtime", &datestamp::eprints(document.modified)),
        element("url", &repository.file_url(document)),
    ]
    .concat();
    format!("<file id=\"{}/id/file/{document_id}\">\n{children}</file>\n", escape(&repository.url))
}

/// What a thumbnail is of: the item's first document.
fn relation(repository: &Repository, item: u32) -> String {
    let whole = document_uri(repository, document_id(item, 1));
    let items: String = ["isVersionOf", "isVolatileVersionOf", "islightboxThumbnailVersionOf"]
        .iter()
        .map(|kind| {
            let kind = element("type", &format!("http://eprints.org/relation/{kind}"));
            format!("<item>\n{kind}{}</item>\n", element("uri", &whole))
        })
        .collect();
    format!("<relation>\n{items}</relation>\n")
}

/// EPrints numbers documents and files in one row over all items.
fn document_id(item: u32, position: u32) -> u64 {
    u64::from(item) * 1_000 + u64::from(position)
}

fn document_uri(repository: &Repository, id: u64) -> String {
    format!("{}/id/document/{id}", repository.url)
}
