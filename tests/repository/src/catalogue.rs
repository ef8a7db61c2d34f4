//! The items' states: what changes while the repository runs.

use std::sync::{Mutex, MutexGuard};

use chrono::{TimeDelta, TimeZone, Utc};

use crate::{contents::mixed, datestamp::Moment, item::Set, settings::Settings};

/// The first of the eleven years, 2010 to 2020, over which datestamps are spread.
const FIRST_YEAR: i32 = 2010;
const LAST_YEAR: i32 = 2020;

/// The state of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    /// 1 at the start, one more with each change.
    pub(crate) revision: u32,
    /// When it last changed or was deleted.
    pub(crate) datestamp: Moment,
    pub(crate) status: Status,
    /// Which work the identifier stands for: 0 at the start, one more whenever it is given to another.
    pub(crate) work: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Live,
    Deleted,
}

/// There is no such item.
#[derive(Debug, thiserror::Error)]
#[error("there is no item {0}")]
pub(crate) struct UnknownItem(pub(crate) u32);

/// Which items a list holds (OAI-PMH 2.0, section 2.7). Both bounds are inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Selection {
    pub(crate) from: Option<Moment>,
    pub(crate) until: Option<Moment>,
    pub(crate) set: Option<Set>,
    pub(crate) order: Order,
}

/// In which order a list goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Order {
    /// By number, and so by the datestamps that the items had at the start.
    #[default]
    Rising,
    /// In no order of anything, the same each time.
    Shuffled,
}

impl Order {
    /// What the list goes by. No two items share a place.
    fn place(self, item: u32) -> u32 {
        match self {
            Self::Rising => item,
            Self::Shuffled => item.reverse_bits(),
        }
    }

    /// The numbers of so many items, in this order.
    fn items(self, count: usize) -> Vec<u32> {
        let mut items: Vec<u32> = (1..).take(count).collect();
        items.sort_by_key(|item| self.place(*item));
        items
    }
}

impl Selection {
    fn holds(&self, item: u32, state: &State) -> bool {
        self.from.is_none_or(|from| state.datestamp >= from)
            && self.until.is_none_or(|until| state.datestamp <= until)
            && self.set.is_none_or(|set| set.holds(item))
    }
}

/// A page of a list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// In the order of the selection.
    pub(crate) items: Vec<(u32, State)>,
    /// Whether items follow that the selection holds.
    pub(crate) followed: bool,
    /// How many items the selection holds in all.
    pub(crate) list_size: u32,
}

/// All items, numbered from 1.
#[derive(Debug)]
pub(crate) struct Catalogue(Mutex<Vec<State>>);

impl Catalogue {
    pub(crate) fn new(settings: &Settings) -> Self {
        let state =
            |item| State { revision: 1, datestamp: created(settings, item), status: Status::Live, work: 0 };
        Self(Mutex::new((1..=settings.items).map(state).collect()))
    }

    pub(crate) fn get(&self, item: u32) -> Option<State> {
        place(item).and_then(|place| self.states().get(place).copied())
    }

    pub(crate) fn all(&self) -> Vec<(u32, State)> {
        (1..).zip(self.states().iter().copied()).collect()
    }

    /// A new revision as of `now`. A deleted item comes back with it.
    pub(crate) fn change(&self, item: u32, now: Moment) -> Result<(), UnknownItem> {
        self.update(item, |state| {
            let datestamp = state.datestamp.max(now);
            *state = State { revision: state.revision + 1, datestamp, status: Status::Live, ..*state };
        })
    }

    /// Deletes the item as of `now`; nothing when it is deleted already.
    pub(crate) fn delete(&self, item: u32, now: Moment) -> Result<(), UnknownItem> {
        self.update(item, |state| {
            if state.status == Status::Live {
                *state = State { datestamp: state.datestamp.max(now), status: Status::Deleted, ..*state };
            }
        })
    }

    /// Gives the identifier to another work as of `now`: nothing of the item stays but its number.
    pub(crate) fn reuse(&self, item: u32, now: Moment) -> Result<(), UnknownItem> {
        self.update(item, |state| {
            let datestamp = state.datestamp.max(now);
            *state = State { revision: 1, datestamp, status: Status::Live, work: state.work + 1 };
        })
    }

    /// The first `limit` items of the selection that come behind the item `after`, as they appear; 0 is before all.
    ///
    /// The order does not depend on datestamps, so an item that changes while a list is being taken is neither lost nor
    /// listed twice.
    pub(crate) fn page(
        &self,
        selection: &Selection,
        after: u32,
        limit: u32,
        appears: impl Fn(u32, State) -> Option<State>,
    ) -> Page {
        let mut page = Page { items: Vec::new(), followed: false, list_size: 0 };
        let states = self.states();
        for item in selection.order.items(states.len()) {
            let state = place(item).and_then(|place| states.get(place).copied());
            let Some(state) = state.and_then(|state| appears(item, state)) else { continue };
            if !selection.holds(item, &state) {
                continue;
            }
            page.list_size += 1;
            if selection.order.place(item) <= selection.order.place(after) {
                continue;
            }
            if page.items.len() < limit as usize {
                page.items.push((item, state));
            } else {
                page.followed = true;
            }
        }
        page
    }

    fn update(&self, item: u32, change: impl FnOnce(&mut State)) -> Result<(), UnknownItem> {
        let mut states = self.states();
        let state = place(item).and_then(|place| states.get_mut(place)).ok_or(UnknownItem(item))?;
        change(state);
        Ok(())
    }

    fn states(&self) -> MutexGuard<'_, Vec<State>> {
        self.0.lock().expect("no holder of the catalogue panics")
    }
}

fn place(item: u32) -> Option<usize> {
    item.checked_sub(1).map(|place| place as usize)
}

/// The datestamp that no item precedes.
pub(crate) fn earliest() -> Moment {
    new_year(FIRST_YEAR)
}

/// When an item was made: spread evenly over the years, and moved within its share by the seed. At least a second lies
/// between any two.
pub(crate) fn created(settings: &Settings, item: u32) -> Moment {
    let span = (new_year(LAST_YEAR + 1) - earliest()).num_seconds();
    let share = (span / i64::from(settings.items.max(1))).max(1);
    let moved = mixed(settings.seed, &[u64::from(item)]) % share.cast_unsigned();
    earliest() + TimeDelta::seconds(i64::from(item - 1) * share) + TimeDelta::seconds(moved.cast_signed())
}

fn new_year(year: i32) -> Moment {
    Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single().expect("every year of UTC has one first second")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datestamps_rise_by_a_second_at_least_and_stay_within_their_years() {
        for items in [1, 2, 500, 100_000] {
            let settings = Settings { items, ..Settings::default() };
            let all = Catalogue::new(&settings).all();
            assert!(all.windows(2).all(|pair| pair[0].1.datestamp < pair[1].1.datestamp));
            assert!(
                all.iter().all(|(_, state)| (earliest()..new_year(LAST_YEAR + 1)).contains(&state.datestamp))
            );
        }
    }

    #[test]
    fn pages_add_up_while_items_change() {
        let settings = Settings { items: 10, ..Settings::default() };
        let catalogue = Catalogue::new(&settings);
        let now = new_year(2025);
        let (mut after, mut seen) = (0, Vec::new());
        loop {
            let page = catalogue.page(&Selection::default(), after, 3, |_, state| Some(state));
            assert_eq!(page.list_size, 10);
            seen.extend(page.items.iter().map(|(item, _)| *item));
            catalogue.change(2, now).unwrap();
            catalogue.delete(9, now).unwrap();
            after = *seen.last().unwrap();
            if !page.followed {
                break;
            }
        }
        assert_eq!(seen, (1..=10).collect::<Vec<_>>());
    }

    #[test]
    fn a_change_brings_a_deleted_item_back() {
        let catalogue = Catalogue::new(&Settings { items: 1, ..Settings::default() });
        catalogue.delete(1, new_year(2025)).unwrap();
        assert_eq!(catalogue.get(1).unwrap().status, Status::Deleted);
        catalogue.change(1, new_year(2026)).unwrap();
        let state = State { revision: 2, datestamp: new_year(2026), status: Status::Live, work: 0 };
        assert_eq!(catalogue.get(1), Some(state));
    }

    #[test]
    fn what_is_not_there_cannot_be_changed() {
        let catalogue = Catalogue::new(&Settings { items: 1, ..Settings::default() });
        assert!(catalogue.change(0, earliest()).is_err());
        assert!(catalogue.delete(2, earliest()).is_err());
    }
}
