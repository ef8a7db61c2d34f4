//! The protocol's errors (OAI-PMH 2.0, section 3.6).

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OaiError {
    pub(crate) code: Code,
    /// For people.
    pub(crate) text: String,
}

/// The codes of section 3.6 that this repository has a use for. It has sets and a format for every item, so
/// `noSetHierarchy` and `noMetadataFormats` are not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    BadArgument,
    BadResumptionToken,
    BadVerb,
    CannotDisseminateFormat,
    IdDoesNotExist,
    NoRecordsMatch,
    /// No code of the protocol, but one that real repositories send.
    InternalException,
    /// No code at all.
    Empty,
}

impl Code {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::BadArgument => "badArgument",
            Self::BadResumptionToken => "badResumptionToken",
            Self::BadVerb => "badVerb",
            Self::CannotDisseminateFormat => "cannotDisseminateFormat",
            Self::IdDoesNotExist => "idDoesNotExist",
            Self::NoRecordsMatch => "noRecordsMatch",
            Self::InternalException => "InternalException",
            Self::Empty => "",
        }
    }

    /// Whether the answer repeats the request's arguments: not where they make no sense (section 3.2, item 3).
    pub(crate) fn repeats_arguments(self) -> bool {
        match self {
            Self::BadArgument | Self::BadVerb => false,
            Self::BadResumptionToken
            | Self::CannotDisseminateFormat
            | Self::IdDoesNotExist
            | Self::NoRecordsMatch
            | Self::InternalException
            | Self::Empty => true,
        }
    }

    /// The error with this code.
    pub(crate) fn because(self, text: impl Into<String>) -> OaiError {
        OaiError { code: self, text: text.into() }
    }
}
