//! The sixth stage: the bytes of the XML.

use crate::oai::Facts;

use super::{
    BAD_ITEM, Hook, Quirks,
    record::{CURLY_QUOTE, PLACEHOLDER},
};

/// Changes a document before it is sent.
pub(crate) fn change(quirks: &Quirks, document: &mut Vec<u8>, facts: &Facts) {
    for (hook, _) in quirks.hooks() {
        if let Hook::Document(change) = hook {
            change(document, facts);
        }
    }
}

pub(super) fn invalid_utf8(document: &mut Vec<u8>, _: &Facts) {
    replace(document, PLACEHOLDER.to_string().as_bytes(), b"\xe9");
}

/// What windows-1252 cannot hold becomes a reference, as in any XML.
pub(super) fn windows_1252(document: &mut Vec<u8>, _: &Facts) {
    let text = String::from_utf8_lossy(document).into_owned();
    document.clear();
    for character in text.chars() {
        match (character, u8::try_from(u32::from(character))) {
            (CURLY_QUOTE, _) => document.push(0x92),
            (_, Ok(byte @ (0..0x80 | 0xa0..))) => document.push(byte),
            (other, _) => document.extend(format!("&#{};", u32::from(other)).bytes()),
        }
    }
}

pub(super) fn declare_latin1(document: &mut Vec<u8>, _: &Facts) {
    replace(document, b"encoding=\"UTF-8\"?>\n<OAI-PMH", b"encoding=\"ISO-8859-1\"?>\n<OAI-PMH");
}

pub(super) fn notice(document: &mut Vec<u8>, _: &Facts) {
    document.extend(
        b"<br />\n<b>Notice</b>:  Undefined index: set in <b>/var/www/oai2.php</b> on line <b>44</b><br />\n",
    );
}

/// In the middle of the record, which begins with its identifier.
pub(super) fn cut_off(document: &mut Vec<u8>, facts: &Facts) {
    if facts.verb == "ListRecords" && facts.items.contains(&BAD_ITEM) {
        let identifier = crate::item::identifier(BAD_ITEM);
        if let Some(at) = find(document, format!("{identifier}<").as_bytes()) {
            document.truncate(at + identifier.len() + 100);
        }
    }
}

/// Libxml2 takes ten million bytes of text in one piece, unless told otherwise.
pub(super) fn huge(document: &mut Vec<u8>, _: &Facts) {
    const END: &[u8] = b"</metadata>\n";
    const LETTERS: usize = 11_000_000;
    if let Some(at) = find(document, END) {
        let mut about = b"<about>\n<padding xmlns=\"http://example.org/padding\">".to_vec();
        about.resize(about.len() + LETTERS, b'x');
        about.extend(b"</padding>\n</about>\n");
        document.splice(at + END.len()..at + END.len(), about);
    }
}

pub(super) fn error_inside_list(document: &mut Vec<u8>, facts: &Facts) {
    if facts.error.is_some() && facts.verb.starts_with("List") {
        let verb = facts.verb;
        replace(document, b"<error", format!("<{verb}>\n<error").as_bytes());
        replace(document, b"</error>\n", format!("</error>\n</{verb}>\n").as_bytes());
    }
}

fn find(bytes: &[u8], piece: &[u8]) -> Option<usize> {
    bytes.windows(piece.len()).position(|window| window == piece)
}

/// Replaces each place at which `old` stands.
fn replace(bytes: &mut Vec<u8>, old: &[u8], new: &[u8]) {
    let mut replaced = Vec::with_capacity(bytes.len());
    let mut rest = bytes.as_slice();
    while let Some(at) = find(rest, old) {
        replaced.extend(&rest[..at]);
        replaced.extend(new);
        rest = &rest[at + old.len()..];
    }
    replaced.extend(rest);
    *bytes = replaced;
}
