//! What a repository holds and how it behaves.

use std::num::NonZeroU32;

use clap::ValueEnum;

use crate::quirk::Quirk;

/// What a repository holds and how it behaves. Equal settings make repositories with equal contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How many items there are at the start, numbered from 1.
    pub items: u32,
    /// How many public files an item has, each in a document of its own, at positions from 1.
    pub files_per_item: u32,
    /// How many records or headers a page of a list holds at most. Not 0.
    pub page_size: u32,
    /// The size of every file, in bytes.
    pub file_size: u64,
    /// What the contents of files, the titles and the datestamps are drawn from.
    pub seed: u64,
    /// Whether items can be exported as EPrints XML.
    pub kind: Kind,
    /// The granularity of datestamps (OAI-PMH 2.0, section 3.3.1).
    pub granularity: Granularity,
    /// Which export URLs exist, when [`kind`](Self::kind) is [`Kind::Eprints`].
    pub export_form: ExportForm,
    /// The oddities of real repositories: names with spaces, `&`, `%`, `#` and letters beyond ASCII; a thumbnail on every
    /// tenth item, a document for staff only on every 25th, an embargoed one on every 40th.
    pub extras: bool,
    /// Whether the files of an item have names of their own.
    pub names: Names,
    /// What names the files, beside or instead of an export.
    pub format: Format,
    /// What a landing page tells machines.
    pub landing: Landing,
    /// How many sets a page of ListSets holds at most; `None` is all of them.
    pub sets_per_page: Option<NonZeroU32>,
    /// The quirks that are on from the start.
    pub quirks: Vec<Quirk>,
}

impl Default for Settings {
    /// 500 items with two files of 2,000 bytes, 100 to a page, EPrints with today's export URLs, no extras.
    fn default() -> Self {
        Self {
            items: 500,
            files_per_item: 2,
            page_size: 100,
            file_size: 2_000,
            seed: 0,
            kind: Kind::Eprints,
            granularity: Granularity::Second,
            export_form: ExportForm::Dataset,
            extras: false,
            names: Names::Distinct,
            format: Format::OaiDc,
            landing: Landing::Eprints,
            sets_per_page: None,
            quirks: Vec::new(),
        }
    }
}

impl Settings {
    /// Whether items can be exported as EPrints XML. A repository with another format is no EPrints.
    pub(crate) fn has_exports(&self) -> bool {
        match (self.kind, self.format) {
            (Kind::Eprints, Format::OaiDc) => true,
            (Kind::Eprints | Kind::DublinCore, _) => false,
        }
    }
}

/// What kind of repository it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// EPrints: the files of an item are named by its export, and by its Dublin Core.
    Eprints,
    /// Dublin Core alone: `dc:identifier` names the files, and nothing can be exported.
    DublinCore,
}

/// How fine datestamps are (OAI-PMH 2.0, section 3.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Granularity {
    /// `YYYY-MM-DD`. Arguments in seconds are refused.
    Day,
    /// `YYYY-MM-DDThh:mm:ssZ`. Arguments in days are taken too, as the protocol demands.
    Second,
}

/// Which export URLs an EPrints repository answers at. The file's name at their end is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportForm {
    /// Today's form, with the dataset: `/cgi/export/eprint/ITEM/XML/NAME.xml`.
    Dataset,
    /// The form of 2010: `/cgi/export/ITEM/XML/NAME.xml`.
    #[value(name = "plain-2010")]
    Plain2010,
    /// Both forms.
    Both,
}

/// Whether the files of an item have names of their own. Their URLs differ in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Names {
    /// They have.
    Distinct,
    /// All public files are PDFs called `paper.pdf`.
    Repeated,
}

/// The metadata format that names the files. Beside [`OaiDc`](Self::OaiDc), records have Dublin Core too, which then names
/// the landing page only, and nothing can be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Dublin Core with the files among its identifiers (prefix `oai_dc`).
    #[value(name = "dc")]
    OaiDc,
    /// METS as DSpace writes it: size and MD5 of each file (prefix `mets`).
    Mets,
    /// The format of DSpace's own, with bundles and bitstreams: size and MD5 of each file (prefix `xoai`).
    Xoai,
    /// OAI-ORE in Atom as DSpace writes it: the size of each file (prefix `ore`).
    Ore,
    /// MPEG-21 DIDL as DRIVER wanted it (prefix `didl`).
    Didl,
    /// RIOXX 3 (prefix `rioxx`).
    Rioxx,
    /// OpenAIRE 4, which tells who may have a file (prefix `oai_openaire`).
    Openaire,
    /// JATS: the record is the article, and links to its PDF and to supplements (prefix `jats`).
    Jats,
    /// MARC 21 in XML, with files in 856: their sizes (prefix `marcxml`).
    Marcxml,
    /// None: Dublin Core names the landing page, and that the files (prefix `oai_dc`).
    Landing,
}

/// What a landing page tells machines. For people there are links in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Landing {
    /// `<meta name="eprints.document_url">` of each public file.
    Eprints,
    /// `<meta name="citation_pdf_url">` of each public PDF.
    Citation,
    /// `Link` headers (Signposting): `item` of each public file, `cite-as`, `describedby`, `type`.
    Links,
    /// One `Link` header: `linkset`, a document that holds the links (RFC 9264).
    Linkset,
    /// All of these.
    All,
}
