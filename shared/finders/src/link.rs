//! Links to files.

use percent_encoding::percent_decode_str;
use url::Url;

use crate::file_type;

/// The URL that a text is, but for what stands around it, if it is one of http or https.
pub(crate) fn http(text: &str) -> Option<Url> {
    Url::parse(trim(text)).ok().filter(is_http)
}

pub(crate) fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// A URL without what stands around it: white space, and the control characters that no reader of URLs minds there either
/// (URL Standard, section 4.4).
pub(crate) fn trim(url: &str) -> &str {
    url.trim_matches(|c: char| c.is_whitespace() || c.is_ascii_control())
}

/// A URL as it is written, but for its spaces: DSpace writes them raw.
pub(crate) fn without_spaces(url: &str) -> String {
    url.replace(' ', "%20")
}

/// Whether a text is the name of a file: it ends in a file type, and is no address.
pub(crate) fn is_file_name(text: &str) -> bool {
    file_type::of(text).is_some() && !text.contains("://")
}

/// Whether a URL is a file's by its ending.
pub(crate) fn is_file(url: &Url) -> bool {
    !url.path().ends_with('/') && file_name(url).is_some_and(|name| is_file_name(&name))
}

/// The name that a URL gives its file: the last segment of its path that is not empty, decoded; as it is
/// written when it does not decode to UTF-8.
pub(crate) fn file_name(url: &Url) -> Option<String> {
    let segment = url.path_segments()?.rfind(|segment| !segment.is_empty())?;
    let decoded = percent_decode_str(segment).decode_utf8();
    Some(decoded.map_or_else(|_| segment.to_owned(), std::borrow::Cow::into_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_segment_of_a_url_names_its_file() {
        for (url, name) in [
            ("http://example.org/1/paper.pdf?sequence=1#page=2", Some("paper.pdf")),
            ("http://example.org/1/a%20b%26%C3%A9.pdf", Some("a b&é.pdf")),
            ("http://example.org/1/latin%E9.pdf", Some("latin%E9.pdf")),
            ("http://example.org/1/folder/", Some("folder")),
            ("http://example.org/", None),
            ("mailto:someone@example.org", None),
        ] {
            assert_eq!(file_name(&Url::parse(url).unwrap()).as_deref(), name, "{url}");
        }
    }
}
