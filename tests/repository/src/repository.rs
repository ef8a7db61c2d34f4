//! All that the handlers of one server share.

use std::time::Instant;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    catalogue::{Catalogue, Page, Selection},
    digests::{DigestCache, Digests},
    item::{Document, Item},
    log::Log,
    quirk::{Quirks, selection::Appearances},
    settings::{ExportForm, Settings},
    switchboard::Switchboard,
    tls::Tls,
};

/// What is encoded in a segment of a path: all but what RFC 3986, section 3.3, allows there.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'&')
    .remove(b'\'')
    .remove(b',');

/// The repository behind one server.
#[derive(Debug)]
pub(crate) struct Repository {
    pub(crate) settings: Settings,
    /// `http://127.0.0.1:PORT`, without a slash at its end.
    pub(crate) url: String,
    pub(crate) catalogue: Catalogue,
    pub(crate) faults: Switchboard,
    pub(crate) quirks: Quirks,
    pub(crate) tls: Tls,
    pub(crate) log: Log,
    pub(crate) started: Instant,
    digests: DigestCache,
}

impl Repository {
    pub(crate) fn new(settings: Settings, url: String) -> Self {
        Self {
            catalogue: Catalogue::new(&settings),
            quirks: Quirks::new(settings.quirks.iter().copied()),
            tls: Tls::default(),
            settings,
            url,
            faults: Switchboard::default(),
            log: Log::default(),
            started: Instant::now(),
            digests: DigestCache::default(),
        }
    }

    /// An item as it appears.
    pub(crate) fn item(&self, number: u32) -> Option<Item<'_>> {
        let state = self.catalogue.get(number)?;
        let state = Appearances::new(&self.quirks).of(number, state)?;
        Some(Item { settings: &self.settings, number, state })
    }

    /// Every item that appears, deleted ones too, by number.
    pub(crate) fn items(&self) -> impl Iterator<Item = Item<'_>> {
        let appearances = Appearances::new(&self.quirks);
        self.catalogue.all().into_iter().filter_map(move |(number, state)| {
            Some(Item { settings: &self.settings, number, state: appearances.of(number, state)? })
        })
    }

    /// A page of the items that appear; see [`Catalogue::page`].
    pub(crate) fn page(&self, selection: &Selection, after: u32) -> Page {
        let appearances = Appearances::new(&self.quirks);
        let appears = |item, state| appearances.of(item, state);
        self.catalogue.page(selection, after, self.settings.page_size, appears)
    }

    /// The digests of a document's file. Reads it the first time; call it where blocking is allowed.
    pub(crate) fn digests(&self, document: &Document) -> Digests {
        self.digests.of(document)
    }

    /// The base URL of the protocol (OAI-PMH 2.0, section 3.1.1).
    pub(crate) fn oai_url(&self) -> String {
        format!("{}/cgi/oai2", self.url)
    }

    /// Where an item's landing page is.
    pub(crate) fn landing_url(&self, item: u32) -> String {
        format!("{}/{item}/", self.url)
    }

    /// Where an item's export is, if there are exports.
    pub(crate) fn export_url(&self, item: u32) -> String {
        let dataset = match self.settings.export_form {
            ExportForm::Dataset | ExportForm::Both => "eprint/",
            ExportForm::Plain2010 => "",
        };
        format!("{}/cgi/export/{dataset}{item}/XML/test-eprint-{item}.xml", self.url)
    }

    /// Where a document's file is.
    pub(crate) fn file_url(&self, document: &Document) -> String {
        let name = utf8_percent_encode(&document.name, SEGMENT);
        format!("{}/{}/{}/{name}", self.url, document.item, document.position)
    }
}
