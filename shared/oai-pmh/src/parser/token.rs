//! Splits XML into tokens, as far as the bytes go.

use std::ops::Range;

use memchr::{memchr, memmem};

use super::PageError;

/// A piece of XML. All slices are of the lexer's buffer. All tokens together, each as it was received, are the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Character data, or a part of it.
    Text(&'a [u8]),
    /// `<name …>` or `<name …/>`.
    Start {
        /// All of it.
        raw: &'a [u8],
        /// What is between the brackets, without the slash.
        inside: &'a [u8],
        /// Whether it ends itself.
        empty: bool,
    },
    /// `</name>`.
    End {
        /// All of it.
        raw: &'a [u8],
        /// The name.
        name: &'a [u8],
    },
    /// A part of `<![CDATA[…]]>`.
    CData {
        /// The part as received.
        raw: &'a [u8],
        /// The text in it: empty for the delimiters.
        text: &'a [u8],
    },
    /// `<?target …?>`; the XML declaration is one.
    Instruction(&'a [u8]),
    /// A part of a comment or of a document type.
    Other(&'a [u8]),
}

/// Holds the bytes that are not read yet: at most one tag and what was fed last, for all else is given in parts. Never
/// looks at a byte twice, whatever pieces the bytes come in (but for a few at the seams).
#[derive(Debug)]
pub(super) struct Lexer {
    pub(super) buffer: Vec<u8>,
    /// Where the next token begins.
    at: usize,
    /// Up to where the end of the next token has been looked for in vain.
    searched: usize,
    /// How many bytes have been dropped from the buffer's front.
    dropped: u64,
    mode: Mode,
    tag_bytes: usize,
}

/// What the next byte stands in.
#[derive(Debug, Clone, Copy)]
enum Mode {
    Text,
    /// At a `<`.
    Markup,
    /// In a start tag, in quotes or not.
    StartTag(Option<u8>),
    EndTag,
    Instruction,
    Comment,
    CData,
    Doctype {
        brackets: u32,
        part: DoctypePart,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DoctypePart {
    Plain,
    Quotes(u8),
    Comment,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Start,
    End,
    CData,
    CDataDelimiter,
    Instruction,
    Other,
}

/// What came of going on in a mode.
enum Step {
    Found(Kind, Range<usize>),
    Again,
    Starved,
}

/// How many bytes may have been read before they are dropped: copying what is left costs less than reading them did.
const SLACK: usize = 64 << 10;

impl Lexer {
    pub(super) fn new(tag_bytes: usize) -> Self {
        Self { buffer: Vec::new(), at: 0, searched: 0, dropped: 0, mode: Mode::Text, tag_bytes }
    }

    /// How many bytes have been read.
    pub(super) fn position(&self) -> u64 {
        self.dropped + self.at as u64
    }

    /// How many bytes have been fed.
    pub(super) fn end(&self) -> u64 {
        self.dropped + self.buffer.len() as u64
    }

    /// The next token; none when more bytes are needed.
    ///
    /// # Errors
    /// When there is markup that is no XML, or a tag that is too large. Not to be called again then.
    pub(super) fn next(&mut self) -> Result<Option<Token<'_>>, PageError> {
        self.drop_read();
        loop {
            let step = match self.mode {
                Mode::Text => self.text(),
                Mode::Markup => self.markup()?,
                Mode::StartTag(quote) => self.start_tag(quote)?,
                Mode::EndTag => self.end_tag()?,
                Mode::Instruction => self.instruction()?,
                Mode::Comment => self.bulk(b"-->", Kind::Other, Kind::Other),
                Mode::CData => self.bulk(b"]]>", Kind::CData, Kind::CDataDelimiter),
                Mode::Doctype { brackets, part } => self.doctype(brackets, part),
            };
            match step {
                Step::Found(kind, range) => return Ok(Some(self.token(kind, range))),
                Step::Again => {}
                Step::Starved => return Ok(None),
            }
        }
    }

    fn drop_read(&mut self) {
        if self.at == self.buffer.len() || self.at >= SLACK && self.at * 2 >= self.buffer.len() {
            self.buffer.drain(..self.at);
            self.dropped += self.at as u64;
            self.searched = self.searched.saturating_sub(self.at);
            self.at = 0;
            if self.buffer.is_empty() && self.buffer.capacity() > 4 * SLACK {
                self.buffer = Vec::new();
            }
        }
    }

    fn token(&self, kind: Kind, range: Range<usize>) -> Token<'_> {
        let raw = &self.buffer[range];
        match kind {
            Kind::Text => Token::Text(raw),
            Kind::CData => Token::CData { raw, text: raw },
            Kind::CDataDelimiter => Token::CData { raw, text: &[] },
            Kind::Instruction => Token::Instruction(raw),
            Kind::Other => Token::Other(raw),
            Kind::End => Token::End { raw, name: raw[2..raw.len() - 1].trim_ascii_end() },
            Kind::Start => {
                let inside = &raw[1..raw.len() - 1];
                match inside.strip_suffix(b"/") {
                    Some(inside) => Token::Start { raw, inside, empty: true },
                    None => Token::Start { raw, inside, empty: false },
                }
            }
        }
    }

    fn text(&mut self) -> Step {
        let rest = &self.buffer[self.at..];
        match memchr(b'<', rest) {
            Some(0) => {
                self.mode = Mode::Markup;
                Step::Again
            }
            Some(length) => self.found(Kind::Text, length),
            None if rest.is_empty() => Step::Starved,
            None => self.found(Kind::Text, rest.len()),
        }
    }

    fn found(&mut self, kind: Kind, length: usize) -> Step {
        let range = self.at..self.at + length;
        self.at = range.end;
        Step::Found(kind, range)
    }

    /// Finds out what begins with the `<` at hand.
    fn markup(&mut self) -> Result<Step, PageError> {
        self.searched = self.at;
        self.mode = match self.buffer.get(self.at + 1) {
            None => return Ok(Step::Starved),
            Some(b'/') => Mode::EndTag,
            Some(b'?') => Mode::Instruction,
            Some(b'!') => return self.declaration(),
            Some(byte) if byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':' | 0x80..) => {
                Mode::StartTag(None)
            }
            Some(_) => return Err(self.fault("a '<' that begins no tag")),
        };
        Ok(Step::Again)
    }

    fn declaration(&mut self) -> Result<Step, PageError> {
        let rest = &self.buffer[self.at..];
        let doctype = Mode::Doctype { brackets: 0, part: DoctypePart::Plain };
        for (opening, mode, kind) in [
            ("<!--", Mode::Comment, Kind::Other),
            ("<![CDATA[", Mode::CData, Kind::CDataDelimiter),
            ("<!DOCTYPE", doctype, Kind::Other),
        ] {
            let common = opening.len().min(rest.len());
            if rest[..common].eq_ignore_ascii_case(&opening.as_bytes()[..common]) {
                if common < opening.len() {
                    return Ok(Step::Starved);
                }
                self.mode = mode;
                return Ok(self.found(kind, common));
            }
        }
        Err(self.fault("a '<!' that begins no declaration"))
    }

    /// Goes on to the `>` that is not in quotes.
    fn start_tag(&mut self, mut quote: Option<u8>) -> Result<Step, PageError> {
        // Not beyond what a tag may have: a fault there must not hide that it is too large.
        let end = self.buffer.len().min(self.at.saturating_add(self.tag_bytes));
        for index in self.searched.max(self.at + 1)..end {
            match (quote, self.buffer[index]) {
                (None, b'>') => return self.tag(Kind::Start, index + 1),
                (None, b'<') => return Err(self.fault("a tag that is not closed")),
                (None, byte @ (b'"' | b'\'')) => quote = Some(byte),
                (Some(opened), byte) if opened == byte => quote = None,
                (None | Some(_), _) => {}
            }
        }
        self.mode = Mode::StartTag(quote);
        self.starved_in_tag()
    }

    fn end_tag(&mut self) -> Result<Step, PageError> {
        match memchr(b'>', &self.buffer[self.searched..]) {
            Some(length) => self.tag(Kind::End, self.searched + length + 1),
            None => self.starved_in_tag(),
        }
    }

    fn instruction(&mut self) -> Result<Step, PageError> {
        // One byte back: the question mark may have been the last byte of the piece before.
        let from = self.searched.saturating_sub(1).max(self.at + 2).min(self.buffer.len());
        match memmem::find(&self.buffer[from..], b"?>") {
            Some(length) => self.tag(Kind::Instruction, from + length + 2),
            None => self.starved_in_tag(),
        }
    }

    fn tag(&mut self, kind: Kind, end: usize) -> Result<Step, PageError> {
        self.check_size(end - self.at)?;
        self.mode = Mode::Text;
        Ok(self.found(kind, end - self.at))
    }

    fn starved_in_tag(&mut self) -> Result<Step, PageError> {
        self.searched = self.buffer.len();
        self.check_size(self.buffer.len() - self.at)?;
        Ok(Step::Starved)
    }

    fn check_size(&self, length: usize) -> Result<(), PageError> {
        if length <= self.tag_bytes {
            return Ok(());
        }
        Err(PageError::TooLarge { position: self.position(), what: "the bytes of a tag" })
    }

    /// What there is up to a terminator, in parts when the terminator is not there yet; then the terminator.
    fn bulk(&mut self, terminator: &[u8; 3], part: Kind, end: Kind) -> Step {
        let rest = &self.buffer[self.at..];
        match memmem::find(rest, terminator) {
            Some(0) => {
                self.mode = Mode::Text;
                self.found(end, terminator.len())
            }
            Some(length) => self.found(part, length),
            // The last two bytes may begin the terminator.
            None if rest.len() > 2 => self.found(part, rest.len() - 2),
            None => Step::Starved,
        }
    }

    /// A part of a document type, with its internal subset (XML 1.0, section 2.8). Nothing in it is used, and nothing that
    /// it names is ever read.
    fn doctype(&mut self, mut brackets: u32, mut part: DoctypePart) -> Step {
        let rest = &self.buffer[self.at..];
        let mut length = 0;
        let mut ended = false;
        while !ended && let Some(&byte) = rest.get(length) {
            let ahead = &rest[length..];
            match (part, byte) {
                (DoctypePart::Comment, b'-') if ahead.starts_with(b"-->") => {
                    part = DoctypePart::Plain;
                    length += 2;
                }
                (DoctypePart::Comment, b'-') if b"-->".starts_with(ahead) => break,
                (DoctypePart::Plain, b'<') if ahead.starts_with(b"<!--") => {
                    part = DoctypePart::Comment;
                    length += 3;
                }
                (DoctypePart::Plain, b'<') if b"<!--".starts_with(ahead) => break,
                (DoctypePart::Quotes(quote), _) if quote == byte => part = DoctypePart::Plain,
                (DoctypePart::Plain, b'"' | b'\'') => part = DoctypePart::Quotes(byte),
                (DoctypePart::Plain, b'[') => brackets += 1,
                (DoctypePart::Plain, b']') => brackets = brackets.saturating_sub(1),
                (DoctypePart::Plain, b'>') => ended = brackets == 0,
                (DoctypePart::Plain | DoctypePart::Quotes(_) | DoctypePart::Comment, _) => {}
            }
            length += 1;
        }
        self.mode = if ended { Mode::Text } else { Mode::Doctype { brackets, part } };
        if length == 0 { Step::Starved } else { self.found(Kind::Other, length) }
    }

    fn fault(&self, detail: &str) -> PageError {
        PageError::NotWellFormed { position: self.position(), detail: detail.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tokens of `xml`, as text, fed in pieces of `size`. Parts of the same thing are put together.
    fn tokens(xml: &[u8], size: usize) -> Result<Vec<String>, PageError> {
        let mut lexer = Lexer::new(100);
        let mut found: Vec<(char, Vec<u8>)> = Vec::new();
        for piece in xml.chunks(size) {
            lexer.buffer.extend_from_slice(piece);
            while let Some(token) = lexer.next()? {
                let (kind, bytes) = match token {
                    Token::Text(text) => ('t', text),
                    Token::CData { raw, .. } => ('c', raw),
                    Token::Start { raw, empty: false, .. } => ('s', raw),
                    Token::Start { raw, empty: true, .. } => ('e', raw),
                    Token::End { name, .. } => ('/', name),
                    Token::Instruction(raw) => ('?', raw),
                    Token::Other(raw) => ('o', raw),
                };
                match found.last_mut() {
                    Some((last, text)) if *last == kind && matches!(kind, 't' | 'c' | 'o') => {
                        text.extend_from_slice(bytes);
                    }
                    Some(_) | None => found.push((kind, bytes.to_vec())),
                }
            }
        }
        Ok(found
            .into_iter()
            .map(|(kind, bytes)| format!("{kind} {}", String::from_utf8_lossy(&bytes)))
            .collect())
    }

    fn check(xml: &str, expected: &[&str]) {
        for size in [xml.len(), 1, 2, 3, 7] {
            assert_eq!(tokens(xml.as_bytes(), size).unwrap(), expected, "pieces of {size}");
        }
    }

    #[test]
    fn markup_is_told_from_text() {
        check(
            "<?xml version='1.0'?><a b='x>y' c=\"it's\">t<b/>u</a >",
            &["? <?xml version='1.0'?>", "s <a b='x>y' c=\"it's\">", "t t", "e <b/>", "t u", "/ a"],
        );
    }

    #[test]
    fn cdata_and_comments_end_with_their_own_terminators() {
        check(
            "<a><!-- <b> -- > --><![CDATA[<c> ]] ]]]>x<!----></a>",
            &["s <a>", "o <!-- <b> -- > -->", "c <![CDATA[<c> ]] ]]]>", "t x", "o <!---->", "/ a"],
        );
    }

    #[test]
    fn a_document_type_ends_where_it_ends_whatever_is_in_it() {
        let subset = "<!ENTITY x \"]>\"> <!-- don't ]> --> <!ENTITY y SYSTEM 'http://example.org/]>'> <?pi?>";
        let doctype = format!("<!DOCTYPE a SYSTEM \"a.dtd\" [{subset}]>");
        check(&format!("{doctype}<a/>"), &[&format!("o {doctype}"), "e <a/>"]);
        check("<!doctype html><html>", &["o <!doctype html>", "s <html>"]);
    }

    #[test]
    fn what_is_no_markup_is_a_fault_wherever_the_pieces_end() {
        for (xml, position) in
            [("<a>1 < 2</a>", 5), ("<a <b>", 0), ("<!ELEMENT a>", 0), ("x<>", 1), ("<a><!x", 3)]
        {
            for size in [xml.len(), 1] {
                let fault = tokens(xml.as_bytes(), size).unwrap_err();
                assert!(
                    matches!(fault, PageError::NotWellFormed { position: at, .. } if at == position),
                    "{fault:?}"
                );
            }
        }
    }

    #[test]
    fn a_tag_is_bounded_and_what_is_between_tags_is_not() {
        let (long, longer) = ("x".repeat(90), "x".repeat(200));
        check(&format!("<a b='{long}'>"), &[&format!("s <a b='{long}'>")]);
        check(&format!("{longer}<!--{longer}-->"), &[&format!("t {longer}"), &format!("o <!--{longer}-->")]);
        for xml in [
            format!("<a b='{longer}'>"),
            format!("<a b='{longer}"),
            format!("<?{longer}"),
            format!("</{longer}"),
        ] {
            for size in [xml.len(), 1] {
                let fault = tokens(xml.as_bytes(), size).unwrap_err();
                assert!(matches!(fault, PageError::TooLarge { position: 0, .. }), "{fault:?}");
            }
        }
    }
}
