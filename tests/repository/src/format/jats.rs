//! `jats`: the record is the article itself, in no namespace, as publishers send it.

use crate::{
    contents::Media,
    item::{Access, Document, Item},
    repository::Repository,
    xml::{element, escape},
};

/// What ListMetadataFormats says; the elements are in none.
pub(super) const NAMESPACE: &str = "https://jats.nlm.nih.gov/publishing/1.2/";

pub(super) fn metadata(repository: &Repository, item: &Item<'_>) -> String {
    let files: Vec<Document> =
        item.documents().into_iter().filter(|document| document.access == Access::Public).collect();
    let (mut links, mut supplements) = (String::new(), String::new());
    for document in &files {
        let url = escape(&repository.file_url(document));
        match document.contents.media {
            Media::Pdf => links.push_str(&format!("<self-uri content-type=\"pdf\" xlink:href=\"{url}\"/>\n")),
            Media::Text | Media::Jpeg => supplements.push_str(&supplement(document, &url)),
        }
    }
    format!(
        "<article article-type=\"research-article\" dtd-version=\"1.2\" xml:lang=\"en\" \
         xmlns:xlink=\"http://www.w3.org/1999/xlink\">\n<front>\n{}</front>\n<body>\n<sec>\n{}{}{supplements}</sec>\n</body>\n</article>\n",
        front(repository, item, &links),
        element("title", "Introduction"),
        element("p", "This article is its own full text. What it is about, its title tells."),
    )
}

fn front(repository: &Repository, item: &Item<'_>, links: &str) -> String {
    let (family, given) = item.creator();
    let name = element("surname", family) + &element("given-names", given);
    let landing = escape(&repository.landing_url(item.number));
    format!(
        "<journal-meta>\n<journal-title-group>\n{}</journal-title-group>\n</journal-meta>\n<article-meta>\n\
         <article-id pub-id-type=\"publisher-id\">{}</article-id>\n\
         <title-group>\n{}</title-group>\n\
         <contrib-group>\n<contrib contrib-type=\"author\">\n<name>\n{name}</name>\n</contrib>\n</contrib-group>\n\
         <pub-date pub-type=\"epub\">\n{}</pub-date>\n\
         {links}<self-uri content-type=\"html\" xlink:href=\"{landing}\"/>\n</article-meta>\n",
        element("journal-title", "Journal of Tests"),
        item.number,
        element("article-title", &item.title()),
        element("year", &item.created().format("%Y").to_string()),
    )
}

fn supplement(document: &Document, url: &str) -> String {
    let (kind, subtype) = document.contents.media.mime_type().split_once('/').unwrap_or_default();
    format!("<supplementary-material mimetype=\"{kind}\" mime-subtype=\"{subtype}\" xlink:href=\"{url}\"/>\n")
}
