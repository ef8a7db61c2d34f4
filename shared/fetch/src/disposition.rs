//! The file name in a `Content-Disposition` header (RFC 6266). Pure.

/// The file name that the header gives: `filename*` (RFC 8187), else `filename`. Only its last segment: what a server says
/// of folders is about its own. Nothing when there is none, or it is blank.
pub fn file_name(header: &str) -> Option<String> {
    let (mut extended, mut plain) = (None, None);
    let mut rest = header;
    while let Some((name, value, after)) = parameter(rest) {
        match name.as_str() {
            "filename*" => extended = extended.or_else(|| decode_extended(&value)),
            "filename" => plain = plain.or(Some(value)),
            _ => {}
        }
        rest = after;
    }
    let name = extended.or_else(|| plain.map(decode_plain))?;
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    (!last.is_empty()).then(|| last.to_owned())
}

/// The next `;`-separated parameter: its name in lower case, its value, and what follows.
fn parameter(text: &str) -> Option<(String, String, &str)> {
    let (_, text) = text.split_once(';')?;
    let (name, text) = text.split_once('=')?;
    // A flag without a value before it: `attachment; inline; filename=…`.
    let name = name.rsplit(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let text = text.trim_start();
    match text.strip_prefix('"') {
        Some(quoted) => {
            let (value, rest) = unquote(quoted);
            Some((name, value, rest))
        }
        None => {
            let end = text.find(';').unwrap_or(text.len());
            Some((name, text[..end].trim().to_owned(), &text[end..]))
        }
    }
}

/// A quoted string up to its end (RFC 9110, section 5.6.4), and what follows.
fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            // Some servers send the paths of Windows as they are; only quotes and backslashes need escaping.
            '\\' if text[at + 1..].starts_with(['"', '\\']) => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, "")
}

/// `UTF-8'en'a%20b.pdf`
fn decode_extended(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _, text) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = percent_decode(text);
    if charset.eq_ignore_ascii_case("utf-8") {
        String::from_utf8(bytes).ok()
    } else if charset.eq_ignore_ascii_case("iso-8859-1") {
        Some(bytes.into_iter().map(char::from).collect())
    } else {
        None
    }
}

/// Many servers percent-encode the plain form too. A name with a `%` that is none stays as it is.
fn decode_plain(value: String) -> String {
    let is_encoded = value.match_indices('%').all(|(at, _)| {
        value.as_bytes().get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    });
    match is_encoded.then(|| String::from_utf8(percent_decode(&value))) {
        Some(Ok(decoded)) => decoded,
        Some(Err(_)) | None => value,
    }
}

fn percent_decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::file_name;

    #[test]
    fn the_extended_name_is_better_than_the_plain_one() {
        for (header, name) in [
            ("attachment; filename=paper.pdf", Some("paper.pdf")),
            ("attachment; filename=\"a b; c.pdf\"", Some("a b; c.pdf")),
            ("inline; FileName = \"a \\\"b\\\".pdf\"; size=3", Some("a \"b\".pdf")),
            ("attachment; filename=\"x.pdf\"; filename*=UTF-8''%C3%9Cber%20x.pdf", Some("Über x.pdf")),
            ("attachment; filename*=iso-8859-1'de'%DCber.pdf; filename=x.pdf", Some("Über.pdf")),
            ("attachment; filename*=utf-16''x; filename=x.pdf", Some("x.pdf")),
            ("attachment; filename*=nothing; filename=x.pdf", Some("x.pdf")),
            ("attachment; filename=\"a%20b.pdf\"", Some("a b.pdf")),
            ("attachment; filename=\"100% sure.pdf\"", Some("100% sure.pdf")),
            ("attachment; filename=\"Ü.pdf\"", Some("Ü.pdf")),
            ("attachment; inline; filename=x.pdf", Some("x.pdf")),
            ("attachment; filename=\"never closed", Some("never closed")),
            ("attachment", None),
            ("attachment; filename=\"\"", None),
            ("filename=x.pdf", None),
            ("", None),
        ] {
            assert_eq!(file_name(header).as_deref(), name, "{header}");
        }
    }

    #[test]
    fn a_name_leads_nowhere() {
        for (header, name) in [
            ("attachment; filename=\"../../etc/passwd\"", Some("passwd")),
            (r#"attachment; filename="C:\papers\x.pdf""#, Some("x.pdf")),
            ("attachment; filename*=UTF-8''..%2F..%2Fx", Some("x")),
            ("attachment; filename=\"a/\"", None),
        ] {
            assert_eq!(file_name(header).as_deref(), name, "{header}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read(header in any::<String>(), value in any::<String>()) {
            let _ = file_name(&header);
            if let Some(name) = file_name(&format!("attachment; filename={value}")) {
                prop_assert!(!name.contains(['/', '\\']) && !name.trim().is_empty());
            }
        }
    }
}
