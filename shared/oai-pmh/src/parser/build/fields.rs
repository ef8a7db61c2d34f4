//! What fields and attributes say.

use super::super::text::{attributes, unescape};
use crate::{
    datestamp::Granularity,
    types::{DeletedRecord, Identify, Next, Token as ResumptionToken},
};

pub(super) fn identify(fields: Vec<(String, String)>, descriptions: Vec<Vec<u8>>) -> Identify {
    let mut identify = Identify { descriptions, ..Identify::default() };
    for (name, text) in fields {
        match name.as_str() {
            "repositoryName" => identify.repository_name = Some(text),
            "baseURL" => identify.base_url = Some(text),
            "protocolVersion" => identify.protocol_version = Some(text),
            "adminEmail" => identify.admin_emails.push(text),
            "earliestDatestamp" => identify.earliest_datestamp = Some(text),
            "deletedRecord" => {
                identify.deleted_record = match text.as_str() {
                    "no" => Some(DeletedRecord::No),
                    "persistent" => Some(DeletedRecord::Persistent),
                    "transient" => Some(DeletedRecord::Transient),
                    _ => None,
                }
            }
            "granularity" => identify.granularity = Granularity::parse(&text),
            "compression" => identify.compression.push(text),
            _ => {}
        }
    }
    identify
}

pub(super) fn next(text: &str, attributes: &[(String, String)]) -> Next {
    let number = |name: &str| {
        let value = attributes.iter().find(|(known, _)| known == name);
        value.and_then(|(_, value)| value.trim().parse().ok())
    };
    let (complete_list_size, cursor) = (number("completeListSize"), number("cursor"));
    match ResumptionToken::new(text) {
        Some(token) => {
            let expires = attributes.iter().find(|(name, _)| name == "expirationDate");
            Next::More { token, complete_list_size, cursor, expires: expires.map(|(_, date)| date.clone()) }
        }
        None => Next::End { complete_list_size, cursor },
    }
}

/// Attributes by their local names, as they are meant.
pub(super) fn readable(inside: &[u8]) -> Vec<(String, String)> {
    let name = |name: String| name.rsplit(':').next().unwrap_or_default().to_owned();
    attributes(inside).into_iter().map(|(key, value)| (name(key), unescape(&value))).collect()
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
