//! ListSets (OAI-PMH 2.0, section 4.6).

use crate::{
    item::Set,
    quirk,
    repository::Repository,
    xml::{element, escape},
};

use super::{error::OaiError, token};

/// What a token of this list begins with; the number of sets listed so far follows.
const TOKEN: &str = "verb=ListSets&after=";

/// A set as it is listed.
#[derive(Debug, Clone)]
pub(crate) struct ListedSet {
    pub(crate) spec: String,
    pub(crate) name: String,
}

/// How many sets were listed before this token.
pub(super) fn after(text: &str) -> Result<usize, OaiError> {
    text.strip_prefix(TOKEN).and_then(|after| after.parse().ok()).ok_or_else(token::bad)
}

/// The page behind the first `after` sets.
pub(super) fn sets(repository: &Repository, after: usize) -> Result<String, OaiError> {
    let limit = repository.settings.sets_per_page.map_or(Set::ALL.len(), |limit| limit.get() as usize);
    if after >= Set::ALL.len() || !after.is_multiple_of(limit) {
        return Err(token::bad());
    }
    let sets: String =
        Set::ALL.iter().skip(after).take(limit).map(|set| set_element(repository, *set)).collect();
    Ok(format!("<ListSets>\n{sets}{}</ListSets>\n", resumption(repository, after, after + limit)))
}

fn set_element(repository: &Repository, set: Set) -> String {
    let mut listed = ListedSet { spec: set.spec(), name: set.name().to_owned() };
    quirk::record::set(&repository.quirks, &mut listed);
    format!("<set>\n{}{}</set>\n", element("setSpec", &listed.spec), element("setName", &listed.name))
}

fn resumption(repository: &Repository, after: usize, next: usize) -> String {
    let attributes = format!("completeListSize=\"{}\" cursor=\"{after}\"", Set::ALL.len());
    if next < Set::ALL.len() {
        let text = quirk::request::token_text(&repository.quirks, &format!("{TOKEN}{next}"));
        format!("<resumptionToken {attributes}>{}</resumptionToken>\n", escape(&text))
    } else if after > 0 {
        format!("<resumptionToken {attributes}/>\n")
    } else {
        String::new()
    }
}
