//! From bytes to text.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// The text of an XML document: by its byte order mark, else by the encoding it declares, else as UTF-8.
/// Never fails: an unknown encoding is taken for UTF-8, and bytes that do not fit become U+FFFD.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let declared = declared_encoding(bytes).filter(|&encoding| encoding != UTF_16LE && encoding != UTF_16BE);
    // A declaration that can be read as ASCII is not in UTF-16, whatever it says. A byte order mark wins over
    // both.
    declared.unwrap_or(UTF_8).decode(bytes).0
}

/// The text of bytes in the encoding of this name, which a byte order mark overrules; as UTF-8 without one that is
/// known. Never fails.
pub(crate) fn decode_as<'a>(bytes: &'a [u8], label: Option<&str>) -> Cow<'a, str> {
    let encoding = label.and_then(|label| Encoding::for_label_no_replacement(label.trim().as_bytes()));
    encoding.unwrap_or(UTF_8).decode(bytes).0
}

fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let declaration = bytes.trim_ascii_start().strip_prefix(b"<?xml")?;
    let end = declaration.iter().position(|&byte| byte == b'>')?;
    let declaration = str::from_utf8(&declaration[..end]).ok()?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|&quote| quote == '"' || quote == '\'')?;
    let (label, _) = value[1..].split_once(quote)?;
    Encoding::for_label_no_replacement(label.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_that_of_the_byte_order_mark_or_the_declaration() {
        let utf16: Vec<u8> = "\u{feff}<a>é</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, text) in [
            ("<a>é</a>".as_bytes(), "é"),
            ("\u{feff}<?xml version='1.0' encoding='iso-8859-1'?><a>é</a>".as_bytes(), "é"),
            (b"<?xml version='1.0' encoding=\"ISO-8859-1\"?><a>\xe9</a>", "é"),
            (&utf16, "é"),
            ("<?xml version='1.0' encoding='utf-16'?><a>é</a>".as_bytes(), "é"),
            ("<?xml version='1.0' encoding='of-my-own'?><a>é</a>".as_bytes(), "é"),
            (b"<a>\xe9</a>", "\u{fffd}"),
        ] {
            assert!(decode(bytes).ends_with(&format!("<a>{text}</a>")), "{bytes:?}");
        }
    }

    #[test]
    fn utf8_is_not_copied() {
        assert!(matches!(
            decode("<?xml version='1.0' encoding='UTF-8'?><a>é</a>".as_bytes()),
            Cow::Borrowed(_)
        ));
    }
}
