//! `marcxml`: MARC 21. Field 856 is an address: second indicator 0 the work itself, 2 something related.

use crate::{
    item::{Access, Document, Item},
    repository::Repository,
    xml::escape,
};

pub(super) const NAMESPACE: &str = "http://www.loc.gov/MARC21/slim";

pub(super) fn metadata(repository: &Repository, item: &Item<'_>) -> String {
    let (family, given) = item.creator();
    let landing = repository.landing_url(item.number);
    let files: String =
        item.documents().iter().filter_map(|document| address(repository, document)).collect();
    let fields = [
        "<marc:leader>00000nam a2200000 u 4500</marc:leader>\n".to_owned(),
        format!("<marc:controlfield tag=\"001\">{}</marc:controlfield>\n", item.number),
        field("024", "8 ", &[('a', &item.identifier())]),
        field("100", "1 ", &[('a', &format!("{family}, {given}"))]),
        field("245", "00", &[('a', &item.title())]),
        field("856", "42", &[('u', &landing), ('y', "landing page")]),
        files,
    ];
    format!(
        "<marc:record xmlns:marc=\"{NAMESPACE}\" type=\"Bibliographic\">\n{}</marc:record>\n",
        fields.concat()
    )
}

fn address(repository: &Repository, document: &Document) -> Option<String> {
    let (url, size) = (repository.file_url(document), document.contents.size_bytes.to_string());
    let common = [
        ('u', url.as_str()),
        ('q', document.contents.media.mime_type()),
        ('s', &size),
        ('y', &document.name),
    ];
    match document.access {
        Access::Public => Some(field("856", "40", &common)),
        Access::Derived => Some(field("856", "42", &common)),
        Access::StaffOnly => {
            Some(field("856", "40", &[&common[..], &[('z', "Restricted to staff")]].concat()))
        }
        Access::Embargoed => None,
    }
}

fn field(tag: &str, indicators: &str, subfields: &[(char, &str)]) -> String {
    let (first, second) = indicators.split_at(1);
    let subfields: String = subfields
        .iter()
        .map(|(code, text)| format!("<marc:subfield code=\"{code}\">{}</marc:subfield>\n", escape(text)))
        .collect();
    format!(
        "<marc:datafield tag=\"{tag}\" ind1=\"{first}\" ind2=\"{second}\">\n{subfields}</marc:datafield>\n"
    )
}
