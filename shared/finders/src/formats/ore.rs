//! OAI-ORE resource maps: what an aggregation aggregates.
//!
//! In Atom (ORE 1.0, "Resource Map Implementation in Atom"): `entry` > `link@rel="…/ore/terms/aggregates"` with `href`,
//! `title`, `type` and `length`, and descriptions in RDF under `triples`. In RDF/XML: `RDF`, with `ore:aggregates` and
//! descriptions. DSpace says in a description to which bundle a bitstream belongs; those outside of the bundle
//! `ORIGINAL` have a description only. EPrints aggregates its own export too, and says to what that conforms.

use std::collections::HashMap;

use crate::{
    Availability, Found, Method, Record,
    announced::{Announced, Gathering},
    finder::Finder,
    payload::Payload,
    xml::{Broken, Element, Level, Walker},
};

use super::bundle;

pub(crate) const FINDER: Finder = Finder {
    roots: &["entry", "RDF"],
    find,
    namespaces: &["http://www.openarchives.org/ore/terms", "http://www.openarchives.org/ore/atom"],
    prefixes: &["ore", "oai_ore", "rem_atom", "rem_rdf"],
    media_types: &[],
    rank: 80,
};

fn find(record: &Record<'_>, mut payload: Payload<'_>) -> Result<Option<Found>, Broken> {
    let mut map = ResourceMap {
        aggregated: Vec::new(),
        order: Vec::new(),
        described: HashMap::new(),
        gathering: Gathering::new(Method::Ore, record.today),
    };
    let end = map.read(&mut payload.walker, payload.root.inside());
    // Other feeds are Atom, other records RDF.
    let is_ore = payload.declares("openarchives.org/ore/") || !map.aggregated.is_empty();
    Ok(is_ore.then(|| map.found(end)))
}

struct ResourceMap {
    aggregated: Vec<Announced>,
    /// The URIs that are described, in document order.
    order: Vec<String>,
    described: HashMap<String, Description>,
    gathering: Gathering,
}

/// What is said of a resource.
#[derive(Default)]
struct Description {
    /// The bundle of a DSpace bitstream, which has it as its description.
    text: Option<String>,
    types: Vec<String>,
    format: Option<String>,
    title: Option<String>,
    extent: Option<String>,
    conforms_to: Option<String>,
}

impl ResourceMap {
    fn read(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<(), Broken> {
        // The resources whose descriptions are open.
        let mut subjects: Vec<(Level, String)> = Vec::new();
        // Where the next resource described is an aggregated one: RDF/XML may nest it.
        let mut aggregating: Option<Level> = None;
        while let Some(element) = walker.descendant(inside)? {
            while subjects.pop_if(|(level, _)| *level >= element.inside()).is_some() {}
            aggregating = aggregating.filter(|level| *level < element.inside());
            if let Some(about) = element.attribute("about") {
                if aggregating.take().is_some() {
                    self.aggregate(&about);
                }
                self.describe(&about);
                subjects.push((element.inside(), about));
            } else if element.name() == "link" {
                self.read_link(&element);
            } else if element.name() == "aggregates" {
                match element.attribute("resource") {
                    Some(resource) => self.aggregate(&resource),
                    None => aggregating = Some(element.inside()),
                }
            } else if let Some((_, subject)) = subjects.last() {
                self.read_property(walker, subject, &element)?;
            }
        }
        Ok(())
    }

    fn read_link(&mut self, link: &Element<'_>) {
        let relation = link.attribute("rel").unwrap_or_default();
        if relation == "alternate" {
            self.gathering.landing_page.offer(&link.attribute("href").unwrap_or_default());
        } else if relation.ends_with("/ore/terms/aggregates") {
            self.aggregated.push(Announced {
                url: link.attribute("href"),
                label: link.attribute("title"),
                size: link.attribute("length"),
                content_type: link.attribute("type"),
                ..Announced::default()
            });
        }
    }

    fn aggregate(&mut self, uri: &str) {
        self.aggregated.push(Announced { url: Some(uri.to_owned()), ..Announced::default() });
    }

    fn describe(&mut self, uri: &str) -> &mut Description {
        if !self.described.contains_key(uri) {
            self.order.push(uri.to_owned());
        }
        self.described.entry(uri.to_owned()).or_default()
    }

    fn read_property(
        &mut self,
        walker: &mut Walker<'_>,
        subject: &str,
        property: &Element<'_>,
    ) -> Result<(), Broken> {
        let name = property.name();
        if !["description", "type", "format", "title", "extent", "conformsTo"].contains(&name) {
            return Ok(());
        }
        let value = match property.attribute("resource") {
            Some(resource) => Some(resource),
            None => walker.value(property)?,
        };
        let description = self.describe(subject);
        match name {
            "description" => description.text = value,
            "format" => description.format = value,
            "title" => description.title = value,
            "extent" => description.extent = value,
            "conformsTo" => description.conforms_to = value,
            _ => description.types.extend(value),
        }
        Ok(())
    }

    fn found(mut self, end: Result<(), Broken>) -> Found {
        for file in std::mem::take(&mut self.aggregated) {
            self.emit(file);
        }
        for uri in std::mem::take(&mut self.order) {
            if self.described.get(&uri).is_some_and(|about| about.has_type("DSpaceBitstream")) {
                self.emit(Announced { url: Some(uri), ..Announced::default() });
            }
        }
        self.gathering.found(end)
    }

    fn emit(&mut self, file: Announced) {
        let about = file.url.as_ref().and_then(|url| self.described.get(url));
        match about {
            Some(about) if about.has_type("humanStartPage") => {
                self.gathering.landing_page.offer(&file.url.unwrap_or_default());
            }
            Some(about) => {
                let file = about.complete(file);
                self.gathering.file(file);
            }
            None => self.gathering.file(file),
        }
    }
}

impl Description {
    /// Whether one of its types ends in this word.
    fn has_type(&self, word: &str) -> bool {
        self.types.iter().any(|name| name.rsplit(['/', '#']).next() == Some(word))
    }

    /// Adds to a file what its link does not say.
    fn complete(&self, file: Announced) -> Announced {
        let is_derived = self.text.as_deref().is_some_and(bundle::is_derived)
            || self.conforms_to.is_some()
            || self.has_type("descriptiveMetadata");
        // `http://purl.org/NET/mediatypes/application/pdf`
        let format =
            self.format.as_deref().map(|format| format.rsplit_once("mediatypes/").map_or(format, |(_, t)| t));
        // `123 bytes`, `123`, `12 pages`
        let size = self.extent.as_deref().map(|extent| extent.trim_end_matches("bytes").trim());
        let size = size.filter(|size| size.bytes().all(|byte| byte.is_ascii_digit()));
        Announced {
            label: file.label.or_else(|| self.title.clone()),
            size: file.size.or_else(|| size.map(str::to_owned)),
            content_type: file.content_type.or_else(|| format.map(str::to_owned)),
            availability: if is_derived { Availability::Derived } else { Availability::Open },
            ..file
        }
    }
}
