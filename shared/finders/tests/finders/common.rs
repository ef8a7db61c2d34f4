//! What the tests share: a record of one day, a page, and files as lines that read like a table.

use chrono::NaiveDate;
use granary_finders::{Availability, Error, FileRef, Found, Page, PageFound, Record, find, read_page};
use url::Url;

/// The day of every test.
pub(crate) fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 6, 15).unwrap()
}

pub(crate) fn try_find(identifier: &str, metadata: &[u8]) -> Result<Found, Error> {
    find(&Record { identifier, prefix: "any", metadata, today: today() })
}

pub(crate) fn find_in(metadata: &str) -> Found {
    try_find("oai:x.org:7", metadata.as_bytes()).unwrap()
}

/// The page at `http://x.org/7/`.
pub(crate) fn page(content_type: &str, link_headers: &[&str], body: &str) -> PageFound {
    let url = Url::parse("http://x.org/7/").unwrap();
    let content_type = Some(content_type).filter(|text| !text.is_empty());
    read_page(&Page { url: &url, content_type, link_headers, body: body.as_bytes() })
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

pub(crate) fn urls(found: &Found) -> Vec<&str> {
    found.files.iter().map(|file| file.url.as_str()).collect()
}

pub(crate) fn landing_page(found: &Found) -> Option<&str> {
    found.landing_page.as_ref().map(Url::as_str)
}
