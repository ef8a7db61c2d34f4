use std::collections::HashSet;

use chrono::NaiveDate;
use granary_finders::{Availability, FileRef, Found, Method, Record, find, is_eprints3};
use granary_silo::FileName;
use url::Url;

/// The day on which embargoes are looked at.
const TODAY: NaiveDate = NaiveDate::from_ymd_opt(2024, 6, 15).expect("June has a fifteenth");

/// Checks the finders on metadata of these bytes: what [`Found`] and [`FileRef`] promise holds, whatever the bytes are.
pub fn finders(data: &[u8]) {
    let is_eprints3 = is_eprints3(data);
    let record = Record { identifier: "oai:x.org:7", prefix: "any", metadata: data, today: TODAY };
    if let Ok(found) = find(&record) {
        check_found(&found);
        assert_eq!(found.method == Some(Method::Eprints3), is_eprints3);
    }
}

/// What is promised of files, whether metadata or a page names them.
pub(crate) fn check_found(found: &Found) {
    let mut seen = HashSet::new();
    for file in &found.files {
        check_file(file);
        let mut url = Url::parse(&file.url).expect("it has been parsed");
        url.set_fragment(None);
        assert!(seen.insert(url), "{file:?} is there twice");
        assert_eq!(Some(file.found_by), found.method, "{file:?}");
    }
    assert!(found.method.is_some() || found.files.is_empty(), "{found:?}");
    assert!(found.landing_page.as_ref().is_none_or(is_http), "{:?}", found.landing_page);
    let is_open = |file: &FileRef| file.availability == Availability::Open;
    assert_eq!(found.lack().is_none(), found.files.iter().any(is_open));
    found.lack().iter().for_each(|lack| assert!(!lack.to_string().is_empty()));
    // A hundred, the number of the others, and what ends the reading of XML or of links.
    assert!(found.problems.len() <= 103, "{} problems", found.problems.len());
    found.problems.iter().for_each(|problem| assert!(problem.len() < 4000, "{problem}"));
}

pub(crate) fn is_http(url: &Url) -> bool {
    ["http", "https"].contains(&url.scheme())
}

fn check_file(file: &FileRef) {
    let url = Url::parse(&file.url);
    assert!(url.is_ok_and(|url| is_http(&url)) && !file.url.contains(' '), "{file:?}");
    assert!(!file.name.trim().is_empty(), "{file:?}");
    check_name(&file.name);
    for (digest, length) in [(&file.md5, 32), (&file.sha256, 64)] {
        let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_digest = |text: &String| text.len() == length && text.bytes().all(is_digit);
        assert!(digest.as_ref().is_none_or(is_digest), "{file:?}");
    }
    if let Availability::Embargoed { until } = file.availability {
        assert!(until > TODAY, "{file:?}");
    }
}

/// Checks that a file may lie under the name that is made of `name`, in a folder and in a bucket.
pub(crate) fn check_name(name: &str) {
    let safe = FileName::safe(name);
    for name in [&safe, &safe.distinct(name)] {
        for segment in name.as_str().split('/') {
            assert!(!["", ".", ".."].contains(&segment), "{name:?}");
            assert!(segment.len() <= 255, "{name:?}");
            assert!(!segment.contains(|c: char| c.is_control() || c == '\\'), "{name:?}");
            assert!(!segment.ends_with(['.', ' ']), "{name:?}");
            assert!(!segment.eq_ignore_ascii_case("__manifest.json"), "{name:?}");
            let digits = segment.rsplit_once('#').map_or("", |(_, digits)| digits);
            assert!(digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()), "{name:?}");
        }
        assert!(!matches!(name.as_str().as_bytes(), [b'0'..=b'5', b'=', ..]), "{name:?}");
        assert_eq!(FileName::safe(name.as_str()), *name, "a safe name stays");
    }
}
