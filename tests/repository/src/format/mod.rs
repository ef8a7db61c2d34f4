//! The metadata formats, one a file: an item in, XML out.
//!
//! They name the files that are served, and say of them what systems with that format say. Like DSpace, METS, `xoai` and
//! ORE list a document for staff as any other, so that its restriction is found out by asking; embargoed ones they leave
//! out. The others leave out what is not public, unless they have a word for it.

mod didl;
mod dublin_core;
mod jats;
mod marcxml;
mod mets;
mod openaire;
mod ore;
mod rioxx;
mod xoai;

use crate::{
    item::{Access, Document, Item},
    repository::Repository,
    settings::Format,
};

/// The bundles of DSpace.
const BUNDLES: [&str; 2] = ["ORIGINAL", "THUMBNAIL"];

/// The bundle of DSpace that a document is in; an embargoed one is in none that is told of.
fn bundle(document: &Document) -> Option<&'static str> {
    match document.access {
        Access::Public | Access::StaffOnly => Some(BUNDLES[0]),
        Access::Derived => Some(BUNDLES[1]),
        Access::Embargoed => None,
    }
}

/// The documents of each bundle that is not empty.
fn bundles(documents: &[Document]) -> impl Iterator<Item = (&'static str, Vec<&Document>)> {
    let of = |name| documents.iter().filter(|document| bundle(document) == Some(name)).collect();
    BUNDLES
        .into_iter()
        .map(move |name| (name, of(name)))
        .filter(|(_, of_bundle): &(_, Vec<_>)| !of_bundle.is_empty())
}

/// A metadata format (OAI-PMH 2.0, section 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prefix {
    OaiDc,
    Mets,
    Xoai,
    Ore,
    Didl,
    Rioxx,
    Openaire,
    Jats,
    Marcxml,
}

impl Prefix {
    const ALL: [Self; 9] = [
        Self::OaiDc,
        Self::Mets,
        Self::Xoai,
        Self::Ore,
        Self::Didl,
        Self::Rioxx,
        Self::Openaire,
        Self::Jats,
        Self::Marcxml,
    ];

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|prefix| prefix.name() == name)
    }

    /// Those that a repository with this setting has.
    pub(crate) fn offered(format: Format) -> Vec<Self> {
        let rich = match format {
            Format::OaiDc | Format::Landing => return vec![Self::OaiDc],
            Format::Mets => Self::Mets,
            Format::Xoai => Self::Xoai,
            Format::Ore => Self::Ore,
            Format::Didl => Self::Didl,
            Format::Rioxx => Self::Rioxx,
            Format::Openaire => Self::Openaire,
            Format::Jats => Self::Jats,
            Format::Marcxml => Self::Marcxml,
        };
        vec![Self::OaiDc, rich]
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OaiDc => "oai_dc",
            Self::Mets => "mets",
            Self::Xoai => "xoai",
            Self::Ore => "ore",
            Self::Didl => "didl",
            Self::Rioxx => "rioxx",
            Self::Openaire => "oai_openaire",
            Self::Jats => "jats",
            Self::Marcxml => "marcxml",
        }
    }

    pub(crate) fn namespace(self) -> &'static str {
        match self {
            Self::OaiDc => dublin_core::NAMESPACE,
            Self::Mets => mets::NAMESPACE,
            Self::Xoai => xoai::NAMESPACE,
            Self::Ore => ore::NAMESPACE,
            Self::Didl => didl::NAMESPACE,
            Self::Rioxx => rioxx::NAMESPACE,
            Self::Openaire => openaire::NAMESPACE,
            Self::Jats => jats::NAMESPACE,
            Self::Marcxml => marcxml::NAMESPACE,
        }
    }

    pub(crate) fn schema(self) -> &'static str {
        match self {
            Self::OaiDc => "http://www.openarchives.org/OAI/2.0/oai_dc.xsd",
            Self::Mets => "http://www.loc.gov/standards/mets/mets.xsd",
            Self::Xoai => "http://www.lyncode.com/xsd/xoai.xsd",
            Self::Ore => "http://tweety.lanl.gov/public/schemas/2008-06/atom-tron.sch",
            Self::Didl => {
                "http://standards.iso.org/ittf/PubliclyAvailableStandards/MPEG-21_schema_files/did/didl.xsd"
            }
            Self::Rioxx => "http://www.rioxx.net/schema/v3.0/rioxx/rioxx.xsd",
            Self::Openaire => "https://www.openaire.eu/schema/repo-lit/4.0/openaire.xsd",
            Self::Jats => "https://jats.nlm.nih.gov/publishing/1.2/xsd/JATS-journalpublishing1.xsd",
            Self::Marcxml => "http://www.loc.gov/standards/marcxml/schema/MARC21slim.xsd",
        }
    }

    /// The metadata of an item that is not deleted. Some formats tell digests, which reads the files; call it where
    /// blocking is allowed.
    pub(crate) fn metadata(self, repository: &Repository, item: &Item<'_>) -> String {
        match self {
            Self::OaiDc => dublin_core::metadata(repository, item),
            Self::Mets => mets::metadata(repository, item),
            Self::Xoai => xoai::metadata(repository, item),
            Self::Ore => ore::metadata(repository, item),
            Self::Didl => didl::metadata(repository, item),
            Self::Rioxx => rioxx::metadata(repository, item),
            Self::Openaire => openaire::metadata(repository, item),
            Self::Jats => jats::metadata(repository, item),
            Self::Marcxml => marcxml::metadata(repository, item),
        }
    }
}
