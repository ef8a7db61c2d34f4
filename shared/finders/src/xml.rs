//! Walking XML by the local names of elements, in one pass and without a tree.
//!
//! Memory does not grow with the document, except by the texts asked for and, when it is not UTF-8, one
//! decoded copy. Entities of a document type are never expanded.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use quick_xml::{
    Reader,
    escape::resolve_predefined_entity,
    events::{BytesRef, BytesStart, Event},
};

/// How deep elements may lie in each other. The formats read here need 12.
const MAX_DEPTH: usize = 256;

/// The text of an XML document: by its byte order mark, else by the encoding it declares, else as UTF-8.
/// Never fails: an unknown encoding is taken for UTF-8, and bytes that do not fit become U+FFFD.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let declared = declared_encoding(bytes).filter(|&encoding| encoding != UTF_16LE && encoding != UTF_16BE);
    // A declaration that can be read as ASCII is not in UTF-16, whatever it says. A byte order mark wins over
    // both.
    declared.unwrap_or(UTF_8).decode(bytes).0
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

/// Where the XML ends that can be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("there is no element")]
    NoElement,
    #[error("the XML ends inside an element")]
    Unclosed,
    #[error("elements lie more than {MAX_DEPTH} deep at byte {position}")]
    TooDeep { position: u64 },
    #[error("the XML cannot be read at byte {position}")]
    Malformed { position: u64, source: quick_xml::Error },
}

impl Broken {
    /// A sentence for [`Found::problems`](crate::Found::problems), the cause included.
    pub(crate) fn to_problem(&self) -> String {
        match self {
            Self::Malformed { source, .. } => format!("{self}: {source}"),
            Self::NoElement | Self::Unclosed | Self::TooDeep { .. } => self.to_string(),
        }
    }
}

/// The inside of an element, or the document itself: where children are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Level(usize);

impl Level {
    pub(crate) const DOCUMENT: Self = Self(0);
}

/// An element whose start has been read.
pub(crate) struct Element<'a> {
    start: BytesStart<'a>,
    level: Level,
}

impl Element<'_> {
    /// The name without its namespace prefix.
    pub(crate) fn name(&self) -> &str {
        self.start.local_name().into_inner()
    }

    pub(crate) fn inside(&self) -> Level {
        self.level
    }
}

/// A cursor over a document that moves forward only: what is not asked for is skipped, whole subtrees at a
/// time.
pub(crate) struct Walker<'a> {
    reader: Reader<&'a [u8]>,
    /// How many elements are open.
    depth: usize,
}

impl<'a> Walker<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        // `?a=1&b=2` in a URL is the most frequent mistake of hand-made XML, and harmless.
        config.allow_dangling_amp = true;
        Self { reader, depth: 0 }
    }

    /// The root element. What may stand before it, stray text included, is skipped.
    pub(crate) fn root(&mut self) -> Result<Element<'a>, Broken> {
        self.child(Level::DOCUMENT)?.ok_or(Broken::NoElement)
    }

    /// The next element directly inside `parent`; `None` at its end, and ever after.
    pub(crate) fn child(&mut self, parent: Level) -> Result<Option<Element<'a>>, Broken> {
        while self.depth >= parent.0 {
            match self.next()? {
                Event::Start(start) if self.depth == parent.0 + 1 => {
                    return Ok(Some(Element { start, level: Level(self.depth) }));
                }
                Event::Eof => return Ok(None),
                _ => {}
            }
        }
        Ok(None)
    }

    /// The text directly inside an element that was just met, without that of elements in it. References are
    /// resolved; one to an undeclared entity is kept as it is written (`&nbsp;`).
    pub(crate) fn text(&mut self, element: &Element<'_>) -> Result<String, Broken> {
        let Level(depth) = element.level;
        let mut text = String::new();
        while self.depth >= depth {
            let event = self.next()?;
            if self.depth != depth {
                continue;
            }
            match event {
                Event::Text(part) => text.push_str(&part.xml10_content()),
                Event::CData(part) => text.push_str(&part.xml10_content()),
                Event::GeneralRef(reference) => push_resolved(&mut text, &reference),
                _ => {}
            }
        }
        Ok(text)
    }

    fn next(&mut self) -> Result<Event<'a>, Broken> {
        let event = self
            .reader
            .read_event()
            .map_err(|source| Broken::Malformed { position: self.reader.error_position(), source })?;
        match event {
            Event::Start(_) if self.depth == MAX_DEPTH => {
                return Err(Broken::TooDeep { position: self.reader.buffer_position() });
            }
            Event::Start(_) => self.depth += 1,
            // The reader has checked that it closes what is open.
            Event::End(_) => self.depth -= 1,
            Event::Eof if self.depth > 0 => return Err(Broken::Unclosed),
            _ => {}
        }
        Ok(event)
    }
}

fn push_resolved(text: &mut String, reference: &BytesRef<'_>) {
    match (reference.resolve_char_ref(), resolve_predefined_entity(reference)) {
        (Ok(Some(character)), _) => text.push(character),
        (Err(_), _) => text.push(char::REPLACEMENT_CHARACTER),
        (Ok(None), Some(resolved)) => text.push_str(resolved),
        (Ok(None), None) => text.extend(["&", &**reference, ";"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of the root element.
    fn text_of(xml: &str) -> Result<String, Broken> {
        let mut walker = Walker::new(xml);
        let root = walker.root()?;
        walker.text(&root)
    }

    #[test]
    fn children_are_met_in_order_and_what_lies_in_them_is_skipped() {
        let mut walker = Walker::new("<r>1<n:a x='1'><b/><b><a/></b></n:a>2<c/><!-- <d/> --></r><e/>");
        let root = walker.root().unwrap();
        let mut names = Vec::new();
        while let Some(child) = walker.child(root.inside()).unwrap() {
            names.push(child.name().to_owned());
        }
        assert_eq!(names, ["a", "c"]);
        assert!(walker.child(root.inside()).unwrap().is_none(), "the end is met for good");
    }

    #[test]
    fn references_are_resolved_and_undeclared_ones_kept() {
        for (xml, text) in [
            ("<a>b&amp;w &lt;&#233;&#xe9;&gt;</a>", "b&w <éé>"),
            ("<a>x&nbsp;y</a>", "x&nbsp;y"),
            ("<a>?a=1&b=2&</a>", "?a=1&b=2&"),
            ("<a>&#0;&#xffffffff;</a>", "\u{fffd}\u{fffd}"),
            ("<a>1<![CDATA[&amp;<]]>2<b>no</b><!-- no -->3</a>", "1&amp;<23"),
            ("<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>", "&e;"),
            ("<a/>", ""),
        ] {
            assert_eq!(text_of(xml).unwrap(), text, "{xml}");
        }
    }

    #[test]
    fn broken_xml_is_told_with_its_place() {
        for (xml, problem) in [
            ("", "there is no element"),
            ("no xml", "there is no element"),
            ("<a>b", "the XML ends inside an element"),
            (
                "<a>b</c>",
                "the XML cannot be read at byte 4: ill-formed document: expected `</a>`, but `</c>` was found",
            ),
        ] {
            assert_eq!(text_of(xml).unwrap_err().to_problem(), problem, "{xml}");
        }
    }

    #[test]
    fn elements_too_deep_are_an_error() {
        let deep = |depth| "<a>".repeat(depth) + &"</a>".repeat(depth);
        assert!(text_of(&deep(MAX_DEPTH)).is_ok());
        assert!(matches!(text_of(&deep(MAX_DEPTH + 1)), Err(Broken::TooDeep { .. })));
    }

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
            assert_eq!(text_of(&decode(bytes)).unwrap(), text, "{bytes:?}");
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
