//! What a request knows already and which part it wants (RFC 9110, sections 13 and 14): pure.

use std::ops::Range;

use axum::http::{HeaderMap, HeaderName, header};

/// Which part of a file is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it: no range was asked for, or one that we need not understand.
    Whole,
    /// These bytes; at least one.
    Range(Range<u64>),
    /// None of the bytes asked for is there.
    Unsatisfiable,
}

/// Whether the visitor has it already: `If-None-Match` names its ETag.
pub(crate) fn is_known(asked: &HeaderMap, e_tag: &str) -> bool {
    let mut known = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    !e_tag.is_empty()
        && known.any(|value| {
            // No ETag of ours has a comma in it.
            value.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == e_tag)
        })
}

/// Which part of `size` bytes is wanted. Of several ranges none is: they may be answered as if not asked for.
pub(super) fn part(asked: &HeaderMap, e_tag: &str, size: u64) -> Part {
    let text = |name: HeaderName| asked.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let Some(range) = text(header::RANGE).and_then(|range| range.strip_prefix("bytes=")) else {
        return Part::Whole;
    };
    // A date would do for a server that knows when bytes changed: ours never do under one ETag.
    if text(header::IF_RANGE).is_some_and(|condition| condition != e_tag || e_tag.is_empty()) {
        return Part::Whole;
    }
    let Some((first, last)) = range.split_once('-') else { return Part::Whole };
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Some(first), None) if last.trim().is_empty() => first..size,
        (None, Some(last)) if first.trim().is_empty() => size.saturating_sub(last)..size,
        _ => return Part::Whole,
    };
    if range.is_empty() { Part::Unsatisfiable } else { Part::Range(range) }
}

/// Digits, of which too many are a very large number.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers<const N: usize>(headers: [(HeaderName, &str); N]) -> HeaderMap {
        headers.into_iter().map(|(name, value)| (name, value.parse().unwrap())).collect()
    }

    #[test]
    fn one_range_is_answered_and_anything_else_is_as_if_not_asked_for() {
        use Part::{Range, Unsatisfiable, Whole};
        for (range, expected) in [
            ("bytes=0-3", Range(0..4)),
            ("bytes=4-", Range(4..10)),
            ("bytes=-4", Range(6..10)),
            ("bytes=-40", Range(0..10)),
            ("bytes=9-99999999999999999999999", Range(9..10)),
            ("bytes=10-", Unsatisfiable),
            ("bytes=10-20", Unsatisfiable),
            ("bytes=-0", Unsatisfiable),
            ("bytes=3-1", Whole),
            ("bytes=-", Whole),
            ("bytes=a-b", Whole),
            ("bytes=0-1,3-4", Whole),
            ("lines=0-1", Whole),
        ] {
            assert_eq!(part(&headers([(header::RANGE, range)]), "\"e\"", 10), expected, "{range}");
        }
        assert_eq!(part(&headers([(header::RANGE, "bytes=0-")]), "\"e\"", 0), Unsatisfiable);
    }

    #[test]
    fn a_range_of_another_state_of_the_file_is_not_answered() {
        for (condition, expected) in [
            ("\"e\"", Part::Range(0..1)),
            ("\"f\"", Part::Whole),
            ("W/\"e\"", Part::Whole),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Part::Whole),
        ] {
            let asked = headers([(header::RANGE, "bytes=0-0"), (header::IF_RANGE, condition)]);
            assert_eq!(part(&asked, "\"e\"", 10), expected, "{condition}");
        }
    }

    #[test]
    fn what_is_known_is_told_by_any_of_the_tags() {
        for (tags, expected) in [
            ("\"e\"", true),
            ("W/\"e\"", true),
            ("\"d\", \"e\"", true),
            ("*", true),
            ("\"d\"", false),
            ("e", false),
        ] {
            assert_eq!(is_known(&headers([(header::IF_NONE_MATCH, tags)]), "\"e\""), expected, "{tags}");
        }
        assert!(!is_known(&headers([(header::IF_NONE_MATCH, "*")]), ""));
    }
}
