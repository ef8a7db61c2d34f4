//! What a repository says of one item that its lists lack.

use granary_oai_pmh::{Client, Error, ErrorCode, Item, Record, Request};

/// The answer to GetRecord (OAI-PMH 2.0, section 4.1).
pub(crate) enum Answer {
    /// It has the item, or says that it is deleted.
    Record(Box<Record>),
    /// It does not know the item: `idDoesNotExist`.
    Unknown,
    /// It has the item, but not in this format.
    OtherFormat,
    /// It says neither, in these words.
    Unclear(String),
    /// There is no answer.
    None(Error),
}

/// Asks for one item by itself.
pub(crate) async fn ask(client: &Client, request: &Request, identifier: &str) -> Answer {
    let answer = match client.ask(request).await {
        Ok(answer) => answer,
        Err(Error::Refused { url, error }) => {
            return match error.code {
                ErrorCode::IdDoesNotExist => Answer::Unknown,
                ErrorCode::CannotDisseminateFormat => Answer::OtherFormat,
                ErrorCode::BadArgument
                | ErrorCode::BadResumptionToken
                | ErrorCode::BadVerb
                | ErrorCode::NoMetadataFormats
                | ErrorCode::NoRecordsMatch
                | ErrorCode::NoSetHierarchy
                | ErrorCode::Unknown(_) => Answer::Unclear(format!("{url} answers {error}")),
            };
        }
        Err(error) => return Answer::None(error),
    };
    for item in answer.items {
        match item {
            Item::Record(record) if record.header.identifier == identifier => {
                return Answer::Record(Box::new(record));
            }
            Item::Record(record) => {
                let other = record.header.identifier;
                return Answer::Unclear(format!("{} answers with the record {other}", answer.url));
            }
            Item::Broken(broken) => {
                return Answer::Unclear(format!("{}: {}", answer.url, broken.reason));
            }
            Item::Header(_)
            | Item::ResponseDate(_)
            | Item::Request { .. }
            | Item::Identify(_)
            | Item::Format(_)
            | Item::Set(_)
            | Item::Error(_)
            | Item::Next(_) => {}
        }
    }
    Answer::Unclear(format!("the answer to {} has no record", answer.url))
}
