use percent_encoding::percent_decode_str;
use url::Url;

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
