//! Text of fields and attributes.

use quick_xml::events::attributes::Attributes;

/// Text as it is meant: character references and the five predefined entities are resolved, others stay as they are.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (character, length) = reference(rest).unwrap_or(('&', 1));
        out.push(character);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

/// The reference that `text` begins with, and its length.
fn reference(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(12).position(|byte| byte == b';')?;
    let name = &text[1..end];
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((character, end + 1))
}

/// The name that a tag's inside begins with.
pub(super) fn name_of(inside: &[u8]) -> &[u8] {
    let end = inside.iter().position(u8::is_ascii_whitespace).unwrap_or(inside.len());
    &inside[..end]
}

/// A name without its prefix.
pub(super) fn local(name: &[u8]) -> &[u8] {
    name.iter().rposition(|byte| *byte == b':').map_or(name, |at| &name[at + 1..])
}

/// The attributes of a tag, values raw. What is no attribute is passed over; bytes that are not UTF-8 become U+FFFD.
pub(super) fn attributes(inside: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(inside);
    let mut attributes = Attributes::new(&text, name_of(text.as_bytes()).len());
    attributes.with_checks(false);
    attributes.flatten().map(|a| (a.key.into_inner().to_owned(), a.value.into_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predefined_entities_and_references_are_resolved_and_others_stay() {
        assert_eq!(unescape("a&amp;b&lt;&#233;&#xE9;&quot;&apos;"), "a&b<éé\"'");
        assert_eq!(unescape("&eacute; & &#0xz; &#55349; &"), "&eacute; & &#0xz; &#55349; &");
    }
}
