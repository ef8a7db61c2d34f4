//! Conditional and partial requests (RFC 9110, sections 13 and 14). Pure.

use std::ops::Range;

use axum::http::{
    HeaderMap, HeaderName,
    header::{IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE},
};

use crate::datestamp::{self, Moment};

/// What a file is compared by. The tag is a strong one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Validators {
    pub(crate) etag: String,
    pub(crate) modified: Moment,
}

/// What is to be sent of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// 200.
    Whole,
    /// 206.
    Part(Range<u64>),
    /// 304.
    NotModified,
    /// 416.
    Unsatisfiable,
}

/// What a GET or HEAD with these headers wants of a file of this size.
pub(crate) fn wanted(headers: &HeaderMap, validators: &Validators, size_bytes: u64) -> Wanted {
    if unmodified(headers, validators) {
        return Wanted::NotModified;
    }
    match text(headers, RANGE) {
        Some(range) if same(headers, validators) => part(range, size_bytes),
        Some(_) | None => Wanted::Whole,
    }
}

/// Whether the client has the file already. `If-Modified-Since` counts only without `If-None-Match` (section 13.2.2).
fn unmodified(headers: &HeaderMap, validators: &Validators) -> bool {
    if let Some(tags) = text(headers, IF_NONE_MATCH) {
        // Tags are compared weakly here (section 13.1.2).
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/") == validators.etag;
        return tags.trim() == "*" || tags.split(',').any(opaque);
    }
    text(headers, IF_MODIFIED_SINCE)
        .and_then(datestamp::from_http)
        .is_some_and(|since| validators.modified <= since)
}

/// Whether `If-Range` allows a part: its tag or its date must be exactly the file's (section 13.1.5).
fn same(headers: &HeaderMap, validators: &Validators) -> bool {
    text(headers, IF_RANGE)
        .is_none_or(|it| it == validators.etag || datestamp::from_http(it) == Some(validators.modified))
}

/// One range of bytes (section 14.1.2). Several, and what cannot be read, are answered by the whole file.
fn part(range: &str, size_bytes: u64) -> Wanted {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|spec| spec.trim().split_once('-'))
    else {
        return Wanted::Whole;
    };
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size_bytes),
        (Ok(first), Err(_)) if last.is_empty() => first..size_bytes,
        (Err(_), Ok(suffix)) if first.is_empty() => size_bytes.saturating_sub(suffix)..size_bytes,
        _ => return Wanted::Whole,
    };
    if range.is_empty() { Wanted::Unsatisfiable } else { Wanted::Part(range) }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "a table reads better without references")]
    fn check(headers: &[(HeaderName, &str)], expected: Wanted) {
        let modified = datestamp::from_http("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let validators = Validators { etag: "\"a\"".to_owned(), modified };
        let given = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
            .collect();
        assert_eq!(wanted(&given, &validators, 100), expected, "{headers:?}");
    }

    #[test]
    fn ranges_count_from_0_and_include_their_last_byte() {
        check(&[], Wanted::Whole);
        check(&[(RANGE, "bytes=0-9")], Wanted::Part(0..10));
        check(&[(RANGE, "bytes=90-")], Wanted::Part(90..100));
        check(&[(RANGE, "bytes=90-1000")], Wanted::Part(90..100));
        check(&[(RANGE, "bytes=-10")], Wanted::Part(90..100));
        check(&[(RANGE, "bytes=-1000")], Wanted::Part(0..100));
    }

    #[test]
    fn ranges_beyond_the_end_cannot_be_had() {
        check(&[(RANGE, "bytes=100-")], Wanted::Unsatisfiable);
        check(&[(RANGE, "bytes=100-200")], Wanted::Unsatisfiable);
        check(&[(RANGE, "bytes=-0")], Wanted::Unsatisfiable);
    }

    #[test]
    fn what_is_no_single_range_of_bytes_is_ignored() {
        for range in ["bytes=9-0", "bytes=0-1,5-6", "bytes=-", "bytes=x-y", "lines=1-2"] {
            check(&[(RANGE, range)], Wanted::Whole);
        }
    }

    #[test]
    fn if_range_takes_an_exact_tag_or_date() {
        check(&[(RANGE, "bytes=50-"), (IF_RANGE, "\"a\"")], Wanted::Part(50..100));
        check(&[(RANGE, "bytes=50-"), (IF_RANGE, "\"b\"")], Wanted::Whole);
        check(&[(RANGE, "bytes=50-"), (IF_RANGE, "W/\"a\"")], Wanted::Whole);
        check(&[(RANGE, "bytes=50-"), (IF_RANGE, "Sun, 06 Nov 1994 08:49:37 GMT")], Wanted::Part(50..100));
        check(&[(RANGE, "bytes=50-"), (IF_RANGE, "Sun, 06 Nov 1994 08:49:38 GMT")], Wanted::Whole);
    }

    #[test]
    fn a_tag_wins_over_a_date() {
        check(&[(IF_NONE_MATCH, "\"b\", W/\"a\"")], Wanted::NotModified);
        check(&[(IF_NONE_MATCH, "*")], Wanted::NotModified);
        check(&[(IF_MODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:37 GMT")], Wanted::NotModified);
        check(&[(IF_MODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:36 GMT")], Wanted::Whole);
        check(
            &[(IF_NONE_MATCH, "\"b\""), (IF_MODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:37 GMT")],
            Wanted::Whole,
        );
    }
}
