//! The log as it is written: the last lines, and those that come.

use std::{
    collections::VecDeque,
    fmt,
    io::{BufRead, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::broadcast;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::layer::{Context, Layer};

/// How many lines are kept for those who come later.
const KEPT: usize = 5000;

/// How many lines a listener may be behind; who is slower misses some.
const BEHIND: usize = 1000;

/// How long a text of a line may be, in bytes: part of it comes from repositories.
const LONGEST: usize = 4000;

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its number in this process; they only grow.
    pub number: u64,
    /// When: later than the line before it.
    pub time: DateTime<Utc>,
    /// `ERROR`, `WARN`, `INFO`, `DEBUG` or `TRACE`.
    pub level: String,
    /// What.
    pub message: String,
    /// What else is known: `silo`, `run`, ...
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl Line {
    /// The silo that it is about, if it says so.
    pub fn silo(&self) -> Option<&str> {
        self.fields.get("silo").and_then(Value::as_str)
    }
}

/// The log of this process: a layer for `tracing`, and what it has heard. Cheap to clone.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

struct Inner {
    lines: Mutex<VecDeque<Line>>,
    news: broadcast::Sender<Line>,
    file: Mutex<Box<dyn Write + Send>>,
}

impl Default for Log {
    fn default() -> Self {
        Self::written_to(Box::new(std::io::sink()))
    }
}

impl Log {
    /// A log that is also written to a file, as JSON, a line for a line.
    pub fn written_to(file: Box<dyn Write + Send>) -> Self {
        let news = broadcast::Sender::new(BEHIND);
        Self(Arc::new(Inner { lines: Mutex::default(), news, file: Mutex::new(file) }))
    }

    /// Takes over what an earlier process has written, so that its end is there to be read. What is no line is passed over.
    pub fn remember(&self, file: impl BufRead) {
        let mut lines = self.lines();
        for line in file.lines().map_while(Result::ok) {
            let Ok(mut line) = serde_json::from_str::<Line>(&line) else { continue };
            line.number = lines.back().map_or(1, |last| last.number + 1);
            if lines.len() == KEPT {
                lines.pop_front();
            }
            lines.push_back(line);
        }
    }

    fn lines(&self) -> MutexGuard<'_, VecDeque<Line>> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last lines since a time, the oldest first; of one silo, or all.
    pub fn since(&self, since: DateTime<Utc>, silo: Option<&str>) -> Vec<Line> {
        let is_meant = |line: &&Line| line.time >= since && silo.is_none_or(|silo| line.silo() == Some(silo));
        self.lines().iter().filter(is_meant).cloned().collect()
    }

    /// The last lines of those that are meant, the newest first.
    pub fn last(&self, most: usize, is_meant: impl Fn(&Line) -> bool) -> Vec<Line> {
        self.lines().iter().rev().filter(|line| is_meant(line)).take(most).cloned().collect()
    }

    /// The number of the last line; 0 before the first.
    pub fn number(&self) -> u64 {
        self.lines().back().map_or(0, |line| line.number)
    }

    /// The lines from now on.
    pub fn follow(&self) -> broadcast::Receiver<Line> {
        self.0.news.subscribe()
    }

    fn add(&self, level: &str, fields: Fields) {
        let mut lines = self.lines();
        let number = lines.back().map_or(1, |line| line.number + 1);
        let Fields { message, fields } = fields;
        // A line is younger than the one before it, so that a reader can go on after it.
        let earliest = lines.back().map(|line| line.time + TimeDelta::nanoseconds(1));
        let time = earliest.map_or_else(Utc::now, |earliest| earliest.max(Utc::now()));
        let line = Line { number, time, level: level.to_owned(), message, fields };
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line.clone());
        // While the lines are locked: in the order of their numbers. A log that cannot be written stops nothing.
        if let Ok(mut json) = serde_json::to_vec(&line) {
            json.push(b'\n');
            let _ = self.0.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&json);
        }
        // Nobody may listen.
        let _ = self.0.news.send(line);
    }
}

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.add(event.metadata().level().as_str(), fields);
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("lines", &self.lines().len()).finish_non_exhaustive()
    }
}

/// What an event says.
#[derive(Default)]
struct Fields {
    message: String,
    fields: Map<String, Value>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        self.fields.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = format!("{value:?}");
        if text.len() > LONGEST {
            text.truncate(text.floor_char_boundary(LONGEST));
            text.push('…');
        }
        match field.name() {
            "message" => self.message = text,
            _ => self.put(field, text.into()),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[tokio::test]
    async fn lines_are_kept_for_those_who_come_later_and_sent_to_those_who_follow() {
        let log = Log::default();
        let mut follower = log.follow();
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(log.clone()));
        tracing::warn!(silo = %"maths", pages = 3, "a page \"broke\" off");
        tracing::info!("about nobody");
        let all = log.since(DateTime::UNIX_EPOCH, None);
        let texts: Vec<_> = all.iter().map(|line| (line.level.as_str(), line.message.as_str())).collect();
        assert_eq!(texts, [("WARN", "a page \"broke\" off"), ("INFO", "about nobody")]);
        assert_eq!(all[0].fields["pages"], 3);
        assert_eq!(log.since(DateTime::UNIX_EPOCH, Some("maths")), all[..1]);
        assert_eq!(log.since(Utc::now() + TimeDelta::hours(1), None), []);
        assert_eq!(follower.recv().await.unwrap(), all[0]);
    }

    #[test]
    fn what_one_process_has_written_the_next_remembers() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let log = Log::written_to(Box::new(file.reopen().unwrap()));
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(log.clone()));
        tracing::info!(silo = "maths", "the first");
        tracing::info!(silo = "maths", "the second\nwith a line of its own");
        let text = format!("{}no line\n", std::fs::read_to_string(file.path()).unwrap());
        let next = Log::default();
        next.remember(text.as_bytes());
        assert_eq!(next.since(DateTime::UNIX_EPOCH, None), log.since(DateTime::UNIX_EPOCH, None));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let log = Log::default();
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(log.clone()));
        for number in 0..KEPT + 10 {
            tracing::info!(number, "{}", "ä".repeat(LONGEST));
        }
        let all = log.since(DateTime::UNIX_EPOCH, None);
        assert_eq!((all.len(), all[0].number), (KEPT, 11));
        assert!(all[0].message.len() < LONGEST + 8);
    }
}
