//! Which quirks are on, and what each of them remembers.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard},
};

use super::{Hook, Quirk};

/// The quirks that are on. What one remembers begins when it is switched on, and ends when it is switched off.
#[derive(Debug, Default)]
pub(crate) struct Quirks(Mutex<BTreeMap<Quirk, Past>>);

#[derive(Debug, Default)]
struct Past {
    met: HashMap<String, u32>,
    kept: String,
    lists_ended: u32,
}

/// What one quirk remembers of the requests so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory<'a> {
    quirk: Quirk,
    quirks: &'a Quirks,
}

impl Quirks {
    pub(crate) fn new(on: impl IntoIterator<Item = Quirk>) -> Self {
        Self(Mutex::new(on.into_iter().map(|quirk| (quirk, Past::default())).collect()))
    }

    /// Switches a quirk on. One that is on already begins anew.
    pub(crate) fn switch_on(&self, quirk: Quirk) {
        self.lock().insert(quirk, Past::default());
    }

    pub(crate) fn switch_off(&self, quirk: Quirk) {
        self.lock().remove(&quirk);
    }

    pub(crate) fn switch_all_off(&self) {
        self.lock().clear();
    }

    pub(crate) fn is_on(&self, quirk: Quirk) -> bool {
        self.lock().contains_key(&quirk)
    }

    /// Those that are on, in the order of the table.
    pub(crate) fn on(&self) -> Vec<Quirk> {
        self.lock().keys().copied().collect()
    }

    /// The hooks of those that are on, in the order of the table, each with its quirk's memory.
    pub(super) fn hooks(&self) -> impl DoubleEndedIterator<Item = (Hook, Memory<'_>)> {
        self.on().into_iter().flat_map(move |quirk| {
            quirk.hooks().iter().map(move |hook| (*hook, Memory { quirk, quirks: self }))
        })
    }

    /// Notes that a list was given to its end.
    pub(super) fn list_ended(&self) {
        self.lock().values_mut().for_each(|past| past.lists_ended += 1);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Quirk, Past>> {
        self.0.lock().expect("no holder of the quirks panics")
    }
}

impl Memory<'_> {
    /// How often the quirk has met this, this time included.
    pub(super) fn nth(&self, what: &str) -> u32 {
        let mut quirks = self.quirks.lock();
        let Some(past) = quirks.get_mut(&self.quirk) else { return 1 };
        let count = past.met.entry(what.to_owned()).or_default();
        *count += 1;
        *count
    }

    /// How many lists were given to their end since the quirk was switched on.
    pub(super) fn lists_ended(&self) -> u32 {
        self.quirks.lock().get(&self.quirk).map_or(0, |past| past.lists_ended)
    }

    /// Keeps a text in the place of the one before.
    pub(super) fn keep(&self, text: &str) {
        if let Some(past) = self.quirks.lock().get_mut(&self.quirk) {
            past.kept = text.to_owned();
        }
    }

    /// The text that was kept last.
    pub(super) fn kept(&self) -> String {
        self.quirks.lock().get(&self.quirk).map(|past| past.kept.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_quirk_remembers_ends_with_it() {
        let quirks = Quirks::new([Quirk::Overloaded]);
        let memory = Memory { quirk: Quirk::Overloaded, quirks: &quirks };
        assert_eq!((memory.nth("a"), memory.nth("b"), memory.nth("a")), (1, 1, 2));
        quirks.list_ended();
        assert_eq!(memory.lists_ended(), 1);
        quirks.switch_on(Quirk::Overloaded);
        assert_eq!((memory.nth("a"), memory.lists_ended()), (1, 0));
        quirks.switch_off(Quirk::Overloaded);
        assert_eq!((memory.nth("a"), memory.nth("a")), (1, 1));
    }
}
