//! MPEG-21 DIDL: the resources of its items.
//!
//! Two shapes. DSpace and EPrints: every `Component` > `Resource@ref @mimeType` is a file. DRIVER, and the Dutch
//! repositories: items within the item, each with what it is in a `Descriptor` (`dip:ObjectType`, or `rdf:type`):
//! `info:eu-repo/semantics/objectFile`, `…/humanStartPage`, `…/descriptiveMetadata`; the outer item's own resource is
//! then the landing page. The namespace is `urn:mpeg:mpeg21:2002:02-DIDL-NS`.

use chrono::NaiveDate;

use crate::{
    Found, Method, Record,
    announced::{Announced, Gathering},
    finder::Finder,
    link,
    payload::Payload,
    rights::{Access, last_day},
    xml::{Broken, Element, Level, Walker},
};

pub(crate) const FINDER: Finder = Finder {
    roots: &["DIDL"],
    find,
    namespaces: &["urn:mpeg:mpeg21:2002:02-DIDL-NS", "urn:mpeg:mpeg21:2002:01-DIDL-NS"],
    prefixes: &["didl", "oai_didl", "nl_didl", "nl_didl_norm", "dare_didl"],
    media_types: &[],
    rank: 70,
};

fn find(record: &Record<'_>, mut payload: Payload<'_>) -> Result<Option<Found>, Broken> {
    let mut didl = Didl { items: Vec::new(), gathering: Gathering::new(Method::Didl, record.today) };
    let end = didl.read(&mut payload.walker, payload.root.inside());
    Ok(Some(didl.found(end)))
}

struct Didl {
    /// The items, in the order of their starts.
    items: Vec<Item>,
    gathering: Gathering,
}

#[derive(Default)]
struct Item {
    /// What its descriptors say that it is.
    kind: Option<Kind>,
    access: Option<Access>,
    /// When an embargo ends.
    available: Option<NaiveDate>,
    resources: Vec<Announced>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    LandingPage,
    Other,
}

impl Didl {
    fn read(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<(), Broken> {
        // The items that are open, innermost last.
        let mut open: Vec<(Level, usize)> = Vec::new();
        while let Some(element) = walker.descendant(inside)? {
            while open.pop_if(|(level, _)| *level >= element.inside()).is_some() {}
            if element.name() == "Item" {
                open.push((element.inside(), self.items.len()));
                self.items.push(Item::default());
            } else if let Some(item) = open.last().and_then(|&(_, at)| self.items.get_mut(at)) {
                match element.name() {
                    "Descriptor" => item.read_descriptor(walker, element.inside())?,
                    "Resource" => item.read_resource(walker, &element)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn found(mut self, end: Result<(), Broken>) -> Found {
        let says_kinds = self.items.iter().any(|item| item.kind.is_some());
        let today = self.gathering.today;
        for item in self.items {
            let kind = match item.kind {
                Some(kind) => kind,
                None if says_kinds => Kind::LandingPage,
                // Where the XML breaks, an item that says what it is may have followed.
                None if end.is_err() => Kind::Other,
                None => Kind::File,
            };
            let availability = item.access.map(|access| access.on(today, item.available)).unwrap_or_default();
            for resource in item.resources {
                match kind {
                    Kind::File => {
                        let availability = availability.clone();
                        self.gathering.file(Announced { availability, ..resource });
                    }
                    Kind::LandingPage => {
                        self.gathering.landing_page.offer(&resource.url.unwrap_or_default());
                    }
                    Kind::Other => {}
                }
            }
        }
        self.gathering.found(end)
    }
}

impl Item {
    /// Reads what a `Statement` says of the item. Descriptive metadata in it is skipped: its terms have the same
    /// names.
    fn read_descriptor(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<(), Broken> {
        while let Some(statement) = walker.child(inside)? {
            while let Some(said) = walker.child(statement.inside())? {
                match said.name() {
                    "ObjectType" | "type" => {
                        let kind = match said.attribute("resource") {
                            Some(resource) => resource,
                            None => walker.text(&said)?,
                        };
                        // An item may have a second type, such as its version.
                        self.kind = self.kind.or(Kind::of(&kind));
                    }
                    "accessRights" => self.access = Access::of(&walker.text(&said)?),
                    "available" => self.available = last_day(&walker.text(&said)?),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn read_resource(&mut self, walker: &mut Walker<'_>, element: &Element<'_>) -> Result<(), Broken> {
        let content_type = element.attribute("mimeType");
        let url = match element.attribute("ref") {
            Some(url) => Some(url),
            // Without a reference the resource is in it: XML, base64, or again an address.
            None => walker.value(element)?.filter(|text| link::http(text).is_some()),
        };
        if url.is_some() {
            self.resources.push(Announced { url, content_type, ..Announced::default() });
        }
        Ok(())
    }
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        match name.trim().rsplit('/').next()? {
            "objectFile" => Some(Self::File),
            "humanStartPage" => Some(Self::LandingPage),
            "descriptiveMetadata" => Some(Self::Other),
            _ => None,
        }
    }
}
