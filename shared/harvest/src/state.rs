//! What is remembered of a source between requests and between runs: `_granary/state/<silo>.json`.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use granary_oai_pmh::{Datestamp, Granularity, Needs};
use granary_silo::SiloName;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    clock,
    error::Error,
    granary::{Document, Granary},
    lease::Lease,
    report::{Counts, Problem},
    source::Kind,
    sweep::Sweep,
    transfer::shortened,
    window::{SoFar, Window, Windows},
};

/// The state of a source. Changes only by compare-and-swap, and only by whoever holds the lease.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The format of this document.
    pub format: u64,
    /// The datestamp, by the repository's clock, up to which all has been harvested, gaps aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark: Option<Datestamp>,
    /// What the watermark is true of: prefix, from, sets.
    #[serde(default)]
    pub selection: String,
    /// Who is harvesting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// The endpoint asked not to be troubled before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<DateTime<Utc>>,
    /// The host asked, at a file, not to be troubled before: that holds for all workers, not for the next list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub downloads_not_before: Option<DateTime<Utc>>,
    /// What was found out about the endpoint.
    #[serde(default)]
    pub learned: Learned,
    /// The run in progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
    /// Windows given up; each later run tries them again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// The last finished run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<String>,
    /// What the last sweep came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sweep: Option<Sweep>,
    /// What keeps the source from being harvested, since the last run that was finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<Failing>,
    /// Keys that we do not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// What was found out about an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository_name: Option<String>,
    /// The kind that `auto` turned out to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The metadata prefix to list with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata_prefix: Option<String>,
    /// The whole-URL template of EPrints exports that worked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Why kind and prefix were chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What it was found to need that the protocol does not ask for.
    #[serde(default, skip_serializing_if = "Needs::is_empty")]
    pub needs: Needs,
}

/// A run in progress.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its name: when it began, and something that no other has.
    pub id: String,
    /// When it began, by this machine's clock.
    pub started: DateTime<Utc>,
    /// What it was planned for: another configuration makes another run.
    #[serde(default)]
    pub asked: String,
    /// What the watermark will be true of.
    #[serde(default)]
    pub selection: String,
    /// The `responseDate` of its first response.
    pub response_date: Datestamp,
    /// The watermark after it; none when there was nothing to ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reaches: Option<Datestamp>,
    /// The repository's earliest datestamp, or long ago.
    pub earliest: Datestamp,
    /// The granularity of the endpoint.
    pub granularity: Granularity,
    /// Whether the silo was empty when the run began: nothing has to be read before it is written.
    pub first: bool,
    /// What is still to be listed.
    pub windows: Windows,
    /// What was counted in listing.
    pub counts: Counts,
    /// Records that could not be read or stored: the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// Windows given up in this run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// Spans that hold records that could not be read or stored: gaps as well, though the rest of them is there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Gap>,
    /// What was odd, and lost nothing: each thing once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// How many records the lists announce together, when they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced: Option<u64>,
    /// Whether `--limit` ended the listing: then the watermark stays.
    #[serde(default)]
    pub limited: bool,
    /// How many records were put into quarantine.
    #[serde(default)]
    pub quarantined: u64,
    /// How many lists in a row were in trouble.
    #[serde(default)]
    pub failures: u32,
    /// What its sweep came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
    /// Since when nothing has been settled, where the queue cannot tell whether something is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<Quiet>,
}

/// A time in which none of a run's tasks was settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiet {
    /// How many were settled before.
    pub settled: u64,
    /// Whether the queue looked empty.
    pub is_empty: bool,
    /// Since when.
    pub since: DateTime<Utc>,
}

impl Run {
    /// Whether all is listed.
    pub fn is_listed(&self) -> bool {
        self.windows.is_empty() || self.limited
    }

    /// The gaps that are left when the run ends here: those given up in it, and earlier ones that it did not come to.
    pub(crate) fn open_gaps(&self) -> Vec<Gap> {
        let untried =
            self.windows.iter().filter_map(|window| Some(Gap::of(window, window.was_gap.as_deref()?)));
        self.gaps.iter().chain(&self.unread).cloned().chain(untried).collect()
    }

    /// The watermark after the run, if it ends here: none as long as any window is left.
    pub(crate) fn reached(&self) -> Option<Datestamp> {
        self.reaches.clone().filter(|_| !self.limited && self.windows.is_empty())
    }

    /// Notes that the span of `gap` holds a record that could not be read or stored. Many such spans become one that
    /// covers them.
    pub(crate) fn note_unread(&mut self, gap: Gap) {
        let same_span =
            |known: &Gap| (&known.from, &known.until, &known.set) == (&gap.from, &gap.until, &gap.set);
        if self.unread.iter().any(same_span) {
            return;
        }
        self.unread.push(gap);
        if self.unread.len() > UNREAD_SPANS {
            let all = std::mem::take(&mut self.unread);
            self.unread.extend(all.into_iter().reduce(Gap::covering));
        }
    }

    /// Gives up a window. Of very many that were given up each two neighbours become one gap that covers them.
    pub(crate) fn give_up(&mut self, gap: Gap) {
        self.gaps.push(gap);
        if self.gaps.len() > GAPS {
            let all = std::mem::take(&mut self.gaps);
            self.gaps.extend(all.chunks(2).filter_map(|pair| pair.iter().cloned().reduce(Gap::covering)));
        }
    }

    /// Takes note of something odd.
    pub(crate) fn warn(&mut self, warning: String) {
        let warning = shortened(warning);
        if self.warnings.len() < WARNINGS && !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// What has been counted up to now.
    pub(crate) fn so_far(&self) -> SoFar {
        let (problems, unread) = (self.problems.len(), self.unread.len());
        SoFar { counts: self.counts, announced: self.announced, problems, unread }
    }

    /// Forgets what was counted since: it will be counted again. Pages that were asked for were asked for.
    pub(crate) fn go_back_to(&mut self, so_far: SoFar) {
        self.counts = Counts { pages: self.counts.pages, ..so_far.counts };
        self.announced = so_far.announced;
        self.problems.truncate(so_far.problems);
        self.unread.truncate(so_far.unread);
    }
}

/// What keeps a source from being harvested. Only a scheduler waits because of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// How often it was tried.
    pub times: u32,
    /// The last failure.
    pub detail: String,
    /// When a scheduler tries again.
    pub again: DateTime<Utc>,
}

/// Whether it is a source's turn to be harvested by a scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// A run is to begin.
    Due,
    /// A run is to be gone on with.
    GoesOn,
    /// A run is in hand, by a lease that lasts until then.
    Leased(DateTime<Utc>),
    /// The endpoint asked not to be troubled before.
    NotBefore(DateTime<Utc>),
    /// It has failed, and is tried again then.
    Failing(DateTime<Utc>),
    /// The last run is not so long ago: the next begins then.
    Later(DateTime<Utc>),
}

impl State {
    /// Whether it is the source's turn, when it is to be harvested `every` so often, counted from beginning to beginning.
    pub fn turn(&self, every: TimeDelta, now: DateTime<Utc>) -> Turn {
        if let Some(lease) = self.lease.as_ref().filter(|lease| lease.expires > now) {
            return Turn::Leased(lease.expires);
        }
        if let Some(until) = self.not_before.filter(|until| *until > now) {
            return Turn::NotBefore(until);
        }
        if let Some(again) = self.failing.as_ref().map(|failing| failing.again).filter(|again| *again > now) {
            return Turn::Failing(again);
        }
        if self.run.is_some() {
            return Turn::GoesOn;
        }
        let next = self.last_run.as_deref().and_then(began).map(|began| began + every);
        next.filter(|next| *next > now).map_or(Turn::Due, Turn::Later)
    }
}

/// When a run began, by its name.
fn began(run: &str) -> Option<DateTime<Utc>> {
    let (time, _) = run.split_once('-')?;
    NaiveDateTime::parse_from_str(time, RUN_TIME).ok().map(|time| time.and_utc())
}

/// How a run's name begins.
pub(crate) const RUN_TIME: &str = "%Y%m%dT%H%M%SZ";

/// How many spans with unread records are told apart.
const UNREAD_SPANS: usize = 100;

/// How many windows given up are told apart.
const GAPS: usize = 1000;

/// How many warnings of a run are kept.
const WARNINGS: usize = 20;

/// A window given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// The first datestamp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Datestamp>,
    /// The last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Datestamp>,
    /// The set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// Why.
    pub reason: String,
    /// When, UTC.
    pub time: String,
    /// Whether it is known that its parts have the same trouble: it is tried again as a whole.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_vain: bool,
}

impl Gap {
    /// A window given up now, for this reason.
    pub(crate) fn of(window: &Window, reason: &str) -> Self {
        Self {
            from: window.from.clone(),
            until: window.until.clone(),
            set: window.set.clone(),
            reason: shortened(reason.to_owned()),
            time: clock::timestamp(),
            in_vain: window.in_vain,
        }
    }

    /// One gap in place of two.
    fn covering(self, other: Self) -> Self {
        let ends = |one: Option<Datestamp>, other: Option<Datestamp>| Some((one?, other?));
        Self {
            from: ends(self.from, other.from).map(|(one, other)| one.min(other)),
            until: ends(self.until, other.until).map(|(one, other)| one.max(other)),
            set: self.set.filter(|set| other.set.as_ref() == Some(set)),
            reason: self.reason,
            time: self.time,
            in_vain: self.in_vain && other.in_vain,
        }
    }

    /// The gap as a window to be tried again.
    pub fn window(&self) -> Window {
        let window = Window::new(self.from.clone(), self.until.clone(), self.set.clone());
        Window { was_gap: Some(self.reason.clone()), in_vain: self.in_vain, ..window }
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            format: 1,
            watermark: None,
            selection: String::new(),
            lease: None,
            not_before: None,
            downloads_not_before: None,
            learned: Learned::default(),
            run: None,
            gaps: Vec::new(),
            last_run: None,
            last_sweep: None,
            failing: None,
            other: Map::new(),
        }
    }
}

pub(crate) fn path(silo: &SiloName) -> String {
    format!("state/{silo}.json")
}

impl Granary {
    /// The state of a source; the default one when it was never harvested.
    pub async fn state(&self, silo: &SiloName) -> Result<State, Error> {
        Ok(self.read_state(silo).await?.map_or_else(State::default, |document| document.value))
    }

    pub(crate) async fn read_state(&self, silo: &SiloName) -> Result<Option<Document<State>>, Error> {
        self.read(&path(silo)).await
    }
}

#[cfg(test)]
mod tests {
    use granary_oai_pmh::Trouble;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::window::{Holds, Verdict};

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn many_spans_with_unread_records_become_one_that_covers_them() {
        let gap = |day: usize, set: &str| Gap {
            from: Some(format!("2020-01-{day:02}").parse().expect("a day")),
            until: Some(format!("2020-02-{day:02}").parse().expect("a day")),
            set: Some(set.to_owned()),
            reason: format!("that of day {day}"),
            time: String::new(),
            in_vain: false,
        };
        let all = gap(5, "a").covering(gap(3, "a")).covering(gap(9, "a"));
        assert_eq!(all, Gap { from: gap(3, "a").from, until: gap(9, "a").until, ..gap(5, "a") });
        assert_eq!(gap(1, "a").covering(gap(1, "b")).set, None);
        assert_eq!(gap(1, "a").covering(Gap { from: None, ..gap(1, "a") }).from, None);
    }

    #[test]
    fn a_source_has_its_turn_when_it_is_due_or_unfinished_and_nobody_and_nothing_keeps_it() {
        let (day, now) = (TimeDelta::days(1), at("2026-01-02T12:00:00Z"));
        let new = State::default();
        assert_eq!(new.turn(day, now), Turn::Due);

        let harvested = State { last_run: Some("20260102T110000Z-00ff".to_owned()), ..new.clone() };
        assert_eq!(harvested.turn(day, now), Turn::Later(at("2026-01-03T11:00:00Z")));
        assert_eq!(harvested.turn(TimeDelta::hours(1), now), Turn::Due);

        let soon = at("2026-01-02T12:01:00Z");
        let asked_to_wait = State { not_before: Some(soon), ..new.clone() };
        assert_eq!(asked_to_wait.turn(day, now), Turn::NotBefore(soon));
        assert_eq!(asked_to_wait.turn(day, soon), Turn::Due);

        let failing = Some(Failing { times: 1, detail: "no answer".to_owned(), again: soon });
        let failing = State { failing, ..new.clone() };
        assert_eq!(failing.turn(day, now), Turn::Failing(soon));
        assert_eq!(failing.turn(day, soon), Turn::Due);

        let (holder, host) = ("a process".to_owned(), "a machine".to_owned());
        let leased = State { lease: Some(Lease { holder, host, since: now, expires: soon }), ..new };
        assert_eq!(leased.turn(day, now), Turn::Leased(soon));
        assert_eq!(leased.turn(day, soon), Turn::Due);
    }

    fn day(number: u64) -> Datestamp {
        let midnight = DateTime::UNIX_EPOCH + TimeDelta::days(number.try_into().expect("not so far ahead"));
        Datestamp::of(midnight).at(Granularity::Day)
    }

    fn run_over(days: u64) -> Run {
        let document = json!({
            "id": "r", "started": "2026-01-01T00:00:00Z", "response_date": day(days), "earliest": day(1),
            "granularity": "YYYY-MM-DD", "first": false, "windows": [], "counts": Counts::default(),
            "reaches": day(days),
        });
        let run: Run = serde_json::from_value(document).expect("a run");
        Run { windows: Windows::plan(Some(&day(1)), Some(&day(days)), &[]), ..run }
    }

    proptest! {
        /// Whatever a repository answers, the watermark moves only when every window is done or a gap; and cut short
        /// anywhere, what is not done is in the windows that are left.
        #[test]
        fn the_watermark_never_passes_a_window_that_is_not_done(
            days in 1u64..100,
            answers in proptest::collection::vec(0u8..4, 1..40),
        ) {
            let mut run = run_over(days);
            let mut done = Vec::new();
            let mut answers = answers.into_iter().cycle();
            while run.windows.current().is_some() {
                prop_assert_eq!(run.reached(), None);
                // As if the process had been killed here.
                run = serde_json::from_str(&serde_json::to_string(&run).expect("JSON")).expect("a run");
                let trouble = match answers.next() {
                    Some(0) => None,
                    Some(1) => Some(Trouble::Loop),
                    Some(2) => Some(Trouble::CutOff),
                    _ => Some(Trouble::Short { seen: 1, announced: 2 }),
                };
                let verdict = trouble.map(|trouble| {
                    run.windows.trouble(&trouble, Holds::Many, Granularity::Day, &day(1), &day(days))
                });
                match verdict {
                    None => done.extend(run.windows.done().map(|window| Gap::of(&window, ""))),
                    Some(Verdict::GivenUp) => {
                        let given_up = run.windows.done();
                        run.gaps.extend(given_up.map(|window| Gap::of(&window, "why")));
                    }
                    Some(Verdict::Restarted | Verdict::Halved | Verdict::ItemByItem) => {}
                }
            }
            prop_assert_eq!(run.reached(), Some(day(days)));
            for number in 1..=days {
                let holds = |span: &&Gap| {
                    span.from.as_ref() <= Some(&day(number)) && Some(&day(number)) <= span.until.as_ref()
                };
                prop_assert_eq!(done.iter().chain(&run.open_gaps()).filter(holds).count(), 1, "day {}", number);
            }
        }
    }
}
