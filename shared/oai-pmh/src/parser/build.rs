//! From tokens to items.

mod fields;
mod things;

use std::collections::VecDeque;

use self::fields::{next, one_line, readable};
use super::{
    Item, Limits, PageError,
    decode::{Decoder, SingleBytes},
    mend::{Kind, mend, note},
    scope::{Declarations, declarations, size},
    section::Section,
    text::{local, name_of, unescape},
    token::Token,
};
use crate::types::{ErrorCode, Header, Next, OaiError};

/// How much is kept of a record that is larger than allowed.
const QUARANTINED_BYTES: usize = 64 << 10;

/// How much room is kept from one record to the next. A record that needs more is large.
const RESERVED_BYTES: usize = 1 << 20;

/// How much room a large record is given at once. Room that is not used costs nothing, and blocks of more than 32 MiB go back
/// to the system when they are freed: each thread of glibc keeps the smaller ones that it was the last to use.
const LARGE_BYTES: usize = 33 << 20;

/// How much is held of the names of open elements and of the namespaces that they declare, in bytes. A page has a few
/// thousand; a record inherits them all when it uses them.
const SCOPE_BYTES: usize = 64 << 10;
/// How many parts a record may have: fields, sections, and what is left out of them. Each costs more memory than it has bytes.
const PARTS: usize = 10_000;

/// What an open element is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The root, a verb, or something around them that should not be there: looked through.
    Container,
    /// `ListRecords` and its like: the end of the list is its end.
    List,
    /// A thing made of fields.
    Thing(Thing),
    /// A field: its text counts.
    Field,
    /// `metadata`, `about`, `description`: kept as it is.
    Section,
    /// Anything else.
    Inside,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thing {
    Identify,
    Format,
    Set,
    Header,
    Record,
}

/// An open element.
#[derive(Debug)]
struct Open {
    role: Role,
    declared: Declarations,
}

/// Builds items of tokens.
#[derive(Debug)]
pub(super) struct Builder {
    limits: Limits,
    open: Vec<Open>,
    /// The names of open elements, one after the other; `name_ends` says where each ends.
    names: Vec<u8>,
    name_ends: Vec<usize>,
    /// The bytes of all namespaces that open elements declare.
    declared_bytes: usize,
    has_root: bool,
    done: bool,
    text: Vec<u8>,
    /// Attributes of the field in hand.
    attributes: Vec<(String, String)>,
    fields: Vec<(String, String)>,
    next: Option<Next>,
    deleted: bool,
    header: Option<Header>,
    /// How much is left out of sections.
    cuts: usize,
    /// The record, header or description in hand as received, and its parts that are kept.
    raw: Vec<u8>,
    /// Where it begins.
    raw_position: u64,
    keeps_raw: bool,
    too_large: bool,
    sections: Vec<(String, Section)>,
    repaired: Vec<String>,
    transcoded_from: Option<String>,
    /// What bytes that are not UTF-8 are said to be in.
    declared: Option<SingleBytes>,
    /// Where the field in hand begins.
    field_position: u64,
}

impl Builder {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            open: Vec::new(),
            names: Vec::new(),
            name_ends: Vec::new(),
            declared_bytes: 0,
            has_root: false,
            done: false,
            text: Vec::new(),
            attributes: Vec::new(),
            fields: Vec::new(),
            next: None,
            deleted: false,
            header: None,
            cuts: 0,
            raw: Vec::new(),
            raw_position: 0,
            keeps_raw: false,
            too_large: false,
            sections: Vec::new(),
            repaired: Vec::new(),
            transcoded_from: None,
            declared: None,
            field_position: 0,
        }
    }

    /// Whether the root element has ended.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    pub(super) fn has_root(&self) -> bool {
        self.has_root
    }

    /// Says what the page is decoded from, or said to be in.
    pub(super) fn decoded_by(&mut self, decoder: &Decoder) {
        if self.transcoded_from.as_deref() != decoder.transcoded_from() {
            self.transcoded_from = decoder.transcoded_from().map(str::to_owned);
        }
        if self.declared.as_ref() != decoder.single_bytes() {
            self.declared = decoder.single_bytes().cloned();
        }
    }

    pub(super) fn take(
        &mut self,
        token: &Token<'_>,
        position: u64,
        items: &mut VecDeque<Item>,
    ) -> Result<(), PageError> {
        self.check_position(position)?;
        match *token {
            Token::Text(text) => self.text(text, text),
            Token::CData { raw, text } => self.cdata(raw, text),
            Token::Instruction(raw) => {
                self.instruction(raw);
                Ok(())
            }
            Token::Other(raw) => {
                self.keep(raw);
                Ok(())
            }
            Token::Start { raw, inside, empty } => {
                self.start(raw, inside, position)?;
                if empty { self.end(name_of(inside), &[], position, items) } else { Ok(()) }
            }
            Token::End { raw, name } => self.end(name, raw, position, items),
        }
    }

    /// What has not begun by then is no page, and what has not ended by then will not.
    fn check_position(&self, position: u64) -> Result<(), PageError> {
        if !self.has_root && position > self.limits.preamble_bytes {
            return Err(PageError::NotOaiPmh { start: String::new() });
        }
        if self.too_large && position - self.raw_position > self.limits.passed_over_bytes {
            return Err(PageError::TooLarge { position, what: "the bytes of a record" });
        }
        Ok(())
    }

    fn role(&self) -> Option<Role> {
        self.open.last().map(|open| open.role)
    }

    // --- text -----------------------------------------------------------------------------------------

    fn text(&mut self, raw: &[u8], text: &[u8]) -> Result<(), PageError> {
        self.keep(raw);
        if self.role() == Some(Role::Field) {
            if self.text.len() + text.len() > self.limits.field_bytes {
                let position = self.field_position;
                return Err(PageError::TooLarge { position, what: "the bytes of a field" });
            }
            self.text.extend_from_slice(text);
        }
        Ok(())
    }

    fn cdata(&mut self, raw: &[u8], text: &[u8]) -> Result<(), PageError> {
        if self.role() != Some(Role::Field) {
            return self.text(raw, &[]);
        }
        // What is literal here must not be resolved later.
        let mut escaped = Vec::with_capacity(text.len());
        for byte in text {
            match byte {
                b'&' => escaped.extend_from_slice(b"&amp;"),
                byte => escaped.push(*byte),
            }
        }
        self.text(raw, &escaped)
    }

    fn instruction(&mut self, raw: &[u8]) {
        let at = self.raw.len();
        self.keep(raw);
        let is_declaration = raw.starts_with(b"<?xml") && raw.get(5).is_some_and(u8::is_ascii_whitespace);
        if is_declaration
            && !self.too_large
            && self.in_section()
            && let Some((_, section)) = self.sections.last_mut()
        {
            section.cut(at, self.raw.len());
            self.cuts += 1;
            note(&mut self.repaired, "an XML declaration inside the record was left out".to_owned());
            self.count_parts();
        }
    }

    fn in_section(&self) -> bool {
        self.open.iter().any(|open| open.role == Role::Section)
    }

    /// Keeps the bytes of the record in hand.
    fn keep(&mut self, raw: &[u8]) {
        if !self.keeps_raw {
            return;
        }
        if self.raw.len() + raw.len() > self.limits.record_bytes {
            return self.outgrow(raw);
        }
        if self.raw.len() + raw.len() > RESERVED_BYTES && self.raw.capacity() < LARGE_BYTES {
            self.raw.reserve_exact(LARGE_BYTES - self.raw.len());
        }
        self.raw.extend_from_slice(raw);
    }

    /// Gives up the record in hand if it has too many parts.
    fn count_parts(&mut self) {
        if self.keeps_raw && self.fields.len() + self.sections.len() + self.cuts >= PARTS {
            self.outgrow(&[]);
        }
    }

    /// Gives up the record in hand, which goes on with `raw`. What is kept of it is its beginning, for quarantine: as much,
    /// whatever pieces it comes in.
    fn outgrow(&mut self, raw: &[u8]) {
        let kept = QUARANTINED_BYTES.min(self.limits.record_bytes);
        let room = kept.saturating_sub(self.raw.len()).min(raw.len());
        self.raw.extend_from_slice(&raw[..room]);
        self.raw.truncate(kept);
        self.raw.shrink_to_fit();
        self.too_large = true;
        self.keeps_raw = false;
    }

    // --- start tags -----------------------------------------------------------------------------------

    fn start(&mut self, raw: &[u8], inside: &[u8], position: u64) -> Result<(), PageError> {
        let name = name_of(inside);
        if name.is_empty()
            || !(name[0].is_ascii_alphabetic() || matches!(name[0], b'_' | b':') || name[0] >= 0x80)
        {
            return Err(PageError::NotWellFormed { position, detail: "a '<' that begins no tag".to_owned() });
        }
        if self.open.len() >= self.limits.depth {
            return Err(PageError::TooLarge { position, what: "the depth of elements" });
        }
        let role = self.role_of(local(name))?;
        let section_depth = self.open.iter().rposition(|open| open.role == Role::Section);
        match role {
            Role::Thing(thing) => self.begin(thing, inside, position),
            Role::Field => {
                self.text.clear();
                self.field_position = position;
                self.attributes = readable(inside);
            }
            Role::Container | Role::List | Role::Section | Role::Inside => {}
        }
        self.count_parts();
        let at = self.raw.len();
        self.keep(raw);
        if role == Role::Section && !self.too_large {
            let name = String::from_utf8_lossy(local(name)).into_owned();
            self.sections.push((name, Section::begin(self.raw.len())));
        } else if let Some(depth) = section_depth
            && !self.too_large
            && let Some((_, section)) = self.sections.last_mut()
        {
            section.open(at, inside, self.open.len() - depth - 1);
        }
        let declared = if section_depth.is_some() { Vec::new() } else { declarations(inside) };
        self.names.extend_from_slice(name);
        self.name_ends.push(self.names.len());
        self.declared_bytes += size(&declared);
        self.open.push(Open { role, declared });
        if self.names.len() + self.declared_bytes > SCOPE_BYTES {
            return Err(PageError::TooLarge { position, what: "the names of elements and namespaces" });
        }
        Ok(())
    }

    fn role_of(&mut self, local: &[u8]) -> Result<Role, PageError> {
        let Some(parent) = self.role() else {
            if local != b"OAI-PMH" {
                return Err(PageError::NotOaiPmh { start: String::new() });
            }
            self.has_root = true;
            return Ok(Role::Container);
        };
        Ok(match (parent, local) {
            (Role::Container | Role::List, b"ListRecords" | b"ListIdentifiers" | b"ListSets") => Role::List,
            (Role::Container | Role::List, b"responseDate" | b"request" | b"error" | b"resumptionToken") => {
                Role::Field
            }
            (Role::Container | Role::List, b"Identify") => Role::Thing(Thing::Identify),
            (Role::Container | Role::List, b"metadataFormat") => Role::Thing(Thing::Format),
            (Role::Container | Role::List, b"set") => Role::Thing(Thing::Set),
            (Role::Container | Role::List, b"record") => Role::Thing(Thing::Record),
            (Role::Container | Role::List | Role::Thing(Thing::Record), b"header") => {
                Role::Thing(Thing::Header)
            }
            (Role::Container | Role::List, _) => Role::Container,
            (Role::Thing(Thing::Record), b"metadata" | b"about") => Role::Section,
            (Role::Thing(Thing::Record), _) => Role::Inside,
            (Role::Thing(Thing::Identify), b"description") => Role::Section,
            (Role::Thing(Thing::Set), b"setDescription") => Role::Section,
            (Role::Thing(Thing::Identify | Thing::Format | Thing::Set | Thing::Header), _) => Role::Field,
            (Role::Field | Role::Section | Role::Inside, _) => Role::Inside,
        })
    }

    fn begin(&mut self, thing: Thing, inside: &[u8], position: u64) {
        let in_record = self.open.iter().any(|open| open.role == Role::Thing(Thing::Record));
        self.fields.clear();
        if thing == Thing::Header {
            self.deleted =
                readable(inside).iter().any(|(name, value)| name == "status" && value.trim() == "deleted");
        }
        if !in_record {
            self.header = None;
            self.cuts = 0;
            self.raw_position = position;
            match self.raw.capacity() > RESERVED_BYTES {
                true => self.raw = Vec::new(),
                false => self.raw.clear(),
            }
            self.sections.clear();
            self.repaired.clear();
            self.keeps_raw = true;
            self.too_large = false;
        }
    }

    // --- end tags -------------------------------------------------------------------------------------

    fn end(
        &mut self,
        name: &[u8],
        raw: &[u8],
        position: u64,
        items: &mut VecDeque<Item>,
    ) -> Result<(), PageError> {
        let start = self.name_ends.iter().rev().nth(1).copied().unwrap_or(0);
        if self.names[start..] != *name || self.open.is_empty() {
            let expected = String::from_utf8_lossy(&self.names[start..]).into_owned();
            let found = String::from_utf8_lossy(name);
            return Err(PageError::NotWellFormed {
                position,
                detail: format!("</{found}> where </{expected}> should be"),
            });
        }
        let section_end = self.raw.len();
        self.keep(raw);
        let Some(open) = self.open.pop() else { return Ok(()) };
        self.name_ends.pop();
        self.declared_bytes -= size(&open.declared);
        let local_name = String::from_utf8_lossy(local(name)).into_owned();
        self.names.truncate(start);
        match open.role {
            Role::Field => self.field(local_name, items),
            Role::Section => {
                if let Some((_, section)) = self.sections.last_mut() {
                    section.end(section_end);
                }
            }
            Role::Inside => self.close_inside(),
            Role::Thing(thing) => {
                self.thing(thing, &open.declared, items);
                self.too_large &= self.role() == Some(Role::Thing(Thing::Record));
            }
            Role::List => {
                let end = Next::End { complete_list_size: None, cursor: None };
                items.push_back(Item::Next(self.next.take().unwrap_or(end)));
            }
            Role::Container => {}
        }
        self.done = self.open.is_empty();
        Ok(())
    }

    fn close_inside(&mut self) {
        let depth = self.open.iter().rposition(|open| open.role == Role::Section);
        let at = self.raw.len();
        if let (Some(depth), Some((_, section))) = (depth, self.sections.last_mut()) {
            section.close(at, self.open.len() - depth - 1);
        }
    }

    fn field(&mut self, name: String, items: &mut VecDeque<Item>) {
        let text = unescape(&mend(&self.text, Kind::Text, self.declared.as_ref(), &mut self.repaired))
            .trim()
            .to_owned();
        self.text.clear();
        let attributes = std::mem::take(&mut self.attributes);
        if let Some(Role::Thing(_)) = self.role() {
            // What is too large will not be used.
            if !self.too_large {
                self.fields.push((name, text));
            }
            return;
        }
        match name.as_str() {
            "responseDate" => items.push_back(Item::ResponseDate(text)),
            "request" => items.push_back(Item::Request { arguments: attributes, base_url: text }),
            "error" => {
                let code =
                    attributes.iter().find(|(name, _)| name == "code").map_or("", |(_, code)| code.as_str());
                items
                    .push_back(Item::Error(OaiError { code: ErrorCode::parse(code), text: one_line(&text) }));
            }
            _ => self.next = Some(next(&text, &attributes)),
        }
    }
}
