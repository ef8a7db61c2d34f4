//! `mets`: METS as DSpace writes it, MODS inside.

use crate::{
    item::{Access, Document, Item},
    repository::Repository,
    xml::{element, escape},
};

use super::bundles;

pub(super) const NAMESPACE: &str = "http://www.loc.gov/METS/";

pub(super) fn metadata(repository: &Repository, item: &Item<'_>) -> String {
    let documents = item.documents();
    let groups: String =
        bundles(&documents).map(|(name, documents)| group(repository, name, &documents)).collect();
    format!(
        "<mets ID=\"item_{}\" OBJID=\"{}\" TYPE=\"DSpace ITEM\" PROFILE=\"DSpace METS SIP Profile 1.0\" xmlns=\"{NAMESPACE}\" \
         xmlns:xlink=\"http://www.w3.org/1999/xlink\">\n{}<fileSec>\n{groups}</fileSec>\n\
         <structMap LABEL=\"DSpace Object\" TYPE=\"LOGICAL\">\n<div TYPE=\"DSpace Object Contents\">\n{}</div>\n</structMap>\n</mets>\n",
        item.number,
        escape(&repository.landing_url(item.number)),
        description(item),
        pointers(&documents),
    )
}

fn description(item: &Item<'_>) -> String {
    let (family, given) = item.creator();
    format!(
        "<dmdSec ID=\"DMD_{}\">\n<mdWrap MDTYPE=\"MODS\">\n<xmlData xmlns:mods=\"http://www.loc.gov/mods/v3\">\n\
         <mods:name>\n{}</mods:name>\n<mods:titleInfo>\n{}</mods:titleInfo>\n</xmlData>\n</mdWrap>\n</dmdSec>\n",
        item.number,
        element("mods:namePart", &format!("{family}, {given}")),
        element("mods:title", &item.title()),
    )
}

fn group(repository: &Repository, usage: &str, documents: &[&Document]) -> String {
    let files: String = documents.iter().map(|document| file(repository, document)).collect();
    format!("<fileGrp USE=\"{usage}\">\n{files}</fileGrp>\n")
}

fn file(repository: &Repository, document: &Document) -> String {
    format!(
        "<file CHECKSUM=\"{}\" CHECKSUMTYPE=\"MD5\" ID=\"{}\" MIMETYPE=\"{}\" SIZE=\"{}\">\n\
         <FLocat LOCTYPE=\"URL\" xlink:href=\"{}\" xlink:type=\"simple\"/>\n</file>\n",
        repository.digests(document).md5,
        id(document),
        document.contents.media.mime_type(),
        document.contents.size_bytes,
        escape(&repository.file_url(document)),
    )
}

fn pointers(documents: &[Document]) -> String {
    let public = documents.iter().filter(|document| document.access == Access::Public);
    public
        .map(|document| {
            format!("<div TYPE=\"DSpace BITSTREAM\">\n<fptr FILEID=\"{}\"/>\n</div>\n", id(document))
        })
        .collect()
}

fn id(document: &Document) -> String {
    format!("BITSTREAM_{}_{}", document.item, document.position)
}
