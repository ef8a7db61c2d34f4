//! An answer, and its body.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use reqwest::{StatusCode, header};
use tokio::sync::OwnedSemaphorePermit;
use url::Url;

use crate::{
    error::Error,
    failure::is_bad_compression,
    fetcher::{Answer, Fetcher},
    guard::redacted,
    request::{Encoding, Method, Request},
    resume::{Broken, Mended, Mending, Range, check_rest, length_of_whole},
    unannounced::Unannounced,
};

/// An answer. Holds a connection of its host until it is read to its end or dropped.
pub struct Response {
    /// Where it came from, after redirects.
    pub url: Url,
    /// Its status.
    pub status: u16,
    /// Whether the server said that the URL has moved for good.
    pub moved_permanently: bool,
    headers: header::HeaderMap,
    body: Body,
    fetcher: Fetcher,
    request: Request,
    asked_identity: bool,
    expected: Option<u64>,
    received: u64,
    since: Instant,
    unannounced: Unannounced,
    tries: u32,
}

/// The longest header that is looked at. Validators and media types are kept beside each file; longer ones help nobody.
const HEADER_BYTES: usize = 1 << 10;

/// What becomes of a body.
enum Body {
    /// It comes.
    Flows {
        inner: Box<reqwest::Response>,
        /// Kept as long as the connection is.
        _permit: Option<OwnedSemaphorePermit>,
    },
    /// It broke, and is asked for again.
    Breaks(Mending),
    /// It came whole.
    Whole,
    /// It did not, and will not.
    Failed,
}

impl Response {
    pub(crate) fn new(fetcher: Fetcher, request: Request, answer: Answer) -> Result<Self, Error> {
        let response = Self {
            status: answer.response.status().as_u16(),
            moved_permanently: answer.moved_permanently,
            headers: answer.response.headers().clone(),
            expected: announced(&request, &answer)?,
            unannounced: Unannounced::new(request.encoding, &answer.url, answer.response.headers()),
            url: answer.url,
            asked_identity: answer.asked_identity,
            body: Body::Flows { inner: Box::new(answer.response), _permit: answer.permit },
            fetcher,
            request,
            received: 0,
            since: Instant::now(),
            tries: 0,
        };
        response.check_length()?;
        Ok(response)
    }

    /// A header, when it is text, and not longer than 1 KiB.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().filter(|value| value.len() <= HEADER_BYTES)
    }

    /// All headers of a name, in their order, as text. What is not UTF-8 is read as Latin-1 (RFC 9110, section 5.5).
    pub fn headers(&self, name: &str) -> impl Iterator<Item = String> {
        self.headers.get_all(name).iter().map(|value| match str::from_utf8(value.as_bytes()) {
            Ok(text) => text.to_owned(),
            Err(_) => value.as_bytes().iter().copied().map(char::from).collect(),
        })
    }

    /// `Content-Type`.
    pub fn content_type(&self) -> Option<&str> {
        self.header("content-type")
    }

    /// How many bytes the body has, when that is announced; not for a body that comes compressed.
    pub fn content_length(&self) -> Option<u64> {
        let is_packed =
            self.request.encoding == Encoding::Identity && !matches!(self.unannounced, Unannounced::Plain);
        self.expected.filter(|_| !is_packed)
    }

    /// `ETag`.
    pub fn etag(&self) -> Option<&str> {
        self.header("etag")
    }

    /// `Last-Modified`.
    pub fn last_modified(&self) -> Option<&str> {
        self.header("last-modified")
    }

    /// Whether what was fetched before is still right (304).
    pub fn not_modified(&self) -> bool {
        self.status == StatusCode::NOT_MODIFIED.as_u16()
    }

    /// The next bytes of the body; nothing at its end, and only there. May be dropped while it waits: nothing is lost, the
    /// next call goes on.
    ///
    /// A body that breaks before its first byte is asked for anew, as often as the policy says; the headers are those of the
    /// new answer then.
    ///
    /// # Errors
    /// [`Error::Truncated`] when the transfer broke and could not be taken up again, [`Error::Changed`] when the file has
    /// changed meanwhile, [`Error::TooBig`] past the limit, [`Error::TooSlow`] when it keeps no [`Pace`](crate::Pace), and whatever else kept it from being taken up. There is nothing
    /// more to be had after an error: each further call fails too.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if let Some(bytes) = self.unpacked()? {
                return Ok(Some(bytes));
            }
            let step = match &mut self.body {
                Body::Flows { inner, .. } => {
                    let read = inner.chunk().await;
                    self.read(read)
                }
                Body::Breaks(mending) => {
                    let mended = mending.wait().await;
                    mended.and_then(|mended| self.go_on(mended)).map(|()| None)
                }
                Body::Whole => return Ok(None),
                Body::Failed => Err(self.check_length().err().unwrap_or_else(|| self.truncated())),
            };
            match step {
                Ok(None) => {}
                Ok(bytes) => return Ok(bytes),
                Err(error) => {
                    // Gives the connection back.
                    self.body = Body::Failed;
                    return Err(error);
                }
            }
        }
    }

    /// The whole body. Bounded by the request's `max_bytes`.
    ///
    /// # Errors
    /// As [`Response::chunk`].
    pub async fn bytes(mut self) -> Result<Bytes, Error> {
        let mut whole = BytesMut::new();
        while let Some(bytes) = self.chunk().await? {
            whole.extend_from_slice(&bytes);
        }
        Ok(whole.freeze())
    }

    /// What was read: bytes to hand out, or nothing when the state of the body has changed.
    fn read(&mut self, read: reqwest::Result<Option<Bytes>>) -> Result<Option<Bytes>, Error> {
        match read {
            Ok(Some(bytes)) => {
                self.received += bytes.len() as u64;
                self.check_length()?;
                self.check_pace()?;
                return Ok(self.unannounced.take(bytes));
            }
            Ok(None) if self.expected.is_none_or(|expected| self.received >= expected) => {
                self.body = Body::Whole;
                self.unannounced.finish();
            }
            Ok(None) => self.body = Body::Breaks(self.mend(self.truncated())?),
            Err(error) => self.body = Body::Breaks(self.mend(self.broken(error))?),
        }
        Ok(None)
    }

    /// The next bytes of a body that came compressed without a word.
    fn unpacked(&mut self) -> Result<Option<Bytes>, Error> {
        let url = || redacted(&self.url);
        let unpacked = match self.unannounced.next() {
            Ok(_) if self.request.max_bytes.is_some_and(|limit| self.unannounced.unpacked() > limit) => {
                Err(Error::TooBig { url: url(), limit: self.request.max_bytes.unwrap_or_default() })
            }
            Ok(bytes) => Ok(bytes),
            Err(source) => Err(Error::Encoding { url: url(), source: Box::new(source) }),
        };
        if unpacked.is_err() {
            self.unannounced = Unannounced::Plain;
            self.body = Body::Failed;
        }
        unpacked
    }

    /// What it means that a body broke.
    fn broken(&self, error: reqwest::Error) -> Error {
        let source = error.without_url();
        let url = redacted(&self.url);
        if source.is_timeout() {
            Error::Timeout { url, source }
        } else if self.request.encoding == Encoding::Any && is_bad_compression(&source) {
            Error::Encoding { url, source: Box::new(source) }
        } else {
            self.truncated()
        }
    }

    fn truncated(&self) -> Error {
        Error::Truncated { url: redacted(&self.url), received: self.received, expected: self.expected }
    }

    /// Whether it is as long as allowed, and as announced.
    fn check_length(&self) -> Result<(), Error> {
        let length = self.expected.unwrap_or_default().max(self.received);
        if let Some(limit) = self.request.max_bytes.filter(|limit| length > *limit) {
            return Err(Error::TooBig { url: redacted(&self.url), limit });
        }
        match self.expected {
            Some(expected) if self.received > expected => Err(Error::Changed { url: redacted(&self.url) }),
            _ => Ok(()),
        }
    }

    /// Whether it comes fast enough.
    fn check_pace(&self) -> Result<(), Error> {
        let after = self.since.elapsed();
        match self.fetcher.policy().pace.is_missed(self.received, after) {
            true => Err(Error::TooSlow { url: redacted(&self.url), received: self.received, after }),
            false => Ok(()),
        }
    }

    /// Begins to go on with the body, or says why it cannot.
    fn mend(&self, why: Error) -> Result<Mending, Error> {
        let policy = self.fetcher.policy();
        let mut most_tries = policy.attempts.saturating_sub(1);
        let mut wait = policy.backoff.delay(self.tries + 1, &mut fastrand::Rng::new());
        if matches!(why, Error::Encoding { .. }) {
            self.fetcher.hosts().compresses_badly(self.url.host_str().unwrap_or_default());
            if self.received > 0 || self.asked_identity {
                return Err(why);
            }
            // The server says that it compresses, and what comes is not that: asks once more for the plain bytes, at once.
            most_tries = most_tries.max(self.tries + 1);
            wait = Duration::ZERO;
        }
        let range = self.range();
        if self.tries >= most_tries || self.received > 0 && range.is_none() {
            return Err(why);
        }
        let request = Request { url: self.url.clone(), ..self.request.clone() };
        let broken = Broken { request, range, why, wait, tries: self.tries, most_tries };
        Ok(Mending::new(self.fetcher.clone(), broken))
    }

    /// What to ask for to go on; nothing when that is not possible.
    fn range(&self) -> Option<Range> {
        let may = self.request.resume
            && self.request.encoding == Encoding::Identity
            && matches!(self.status, 200 | 206)
            && self.received > 0;
        // Only a strong ETag says that the bytes are the same (RFC 9110, section 13.1.5).
        let etag = self.etag().filter(|etag| !etag.starts_with("W/"));
        let if_range = etag.or(self.last_modified()).filter(|_| may)?.to_owned();
        Some(Range { from: self.received, if_range })
    }

    /// Goes on with what came for that.
    fn go_on(&mut self, mended: Mended) -> Result<(), Error> {
        let Mended { answer, range, tries } = mended;
        self.tries = tries;
        match range {
            Some(range) => {
                self.expected = Some(check_rest(&answer, &range, &self.headers, self.expected)?);
            }
            None => self.begin_anew(&answer)?,
        }
        self.check_length()?;
        self.body = Body::Flows { inner: Box::new(answer.response), _permit: answer.permit };
        Ok(())
    }

    /// Takes over what another answer to the same request says, if it is alike: its like may have been acted upon.
    fn begin_anew(&mut self, answer: &Answer) -> Result<(), Error> {
        let headers = answer.response.headers();
        if answer.response.status().as_u16() != self.status
            || headers.get(header::CONTENT_TYPE) != self.headers.get(header::CONTENT_TYPE)
        {
            return Err(Error::Changed { url: redacted(&self.url) });
        }
        self.headers = headers.clone();
        self.expected = announced(&self.request, answer)?;
        self.unannounced = Unannounced::new(self.request.encoding, &answer.url, headers);
        self.url = answer.url.clone();
        self.asked_identity = answer.asked_identity;
        Ok(())
    }
}

/// How many bytes an answer says that it has. A part that nobody asked for (206) is the beginning of as many as it says, and breaks
/// off with its end.
///
/// # Errors
/// [`Error::Truncated`] for a part that does not say so, or is not the beginning.
fn announced(request: &Request, answer: &Answer) -> Result<Option<u64>, Error> {
    let response = &answer.response;
    if request.encoding == Encoding::Identity && response.status() == StatusCode::PARTIAL_CONTENT {
        let whole = length_of_whole(response.headers());
        let truncated = || Error::Truncated { url: redacted(&answer.url), received: 0, expected: None };
        return whole.map(Some).ok_or_else(truncated);
    }
    let has_body = request.method != Method::Head && response.status() != StatusCode::NOT_MODIFIED;
    Ok(response.content_length().filter(|_| has_body))
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("url", &redacted(&self.url))
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_may_be_shared_and_sent() {
        fn check<T: Send + Sync>() {}
        check::<Response>();
    }
}
