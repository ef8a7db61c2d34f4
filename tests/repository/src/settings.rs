//! What a repository holds and how it behaves.

use clap::ValueEnum;

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
