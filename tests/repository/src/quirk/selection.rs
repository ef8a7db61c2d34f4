//! The third stage: which items there seem to be, and what a list selects.

use chrono::TimeDelta;

use crate::{
    catalogue::{Order, Selection, State, Status, earliest},
    datestamp,
    repository::Repository,
};

use super::{Hook, Memory, Quirks, concerns};

/// How items appear.
pub(crate) struct Appearances<'a>(Vec<(Appears, Memory<'a>)>);

type Appears = fn(u32, State, &Memory<'_>) -> Option<State>;

impl<'a> Appearances<'a> {
    /// As the quirks have it that are on now.
    pub(crate) fn new(quirks: &'a Quirks) -> Self {
        let appears = quirks.hooks().filter_map(|(hook, memory)| {
            let Hook::Appearance(appears) = hook else { return None };
            Some((appears, memory))
        });
        Self(appears.collect())
    }

    /// An item as it appears; `None` when it is hidden.
    pub(crate) fn of(&self, item: u32, state: State) -> Option<State> {
        self.0.iter().try_fold(state, |state, (appears, memory)| appears(item, state, memory))
    }
}

/// What a list selects.
pub(crate) fn selected(quirks: &Quirks, mut selection: Selection) -> Selection {
    for (hook, _) in quirks.hooks() {
        if let Hook::Selection(change) = hook {
            change(&mut selection);
        }
    }
    selection
}

/// A list was given to its end.
pub(crate) fn list_ends(repository: &Repository) {
    repository.quirks.list_ended();
    for (hook, _) in repository.quirks.hooks() {
        if let Hook::Ending(happen) = hook {
            happen(repository);
        }
    }
}

pub(super) fn hide_until_listed(item: u32, state: State, memory: &Memory<'_>) -> Option<State> {
    (!concerns(item) || memory.lists_ended() > 0).then_some(state)
}

pub(super) fn hide_once_listed(item: u32, state: State, memory: &Memory<'_>) -> Option<State> {
    (!concerns(item) || memory.lists_ended() == 0).then_some(state)
}

pub(super) fn hide_deleted(_: u32, state: State, _: &Memory<'_>) -> Option<State> {
    match state.status {
        Status::Live => Some(state),
        Status::Deleted => None,
    }
}

pub(super) fn delete_nine_in_ten(item: u32, state: State, _: &Memory<'_>) -> Option<State> {
    Some(if item.is_multiple_of(10) { state } else { State { status: Status::Deleted, ..state } })
}

pub(super) fn shuffle(selection: &mut Selection) {
    selection.order = Order::Shuffled;
}

pub(super) fn ignore_until(selection: &mut Selection) {
    selection.until = None;
}

pub(super) fn imply_until(selection: &mut Selection) {
    let from = selection.from.unwrap_or_else(earliest);
    selection.until.get_or_insert(from + TimeDelta::days(365));
}

pub(super) fn change_last(repository: &Repository) {
    // Without items there is none to change.
    let _ = repository.catalogue.change(repository.settings.items, datestamp::now());
}

pub(super) fn reuse_identifier(repository: &Repository) {
    // With fewer than three items there is none to reuse.
    let _ = repository.catalogue.reuse(3, datestamp::now());
}
