//! The metadata formats, a file each.

mod bundle;
mod didl;
mod eprints3;
mod jats;
mod marcxml;
mod mets;
mod oai_dc;
mod openaire;
mod ore;
mod rioxx;
mod xoai;

use crate::finder::Finder;
pub use eprints3::is_eprints3;

/// The finders, those that say most about files first.
pub(crate) const FINDERS: &[Finder] = &[
    eprints3::FINDER,
    mets::FINDER,
    xoai::FINDER,
    ore::FINDER,
    didl::FINDER,
    openaire::FINDER,
    rioxx::FINDER,
    jats::FINDER,
    oai_dc::FINDER,
    marcxml::FINDER,
];
