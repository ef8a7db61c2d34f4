//! What the tests share: a record of one day, and files as lines that read like a table.

use chrono::NaiveDate;
use granary_finders::{Availability, Error, FileRef, Found, Record, find};

/// The day of every test.
pub(crate) fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 6, 15).unwrap()
}

pub(crate) fn try_find(identifier: &str, metadata: &[u8]) -> Result<Found, Error> {
    find(&Record { identifier, prefix: "any", metadata, today: today() })
}

/// `availability size md5 content-type name`, with `-` for what is not known.
pub(crate) fn line(file: &FileRef) -> String {
    let availability = match &file.availability {
        Availability::Open => "open".to_owned(),
        Availability::Restricted { security } => format!("restricted({security})"),
        Availability::Embargoed { until } => format!("embargoed({until})"),
        Availability::Derived => "derived".to_owned(),
    };
    let size = file.size.map(|size| size.to_string());
    let known = [size.as_deref(), file.md5.as_deref(), file.content_type.as_deref()]
        .map(|field| field.unwrap_or("-"));
    format!("{availability} {} {}", known.join(" "), file.name)
}

/// The table of a record's files.
pub(crate) fn lines(found: &Found) -> Vec<String> {
    found.files.iter().map(line).collect()
}
