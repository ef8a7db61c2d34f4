//! `application/linkset+json` (RFC 9264, section 4.2):
//! `{"linkset": [{"anchor": …, "item": [{"href": …, "type": …}, …], …}, …]}`.
//!
//! Nothing is kept but the relations that are looked for, so that memory does not grow with the others.

use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

use super::typed_link::TypedLink;

#[derive(Deserialize)]
struct Linkset<'a> {
    #[serde(borrow)]
    linkset: Vec<Context<'a>>,
}

/// The links of one anchor, by relation. Other relations lead to nothing that is of use.
#[derive(Deserialize)]
struct Context<'a> {
    #[serde(borrow)]
    item: Option<&'a RawValue>,
    #[serde(borrow)]
    describedby: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Target {
    href: String,
    r#type: Option<String>,
    title: Option<String>,
    profile: Option<Profile>,
}

/// A target attribute that is not of the RFC is a list (section 4.2.4.3); many write a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Profile {
    One(String),
    Many(Vec<String>),
}

/// The links to items and to metadata, resolved against `base`. What is no link is skipped.
///
/// # Errors
/// What is no link set.
pub(super) fn parse(body: &[u8], base: &Url) -> Result<Vec<TypedLink>, serde_json::Error> {
    let set: Linkset<'_> = serde_json::from_slice(body)?;
    let mut links = Vec::new();
    for context in set.linkset {
        for (relation, targets) in [("item", context.item), ("describedby", context.describedby)] {
            links.extend(targets.into_iter().flat_map(targets_of).map(|target| target.link(base, relation)));
        }
    }
    Ok(links)
}

/// The targets of a relation: a list of them, or one without the list.
fn targets_of(raw: &RawValue) -> Vec<Target> {
    let list: Result<Vec<&RawValue>, _> = serde_json::from_str(raw.get());
    let list = list.unwrap_or_else(|_| vec![raw]);
    list.into_iter().filter_map(|target| serde_json::from_str(target.get()).ok()).collect()
}

impl Target {
    fn link(self, base: &Url, relation: &str) -> TypedLink {
        let profile = self.profile.map(|profile| match profile {
            Profile::One(name) => name,
            Profile::Many(names) => names.join(" "),
        });
        TypedLink {
            content_type: self.r#type,
            title: self.title,
            profile,
            ..TypedLink::new(&self.href, base, relation)
        }
    }
}
