//! DSpace's internal format, `xoai`: every bitstream of every bundle, with size and digest.
//!
//! Everything is an `element` or a `field` with a `name`: `metadata` > `bundles` > `bundle` (`name`) > `bitstreams` >
//! `bitstream` (`name`, `format`, `size`, `url`, `checksum`, `checksumAlgorithm`). DSpace 7.6 adds each bitstream's
//! `resourcePolicies`; `others` > `access-status` speaks for the item as a whole. The namespace is
//! `http://www.lyncode.com/xoai`.

use chrono::NaiveDate;

use crate::{
    Availability, Found, Method, Record,
    announced::{Announced, Gathering},
    finder::Finder,
    payload::Payload,
    rights::{Access, last_day, until},
    xml::{Broken, Element, Level, Walker},
};

use super::bundle;

pub(crate) const FINDER: Finder = Finder {
    // The format's own root is `metadata`, like OAI-PMH's: where that is missing, its first `element` is met.
    roots: &["metadata", "element"],
    find,
    namespaces: &["http://www.lyncode.com/xoai"],
    prefixes: &["xoai"],
    media_types: &[],
    rank: 85,
};

fn find(record: &Record<'_>, mut payload: Payload<'_>) -> Result<Option<Found>, Broken> {
    let mut item = Item::new(record.today);
    let walker = &mut payload.walker;
    let end = match payload.root.name() {
        "metadata" => item.read(walker, payload.root.inside()),
        _ => item.read_part(walker, &payload.root).and_then(|()| item.read(walker, payload.level)),
    };
    Ok(Some(item.found(end)))
}

struct Item {
    /// Each with who may see it, where that is said of the bitstream itself.
    bitstreams: Vec<(Announced, Option<Availability>)>,
    /// Who may see the item, and from when.
    status: Option<Access>,
    from: Option<NaiveDate>,
    gathering: Gathering,
}

impl Item {
    fn new(today: NaiveDate) -> Self {
        Self {
            bitstreams: Vec::new(),
            status: None,
            from: None,
            gathering: Gathering::new(Method::Xoai, today),
        }
    }

    /// Only what lies on the first level is the item's own: records of related items may be nested in it.
    fn read(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<(), Broken> {
        while let Some(part) = walker.child(inside)? {
            self.read_part(walker, &part)?;
        }
        Ok(())
    }

    fn read_part(&mut self, walker: &mut Walker<'_>, part: &Element<'_>) -> Result<(), Broken> {
        match name_of(part).as_str() {
            "dc" => self.read_identifiers(walker, part.inside()),
            "bundles" => self.read_bundles(walker, part.inside()),
            "others" => self.read_others(walker, part.inside()),
            _ => Ok(()),
        }
    }

    /// `dc.identifier.uri`, in whatever language.
    fn read_identifiers(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<(), Broken> {
        while let Some(identifier) = named(walker, inside, "identifier")? {
            while let Some(uri) = named(walker, identifier.inside(), "uri")? {
                while let Some(field) = walker.descendant(uri.inside())? {
                    if name_of(&field) == "value" {
                        self.gathering.landing_page.offer(&walker.text(&field)?);
                    }
                }
            }
        }
        Ok(())
    }

    fn read_bundles(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<(), Broken> {
        while let Some(bundle) = named(walker, inside, "bundle")? {
            let mut is_derived = false;
            while let Some(child) = walker.child(bundle.inside())? {
                match name_of(&child).as_str() {
                    "name" => is_derived = bundle::is_derived(&walker.text(&child)?),
                    "bitstreams" => self.read_bitstreams(walker, child.inside(), is_derived)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn read_bitstreams(
        &mut self,
        walker: &mut Walker<'_>,
        inside: Level,
        is_derived: bool,
    ) -> Result<(), Broken> {
        while let Some(element) = named(walker, inside, "bitstream")? {
            let (bitstream, policies) = self.read_bitstream(walker, element.inside())?;
            let availability = match is_derived {
                true => Some(Availability::Derived),
                false => availability(&policies, self.gathering.today),
            };
            self.bitstreams.push((bitstream, availability));
        }
        Ok(())
    }

    fn read_bitstream(
        &mut self,
        walker: &mut Walker<'_>,
        inside: Level,
    ) -> Result<(Announced, Vec<Policy>), Broken> {
        let (mut bitstream, mut policies) = (Announced::default(), Vec::new());
        while let Some(child) = walker.child(inside)? {
            match name_of(&child).as_str() {
                "name" => bitstream.name = Some(walker.text(&child)?),
                "format" => bitstream.content_type = walker.value(&child)?,
                "size" => bitstream.size = walker.value(&child)?,
                "url" => bitstream.url = walker.value(&child)?,
                "checksum" => bitstream.digest = walker.value(&child)?,
                "checksumAlgorithm" => bitstream.digest_type = walker.value(&child)?,
                "resourcePolicies" => {
                    while let Some(policy) = walker.child(child.inside())? {
                        policies.push(self.read_policy(walker, policy.inside())?);
                    }
                }
                _ => {}
            }
        }
        Ok((bitstream, policies))
    }

    fn read_policy(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<Policy, Broken> {
        let mut policy = Policy::default();
        while let Some(field) = walker.child(inside)? {
            let value = walker.value(&field)?.unwrap_or_default();
            match name_of(&field).as_str() {
                "action" => policy.action = value,
                "group" => policy.group = value,
                "start-date" => {
                    policy.start = last_day(&value).map_or(Start::Unknown, Start::On);
                    if policy.start == Start::Unknown {
                        self.gathering.problem(format!("the start of a policy is no date: {value:?}"));
                    }
                }
                _ => {}
            }
        }
        Ok(policy)
    }

    fn read_others(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<(), Broken> {
        while let Some(child) = walker.child(inside)? {
            match name_of(&child).as_str() {
                "handle" => {
                    let handle = walker.text(&child)?;
                    self.gathering.landing_page.offer(&format!("hdl:{}", handle.trim()));
                }
                "access-status" => {
                    while let Some(field) = walker.child(child.inside())? {
                        match name_of(&field).as_str() {
                            "value" => self.status = Access::of(&walker.text(&field)?),
                            "embargo" => self.from = last_day(&walker.text(&field)?),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn found(mut self, end: Result<(), Broken>) -> Found {
        let today = self.gathering.today;
        let of_item = self.status.map_or(Availability::Open, |status| status.on(today, self.from));
        for (bitstream, availability) in self.bitstreams {
            let availability = availability.unwrap_or_else(|| of_item.clone());
            self.gathering.file(Announced { availability, ..bitstream });
        }
        self.gathering.found(end)
    }
}

/// A rule of who may do what with a bitstream.
#[derive(Default)]
struct Policy {
    action: String,
    group: String,
    start: Start,
}

/// From when a rule holds.
#[derive(Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Start {
    #[default]
    Ever,
    On(NaiveDate),
    /// That cannot be read: better closed by mistake than open.
    Unknown,
}

/// What policies come to; `None` when none is about reading. The group `Anonymous` is everyone.
fn availability(policies: &[Policy], today: NaiveDate) -> Option<Availability> {
    let reading = || policies.iter().filter(|policy| policy.action == "READ");
    let group = reading().next()?.group.clone();
    let for_everyone = reading().filter(|policy| policy.group == "Anonymous");
    Some(match for_everyone.map(|policy| policy.start).min() {
        Some(Start::Ever) => Availability::Open,
        Some(Start::On(start)) => until(today, start),
        Some(Start::Unknown) | None => Availability::Restricted { security: group },
    })
}

/// The `name` that says what an element or a field is.
fn name_of(element: &Element<'_>) -> String {
    element.attribute("name").unwrap_or_default()
}

/// The next child with this `name`.
fn named<'a>(walker: &mut Walker<'a>, inside: Level, name: &str) -> Result<Option<Element<'a>>, Broken> {
    while let Some(child) = walker.child(inside)? {
        if name_of(&child) == name {
            return Ok(Some(child));
        }
    }
    Ok(None)
}
