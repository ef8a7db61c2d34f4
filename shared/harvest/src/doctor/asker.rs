//! How the doctor asks: one request at a time, each tried again where that may help, all within bounds.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, TimeDelta, Utc};
use granary_fetch::{Encoding, Fetcher, Method, Request, Response, Retry, Statuses};
use granary_oai_pmh::{Need, Needs};
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use super::answer::{Answer, Came, Fault, Unanswered, shown};
use crate::clock;

/// The most requests of one examination, those that are tried again included. A repository without trouble is sent
/// about thirty.
const MOST_REQUESTS: u64 = 80;

/// The longest examination. What has not been asked by then is not asked.
const LONGEST: Duration = Duration::from_secs(6 * 60);

/// The longest that one answer is waited for, its body included.
const LONGEST_ANSWER: Duration = Duration::from_secs(60);

/// The largest page, after decompression: ten times the largest of any repository we know of.
const LARGEST_PAGE: u64 = 64 << 20;

/// The most that is read of all pages together.
const MOST_BYTES: u64 = 3 * LARGEST_PAGE;

/// How often one thing is asked for.
const TRIES: u32 = 3;

/// How long to wait in between, times the number of tries.
const PAUSE: Duration = Duration::from_millis(700);

/// Asks an endpoint.
pub(crate) struct Asker {
    pub(crate) fetcher: Fetcher,
    /// The endpoint's base URL: the one we were given, or, where that drops the arguments, the one it leads to.
    pub(crate) base: Url,
    /// How the endpoint is asked.
    method: Method,
    /// What it answers to GET, where it has to be asked by POST.
    pub(crate) refused: Option<Answer>,
    /// Requests that went wrong at first: what was asked, and what came in place of an answer.
    pub(crate) mishaps: Vec<(Url, String)>,
    /// The slowest answer.
    pub(crate) slowest: Option<(Duration, Url)>,
    sent_before: u64,
    received: u64,
    until: Instant,
    /// The endpoint wants to be left alone for longer than an examination waits.
    left_alone_until: Option<DateTime<Utc>>,
}

/// A file or a page of the web, read as far as was allowed.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) response: Head,
    pub(crate) body: Bytes,
}

/// The beginning of an answer.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) url: Url,
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    pub(crate) content_length: Option<u64>,
    pub(crate) links: Vec<String>,
}

impl Asker {
    /// `fetcher` should try each request once, and hold its host to be trusted: the asker tries again itself, to
    /// tell of it.
    pub(crate) fn new(fetcher: Fetcher, base: Url) -> Self {
        Self {
            sent_before: fetcher.sent(),
            received: 0,
            fetcher,
            base,
            method: Method::Get,
            refused: None,
            mishaps: Vec::new(),
            slowest: None,
            until: Instant::now() + LONGEST,
            left_alone_until: None,
        }
    }

    /// What has been found out by now that the endpoint needs, for whoever else asks it.
    pub(crate) fn needs(&self) -> Needs {
        (self.method == Method::Post).then_some(Need::Post).into_iter().collect()
    }

    /// How many requests were sent, redirects included.
    pub(crate) fn requests(&self) -> u64 {
        self.fetcher.sent() - self.sent_before
    }

    /// Why nothing more is asked, when that is so.
    pub(crate) fn has_ended(&self) -> Option<String> {
        if let Some(until) = self.left_alone_until {
            Some(format!("the host asks to be left alone until {}", clock::format(until)))
        } else if self.requests() >= MOST_REQUESTS {
            Some(format!("{MOST_REQUESTS} requests are enough"))
        } else if self.received >= MOST_BYTES {
            Some(format!("{} MiB are enough", MOST_BYTES >> 20))
        } else {
            self.time_left().is_zero().then(|| format!("{} minutes are enough", LONGEST.as_secs() / 60))
        }
    }

    /// How much time is left.
    pub(crate) fn time_left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Asks the endpoint, as a harvest does.
    pub(crate) async fn ask(&mut self, request: &granary_oai_pmh::Request) -> Result<Answer, Unanswered> {
        self.ask_url(request.url(&self.base)).await
    }

    /// Asks the endpoint for plain bytes.
    pub(crate) async fn ask_plainly(
        &mut self,
        request: &granary_oai_pmh::Request,
    ) -> Result<Answer, Unanswered> {
        self.persist(&request.url(&self.base), self.method, Encoding::Identity).await
    }

    /// Asks for any URL of the endpoint. Where GET is refused, it is asked by POST from then on, if that is any better.
    pub(crate) async fn ask_url(&mut self, url: Url) -> Result<Answer, Unanswered> {
        let answer = self.ask_by(self.method, &url).await?;
        if self.method == Method::Post || !Need::refuses_method(answer.status) {
            return Ok(answer);
        }
        match self.ask_by(Method::Post, &url).await {
            Ok(posted) if (200..300).contains(&posted.status) => {
                self.method = Method::Post;
                self.refused = Some(answer);
                Ok(posted)
            }
            Ok(_) | Err(_) => Ok(answer),
        }
    }

    /// Asks for any URL of the endpoint by this method.
    pub(crate) async fn ask_by(&mut self, method: Method, url: &Url) -> Result<Answer, Unanswered> {
        self.persist(url, method, Encoding::Any).await
    }

    async fn persist(&mut self, url: &Url, method: Method, encoding: Encoding) -> Result<Answer, Unanswered> {
        for attempt in 1.. {
            let result = self.once(url, method, encoding).await;
            let Some(trouble) = trouble(&result).filter(|_| attempt < TRIES) else { return result };
            self.mishaps.push((url.clone(), trouble));
            tokio::time::sleep(PAUSE * attempt).await;
        }
        Err(Unanswered::Enough)
    }

    async fn once(&mut self, url: &Url, method: Method, encoding: Encoding) -> Result<Answer, Unanswered> {
        let mut request = Request::new(url.clone());
        request.method = method;
        request.encoding = encoding;
        request.accept = Some("application/xml, text/xml;q=0.9, */*;q=0.1".to_owned());
        request.statuses = Statuses::Any;
        request.max_bytes = Some(LARGEST_PAGE);
        let (asked_at, begun) = (clock::now(), Instant::now());
        let mut response = self.send(request).await?;
        let mut answer = Answer::of(url.clone(), &response, asked_at);
        let until = self.until.min(begun + LONGEST_ANSWER);
        if timeout_at(until, answer.read(&mut response)).await.is_err() {
            answer.fault = Some(Fault::TooMuch("it has not ended in time"));
        }
        answer.took = begun.elapsed();
        self.received += answer.bytes;
        if self.slowest.as_ref().is_none_or(|(slowest, _)| answer.took > *slowest) {
            self.slowest = Some((answer.took, url.clone()));
        }
        Ok(answer)
    }

    /// Asks for a page of the web, of which `most` bytes are read. Once.
    pub(crate) async fn fetch(&mut self, url: &Url, most: usize) -> Result<Fetched, Unanswered> {
        let mut response = self.send(Request::new(url.clone())).await?;
        let head = Head::of(&response);
        let mut body = BytesMut::new();
        let reading = async {
            while body.len() < most
                && let Some(bytes) = response.chunk().await.map_err(Unanswered::Failed)?
            {
                body.extend_from_slice(&bytes);
            }
            Ok(())
        };
        timeout(LONGEST_ANSWER, reading).await.unwrap_or(Err(Unanswered::TooSlow))?;
        body.truncate(most);
        Ok(Fetched { response: head, body: body.freeze() })
    }

    /// Asks what there is, without the bytes. A server that does not take HEAD is asked for the file, and not listened to.
    pub(crate) async fn head(&mut self, url: &Url) -> Result<Head, Unanswered> {
        let mut request = Request::new(url.clone());
        request.encoding = Encoding::Identity;
        request.method = Method::Head;
        match self.send(request.clone()).await {
            Err(Unanswered::Failed(granary_fetch::Error::Status { status: 400 | 405 | 501, .. })) => {
                request.method = Method::Get;
                self.send(request).await.map(|response| Head::of(&response))
            }
            response => response.map(|response| Head::of(&response)),
        }
    }

    async fn send(&mut self, request: Request) -> Result<Response, Unanswered> {
        if self.has_ended().is_some() {
            return Err(Unanswered::Enough);
        }
        let host_is_ours = request.url.host() == self.base.host();
        let wait = LONGEST_ANSWER + Duration::from_secs(60);
        match timeout(wait.min(self.time_left()), self.fetcher.get(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => {
                self.left_alone_until =
                    self.left_alone_until.or(asks_for_long(&error).filter(|_| host_is_ours));
                Err(Unanswered::Failed(error))
            }
            Err(_) => Err(Unanswered::TooSlow),
        }
    }
}

/// Until when a host wants to be left alone, if that is longer than an examination waits.
fn asks_for_long(error: &granary_fetch::Error) -> Option<DateTime<Utc>> {
    let Retry::NotBefore(until) = error.retry() else { return None };
    (until - clock::now() > TimeDelta::minutes(1)).then_some(until)
}

/// Why something is worth being asked for again; nothing when it is not.
fn trouble(result: &Result<Answer, Unanswered>) -> Option<String> {
    match result {
        Err(unanswered) => match unanswered {
            Unanswered::Failed(error) if asks_for_long(error).is_some() => None,
            _ => (unanswered.retry() != Retry::Never).then(|| unanswered.to_string()),
        },
        // More than is read, or than may be waited for: another time it would be the same.
        Ok(answer) if answer.is_too_much() => None,
        Ok(answer) => {
            let may_pass = matches!(answer.status, 408 | 425 | 429 | 500..=599);
            let is_odd = matches!(answer.error_code(), Some(granary_oai_pmh::ErrorCode::Unknown(_)));
            let breaks =
                matches!(answer.came(), Came::CutOff | Came::Other) && (may_pass || answer.status == 200);
            (breaks || is_odd).then(|| answer.described())
        }
    }
}

impl Head {
    fn of(response: &Response) -> Self {
        Self {
            url: response.url.clone(),
            status: response.status,
            content_type: response.content_type().map(str::to_owned),
            content_length: response.header("content-length").and_then(|length| length.trim().parse().ok()),
            links: response.headers("link").collect(),
        }
    }

    /// What was asked for, for findings.
    pub(crate) fn shown(&self) -> String {
        shown(&self.url)
    }
}
