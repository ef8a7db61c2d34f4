//! What the things of a page come to, when they end.

use std::{borrow::Cow, collections::VecDeque};

use super::{
    super::{
        Broken, Item,
        decode::SingleBytes,
        mend::{Kind, mend},
        scope::Declarations,
        section::Section,
    },
    Builder, RESERVED_BYTES, Role, Thing,
    fields::identify,
};
use crate::types::{Header, MetadataFormat, Record, Set};

/// Bytes as XML can be read, copied only where something had to be mended.
fn mended(bytes: Vec<u8>, declared: Option<&SingleBytes>, repaired: &mut Vec<String>) -> Vec<u8> {
    match mend(&bytes, Kind::Xml, declared, repaired) {
        Cow::Borrowed(_) => bytes,
        Cow::Owned(mended) => mended.into_bytes(),
    }
}

impl Builder {
    pub(super) fn thing(&mut self, thing: Thing, declared: &Declarations, items: &mut VecDeque<Item>) {
        match thing {
            Thing::Header => {
                let header = self.take_header();
                if self.role() == Some(Role::Thing(Thing::Record)) {
                    self.header = Some(header);
                } else if self.too_large {
                    items.push_back(self.broken(header, "a header is larger than allowed".to_owned()));
                } else if header.identifier.is_empty() {
                    items.push_back(self.broken(header, "a header has no identifier".to_owned()));
                } else {
                    items.push_back(Item::Header(header));
                }
            }
            Thing::Record => {
                let item = self.record(declared);
                items.push_back(item);
            }
            Thing::Identify => {
                let descriptions = self.standalone("description", declared);
                items.push_back(Item::Identify(identify(std::mem::take(&mut self.fields), descriptions)));
            }
            Thing::Format => items.push_back(Item::Format(MetadataFormat {
                prefix: self.take_field("metadataPrefix"),
                schema: self.take_field("schema"),
                namespace: self.take_field("metadataNamespace"),
            })),
            Thing::Set => {
                let description = self.standalone("setDescription", declared).pop();
                let (spec, name) = (self.take_field("setSpec"), self.take_field("setName"));
                items.push_back(Item::Set(Set { spec, name, description }));
            }
        }
    }

    fn record(&mut self, declared: &Declarations) -> Item {
        let header = self.header.take();
        if self.too_large {
            let header = header.unwrap_or_default();
            let reason = format!("the record {} is larger than allowed", header.identifier);
            return self.broken(header, reason);
        }
        let Some(header) = header else {
            return self.broken(Header::default(), "a record has no header".to_owned());
        };
        if header.identifier.is_empty() {
            return self.broken(header, "a record has no identifier".to_owned());
        }
        let about = self.standalone("about", declared);
        let metadata = self.last_metadata(declared);
        if self.too_large {
            let reason =
                format!("the record {} is larger than allowed by what it inherits", header.identifier);
            return self.broken(header, reason);
        }
        if metadata.is_none() && !header.deleted {
            let reason = format!("the record {} has no metadata and is not deleted", header.identifier);
            return self.broken(header, reason);
        }
        let mut repaired = std::mem::take(&mut self.repaired);
        repaired.extend(self.transcoded_from.as_ref().map(|encoding| format!("transcoded from {encoding}")));
        Item::Record(Record { header, metadata, about, repaired })
    }

    fn broken(&mut self, header: Header, reason: String) -> Item {
        self.keeps_raw = false;
        Item::Broken(Broken { header, fragment: std::mem::take(&mut self.raw), reason })
    }

    /// The sections of that name, each by itself. None, and the record is too large, when they are more than a record may be:
    /// each has its own copy of the namespaces that it inherits.
    fn standalone(&mut self, name: &str, declared: &Declarations) -> Vec<Vec<u8>> {
        if self.too_large {
            return Vec::new();
        }
        let scopes: Vec<&Declarations> =
            self.open.iter().map(|open| &open.declared).chain([declared]).collect();
        let wanted = self.sections.iter().filter(|(known, section)| known == name && !section.is_empty());
        let (mut all, mut room) = (Vec::new(), self.limits.record_bytes);
        for (_, section) in wanted {
            let edits = section.edits(&self.raw, &scopes);
            let Some(left) = room.checked_sub(section.size(&edits)) else {
                self.too_large = true;
                return Vec::new();
            };
            room = left;
            let bytes = section.standalone(&self.raw, &edits);
            all.push(mended(bytes, self.declared.as_ref(), &mut self.repaired));
        }
        all
    }

    /// The metadata by itself: the last one, if there are several. What is large is taken out of the raw bytes, which are then
    /// no longer needed. None, and the record is too large, when it is more than a record may be.
    fn last_metadata(&mut self, declared: &Declarations) -> Option<Vec<u8>> {
        let is_metadata = |(name, section): &&(String, Section)| name == "metadata" && !section.is_empty();
        let (_, section) = self.sections.iter().rfind(is_metadata).filter(|_| !self.too_large)?;
        let scopes: Vec<&Declarations> =
            self.open.iter().map(|open| &open.declared).chain([declared]).collect();
        let edits = section.edits(&self.raw, &scopes);
        if section.size(&edits) > self.limits.record_bytes {
            self.too_large = true;
            return None;
        }
        let bytes = match self.raw.len() > RESERVED_BYTES {
            true => section.taken_out_of(std::mem::take(&mut self.raw), edits),
            false => section.standalone(&self.raw, &edits),
        };
        Some(mended(bytes, self.declared.as_ref(), &mut self.repaired))
    }

    fn take_header(&mut self) -> Header {
        let mut header = Header { deleted: self.deleted, ..Header::default() };
        for (name, text) in self.fields.drain(..) {
            match name.as_str() {
                "identifier" => header.identifier = text,
                "datestamp" => header.datestamp = text,
                "setSpec" if !text.is_empty() => header.sets.push(text),
                _ => {}
            }
        }
        header
    }

    fn take_field(&mut self, name: &str) -> String {
        let found = self.fields.iter_mut().find(|(known, _)| known == name);
        found.map(|(_, text)| std::mem::take(text)).unwrap_or_default()
    }
}
