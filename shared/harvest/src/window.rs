//! The windows of a run: what is still to be listed, and how a window that cannot be finished is divided. Pure.

use granary_oai_pmh::{Datestamp, Granularity, List, Needs, Request, Selection, Trouble};
use serde::{Deserialize, Serialize};

use crate::report::Counts;

/// How often a window is begun again from its start when its token may have been lost on the way.
const RESTARTS: u8 = 1;

/// How much may be spent on halving windows that hold fewer records than their lists announced, if no smaller one is nearer to
/// what it announced: three for a half with fewer records, one for a half in which they all are. Halving says whether the
/// announcement was wrong; a repository that always announces too many is not asked a thousand times.
const SPENT_WHEN_SHORT: u8 = 12;

/// How often a window is halved because its list begins again. Where every list does, smaller ones do so too.
const HALVINGS_WHEN_BEGUN_AGAIN: u8 = 8;

/// A span of datestamps, both ends included: the unit of work and of recovery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// The first datestamp; from the beginning when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Datestamp>,
    /// The last datestamp; open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Datestamp>,
    /// The set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// How far it has been listed.
    pub progress: Progress,
    /// How often it was begun again.
    #[serde(default)]
    pub restarts: u8,
    /// How often it was halved to come to be.
    #[serde(default)]
    pub depth: u8,
    /// How many records came that have no place in it.
    #[serde(default)]
    pub outside: u64,
    /// Why an earlier run gave it up, when one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was_gap: Option<String>,
    /// What the run had counted when the window was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<SoFar>,
    /// How many of its items have been asked for one by one, in the order of their list.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub items_done: u64,
    /// By how much the window was short that it is a half of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short: Option<Short>,
    /// Whether it is known that smaller windows have the same trouble.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_vain: bool,
}

/// A list that ended before all had come that it announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Short {
    seen: u64,
    announced: u64,
    /// How much of [`SPENT_WHEN_SHORT`] has been spent on it.
    spent: u8,
}

impl Short {
    /// What a list of so many shows after that of the window which it is a half of. Halving has helped when a clearly larger
    /// share has come, or a clearly smaller one is missing.
    fn after(before: Option<Self>, seen: u64, announced: u64) -> Self {
        let share = |seen: u64, announced: u64| seen as f64 / announced as f64;
        let spent = before.map_or(0, |before| {
            let (was, is) = (share(before.seen, before.announced), share(seen, announced));
            let is_nearer = is > 1.1 * was || 1.0 - is < 0.9 * (1.0 - was);
            let cost = if seen < before.seen { 3 } else { 1 };
            before.spent + if is_nearer { 0 } else { cost }
        });
        Self { seen, announced, spent }
    }

    fn is_in_vain(self) -> bool {
        self.spent >= SPENT_WHEN_SHORT
    }
}

/// What a run has counted: to be gone back to when a window is begun again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoFar {
    /// The numbers.
    pub counts: Counts,
    /// How many records were announced.
    pub announced: Option<u64>,
    /// How many problems were named.
    pub problems: usize,
    /// How many spans held unread records.
    #[serde(default)]
    pub unread: usize,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// How far a window has been worked through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Progress {
    /// Not begun.
    Waiting,
    /// Being listed, page by page.
    Listing(Box<List>),
    /// Its list cannot be had: its items are to be asked for one by one.
    Items,
}

/// What became of a window in trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is begun again.
    Restarted,
    /// Both halves take its place.
    Halved,
    /// Its items are fetched one by one.
    ItemByItem,
    /// It is given up: a gap.
    GivenUp,
}

/// How many items a window holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// So few that they can be asked for one by one.
    Few,
    /// More, or nobody knows.
    Many,
}

/// The windows that are not done, the one in work last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Windows(Vec<Window>);

impl Window {
    /// A window that has not been begun.
    pub fn new(from: Option<Datestamp>, until: Option<Datestamp>, set: Option<String>) -> Self {
        Self {
            from,
            until,
            set,
            progress: Progress::Waiting,
            restarts: 0,
            depth: 0,
            outside: 0,
            was_gap: None,
            begun: None,
            items_done: 0,
            short: None,
            in_vain: false,
        }
    }

    /// Whether nothing of it can have been listed before in this run.
    pub fn is_first_pass(&self) -> bool {
        let straight = match &self.progress {
            Progress::Waiting => true,
            Progress::Listing(list) => list.is_straight(),
            Progress::Items => false,
        };
        straight && self.restarts == 0 && self.depth == 0
    }

    /// Whether a record with this datestamp has no place in the window: the repository does not heed the dates asked for. One
    /// without a datestamp says nothing about that.
    pub fn excludes(&self, datestamp: &str, granularity: Granularity) -> bool {
        let Ok(stamp) = datestamp.parse::<Datestamp>() else { return false };
        let stamp = stamp.at(granularity);
        self.from.as_ref().is_some_and(|from| stamp < from.at(granularity))
            || self.until.as_ref().is_some_and(|until| stamp > until.last_at(granularity))
    }

    /// Whether it is a part of one, and records came from outside: the repository does not heed dates, and smaller parts would
    /// hold the same.
    pub fn is_heedless(&self) -> bool {
        (self.depth > 0 || self.in_vain) && self.outside > 0
    }

    /// The list being followed; begins it when it has not been.
    pub fn list(
        &mut self,
        prefix: &str,
        granularity: Granularity,
        needs: &Needs,
        first: fn(Selection) -> Request,
    ) -> &mut List {
        if !matches!(self.progress, Progress::Listing(_)) {
            let selection = self.selection(prefix, granularity);
            self.progress = Progress::Listing(Box::new(List::new(first(selection), needs)));
        }
        match &mut self.progress {
            Progress::Listing(list) => list,
            Progress::Waiting | Progress::Items => unreachable!("it was begun above"),
        }
    }

    /// The arguments that ask for this window.
    pub fn selection(&self, prefix: &str, granularity: Granularity) -> Selection {
        Selection {
            metadata_prefix: prefix.to_owned(),
            from: self.from.as_ref().map(|stamp| stamp.at(granularity)),
            until: self.until.as_ref().map(|stamp| stamp.last_at(granularity)),
            set: self.set.clone(),
        }
    }

    /// Whether it is worth while to begin it again after this: a token may have been ours to lose, or the state behind it.
    fn may_restart(&self, trouble: &Trouble) -> bool {
        let by_token = matches!(&self.progress, Progress::Listing(list) if list.pages() > 0);
        let may_pass = match trouble {
            Trouble::BadToken | Trouble::Failed(_) | Trouble::CutOff => by_token,
            // A list that loops or is short does so again.
            Trouble::Loop | Trouble::BeginsAgain | Trouble::Short { .. } | Trouble::Refused(_) => false,
        };
        may_pass && self.restarts < RESTARTS
    }

    /// The last datestamp of its first half; nothing when it is a single granule.
    fn middle(
        &self,
        granularity: Granularity,
        earliest: &Datestamp,
        latest: &Datestamp,
    ) -> Option<Datestamp> {
        let from = self.from.as_ref().unwrap_or(earliest).at(granularity);
        let until = self.until.as_ref().unwrap_or(latest).last_at(granularity);
        Datestamp::midpoint(&from, &until, granularity)
    }
}

/// Whether it is a page that cannot be had: one of its records is likely to be the cause.
fn is_about_a_page(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Failed(_) | Trouble::CutOff => true,
        Trouble::BadToken
        | Trouble::Loop
        | Trouble::BeginsAgain
        | Trouble::Short { .. }
        | Trouble::Refused(_) => false,
    }
}

impl Windows {
    /// One window for each set (one in all when there are none), over the same span.
    pub fn plan(from: Option<&Datestamp>, until: Option<&Datestamp>, sets: &[String]) -> Self {
        let window = |set: Option<&String>| Window::new(from.cloned(), until.cloned(), set.cloned());
        match sets.is_empty() {
            true => Self(vec![window(None)]),
            false => Self(sets.iter().rev().map(|set| window(Some(set))).collect()),
        }
    }

    /// Adds a window to be worked first: a gap of an earlier run.
    pub fn push(&mut self, window: Window) {
        self.0.push(window);
    }

    /// The window in work.
    pub fn current(&mut self) -> Option<&mut Window> {
        self.0.last_mut()
    }

    /// Takes the window in work off: it is done.
    pub fn done(&mut self) -> Option<Window> {
        self.0.pop()
    }

    /// Those that are not done, the one in work last.
    pub fn iter(&self) -> impl Iterator<Item = &Window> {
        self.0.iter()
    }

    /// How many are not done.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether all is done.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the window in work may be helped by asking for it item by item, if it holds few: a page of it cannot be had,
    /// again and again, and it can still be divided.
    pub fn may_be_few(
        &self,
        trouble: &Trouble,
        granularity: Granularity,
        earliest: &Datestamp,
        latest: &Datestamp,
    ) -> bool {
        let Some(window) = self.0.last() else { return false };
        is_about_a_page(trouble)
            && !window.may_restart(trouble)
            && window.progress != Progress::Items
            && window.middle(granularity, earliest, latest).is_some()
    }

    /// Decides what becomes of the window in work after `trouble`. `earliest` and `latest` bound a window without
    /// ends; `holds` says how many items it has. The window leaves the list only by [`Windows::done`], or replaced by its
    /// halves, which cover it.
    pub fn trouble(
        &mut self,
        trouble: &Trouble,
        holds: Holds,
        granularity: Granularity,
        earliest: &Datestamp,
        latest: &Datestamp,
    ) -> Verdict {
        let Some(window) = self.0.last_mut() else { return Verdict::GivenUp };
        if window.may_restart(trouble) {
            window.restarts += 1;
            window.progress = Progress::Waiting;
            return Verdict::Restarted;
        }
        let is_about_its_length = match *trouble {
            Trouble::Short { seen, announced } => {
                let short = Short::after(window.short, seen, announced);
                window.in_vain |= short.is_in_vain();
                window.short = Some(short);
                true
            }
            Trouble::BeginsAgain => {
                window.in_vain |= window.depth >= HALVINGS_WHEN_BEGUN_AGAIN;
                true
            }
            Trouble::BadToken
            | Trouble::Loop
            | Trouble::Refused(_)
            | Trouble::Failed(_)
            | Trouble::CutOff => false,
        };
        if is_about_its_length && window.in_vain {
            return Verdict::GivenUp;
        }
        let few = holds == Holds::Few && is_about_a_page(trouble);
        if !few && self.halve(granularity, earliest, latest) {
            return Verdict::Halved;
        }
        match self.0.last_mut() {
            Some(window) if !is_about_its_length && window.progress != Progress::Items => {
                window.progress = Progress::Items;
                Verdict::ItemByItem
            }
            Some(_) | None => Verdict::GivenUp,
        }
    }

    /// Whether the window in work could be divided.
    fn halve(&mut self, granularity: Granularity, earliest: &Datestamp, latest: &Datestamp) -> bool {
        let Some(window) = self.0.last() else { return false };
        let Some(middle) = window.middle(granularity, earliest, latest) else { return false };
        let half = |from: Option<Datestamp>, until: Option<Datestamp>| Window {
            depth: window.depth + 1,
            // What may pass has been tried again: a half that fails is halved at once.
            restarts: RESTARTS,
            was_gap: window.was_gap.clone(),
            short: window.short,
            ..Window::new(from, until, window.set.clone())
        };
        // The ends stay as they were: an open one stays open, for datestamps that lie outside what was announced.
        let older = half(window.from.clone(), Some(middle.clone()));
        let newer = half(Some(middle.plus_granule(granularity)), window.until.clone());
        self.0.pop();
        self.0.push(newer);
        self.0.push(older);
        true
    }
}

#[cfg(test)]
mod tests {
    use granary_oai_pmh::{Ending, ErrorCode, Next, OaiError, PageSummary, Step, Token};
    use proptest::prelude::*;

    use super::*;

    fn stamp(text: &str) -> Datestamp {
        text.parse().unwrap()
    }

    fn failed() -> Trouble {
        Trouble::Failed(OaiError { code: ErrorCode::Unknown("x".to_owned()), text: String::new() })
    }

    fn windows(from: &str, until: &str) -> Windows {
        Windows::plan(Some(&stamp(from)), Some(&stamp(until)), &[])
    }

    fn trouble(windows: &mut Windows, trouble: &Trouble) -> Verdict {
        happens(windows, trouble, Holds::Many)
    }

    fn happens(windows: &mut Windows, trouble: &Trouble, holds: Holds) -> Verdict {
        windows.trouble(trouble, holds, Granularity::Day, &stamp("2000-01-01"), &stamp("2030-01-01"))
    }

    /// Begins the window in work, and takes so many pages of it.
    fn begin(windows: &mut Windows, pages: u64) {
        let window = windows.current().unwrap();
        let list = window.list("oai_dc", Granularity::Day, &Needs::new(), Request::list_records);
        for page in list.pages()..pages {
            let token = Token::new(&page.to_string()).unwrap();
            let next = Next::More { token, complete_list_size: None, cursor: None, expires: None };
            let page = PageSummary { items: 1, fingerprint: page, next, error: None, ending: Ending::Whole };
            assert_eq!(list.answered(&page), Step::Ask);
        }
    }

    fn spans(windows: &Windows) -> Vec<String> {
        let end =
            |stamp: &Option<Datestamp>| stamp.as_ref().map_or_else(|| "…".to_owned(), ToString::to_string);
        windows
            .0
            .iter()
            .rev()
            .map(|window| format!("{}..{}", end(&window.from), end(&window.until)))
            .collect()
    }

    #[test]
    fn each_set_has_its_window_and_without_sets_there_is_one() {
        assert_eq!(Windows::plan(None, None, &[]).len(), 1);
        let sets = ["a".to_owned(), "b".to_owned()];
        let mut windows = Windows::plan(None, None, &sets);
        assert_eq!(windows.current().unwrap().set.as_deref(), Some("a"), "in the order given");
        assert_eq!(windows.len(), 2);
    }

    #[test]
    fn what_may_pass_is_tried_again_and_then_halved() {
        let mut windows = windows("2020-01-01", "2020-01-10");
        begin(&mut windows, 1);
        assert_eq!(trouble(&mut windows, &Trouble::BadToken), Verdict::Restarted);
        begin(&mut windows, 1);
        assert_eq!(trouble(&mut windows, &Trouble::BadToken), Verdict::Halved);
        assert_eq!(spans(&windows), ["2020-01-01..2020-01-05", "2020-01-06..2020-01-10"]);
    }

    #[test]
    fn a_first_page_that_cannot_be_had_is_no_better_for_beginning_again() {
        let mut windows = windows("2020-01-01", "2020-01-10");
        begin(&mut windows, 0);
        assert_eq!(trouble(&mut windows, &Trouble::CutOff), Verdict::Halved);
    }

    #[test]
    fn where_a_page_cannot_be_had_a_window_that_holds_few_is_fetched_item_by_item() {
        let check = |wrong: &Trouble, verdict: Verdict| {
            let mut windows = windows("2020-01-01", "2020-01-10");
            assert_eq!(happens(&mut windows, wrong, Holds::Few), verdict, "{wrong:?}");
        };
        check(&Trouble::CutOff, Verdict::ItemByItem);
        check(&failed(), Verdict::ItemByItem);
        check(&Trouble::Loop, Verdict::Halved);
        check(&Trouble::BadToken, Verdict::Halved);
    }

    #[test]
    fn a_loop_is_halved_at_once() {
        let mut windows = windows("2020-01-01", "2020-01-02");
        assert_eq!(trouble(&mut windows, &Trouble::Loop), Verdict::Halved);
        assert_eq!(spans(&windows), ["2020-01-01..2020-01-01", "2020-01-02..2020-01-02"]);
    }

    #[test]
    fn a_single_granule_is_fetched_item_by_item_and_then_given_up() {
        let mut windows = windows("2020-01-01", "2020-01-01");
        assert_eq!(trouble(&mut windows, &failed()), Verdict::ItemByItem);
        assert_eq!(trouble(&mut windows, &failed()), Verdict::GivenUp);
        assert_eq!(windows.len(), 1, "it is for the caller to take it off and note the gap");
    }

    #[test]
    fn open_ends_stay_open() {
        let mut windows = Windows::plan(None, None, &[]);
        assert_eq!(trouble(&mut windows, &Trouble::Loop), Verdict::Halved);
        let spans = spans(&windows);
        assert!(spans[0].starts_with("…..") && spans[1].ends_with("..…"), "{spans:?}");
    }

    #[test]
    fn a_repository_whose_every_list_is_short_or_begins_again_is_not_halved_for_ever() {
        // Of a million records, spread evenly: three more than there are, a tenth more, always those of the whole list.
        let more: [fn(u64) -> u64; 3] = [|seen| seen + 3, |seen| seen * 11 / 10, |_| 1_000_000];
        let short = more.map(|more| {
            move |depth: u8| {
                let seen = 990_000 >> depth;
                Trouble::Short { seen, announced: more(seen) }
            }
        });
        let begins_again = |_: u8| Trouble::BeginsAgain;
        for (wrong, most) in [
            (&short[0] as &dyn Fn(u8) -> Trouble, 50),
            (&short[1], 50),
            (&short[2], 50),
            (&begins_again, 600),
        ] {
            let mut windows = windows("2000-01-01", "2020-01-01");
            let mut asked = 0;
            while let Some(window) = windows.current() {
                asked += 1;
                let wrong = wrong(window.depth);
                if trouble(&mut windows, &wrong) == Verdict::GivenUp {
                    windows.done();
                }
            }
            assert!(asked < most, "{asked}");
        }
    }

    #[test]
    fn a_short_list_is_halved_as_long_as_a_larger_share_of_the_smaller_ones_comes() {
        // A repository that ends each list after 30 items without a word. All of them are of one week in eleven years.
        let item =
            |n: u64| (0..n / 20).fold(stamp("2020-01-01"), |day, _| day.plus_granule(Granularity::Day));
        let items: Vec<_> = (0..140).map(item).collect();
        let mut windows = windows("2015-01-01", "2025-12-31");
        let (mut had, mut asked) = (0, 0);
        while let Some(window) = windows.current() {
            let (from, until) = (window.from.clone().unwrap(), window.until.clone().unwrap());
            let announced = items.iter().filter(|stamp| (&from..=&until).contains(stamp)).count() as u64;
            asked += 1;
            if announced > 30 {
                assert_eq!(trouble(&mut windows, &Trouble::Short { seen: 30, announced }), Verdict::Halved);
            } else {
                had += announced;
                windows.done();
            }
        }
        assert_eq!(had, 140);
        assert!(asked < 40, "{asked}");
    }

    #[test]
    fn a_gap_that_was_divided_in_vain_stays_as_it_is() {
        for wrong in [Trouble::Short { seen: 1, announced: 2 }, Trouble::BeginsAgain] {
            let mut windows = windows("2020-01-01", "2020-12-31");
            windows.current().unwrap().in_vain = true;
            assert_eq!(trouble(&mut windows, &wrong), Verdict::GivenUp);
            assert_eq!(trouble(&mut windows, &Trouble::Loop), Verdict::Halved, "that is another matter");
            assert!(!windows.current().unwrap().in_vain);
        }
    }

    proptest! {
        /// Any sequence of answers ends, and what is done or given up covers every day exactly once: nothing is lost,
        /// and no window is done that was in trouble.
        #[test]
        fn nothing_is_lost_whatever_happens(
            days in 1i64..400,
            answers in proptest::collection::vec((0u8..8, 0u64..3, any::<bool>()), 1..60),
        ) {
            let from = stamp("2020-01-01");
            let until = (1..days).fold(from.clone(), |day, _| day.plus_granule(Granularity::Day));
            let mut windows = Windows::plan(Some(&from), Some(&until), &[]);
            let mut covered = Vec::new();
            let mut answers = answers.into_iter().cycle();
            let mut steps = 0;
            while let Some(window) = windows.current() {
                let span = (window.from.clone().unwrap(), window.until.clone().unwrap());
                let by_items = window.progress == Progress::Items;
                let (answer, pages, few) = answers.next().unwrap();
                if !by_items {
                    begin(&mut windows, pages);
                }
                let wrong = match answer {
                    0 => None,
                    1 => Some(Trouble::BadToken),
                    2 => Some(Trouble::Loop),
                    3 => Some(Trouble::CutOff),
                    4 => Some(Trouble::Short { seen: 1, announced: 2 }),
                    5 => Some(Trouble::BeginsAgain),
                    6 => Some(Trouble::Refused(OaiError { code: ErrorCode::BadArgument, text: String::new() })),
                    _ => Some(failed()),
                };
                let holds = if few { Holds::Few } else { Holds::Many };
                let left = windows.len();
                let verdict = wrong.as_ref().map(|wrong| happens(&mut windows, wrong, holds));
                match verdict {
                    None | Some(Verdict::GivenUp) => {
                        covered.push(span);
                        windows.done();
                    }
                    Some(Verdict::Halved) => prop_assert_eq!(windows.len(), left + 1),
                    Some(Verdict::Restarted | Verdict::ItemByItem) => prop_assert_eq!(windows.len(), left),
                }
                steps += 1;
                prop_assert!(steps < 10_000, "it does not end");
            }
            let mut expected = from;
            for (from, until) in covered {
                prop_assert_eq!(&from, &expected);
                expected = until.plus_granule(Granularity::Day);
            }
            prop_assert_eq!(expected, until.plus_granule(Granularity::Day));
        }
    }
}
