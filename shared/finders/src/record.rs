use chrono::NaiveDate;
use url::Url;

use crate::Method;

/// What a finder looks at.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// The OAI identifier. What follows its last colon picks the item out of a list of several.
    pub identifier: &'a str,
    /// The metadata prefix under which the metadata came. Formats are told by their content; this does not
    /// decide.
    pub prefix: &'a str,
    /// The metadata as received, with or without the OAI-PMH `<metadata>` element around it.
    pub metadata: &'a [u8],
    /// The day on which embargoes are looked at.
    pub today: NaiveDate,
}

/// What a record's metadata, or its landing page, says about its files. Why there is none: [`lack`](Self::lack).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The finder that recognised the metadata; `None`: no finder knows the format, and there are no files.
    pub method: Option<Method>,
    /// The files in document order, those not to be fetched too: see [`FileRef::availability`].
    pub files: Vec<FileRef>,
    /// What could not be read, one sentence each: a file without a URL, XML that breaks off. Nothing is left
    /// out of `files` without an entry here; of very many, the rest is counted in one.
    pub problems: Vec<String>,
    /// Where the record's landing page is, as far as the metadata says: where to look for files when there are none
    /// here. Always http or https; the host may be internal.
    pub landing_page: Option<Url>,
    /// Whether the XML breaks before its end: there may be more files than `files` names.
    pub is_cut_off: bool,
}

/// One file, as the metadata announces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRef {
    /// Where it is: an http or https URL, as written but for its spaces. The host may be internal. No two files of a
    /// record have the same.
    pub url: String,
    /// Its name, as written: may hold `/` (a subfolder), `..`, spaces, any character. Several files of one
    /// record may have the same name. Where the metadata has none, it is the last segment of the URL's path,
    /// decoded. Never empty.
    pub name: String,
    /// Where the name is from.
    pub name_from: NameFrom,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// Its MD5 digest, 32 lower-case hexadecimal digits.
    pub md5: Option<String>,
    /// Its SHA-256 digest, 64 lower-case hexadecimal digits.
    pub sha256: Option<String>,
    /// Its media type, `type/subtype` with parameters as written.
    pub content_type: Option<String>,
    /// Whether it is there for everyone.
    pub availability: Availability,
    /// The finder that found it.
    pub found_by: Method,
}

/// Who calls a file by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameFrom {
    /// The metadata.
    Metadata,
    /// Only its URL: `download`, `1`. Its server may know better.
    Url,
}

/// Whether a file is worth asking for without credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Availability {
    /// For everyone, or nothing is said to the contrary.
    #[default]
    Open,
    /// Not for the public.
    Restricted {
        /// For whom, in the repository's own word: `staffonly`, `validuser`, `restricted access`, ...
        security: String,
    },
    /// Not yet for the public; wins over [`Restricted`](Self::Restricted).
    Embargoed {
        /// The date given; of a month or a year, its last day. Always after [`Record::today`].
        until: NaiveDate,
    },
    /// Made from another file of the record and made anew at any time (EPrints `isVolatileVersionOf`, DSpace's
    /// bundles `THUMBNAIL` and `TEXT`, pictures in a lower resolution), or no content (the deposit licence); wins
    /// over all others.
    Derived,
}
