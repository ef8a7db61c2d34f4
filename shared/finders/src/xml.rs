//! Walking XML by the local names of elements, in one pass and without a tree.
//!
//! Memory does not grow with the document, except by the texts asked for. Entities of a document type are never
//! expanded.

use quick_xml::{
    Reader,
    escape::resolve_predefined_entity,
    events::{BytesRef, BytesStart, Event},
};

/// How deep elements may lie in each other. The formats read here need 12.
const MAX_DEPTH: usize = 256;

/// How many elements are read: what is kept of each may be ten times as large as it is.
const MAX_ELEMENTS: usize = 200_000;

/// How long the name in a reference may be: without an end, looking for it would take forever.
const MAX_REFERENCE: usize = 32;

/// Where the XML ends that can be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("there is no element")]
    NoElement,
    #[error("the XML ends inside an element")]
    Unclosed,
    #[error("elements lie more than {MAX_DEPTH} deep at byte {position}")]
    TooDeep { position: u64 },
    #[error("there are more than {MAX_ELEMENTS} elements at byte {position}")]
    TooMany { position: u64 },
    #[error("the XML cannot be read at byte {position}")]
    Malformed { position: u64, source: quick_xml::Error },
}

impl Broken {
    /// A sentence for [`Found::problems`](crate::Found::problems), the cause included.
    pub(crate) fn to_problem(&self) -> String {
        match self {
            Self::Malformed { source, .. } => format!("{self}: {source}"),
            Self::NoElement | Self::Unclosed | Self::TooDeep { .. } | Self::TooMany { .. } => {
                self.to_string()
            }
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

    /// The value of an attribute, without white space around it, by its local name: the one without a namespace
    /// prefix, else the first one with any. References are resolved as in text. `None` when nothing is left.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        let mut prefixed = None;
        for attribute in self.start.attributes().with_checks(false).flatten() {
            let key = attribute.key;
            if key.as_ref() == name {
                return value(&attribute.value);
            }
            let is_declaration = key.prefix().is_some_and(|prefix| prefix.as_ref() == "xmlns");
            if prefixed.is_none() && !is_declaration && key.local_name().as_ref() == name {
                prefixed = value(&attribute.value);
            }
        }
        prefixed
    }

    /// Whether the start tag holds this part of a namespace's name: in a declaration, in a schema location.
    pub(crate) fn declares(&self, part: &str) -> bool {
        self.start.attributes_raw().contains(part)
    }
}

/// The value of an attribute as it was meant.
fn value(raw: &str) -> Option<String> {
    let value = resolve(&raw.replace(['\t', '\n', '\r'], " "));
    Some(value.trim()).filter(|value| !value.is_empty()).map(str::to_owned)
}

/// Resolves the references in a text. What is no reference to a character or to one of the five entities of XML
/// stays as it is written.
pub(crate) fn resolve(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, reference)) = rest.split_once('&') {
        text.push_str(before);
        let end = reference.bytes().take(MAX_REFERENCE).position(|byte| byte == b';');
        rest = reference;
        match end.map(|end| reference.split_at(end)) {
            Some((name, after)) if !name.is_empty() => {
                push_resolved(&mut text, &BytesRef::new(name));
                rest = &after[1..];
            }
            _ => text.push('&'),
        }
    }
    text.push_str(rest);
    text
}

/// What comes next in a document, for whoever wants all of it.
pub(crate) enum Step<'a> {
    Start(Element<'a>),
    /// Some of the text of the element that is open, references resolved.
    Text(String),
    End,
    Done,
}

/// A cursor over a document that moves forward only: what is not asked for is skipped, whole subtrees at a
/// time.
pub(crate) struct Walker<'a> {
    reader: Reader<&'a [u8]>,
    /// How many elements are open, and how many have been met.
    depth: usize,
    met: usize,
}

impl<'a> Walker<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        // `?a=1&b=2` in a URL is the most frequent mistake of hand-made XML, and harmless.
        config.allow_dangling_amp = true;
        Self { reader, depth: 0, met: 0 }
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

    /// The next element anywhere inside `ancestor`, in document order; `None` at its end.
    pub(crate) fn descendant(&mut self, ancestor: Level) -> Result<Option<Element<'a>>, Broken> {
        while self.depth >= ancestor.0 {
            match self.next()? {
                Event::Start(start) => return Ok(Some(Element { start, level: Level(self.depth) })),
                Event::Eof => return Ok(None),
                _ => {}
            }
        }
        Ok(None)
    }

    /// [`text`](Self::text) without white space around it; `None` when nothing is left.
    pub(crate) fn value(&mut self, element: &Element<'_>) -> Result<Option<String>, Broken> {
        let text = self.text(element)?;
        Ok(Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned))
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

    /// The next start, text or end, whatever it is in.
    pub(crate) fn step(&mut self) -> Result<Step<'a>, Broken> {
        loop {
            return Ok(match self.next()? {
                Event::Start(start) => Step::Start(Element { start, level: Level(self.depth) }),
                Event::End(_) => Step::End,
                Event::Text(part) => Step::Text(part.xml10_content().into_owned()),
                Event::CData(part) => Step::Text(part.xml10_content().into_owned()),
                Event::GeneralRef(reference) => {
                    let mut text = String::new();
                    push_resolved(&mut text, &reference);
                    Step::Text(text)
                }
                Event::Eof => Step::Done,
                _ => continue,
            });
        }
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
            Event::Start(_) if self.met == MAX_ELEMENTS => {
                return Err(Broken::TooMany { position: self.reader.buffer_position() });
            }
            Event::Start(_) => {
                self.depth += 1;
                self.met += 1;
            }
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
    fn very_many_elements_are_an_error() {
        let many = |count| format!("<a>{}</a>", "<b/>".repeat(count));
        assert!(text_of(&many(MAX_ELEMENTS - 1)).is_ok());
        assert!(matches!(text_of(&many(MAX_ELEMENTS)), Err(Broken::TooMany { .. })));
    }

    #[test]
    fn descendants_are_met_in_document_order_up_to_the_end_of_their_ancestor() {
        let mut walker = Walker::new("<r><a><b/><c><b/></c></a><d/></r>");
        let root = walker.root().unwrap();
        let a = walker.child(root.inside()).unwrap().unwrap();
        let mut names = Vec::new();
        while let Some(element) = walker.descendant(a.inside()).unwrap() {
            names.push(element.name().to_owned());
        }
        assert_eq!(names, ["b", "c", "b"]);
        assert_eq!(walker.child(root.inside()).unwrap().unwrap().name(), "d");
    }

    #[test]
    fn an_attribute_is_found_by_its_local_name_and_its_references_are_resolved() {
        for (tag, expected) in [
            ("<a href='b'/>", Some("b")),
            ("<a x:href='b'/>", Some("b")),
            ("<a x:href='b' href='c'/>", Some("c")),
            ("<a xmlns:href='b'/>", None),
            ("<a xmlns:href='b' x:href='c'/>", Some("c")),
            ("<a href=' \n '/>", None),
            ("<a href='\n b\tc '/>", Some("b c")),
            ("<a href='?a=1&amp;b=&#233;&c=2&d;'/>", Some("?a=1&b=é&c=2&d;")),
            ("<a href='&&;&#x41;&'/>", Some("&&;A&")),
            ("<a href='b' href='c'/>", Some("b")),
            ("<a href=b other='c'/>", None),
            ("<a/>", None),
        ] {
            let root = Walker::new(tag).root().unwrap();
            assert_eq!(root.attribute("href").as_deref(), expected, "{tag}");
        }
    }

    #[test]
    fn a_reference_without_an_end_is_text() {
        let text = "&a".repeat(1000);
        assert_eq!(resolve(&text), text);
    }
}
