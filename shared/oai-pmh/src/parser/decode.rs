//! Bytes of any encoding to UTF-8.

use encoding_rs::{CoderResult, Encoding, UTF_16BE, UTF_16LE};

/// How many bytes are looked at to find out the encoding: more than any XML declaration has.
const DECLARATION_BYTES: usize = 1024;

/// Decodes a body that says, by a byte order mark or in its XML declaration, that it is not in UTF-8 (XML 1.0, section
/// 4.3.3 and appendix F). UTF-8 goes through untouched, but for a byte order mark; what is not UTF-8 in it is mended later,
/// record by record. So does what is said to be in an encoding of single bytes: many declare one and send UTF-8, which is
/// seen record by record as well.
pub(super) struct Decoder {
    state: State,
    /// The encoding that is not UTF-8, as declared.
    label: Option<String>,
    single_bytes: Option<SingleBytes>,
}

/// An encoding of single bytes that a body declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SingleBytes {
    pub(super) encoding: &'static Encoding,
    /// As declared.
    pub(super) label: String,
}

enum State {
    /// What was fed so far does not show the encoding.
    Undecided(Vec<u8>),
    Utf8,
    Other(Box<encoding_rs::Decoder>),
}

/// What a body is in, and how long its byte order mark is.
#[derive(Debug, PartialEq, Eq)]
enum Guess {
    Utf8 { mark: usize },
    SingleBytes(SingleBytes),
    Other { encoding: &'static Encoding, label: String, mark: usize },
}

impl Decoder {
    pub(super) fn new() -> Self {
        Self { state: State::Undecided(Vec::new()), label: None, single_bytes: None }
    }

    /// Appends `bytes`, decoded, to `into`.
    pub(super) fn decode(&mut self, bytes: &[u8], into: &mut Vec<u8>) {
        match &mut self.state {
            State::Utf8 => into.extend_from_slice(bytes),
            State::Other(decoder) => transcode(decoder, bytes, false, into),
            State::Undecided(seen) => {
                seen.extend_from_slice(bytes);
                if let Some(guess) = guess(seen) {
                    self.decide(guess, into);
                }
            }
        }
    }

    /// Appends what is left when the body has ended.
    pub(super) fn finish(&mut self, into: &mut Vec<u8>) {
        if let State::Undecided(_) = self.state {
            self.decide(Guess::Utf8 { mark: 0 }, into);
        }
        if let State::Other(decoder) = &mut self.state {
            transcode(decoder, &[], true, into);
            // A decoder must not be used after its end.
            self.state = State::Utf8;
        }
    }

    /// The encoding that the body is decoded from, by the name it gives; none when it goes through untouched.
    pub(super) fn transcoded_from(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// What bytes that are not UTF-8 are in, if that is declared.
    pub(super) fn single_bytes(&self) -> Option<&SingleBytes> {
        self.single_bytes.as_ref()
    }

    fn decide(&mut self, guess: Guess, into: &mut Vec<u8>) {
        let (state, mark) = match guess {
            Guess::Utf8 { mark } => (State::Utf8, mark),
            Guess::SingleBytes(single_bytes) => {
                self.single_bytes = Some(single_bytes);
                (State::Utf8, 0)
            }
            Guess::Other { encoding, label, mark } => {
                self.label = Some(label);
                (State::Other(Box::new(encoding.new_decoder_without_bom_handling())), mark)
            }
        };
        if let State::Undecided(seen) = std::mem::replace(&mut self.state, state) {
            self.decode(&seen[mark..], into);
        }
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("transcoded_from", &self.transcoded_from()).finish()
    }
}

/// The encoding of a body that begins with `seen`; none when more has to be seen.
fn guess(seen: &[u8]) -> Option<Guess> {
    let utf16 = |encoding: &'static Encoding, mark| Guess::Other {
        encoding,
        label: encoding.name().to_owned(),
        mark,
    };
    match seen {
        [0xef, 0xbb, 0xbf, ..] => return Some(Guess::Utf8 { mark: 3 }),
        [0xff, 0xfe, ..] => return Some(utf16(UTF_16LE, 2)),
        [0xfe, 0xff, ..] => return Some(utf16(UTF_16BE, 2)),
        // Without a mark, every other byte of the declaration is zero.
        [b'<', 0, ..] => return Some(utf16(UTF_16LE, 0)),
        [0, b'<', ..] => return Some(utf16(UTF_16BE, 0)),
        [] | [0 | b'<' | 0xef | 0xfe | 0xff] | [0xef, 0xbb] => return None,
        _ => {}
    }
    let text = seen.trim_ascii_start();
    if text.starts_with(b"<?xml") {
        if let Some(end) = memchr::memmem::find(text, b"?>") {
            return Some(declared(&text[..end]));
        }
    } else if !b"<?xml".starts_with(text) {
        return Some(Guess::Utf8 { mark: 0 });
    }
    (seen.len() >= DECLARATION_BYTES).then_some(Guess::Utf8 { mark: 0 })
}

/// The encoding that an XML declaration names; UTF-8 when it names none that is known.
fn declared(declaration: &[u8]) -> Guess {
    let utf8 = Guess::Utf8 { mark: 0 };
    let Some(label) = label(declaration) else { return utf8 };
    let Some(encoding) = Encoding::for_label_no_replacement(label.as_bytes()) else { return utf8 };
    // A declaration that can be read byte by byte is not in UTF-16, whatever it says; and who declares ASCII and sends more
    // has most likely UTF-8.
    let is_ascii = label.eq_ignore_ascii_case("us-ascii") || label.eq_ignore_ascii_case("ascii");
    if is_ascii || encoding.output_encoding() == encoding_rs::UTF_8 {
        return utf8;
    }
    match encoding.is_single_byte() {
        true => Guess::SingleBytes(SingleBytes { encoding, label }),
        false => Guess::Other { encoding, label, mark: 0 },
    }
}

fn label(declaration: &[u8]) -> Option<String> {
    let declaration = std::str::from_utf8(declaration).ok()?;
    let (_, rest) = declaration.split_once("encoding")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (label, _) = rest[1..].split_once(quote)?;
    Some(label.trim().to_owned())
}

fn transcode(decoder: &mut encoding_rs::Decoder, bytes: &[u8], last: bool, into: &mut Vec<u8>) {
    let (mut rest, mut text) = (bytes, [0; 4096]);
    loop {
        let (result, read, written, _) = decoder.decode_to_utf8(rest, &mut text, last);
        into.extend_from_slice(&text[..written]);
        rest = &rest[read..];
        if result == CoderResult::InputEmpty {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `bytes` become, fed whole and byte by byte.
    fn check(bytes: &[u8], expected: &str, from: Option<&str>) {
        for size in [bytes.len().max(1), 1] {
            let (mut decoder, mut text) = (Decoder::new(), Vec::new());
            bytes.chunks(size).for_each(|chunk| decoder.decode(chunk, &mut text));
            assert_eq!(decoder.transcoded_from(), from);
            decoder.finish(&mut text);
            assert_eq!(String::from_utf8_lossy(&text), expected);
        }
    }

    #[test]
    fn utf8_goes_through_without_its_byte_order_mark() {
        check("\u{feff}<é/>".as_bytes(), "<é/>", None);
        check(
            "<?xml version='1.0' encoding='utf-8'?><é/>".as_bytes(),
            "<?xml version='1.0' encoding='utf-8'?><é/>",
            None,
        );
        check(b"", "", None);
        check(b"<", "<", None);
        check(b"<?xml never ends", "<?xml never ends", None);
    }

    #[test]
    fn a_declared_encoding_is_decoded_and_named_as_declared() {
        let page =
            |label: &str, bytes: &[u8]| [format!("<?xml encoding=\"{label}\"?>").as_bytes(), bytes].concat();
        check(&page("Shift_JIS", &[0x83, 0x41]), "<?xml encoding=\"Shift_JIS\"?>ア", Some("Shift_JIS"));
        check(&page("GB18030", &[0xb0, 0xa1]), "<?xml encoding=\"GB18030\"?>啊", Some("GB18030"));
    }

    #[test]
    fn a_declared_encoding_of_single_bytes_is_for_the_records_to_judge() {
        for label in ["ISO-8859-1", "windows-1252", "KOI8-R"] {
            let page = format!("<?xml encoding=\"{label}\"?>é");
            check(page.as_bytes(), &page, None);
            let mut decoder = Decoder::new();
            decoder.decode(page.as_bytes(), &mut Vec::new());
            assert_eq!(decoder.single_bytes().map(|declared| declared.label.as_str()), Some(label));
        }
    }

    #[test]
    fn utf16_is_known_by_its_mark_or_by_its_zeros() {
        let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
        check(&little("\u{feff}<é𝐀/>"), "<é𝐀/>", Some("UTF-16LE"));
        check(&big("\u{feff}<é𝐀/>"), "<é𝐀/>", Some("UTF-16BE"));
        check(&little("<é/>"), "<é/>", Some("UTF-16LE"));
        check(&big("<é/>"), "<é/>", Some("UTF-16BE"));
    }

    #[test]
    fn a_declaration_that_cannot_be_true_is_not_believed() {
        for label in ["UTF-16", "us-ascii", "no-such-encoding", ""] {
            let page = format!("<?xml encoding=\"{label}\"?>é");
            check(page.as_bytes(), &page, None);
        }
    }
}
