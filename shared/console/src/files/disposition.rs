//! `Content-Disposition` (RFC 6266): whether a file is shown or saved, and under what name.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What may stay as it is in an extended value: `attr-char` of RFC 8187, section 3.2.1.
const ATTRIBUTE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The header's value for a file of this name, which may hold anything. What precedes the last `/` are folders.
pub(super) fn disposition(name: &str, is_shown: bool) -> String {
    let name = name.rsplit('/').next().unwrap_or(name);
    let how = if is_shown { "inline" } else { "attachment" };
    // For programs that know only the old form. Quotes and `%` are read in different ways: none is sent.
    let plain: String = name
        .chars()
        .map(|c| if (' '..='~').contains(&c) && !matches!(c, '"' | '\\' | '%') { c } else { '_' })
        .collect();
    format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(name, ATTRIBUTE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_is_sent_in_both_forms() {
        for (name, expected) in [
            ("paper.pdf", "attachment; filename=\"paper.pdf\"; filename*=UTF-8''paper.pdf"),
            ("images/deep/page 2.txt", "attachment; filename=\"page 2.txt\"; filename*=UTF-8''page%202.txt"),
            ("Größe.pdf", "attachment; filename=\"Gr__e.pdf\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf"),
            (
                "a\";\r\nX: y\\%41",
                "attachment; filename=\"a_;__X: y__41\"; filename*=UTF-8''a%22%3B%0D%0AX%3A%20y%5C%2541",
            ),
        ] {
            assert_eq!(disposition(name, false), expected);
        }
        assert!(disposition("a", true).starts_with("inline; "));
    }
}
