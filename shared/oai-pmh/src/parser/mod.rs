//! A push parser for responses: bytes in, items out, no I/O.
//!
//! XML is split into tokens here and not by a library's reader, for two reasons: a record's metadata has to be kept
//! as the bytes that were received, and a page that is cut off or broken in the middle still has to give every record
//! that came whole. What is inside a tag is read by `quick-xml`.

mod build;
mod decode;
mod mend;
mod scope;
mod section;
mod text;
mod token;

use std::collections::VecDeque;

use crate::types::{Header, Identify, MetadataFormat, Next, OaiError, Record, Set};
use build::Builder;
use decode::Decoder;
use token::{Lexer, Token};

/// Bounds on what is held in memory. What exceeds them ends a page, or for a record costs that record alone.
///
/// Names that are held with them, those of open elements and of the namespaces that they declare, have 64 KiB together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deep elements may be nested.
    pub depth: usize,
    /// Bytes of one tag, its attributes included, or of one instruction.
    pub tag_bytes: usize,
    /// Bytes of the text of one field: a token, a name, a datestamp.
    pub field_bytes: usize,
    /// Bytes of one record, or of one description: as received, and of each of its parts with what it inherits.
    pub record_bytes: usize,
    /// Bytes of a record that is passed over, since it has more than [`record_bytes`](Self::record_bytes). Beyond them it is
    /// not believed to end.
    pub passed_over_bytes: u64,
    /// Bytes before the root element.
    pub preamble_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 512,
            tag_bytes: 1 << 20,
            field_bytes: 64 << 10,
            record_bytes: 16 << 20,
            passed_over_bytes: 256 << 20,
            preamble_bytes: 1 << 20,
        }
    }
}

/// What a page holds, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// `responseDate`, as received.
    ResponseDate(String),
    /// `request`: what the repository understood.
    Request {
        /// Its attributes.
        arguments: Vec<(String, String)>,
        /// The base URL.
        base_url: String,
    },
    /// An answer to Identify.
    Identify(Identify),
    /// A metadata format.
    Format(MetadataFormat),
    /// A set.
    Set(Set),
    /// A header of ListIdentifiers.
    Header(Header),
    /// A record.
    Record(Record),
    /// An error that the repository reports.
    Error(OaiError),
    /// Where the list goes on; once, at the end of each list.
    Next(Next),
    /// A record or header that cannot be used.
    Broken(Broken),
}

/// A record or header that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Its header, as far as it could be read: identifier and datestamp may be empty.
    pub header: Header,
    /// It as it was received; its beginning when it is too large.
    pub fragment: Vec<u8>,
    /// Why.
    pub reason: String,
}

/// Why a page could not be read to its end. The items before the fault have been given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// There is nothing in it.
    #[error("the response is empty")]
    Empty,
    /// It is something else: an HTML page, JSON.
    #[error("the response is not OAI-PMH; it begins {start:?}")]
    NotOaiPmh {
        /// Its first 200 characters.
        start: String,
    },
    /// It ends before its root element does.
    #[error("the response is cut off after {bytes} bytes")]
    Truncated {
        /// Where.
        bytes: u64,
    },
    /// It is no well-formed XML.
    #[error("the response is not well-formed XML at byte {position}: {detail}")]
    NotWellFormed {
        /// Where, counted after decoding to UTF-8.
        position: u64,
        /// What is wrong.
        detail: String,
    },
    /// It exceeds one of [`Limits`].
    #[error("the response exceeds a limit at byte {position}: {what}")]
    TooLarge {
        /// Where.
        position: u64,
        /// Which limit.
        what: &'static str,
    },
}

/// Reads one response. [`feed`](Self::feed) it the body in pieces of any size, take items out in between, and
/// [`finish`](Self::finish).
///
/// What is held in memory is one record, and what was fed since there was no next item. What comes after the root's end tag
/// is ignored.
#[derive(Debug)]
pub struct Parser {
    decoder: Decoder,
    lexer: Lexer,
    builder: Builder,
    items: VecDeque<Item>,
    start: Vec<u8>,
    error: Option<PageError>,
}

/// How much of the beginning is kept, to say what came in place of a page.
const START: usize = 800;

impl Parser {
    /// A parser for one response.
    pub fn new(limits: Limits) -> Self {
        Self {
            decoder: Decoder::new(),
            lexer: Lexer::new(limits.tag_bytes),
            builder: Builder::new(limits),
            items: VecDeque::new(),
            start: Vec::new(),
            error: None,
        }
    }

    /// Takes the next piece of the body.
    pub fn feed(&mut self, bytes: &[u8]) {
        let is_read = self.error.is_none() && !self.builder.is_done();
        // What came in place of a page is told by more than the piece in which that was found out.
        let shows_start = matches!(self.error, Some(PageError::NotOaiPmh { .. })) && self.start.len() < START;
        if !is_read && !shows_start {
            return;
        }
        let before = self.lexer.buffer.len();
        self.decoder.decode(bytes, &mut self.lexer.buffer);
        self.keep_start(before);
    }

    /// The next item, if one has been read whole.
    // Not an `Iterator`: after `None` there may be more, once more has been fed.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Option<Item> {
        // No further than to one item: each may be much larger than the bytes it is made of, by the namespaces it inherits.
        while self.items.is_empty() && self.step() {}
        self.items.pop_front()
    }

    /// Says that the body has ended. Items may still be taken out after it.
    ///
    /// # Errors
    /// When the page was not read to its end.
    pub fn finish(&mut self) -> Result<(), PageError> {
        let before = self.lexer.buffer.len();
        self.decoder.finish(&mut self.lexer.buffer);
        self.keep_start(before);
        while self.step() {}
        match &self.error {
            Some(PageError::NotOaiPmh { .. }) => return Err(self.not_oai_pmh()),
            Some(error) => return Err(error.clone()),
            None => {}
        }
        if self.builder.is_done() {
            return Ok(());
        }
        let error = match (self.builder.has_root(), self.start.trim_ascii().is_empty()) {
            (true, _) => PageError::Truncated { bytes: self.lexer.end() },
            (false, true) => PageError::Empty,
            (false, false) => self.not_oai_pmh(),
        };
        self.error = Some(error.clone());
        Err(error)
    }

    /// Keeps the beginning of what has been appended to the buffer at `from`.
    fn keep_start(&mut self, from: usize) {
        let appended = &self.lexer.buffer[from..];
        let room = START.saturating_sub(self.start.len()).min(appended.len());
        self.start.extend_from_slice(&appended[..room]);
    }

    /// Reads the next token. Says whether there may be another.
    fn step(&mut self) -> bool {
        if self.error.is_some() || self.builder.is_done() {
            return false;
        }
        let position = self.lexer.position();
        let result = match self.lexer.next() {
            Ok(None) => return false,
            Ok(Some(token)) => {
                if let Token::Start { .. } = token {
                    self.builder.decoded_by(&self.decoder);
                }
                self.builder.take(&token, position, &mut self.items)
            }
            Err(error) => Err(error),
        };
        self.error = result.err();
        let goes_on = self.error.is_none() && !self.builder.is_done();
        if !goes_on {
            self.lexer.buffer = Vec::new();
        }
        goes_on
    }

    fn not_oai_pmh(&self) -> PageError {
        let text = String::from_utf8_lossy(&self.start);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        PageError::NotOaiPmh { start: text.chars().take(200).collect() }
    }

    /// Bytes that are held and not yet read: for tests of what is promised about memory.
    #[doc(hidden)]
    pub fn buffered(&self) -> usize {
        self.lexer.buffer.capacity()
    }
}
