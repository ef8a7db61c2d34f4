//! An answer to a question of the doctor's, read as far as it is of use.

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};
use granary_fetch::{Response, Retry};
use granary_oai_pmh::{ErrorCode, Limits, Next, OaiError, PageError, Parser};
use url::Url;

use super::{finding::Finding, page::Page};
use crate::transfer::in_full;

/// How much of an answer is quoted, in characters.
const QUOTED: usize = 200;

/// How much of the beginning is kept for that, in bytes: a character has four at most, and some are white space.
const START: usize = 8 * QUOTED;

/// An answer of an endpoint, read to its end or to where it breaks.
#[derive(Debug)]
pub(crate) struct Answer {
    /// What was asked.
    pub(crate) url: Url,
    /// Where the answer came from, after redirects.
    pub(crate) arrived: Url,
    pub(crate) moved_permanently: bool,
    pub(crate) status: u16,
    /// When it was asked, and how long all of it took.
    pub(crate) asked_at: DateTime<Utc>,
    pub(crate) took: Duration,
    pub(crate) bytes: u64,
    /// The first bytes of the body.
    start: Vec<u8>,
    pub(crate) page: Page,
    /// Why it could not be read to its end.
    pub(crate) fault: Option<Fault>,
}

/// Why an answer could not be read to its end.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It is no OAI-PMH, or breaks off.
    Page(PageError),
    /// The transfer failed.
    Transfer(granary_fetch::Error),
    /// It took too long, or was too much.
    TooMuch(&'static str),
}

/// Why there was no answer.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// The request failed.
    Failed(granary_fetch::Error),
    /// No answer began in the time that one request may take.
    TooSlow,
    /// It was not asked: the doctor has asked enough.
    Enough,
}

impl Unanswered {
    /// Whether another time may bring an answer.
    pub(crate) fn may_pass(&self) -> bool {
        self.retry() != Retry::Never || matches!(self, Self::Enough)
    }

    pub(crate) fn retry(&self) -> Retry {
        match self {
            Self::Failed(error) => error.retry(),
            Self::TooSlow => Retry::Later,
            Self::Enough => Retry::Never,
        }
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => f.write_str(&in_full(error)),
            Self::TooSlow => f.write_str("no answer in time"),
            Self::Enough => f.write_str("it was not asked any more"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(error) => error.fmt(f),
            Self::Transfer(error) => f.write_str(&in_full(error)),
            Self::TooMuch(what) => f.write_str(what),
        }
    }
}

/// What an answer comes to, as the harvest step would see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came<'a> {
    /// A whole page without an error.
    Page,
    /// A whole page that reports an error.
    Error(&'a OaiError),
    /// A page whose end is missing; what came before can be used.
    CutOff,
    /// Something else: HTML, nothing, XML of another kind.
    Other,
}

impl Answer {
    pub(crate) fn of(url: Url, response: &Response, asked_at: DateTime<Utc>) -> Self {
        Self {
            url,
            arrived: response.url.clone(),
            moved_permanently: response.moved_permanently,
            status: response.status,
            asked_at,
            took: Duration::ZERO,
            bytes: 0,
            start: Vec::new(),
            page: Page::default(),
            fault: None,
        }
    }

    /// Reads the body. May be dropped; what was read by then is there.
    pub(crate) async fn read(&mut self, response: &mut Response) {
        let mut parser = Parser::new(Limits::default());
        loop {
            match response.chunk().await {
                Ok(Some(bytes)) => {
                    self.bytes += bytes.len() as u64;
                    let room = START.saturating_sub(self.start.len()).min(bytes.len());
                    self.start.extend_from_slice(&bytes[..room]);
                    parser.feed(&bytes);
                    self.take(&mut parser);
                }
                Ok(None) => break,
                Err(error) => {
                    self.fault = Some(Fault::Transfer(error));
                    return;
                }
            }
        }
        let end = parser.finish();
        self.take(&mut parser);
        self.fault = end.err().map(Fault::Page);
    }

    fn take(&mut self, parser: &mut Parser) {
        while let Some(item) = parser.next() {
            self.page.take(item);
        }
    }

    /// What it comes to.
    pub(crate) fn came(&self) -> Came<'_> {
        match (&self.fault, &self.page.error) {
            (None, Some(error)) => Came::Error(error),
            (None, None) => Came::Page,
            (Some(Fault::Page(PageError::Empty | PageError::NotOaiPmh { .. })), _) => Came::Other,
            (Some(_), _) if self.bytes == 0 => Came::Other,
            (Some(_), _) => Came::CutOff,
        }
    }

    /// Whether it is we who have read no more of it: it was larger, or slower, than the doctor has patience.
    pub(crate) fn is_too_much(&self) -> bool {
        match &self.fault {
            Some(Fault::TooMuch(_)) => true,
            Some(Fault::Transfer(error)) => error.reason() == granary_fetch::Reason::TooBig,
            Some(Fault::Page(_)) | None => false,
        }
    }

    /// The error that it reports.
    pub(crate) fn error_code(&self) -> Option<&ErrorCode> {
        match self.came() {
            Came::Error(error) => Some(&error.code),
            Came::Page | Came::CutOff | Came::Other => None,
        }
    }

    /// The next page's token, as text.
    pub(crate) fn token(&self) -> Option<&str> {
        match &self.page.next {
            Some(Next::More { token, .. }) => Some(token.as_str()),
            Some(Next::End { .. }) | None => None,
        }
    }

    /// What came, in a few words: for sentences that begin "it answers".
    pub(crate) fn described(&self) -> String {
        let status = if self.status == 200 { String::new() } else { format!(" (HTTP {})", self.status) };
        match (self.came(), &self.fault) {
            (Came::Error(error), _) => format!("{error}{status}"),
            (_, Some(Fault::Page(PageError::NotOaiPmh { .. }))) => {
                format!("something that is not OAI-PMH (HTTP {})", self.status)
            }
            (_, Some(fault)) => format!("{fault}{status}"),
            (Came::Page, None) if self.page.items > 0 => format!("{} items{status}", self.page.items),
            (_, None) => format!("a page without items{status}"),
        }
    }

    /// The beginning of the body, on one line.
    pub(crate) fn start(&self) -> String {
        let text = String::from_utf8_lossy(&self.start);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        text.chars().take(QUOTED).collect()
    }

    /// Whether the body is compressed, though nothing said so.
    pub(crate) fn is_gzip(&self) -> bool {
        self.start.starts_with(&[0x1f, 0x8b])
    }

    /// How far its `responseDate` is from our clock when it was asked and answered; positive: it is ahead.
    pub(crate) fn clock_ahead(&self) -> Option<chrono::TimeDelta> {
        let said = self.page.response_date.as_deref()?;
        let said = DateTime::parse_from_rfc3339(said.trim()).ok()?.with_timezone(&Utc);
        let half = chrono::TimeDelta::from_std(self.took / 2).unwrap_or_default();
        Some(said - (self.asked_at + half))
    }

    /// A finding about this answer.
    pub(crate) fn on(&self, finding: Finding) -> Finding {
        let answer = match self.start() {
            start if start.is_empty() => format!("HTTP {}, nothing in it", self.status),
            start => start,
        };
        Finding { asked: Some(shown(&self.url)), answer: Some(answer), ..finding }
    }
}

/// A URL without user name and password.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Fails only for URLs that cannot have either.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url.into()
}
