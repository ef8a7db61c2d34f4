//! Headers and records (OAI-PMH 2.0, section 2.5).

use crate::{
    catalogue::Status,
    datestamp,
    format::Prefix,
    item::{Item, Set},
    repository::Repository,
    xml::{element, escape},
};

/// A header or a record that is not yet written. What is `None` is left out.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) number: u32,
    /// The item's title, as it stands in the metadata.
    pub(crate) title: String,
    pub(crate) identifier: Option<String>,
    pub(crate) datestamp: Option<String>,
    pub(crate) status: Status,
    /// The `setSpec`s.
    pub(crate) sets: Vec<String>,
    /// As XML.
    pub(crate) metadata: Option<String>,
}

impl Entry {
    /// For a list of headers.
    pub(super) fn header_of(item: &Item<'_>) -> Self {
        Self {
            number: item.number,
            title: escape(&item.title()),
            identifier: Some(item.identifier()),
            datestamp: Some(datestamp::oai(item.state.datestamp, item.settings.granularity)),
            status: item.state.status,
            sets: item.sets().map(Set::spec).collect(),
            metadata: None,
        }
    }

    /// With metadata in this format; a deleted item has none (section 2.5.1).
    pub(super) fn record_of(repository: &Repository, item: &Item<'_>, prefix: Prefix) -> Self {
        let metadata = match item.state.status {
            Status::Live => Some(prefix.metadata(repository, item)),
            Status::Deleted => None,
        };
        Self { metadata, ..Self::header_of(item) }
    }

    pub(super) fn header(&self) -> String {
        let status = match self.status {
            Status::Live => "",
            Status::Deleted => " status=\"deleted\"",
        };
        let known = [("identifier", &self.identifier), ("datestamp", &self.datestamp)];
        let known: String =
            known.into_iter().filter_map(|(name, text)| Some(element(name, text.as_deref()?))).collect();
        let sets: String = self.sets.iter().map(|set| element("setSpec", set)).collect();
        format!("<header{status}>\n{known}{sets}</header>\n")
    }

    pub(super) fn record(&self) -> String {
        let metadata =
            self.metadata.as_ref().map(|xml| format!("<metadata>\n{xml}</metadata>\n")).unwrap_or_default();
        format!("<record>\n{}{metadata}</record>\n", self.header())
    }
}
