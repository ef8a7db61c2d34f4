//! `ore`: OAI-ORE in Atom as DSpace writes it. The entry links to the files of the item; triples behind it tell the bundle
//! of each, thumbnails and licences too.

use crate::{
    datestamp,
    item::{Document, Item},
    repository::Repository,
    settings::Granularity,
    xml::{element, escape},
};

use super::bundle;

pub(super) const NAMESPACE: &str = "http://www.w3.org/2005/Atom";

pub(super) fn metadata(repository: &Repository, item: &Item<'_>) -> String {
    let documents = item.documents();
    let landing = escape(&repository.landing_url(item.number));
    let modified = datestamp::oai(item.state.datestamp, Granularity::Second);
    let aggregated: String =
        documents.iter().filter_map(|document| aggregates(repository, document)).collect();
    let triples: String = documents.iter().filter_map(|document| triple(repository, document)).collect();
    let entry = [
        element("atom:id", &format!("{landing}ore.xml")),
        format!("<atom:link rel=\"alternate\" href=\"{landing}\"/>\n"),
        format!(
            "<atom:link rel=\"http://www.openarchives.org/ore/terms/describes\" href=\"{landing}ore.xml\"/>\n"
        ),
        element("atom:published", &datestamp::oai(item.created(), Granularity::Second)),
        element("atom:updated", &modified),
        element("atom:title", &item.title()),
        aggregated,
        format!("<oreatom:triples>\n{triples}</oreatom:triples>\n"),
    ];
    format!(
        "<atom:entry xmlns:atom=\"{NAMESPACE}\" xmlns:ore=\"http://www.openarchives.org/ore/terms/\" \
         xmlns:oreatom=\"http://www.openarchives.org/ore/atom/\" xmlns:dcterms=\"http://purl.org/dc/terms/\" \
         xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n{}</atom:entry>\n",
        entry.concat()
    )
}

fn aggregates(repository: &Repository, document: &Document) -> Option<String> {
    (bundle(document)? == "ORIGINAL").then(|| {
        format!(
            "<atom:link rel=\"http://www.openarchives.org/ore/terms/aggregates\" href=\"{}\" title=\"{}\" type=\"{}\" length=\"{}\"/>\n",
            escape(&repository.file_url(document)),
            escape(&document.name),
            document.contents.media.mime_type(),
            document.contents.size_bytes,
        )
    })
}

fn triple(repository: &Repository, document: &Document) -> Option<String> {
    Some(format!(
        "<rdf:Description rdf:about=\"{}\">\n\
         <rdf:type rdf:resource=\"http://www.dspace.org/objectModel/DSpaceBitstream\"/>\n{}</rdf:Description>\n",
        escape(&repository.file_url(document)),
        element("dcterms:description", bundle(document)?),
    ))
}
