//! Text as it has to be before anything can read it: UTF-8, and only characters that XML allows (XML 1.0, section 2.2).

use std::borrow::Cow;

use memchr::memmem;

use super::decode::SingleBytes;

/// What the text to be mended is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The text of one field: character references count everywhere.
    Text,
    /// A piece of XML: they count outside of CDATA sections and comments.
    Xml,
}

/// The text of `bytes`, which are left as they are when there is nothing to mend. `declared` is what they are said to be in.
/// What was mended is added to `notes`, each thing once.
pub(super) fn mend<'a>(
    bytes: &'a [u8],
    kind: Kind,
    declared: Option<&SingleBytes>,
    notes: &mut Vec<String>,
) -> Cow<'a, str> {
    let mut text = decode(bytes, declared, notes);
    if may_be_forbidden(text.as_bytes()) && text.chars().any(is_forbidden) {
        text = Cow::Owned(replace_forbidden(&text, notes));
    }
    if has_bad_reference(&text) {
        text = Cow::Owned(mend_references(&text, kind, notes));
    }
    text
}

/// Adds a note that is not there yet.
pub(super) fn note(notes: &mut Vec<String>, text: String) {
    if !notes.contains(&text) {
        notes.push(text);
    }
}

/// What is UTF-8 is that, whatever it is said to be: in another encoding it would make no sense. What is not is as declared.
/// Where nothing is, repositories paste what was typed under Windows: the bytes are most likely that.
fn decode<'a>(bytes: &'a [u8], declared: Option<&SingleBytes>, notes: &mut Vec<String>) -> Cow<'a, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Some(SingleBytes { label, .. }) = declared.filter(|_| !text.is_ascii()) {
            note(notes, format!("declared as {label} and read as UTF-8, which it is"));
        }
        return Cow::Borrowed(text);
    }
    if let Some(SingleBytes { encoding, label }) = declared {
        note(notes, format!("transcoded from {label}"));
        return Cow::Owned(encoding.decode_without_bom_handling(bytes).0.into_owned());
    }
    note(notes, "bytes that are not UTF-8 were read as windows-1252".to_owned());
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 8);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.push_str(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
    }
    Cow::Owned(text)
}

fn is_forbidden(character: char) -> bool {
    matches!(character, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

/// Whether there is a byte of a forbidden character, or one that a forbidden character begins with: found many bytes at a time,
/// so that the characters of most texts need not be looked at.
fn may_be_forbidden(bytes: &[u8]) -> bool {
    let is_of_one = |byte: u8| (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')) || byte == 0xef;
    bytes.chunks(64).any(|chunk| chunk.iter().fold(false, |found, &byte| found | is_of_one(byte)))
}

fn replace_forbidden(text: &str, notes: &mut Vec<String>) -> String {
    let mut mended = String::with_capacity(text.len());
    for character in text.chars() {
        if is_forbidden(character) {
            note(notes, format!("the forbidden character U+{:04X} was replaced", u32::from(character)));
        }
        mended.push(if is_forbidden(character) { char::REPLACEMENT_CHARACTER } else { character });
    }
    mended
}

/// A character reference.
enum Reference {
    /// To a character that may be there.
    Good,
    /// To the first or the second half of a character.
    High(u32),
    Low(u32),
    /// To what is no character, or a forbidden one.
    Bad,
}

/// The reference that `text` begins with, and its length; none when it begins with no reference.
fn reference(text: &str) -> Option<(Reference, usize)> {
    let body = text.strip_prefix("&#")?;
    let (digits, radix) = match body.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (body, 10),
    };
    let count = digits.bytes().take_while(|byte| char::from(*byte).is_digit(radix)).count();
    if count == 0 || digits.as_bytes().get(count) != Some(&b';') {
        return None;
    }
    let length = text.len() - digits.len() + count + 1;
    let reference = match u32::from_str_radix(&digits[..count], radix) {
        Ok(high @ 0xd800..=0xdbff) => Reference::High(high),
        Ok(low @ 0xdc00..=0xdfff) => Reference::Low(low),
        Ok(code) if char::from_u32(code).is_some_and(|character| !is_forbidden(character)) => Reference::Good,
        Ok(_) | Err(_) => Reference::Bad,
    };
    Some((reference, length))
}

fn has_bad_reference(text: &str) -> bool {
    memmem::find_iter(text.as_bytes(), b"&#")
        .any(|at| reference(&text[at..]).is_some_and(|(reference, _)| !matches!(reference, Reference::Good)))
}

fn mend_references(text: &str, kind: Kind, notes: &mut Vec<String>) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<']) {
        mended.push_str(&rest[..at]);
        rest = &rest[at..];
        let (replacement, length) = match (kind, rest) {
            (Kind::Xml, _) if rest.starts_with("<![CDATA[") => (None, rest.find("]]>").unwrap_or(rest.len())),
            (Kind::Xml, _) if rest.starts_with("<!--") => (None, rest.find("-->").unwrap_or(rest.len())),
            (Kind::Xml | Kind::Text, _) => mended_reference(rest).unwrap_or((None, 1)),
        };
        match replacement {
            None => mended.push_str(&rest[..length]),
            Some(character) => {
                note(notes, "character references to no character were replaced or joined".to_owned());
                mended.push(character);
            }
        }
        rest = &rest[length..];
    }
    mended.push_str(rest);
    mended
}

/// What takes the place of the reference, or of the pair of them, that `text` begins with, and its length.
fn mended_reference(text: &str) -> Option<(Option<char>, usize)> {
    let (first, length) = reference(text)?;
    Some(match first {
        Reference::Good => (None, length),
        Reference::High(high) => match reference(&text[length..]) {
            Some((Reference::Low(low), second)) => {
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                (Some(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)), length + second)
            }
            Some(_) | None => (Some(char::REPLACEMENT_CHARACTER), length),
        },
        Reference::Low(_) | Reference::Bad => (Some(char::REPLACEMENT_CHARACTER), length),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sent: &[u8], kind: Kind, expected: &str, notes: usize) {
        let mut found = Vec::new();
        assert_eq!(mend(sent, kind, None, &mut found), expected);
        assert_eq!(found.len(), notes, "{found:?}");
    }

    #[test]
    fn what_is_right_is_left_alone() {
        let text = "é𝐀\t\r\n\u{85}\u{7f}\u{fffd}&#233;&#x1D400;&amp;&eacute;&#;&#x;&#12";
        check(text.as_bytes(), Kind::Text, text, 0);
        assert!(matches!(mend(text.as_bytes(), Kind::Xml, None, &mut Vec::new()), Cow::Borrowed(_)));
    }

    #[test]
    fn bytes_that_are_not_utf8_are_read_as_windows_1252() {
        check(b"\x93caf\xe9\x94 \xc3\xa9 \xe9", Kind::Text, "“café” é é", 1);
    }

    #[test]
    fn forbidden_characters_are_replaced_each_named_once() {
        check("\u{3}a\u{3}\u{ffff}".as_bytes(), Kind::Text, "\u{fffd}a\u{fffd}\u{fffd}", 2);
    }

    #[test]
    fn references_to_halves_are_joined_and_those_to_nothing_replaced() {
        check(b"&#55349;&#56320;|&#xd835;x|&#56320;", Kind::Text, "𝐀|\u{fffd}x|\u{fffd}", 1);
        check(b"&#0;&#x1A;&#xFFFE;&#99999999999;", Kind::Text, "\u{fffd}\u{fffd}\u{fffd}\u{fffd}", 1);
    }

    #[test]
    fn what_is_declared_counts_for_what_is_not_utf8() {
        let label = "KOI8-R".to_owned();
        let declared = SingleBytes { encoding: encoding_rs::KOI8_R, label };
        let check = |bytes: &[u8], expected: &str, notes: &[&str]| {
            let mut found = Vec::new();
            assert_eq!(mend(bytes, Kind::Text, Some(&declared), &mut found), expected);
            assert_eq!(found, notes);
        };
        check(b"plain", "plain", &[]);
        check(&[0xc1, 0xc2], "аб", &["transcoded from KOI8-R"]);
        check("é".as_bytes(), "é", &["declared as KOI8-R and read as UTF-8, which it is"]);
    }

    #[test]
    fn what_is_literal_in_xml_is_no_reference() {
        let literal = "<![CDATA[&#0;<!--]]><!--&#0;<![CDATA[-->";
        check(
            format!("{literal}<a b='&#0;'/>").as_bytes(),
            Kind::Xml,
            &format!("{literal}<a b='\u{fffd}'/>"),
            1,
        );
    }
}
