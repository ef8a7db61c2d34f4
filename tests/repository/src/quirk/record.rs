//! The fifth stage: one header or record, and what Identify and ListSets say.

use crate::{
    item::Set,
    oai::{Entry, Identity, ListedSet},
};

use super::{
    Hook, Quirks, concerns,
    gate::{self, NEW_PATH},
};

/// Changes an entry before it is written.
pub(crate) fn change(quirks: &Quirks, entry: &mut Entry) {
    for (hook, _) in quirks.hooks() {
        if let Hook::Record(change) = hook {
            change(entry);
        }
    }
}

/// Changes what Identify says.
pub(crate) fn identify(quirks: &Quirks, identity: &mut Identity) {
    for (hook, _) in quirks.hooks() {
        if let Hook::Identify(change) = hook {
            change(identity);
        }
    }
}

/// Changes a set of ListSets.
pub(crate) fn set(quirks: &Quirks, set: &mut ListedSet) {
    for (hook, _) in quirks.hooks() {
        if let Hook::Set(change) = hook {
            change(set);
        }
    }
}

/// Adds XML to the end of the title, wherever the metadata has it, of the items that are concerned.
fn add_to_title(entry: &mut Entry, xml: &str) {
    if concerns(entry.number)
        && let Some(metadata) = &mut entry.metadata
    {
        *metadata = metadata.replace(&entry.title, &format!("{}{xml}", entry.title));
    }
}

pub(super) fn control_characters(entry: &mut Entry) {
    add_to_title(entry, " \u{3}\u{1a}");
}

pub(super) fn control_references(entry: &mut Entry) {
    add_to_title(entry, " &#3;&#x1A;");
}

pub(super) fn non_characters(entry: &mut Entry) {
    add_to_title(entry, " \u{fffe}\u{ffff}");
}

pub(super) fn surrogate_pair(entry: &mut Entry) {
    add_to_title(entry, " &#55349;&#56396;");
}

pub(super) fn lone_surrogate(entry: &mut Entry) {
    add_to_title(entry, " &#55349;");
}

/// What stands for the byte that no text can hold, until the text has become bytes. No title has it.
pub(super) const PLACEHOLDER: char = '\u{e000}';

pub(super) fn placeholder(entry: &mut Entry) {
    add_to_title(entry, &format!(" caf{PLACEHOLDER}"));
}

/// A character that windows-1252 has and ISO-8859-1 has not.
pub(super) const CURLY_QUOTE: char = '’';

pub(super) fn curly_quote(entry: &mut Entry) {
    add_to_title(entry, &format!(" the farmer{CURLY_QUOTE}s"));
}

pub(super) fn whole_days(entry: &mut Entry) {
    if let Some(datestamp) = &mut entry.datestamp {
        datestamp.truncate("YYYY-MM-DD".len());
    }
}

pub(super) fn without_identifier(entry: &mut Entry) {
    if concerns(entry.number) {
        entry.identifier = None;
    }
}

pub(super) fn without_datestamp(entry: &mut Entry) {
    if concerns(entry.number) {
        entry.datestamp = None;
    }
}

pub(super) fn without_metadata(entry: &mut Entry) {
    if concerns(entry.number) {
        entry.metadata = None;
    }
}

pub(super) fn declaration(entry: &mut Entry) {
    if let Some(metadata) = &mut entry.metadata {
        metadata.insert_str(0, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    }
}

pub(super) fn odd_sets(entry: &mut Entry) {
    for spec in &mut entry.sets {
        *spec = odd_spec(spec);
    }
}

pub(super) fn odd_set(set: &mut ListedSet) {
    set.spec = odd_spec(&set.spec);
    set.name = format!("{} <of> R&D/100% +", set.name);
}

fn odd_spec(spec: &str) -> String {
    format!("R&D/100% +:{spec}")
}

/// The set that an odd `setSpec` stands for.
pub(super) fn plain_spec(odd: &str) -> Option<String> {
    Set::ALL.into_iter().map(Set::spec).find(|spec| odd_spec(spec) == odd)
}

pub(super) fn grant_days(identity: &mut Identity) {
    identity.granularity = "YYYY-MM-DD";
    identity.earliest.truncate("YYYY-MM-DD".len());
}

pub(super) fn promise_no_deletions(identity: &mut Identity) {
    identity.deleted_record = "no";
}

pub(super) fn new_base_url(identity: &mut Identity) {
    identity.base_url = format!("{}{NEW_PATH}", identity.url);
}

pub(super) fn https_base_url(identity: &mut Identity) {
    identity.base_url = gate::https(&identity.base_url);
}

pub(super) fn wrong_base_url(identity: &mut Identity) {
    identity.base_url = format!("{}/oai/request", identity.url);
}
