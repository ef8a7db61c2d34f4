//! Media types, as they are written in metadata and headers.

/// Whether a text is `type/subtype`, with or without parameters (RFC 9110, section 8.3.1). In place of one
/// metadata often has a word of its own: `text`, `image`, `other`, `indexcodes`, `Adobe PDF`.
pub(crate) fn is_media_type(text: &str) -> bool {
    let is_token = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    let is_essence =
        essence.trim_end().split_once('/').is_some_and(|(kind, sub)| is_token(kind) && is_token(sub));
    is_essence && parameters.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

/// The media type in lower case, without its parameters.
pub(crate) fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The value of the `charset` parameter.
pub(crate) fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_has_a_type_and_a_subtype() {
        for text in
            ["application/pdf", "image/svg+xml", "text/html; charset=utf-8", "application/vnd.ms-excel"]
        {
            assert!(is_media_type(text), "{text:?}");
        }
        for text in ["", "text", "other", "application/", "/pdf", "a b/c", "a/b/c", "text/plain; x\r\ny"] {
            assert!(!is_media_type(text), "{text:?}");
        }
    }

    #[test]
    fn parameters_are_told_from_the_type() {
        assert_eq!(essence(" Text/HTML ; charset=utf-8"), "text/html");
        assert_eq!(charset("text/html; level=1; Charset = \"UTF-8\""), Some("UTF-8"));
        assert_eq!(charset("text/html"), None);
    }
}
