use crate::Error;

/// Cleans an identifier (specification, section 3).
///
/// In UTF-8, bytes outside 0x21-0x7e and `" * + , < = > ? \ ^ |` become `^xx` in lower-case hexadecimal; then `/`
/// becomes `=`, `:` becomes `+` and `.` becomes `,`.
///
/// The result is printable ASCII without `/`. The empty identifier gives the empty text.
pub fn encode(identifier: &str) -> String {
    let mut encoded = String::with_capacity(identifier.len() + 8);
    for byte in identifier.bytes() {
        match byte {
            b'/' => encoded.push('='),
            b':' => encoded.push('+'),
            b'.' => encoded.push(','),
            b'"' | b'*' | b'+' | b',' | b'<' | b'=' | b'>' | b'?' | b'\\' | b'^' | b'|' => {
                escape(byte, &mut encoded);
            }
            0x21..=0x7e => encoded.push(char::from(byte)),
            _ => escape(byte, &mut encoded),
        }
    }
    encoded
}

fn escape(byte: u8, into: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    into.push('^');
    into.push(char::from(DIGITS[usize::from(byte >> 4)]));
    into.push(char::from(DIGITS[usize::from(byte & 15)]));
}

/// Undoes [`encode`]. What `encode` never writes (a raw `?`, a space) is taken as it is.
///
/// # Errors
/// When a `^` begins no escape, or the bytes are not UTF-8.
pub fn decode(encoded: &str) -> Result<String, Error> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'=' => bytes.push(b'/'),
            b'+' => bytes.push(b':'),
            b',' => bytes.push(b'.'),
            b'^' => {
                let digits = after.split_at_checked(2);
                let decoded =
                    digits.and_then(|(pair, after)| Some((hex(pair[0])? << 4 | hex(pair[1])?, after)));
                let (byte, after) = decoded.ok_or_else(|| {
                    let at = encoded.len() - after.len() - 1;
                    Error::BadEscape { at: encoded[at..].chars().take(3).collect() }
                })?;
                bytes.push(byte);
                rest = after;
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).map_err(|_| Error::NotUtf8)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
