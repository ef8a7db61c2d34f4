//! What responses are made of.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::datestamp::{Datestamp, Granularity};

/// A header (section 2.5): identifier, datestamp, sets, status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// The item's identifier; never empty.
    pub identifier: String,
    /// The datestamp as received, without outer white space; empty when there is none.
    pub datestamp: String,
    /// The `setSpec`s.
    pub sets: Vec<String>,
    /// Whether its status is `deleted`.
    pub deleted: bool,
}

impl Header {
    /// The datestamp, when it can be read.
    pub fn datestamp_parsed(&self) -> Option<Datestamp> {
        self.datestamp.parse().ok()
    }
}

/// A record (section 2.5).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// Its header.
    pub header: Header,
    /// What lies in `<metadata>`, as it was received; only the namespace declarations that it inherits are added. None for a
    /// deleted record.
    pub metadata: Option<Vec<u8>>,
    /// What lies in each `<about>`, likewise.
    pub about: Vec<Vec<u8>>,
    /// What had to be mended before it could be read.
    pub repaired: Vec<String>,
}

/// An answer to Identify (section 4.2). Lenient: what a repository forgets is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identify {
    /// `repositoryName`.
    pub repository_name: Option<String>,
    /// `baseURL`.
    pub base_url: Option<String>,
    /// `protocolVersion`.
    pub protocol_version: Option<String>,
    /// Each `adminEmail`.
    pub admin_emails: Vec<String>,
    /// `earliestDatestamp`, as received.
    pub earliest_datestamp: Option<String>,
    /// `deletedRecord`.
    pub deleted_record: Option<DeletedRecord>,
    /// `granularity`.
    pub granularity: Option<Granularity>,
    /// Each `compression`.
    pub compression: Vec<String>,
    /// What lies in each `description`.
    pub descriptions: Vec<Vec<u8>>,
}

/// How a repository tells of deleted records (section 2.5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletedRecord {
    /// It does not.
    No,
    /// It does, and keeps it for ever.
    Persistent,
    /// It may.
    Transient,
}

/// A metadata format (section 4.4).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetadataFormat {
    /// `metadataPrefix`.
    pub prefix: String,
    /// The URL of the schema.
    pub schema: String,
    /// `metadataNamespace`.
    pub namespace: String,
}

/// A set (section 4.6).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Set {
    /// `setSpec`.
    pub spec: String,
    /// `setName`.
    pub name: String,
    /// What lies in `setDescription`.
    pub description: Option<Vec<u8>>,
}

/// An error that a repository reports (section 3.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OaiError {
    /// Its code.
    pub code: ErrorCode,
    /// Its text; may be empty.
    pub text: String,
}

impl fmt::Display for OaiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if self.text.is_empty() { Ok(()) } else { write!(f, " ({})", self.text) }
    }
}

/// The code of an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorCode {
    /// An argument is wrong or missing.
    BadArgument,
    /// The token is not valid, or no longer.
    BadResumptionToken,
    /// There is no such verb.
    BadVerb,
    /// The item or the repository has no such format.
    CannotDisseminateFormat,
    /// There is no such item.
    IdDoesNotExist,
    /// The item has no formats.
    NoMetadataFormats,
    /// Nothing matches: an empty list.
    NoRecordsMatch,
    /// There are no sets.
    NoSetHierarchy,
    /// A code that is not in the specification.
    Unknown(String),
}

impl ErrorCode {
    /// The code of this name.
    pub fn parse(code: &str) -> Self {
        match code.trim() {
            "badArgument" => Self::BadArgument,
            "badResumptionToken" => Self::BadResumptionToken,
            "badVerb" => Self::BadVerb,
            "cannotDisseminateFormat" => Self::CannotDisseminateFormat,
            "idDoesNotExist" => Self::IdDoesNotExist,
            "noMetadataFormats" => Self::NoMetadataFormats,
            "noRecordsMatch" => Self::NoRecordsMatch,
            "noSetHierarchy" => Self::NoSetHierarchy,
            other => Self::Unknown(other.to_owned()),
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadArgument => "badArgument",
            Self::BadResumptionToken => "badResumptionToken",
            Self::BadVerb => "badVerb",
            Self::CannotDisseminateFormat => "cannotDisseminateFormat",
            Self::IdDoesNotExist => "idDoesNotExist",
            Self::NoMetadataFormats => "noMetadataFormats",
            Self::NoRecordsMatch => "noRecordsMatch",
            Self::NoSetHierarchy => "noSetHierarchy",
            Self::Unknown(code) if code.is_empty() => "an error without code",
            Self::Unknown(code) => code,
        })
    }
}

/// A resumption token: opaque.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// A token as it was received. White space alone is none.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The token as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a list goes on (section 3.5).
///
/// An empty `<resumptionToken/>` ends the list, and so does its absence; both are [`Next::End`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// There is more.
    More {
        /// What to ask with.
        token: Token,
        /// How many the whole list has, as announced.
        complete_list_size: Option<u64>,
        /// How many came before this page; some servers count from 1, or count pages.
        cursor: Option<u64>,
        /// When the token expires, as received. A hint: repositories expire tokens earlier.
        expires: Option<String>,
    },
    /// That was all.
    End {
        /// How many the whole list has, as announced.
        complete_list_size: Option<u64>,
        /// How many came before this page.
        cursor: Option<u64>,
    },
}

impl Next {
    /// How many the whole list has, as announced.
    pub fn complete_list_size(&self) -> Option<u64> {
        match self {
            Self::More { complete_list_size, .. } | Self::End { complete_list_size, .. } => {
                *complete_list_size
            }
        }
    }
}
