//! Going on with a transfer that broke, or beginning it anew while nothing of it has been handed out.

use std::{
    pin::Pin,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reqwest::{
    StatusCode,
    header::{self, HeaderMap, HeaderName},
};

use crate::{
    error::{Error, Retry},
    fetcher::{Answer, Attempt, Fetcher},
    guard::redacted,
    request::{Request, Statuses},
};

/// Where a request to go on with a transfer begins, and what it goes on with.
#[derive(Debug, Clone)]
pub(crate) struct Range {
    pub(crate) from: u64,
    pub(crate) if_range: String,
}

/// A transfer that broke.
pub(crate) struct Broken {
    /// What to ask for.
    pub(crate) request: Request,
    /// Where to go on; nothing to begin anew.
    pub(crate) range: Option<Range>,
    /// What it ends in when it is not to be mended.
    pub(crate) why: Error,
    /// How long to wait before it is asked for.
    pub(crate) wait: Duration,
    /// How often that has been tried.
    pub(crate) tries: u32,
    /// How often it may be.
    pub(crate) most_tries: u32,
}

/// An answer to go on with.
pub(crate) struct Mended {
    pub(crate) answer: Answer,
    pub(crate) range: Option<Range>,
    pub(crate) tries: u32,
}

/// The work of mending a transfer. It is kept, so that one who waits for it may stop, and wait on later.
pub(crate) struct Mending(
    // The mutex is never locked: it lends `Sync` to a future that is only ever polled through `&mut`.
    Mutex<Work>,
);

type Work = Pin<Box<dyn Future<Output = Result<Mended, Error>> + Send>>;

impl Mending {
    pub(crate) fn new(fetcher: Fetcher, broken: Broken) -> Self {
        Self(Mutex::new(Box::pin(mend(fetcher, broken))))
    }

    /// Waits for the answer. Dropped, nothing is lost; must not be called again once it has returned.
    pub(crate) async fn wait(&mut self) -> Result<Mended, Error> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).await
    }
}

async fn mend(fetcher: Fetcher, broken: Broken) -> Result<Mended, Error> {
    let Broken { mut request, range, mut why, mut wait, mut tries, most_tries } = broken;
    if range.is_some() {
        // The body of an error is not the rest of anything.
        request.statuses = Statuses::Success;
    }
    while tries < most_tries {
        tokio::time::sleep(wait).await;
        tries += 1;
        let attempt = Attempt { is_last: tries >= most_tries, plain: false };
        let error = match fetcher.follow(&request, range.as_ref(), attempt).await {
            Ok(answer) => return Ok(Mended { answer, range, tries }),
            Err(Error::Status { url, status: 416, .. }) if range.is_some() => {
                return Err(Error::Changed { url });
            }
            Err(error) => error,
        };
        let Some(next) = fetcher.pause(&error, tries) else { return Err(error) };
        tracing::debug!(tries, ?next, "trying again to go on: {error}");
        wait = next;
        if matches!(error.retry(), Retry::NotBefore(_)) {
            // It knows more than that the transfer broke.
            why = error;
        }
    }
    Err(why)
}

/// Whether an answer is the rest of a body with these headers and this length: the length of the whole is told.
///
/// # Errors
/// [`Error::Changed`] when it is not, and when nobody says how long the whole is, since then its end is not to be known.
pub(crate) fn check_rest(
    answer: &Answer,
    range: &Range,
    headers: &HeaderMap,
    expected: Option<u64>,
) -> Result<u64, Error> {
    let new = answer.response.headers();
    let differs =
        |name: HeaderName| matches!((headers.get(&name), new.get(&name)), (Some(a), Some(b)) if a != b);
    let by_date = headers.get(header::LAST_MODIFIED).is_some_and(|date| date == range.if_range.as_str());
    let is_other = answer.response.status() != StatusCode::PARTIAL_CONTENT
        || differs(header::ETAG)
        || differs(header::CONTENT_ENCODING)
        || by_date && differs(header::LAST_MODIFIED);
    let part = part_of(new).filter(|part| part.has_length(answer.response.content_length()));
    let whole = part.and_then(|part| part.of_whole(range.from, expected));
    whole.filter(|_| !is_other).ok_or_else(|| Error::Changed { url: redacted(&answer.url) })
}

/// How long the whole is of which an answer has the beginning; nothing when it does not say so.
pub(crate) fn length_of_whole(headers: &HeaderMap) -> Option<u64> {
    part_of(headers)?.of_whole(0, None)
}

fn part_of(headers: &HeaderMap) -> Option<Part> {
    Part::parse(headers.get(header::CONTENT_RANGE)?.to_str().ok()?)
}

/// A `Content-Range` (RFC 9110, section 14.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    first: u64,
    last: u64,
    whole: Option<u64>,
}

impl Part {
    fn parse(value: &str) -> Option<Self> {
        let (unit, part) = value.trim().split_once(' ')?;
        let (range, whole) = part.trim().split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let whole = match whole {
            "*" => None,
            whole => Some(whole.parse().ok()?),
        };
        let part = Self { first: first.parse().ok()?, last: last.parse().ok()?, whole };
        Some(part).filter(|part| unit.eq_ignore_ascii_case("bytes") && part.first <= part.last)
    }

    /// Whether a body of this length can be it; one of unknown length can.
    fn has_length(self, length: Option<u64>) -> bool {
        length.is_none_or(|length| length.checked_sub(1) == Some(self.last - self.first))
    }

    /// How long the whole is that this goes on with from there; nothing when it is not the rest of that.
    fn of_whole(self, from: u64, expected: Option<u64>) -> Option<u64> {
        let whole = self.whole.or(expected)?;
        let fits = expected.is_none_or(|expected| expected == whole);
        (fits && self.first == from && self.last < whole).then_some(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_range_is_read_whole() {
        let part = |first, last, whole| Some(Part { first, last, whole });
        assert_eq!(Part::parse("bytes 5-9/10"), part(5, 9, Some(10)));
        assert_eq!(Part::parse(" Bytes 0-0/* "), part(0, 0, None));
        for value in ["", "bytes", "bytes */10", "bytes 5-9", "bytes 9-5/10", "lines 5-9/10", "bytes 5-x/10"]
        {
            assert_eq!(Part::parse(value), None, "{value:?}");
        }
    }

    #[test]
    fn only_the_rest_of_the_same_whole_goes_on() {
        let check = |value: &str, expected: Option<u64>, whole: Option<u64>| {
            let part = Part::parse(value).unwrap();
            assert_eq!(part.of_whole(5, expected), whole, "{value} of {expected:?}");
        };
        check("bytes 5-9/10", Some(10), Some(10));
        check("bytes 5-6/10", Some(10), Some(10));
        check("bytes 5-9/10", None, Some(10));
        check("bytes 5-9/*", Some(10), Some(10));
        check("bytes 5-9/*", None, None);
        check("bytes 5-9/11", Some(10), None);
        check("bytes 5-10/*", Some(10), None);
        check("bytes 5-10/10", None, None);
        check("bytes 4-9/10", Some(10), None);
    }

    #[test]
    fn a_part_is_as_long_as_it_says() {
        let part = Part::parse("bytes 5-9/10").unwrap();
        assert!(part.has_length(Some(5)) && part.has_length(None));
        assert!(!part.has_length(Some(6)) && !part.has_length(Some(0)));
    }
}
