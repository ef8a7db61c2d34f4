//! Identify (OAI-PMH 2.0, section 4.2).

use crate::{
    catalogue::{Status, earliest},
    datestamp, item, quirk,
    repository::Repository,
    settings::Granularity,
    xml::element,
};

/// What a repository says of itself.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// `http://127.0.0.1:PORT`; for whoever builds another base URL.
    pub(crate) url: String,
    pub(crate) base_url: String,
    pub(crate) earliest: String,
    pub(crate) deleted_record: &'static str,
    pub(crate) granularity: &'static str,
}

pub(super) fn identify(repository: &Repository) -> String {
    let mut identity = identity(repository);
    quirk::record::identify(&repository.quirks, &mut identity);
    let elements = [
        element("repositoryName", "Test repository"),
        element("baseURL", &identity.base_url),
        element("protocolVersion", "2.0"),
        element("adminEmail", "nobody@example.org"),
        element("earliestDatestamp", &identity.earliest),
        element("deletedRecord", identity.deleted_record),
        element("granularity", identity.granularity),
        description(repository),
    ]
    .concat();
    format!("<Identify>\n{elements}</Identify>\n")
}

fn identity(repository: &Repository) -> Identity {
    let granularity = repository.settings.granularity;
    Identity {
        url: repository.url.clone(),
        base_url: repository.oai_url(),
        earliest: datestamp::oai(earliest(), granularity),
        deleted_record: "persistent",
        granularity: match granularity {
            Granularity::Day => "YYYY-MM-DD",
            Granularity::Second => "YYYY-MM-DDThh:mm:ssZ",
        },
    }
}

/// The form of the identifiers (Implementation Guidelines, "Specification and XML Schema for the OAI Identifier Format").
fn description(repository: &Repository) -> String {
    let sample =
        repository.items().find(|item| item.state.status == Status::Live).map_or(1, |item| item.number);
    let elements = [
        element("scheme", "oai"),
        element("repositoryIdentifier", "generic.eprints.org"),
        element("delimiter", ":"),
        element("sampleIdentifier", &item::identifier(sample)),
    ]
    .concat();
    format!(
        "<description>\n<oai-identifier xmlns=\"http://www.openarchives.org/OAI/2.0/oai-identifier\" \
         xsi:schemaLocation=\"http://www.openarchives.org/OAI/2.0/oai-identifier \
         http://www.openarchives.org/OAI/2.0/oai-identifier.xsd\">\n{elements}</oai-identifier>\n</description>\n"
    )
}
