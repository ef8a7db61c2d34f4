//! The meta tags with which pages name their files to Google Scholar, and their like.

use url::Url;

use crate::announced::{Announced, Gathering};

use super::typed_link::TypedLink;

/// Names of meta tags, those that are trusted most first, and the media type that they promise.
type Kind = &'static [(&'static str, Option<&'static str>)];

/// Each kind is the article again in another form: those after the first that is there are not looked at. EPrints
/// has one `eprints.document_url` for each document, and a `citation_pdf_url` for those that are PDF.
const KINDS: &[Kind] = &[
    &[
        ("citation_pdf_url", Some("application/pdf")),
        ("bepress_citation_pdf_url", Some("application/pdf")),
        ("wkhealth_pdf_url", Some("application/pdf")),
        ("eprints.document_url", None),
    ],
    &[("citation_xml_url", None), ("fulltext_xml", None)],
    &[("citation_fulltext_html_url", Some("text/html"))],
];

/// The meta tags of a page.
pub(super) struct Metas {
    /// Names in lower case, and contents.
    pub(super) metas: Vec<(String, String)>,
    /// What URLs are resolved against.
    pub(super) base: Url,
}

impl Metas {
    /// Adds the files that the page's meta tags name; else those that it links to as another form of itself, as Invenio
    /// does: `<link rel="alternate" type="application/pdf">`.
    pub(super) fn emit(&self, links: &[TypedLink], gathering: &mut Gathering) {
        for kind in KINDS {
            for (name, content_type) in *kind {
                self.emit_named(name, *content_type, gathering);
            }
            if gathering.has_files() {
                return;
            }
        }
        for link in links.iter().filter(|link| link.is("alternate")) {
            if link.content_type.as_deref() == Some("application/pdf") {
                gathering.file(link.announced());
            }
        }
    }

    fn emit_named(&self, name: &str, content_type: Option<&str>, gathering: &mut Gathering) {
        for (_, content) in self.metas.iter().filter(|(known, _)| known == name) {
            let url = self.base.join(content).map_or_else(|_| content.clone(), String::from);
            let content_type = content_type.map(str::to_owned);
            gathering.file(Announced { url: Some(url), content_type, ..Announced::default() });
        }
    }
}
