//! A client: one endpoint, one request at a time.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use granary_fetch::{Fetcher, Method, Query, Response, Retry, Statuses};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

use crate::{
    need::{Need, Needs},
    parser::{Item, Limits, PageError, Parser},
    request::Request,
    types::{ErrorCode, Identify, MetadataFormat, OaiError},
};

/// The most bytes of one response, after decompression. Memory does not grow with it.
const RESPONSE_BYTES: u64 = 4 << 30;

/// The most bytes of an answer that is held as a whole: of one to [`Client::ask`].
const ANSWER_BYTES: u64 = 16 << 20;

/// The most items of such an answer.
const ANSWER_ITEMS: usize = 10_000;

/// The longest URL that is asked for by GET. What is longer is refused by almost every server, and cannot be sent by our
/// client from 64 KiB on.
const LONGEST_URL: usize = 32 << 10;

/// Why a request got no useful answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be fetched.
    #[error("cannot get {}", shown(url))]
    Fetch {
        /// What was asked.
        url: Url,
        /// Why.
        source: Box<granary_fetch::Error>,
    },
    /// The answer is not OAI-PMH, or ends in the middle.
    #[error("cannot read the answer to {}{}", shown(url), status_text(*status))]
    Page {
        /// What was asked.
        url: Url,
        /// The status of the answer.
        status: u16,
        /// What is wrong with it.
        source: PageError,
    },
    /// The repository reports an error.
    #[error("{} answers {error}", shown(url))]
    Refused {
        /// What was asked.
        url: Url,
        /// The repository's words.
        error: Box<OaiError>,
    },
    /// The answer lacks something.
    #[error("the answer to {} is not complete: {detail}", shown(url))]
    Incomplete {
        /// What was asked.
        url: Url,
        /// What is missing.
        detail: String,
    },
    /// The answer is more than is held.
    #[error("the answer to {} is too much: {detail}", shown(url))]
    TooMuch {
        /// What was asked.
        url: Url,
        /// What there is so much of.
        detail: String,
    },
}

/// A URL without user name and password.
fn shown(url: &Url) -> Url {
    let mut url = url.clone();
    // Fails only for URLs that cannot have either.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url
}

fn status_text(status: u16) -> String {
    if status < 400 { String::new() } else { format!(" (HTTP {status})") }
}

impl Error {
    /// Whether the endpoint lets us in at all: a firewall may answer in its place, or it forbids whoever is called as we are.
    pub fn is_blocked(&self) -> bool {
        match self {
            Self::Fetch { source, .. } => source.reason() == granary_fetch::Reason::Blocked,
            Self::Page { status, .. } => *status == 403,
            Self::Refused { .. } | Self::Incomplete { .. } | Self::TooMuch { .. } => false,
        }
    }

    /// Whether the same request is likely to be answered so again: it was not cut short by a mishap, but exceeds a bound.
    pub fn is_too_much(&self) -> bool {
        match self {
            Self::Fetch { source, .. } => source.reason() == granary_fetch::Reason::TooBig,
            Self::Page { source, .. } => matches!(source, PageError::TooLarge { .. }),
            Self::TooMuch { .. } => true,
            Self::Refused { .. } | Self::Incomplete { .. } => false,
        }
    }

    /// Whether, and when, to ask again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Fetch { source, .. } => source.retry(),
            Self::Page { source: PageError::Truncated { .. }, .. } | Self::Incomplete { .. } => Retry::Later,
            Self::Page { status, .. } if *status >= 500 || matches!(status, 408 | 429) => Retry::Later,
            Self::Page { .. } | Self::Refused { .. } | Self::TooMuch { .. } => Retry::Never,
        }
    }
}

/// An endpoint. Cheap to clone; all clones together have one request under way at a time.
#[derive(Clone)]
pub struct Client {
    fetcher: Fetcher,
    base_url: Url,
    turn: Arc<Semaphore>,
    /// Whether it is asked by POST.
    posts: Arc<AtomicBool>,
}

impl Client {
    /// A client of the endpoint with this base URL, of a repository that was found to need this.
    pub fn new(fetcher: Fetcher, base_url: Url, needs: &Needs) -> Self {
        let posts = Arc::new(AtomicBool::new(needs.contains(&Need::Post)));
        Self { fetcher, base_url, turn: Arc::new(Semaphore::new(1)), posts }
    }

    /// Takes up into what is known whether the endpoint has to be asked by POST, as it was found out by this client or its
    /// clones.
    pub fn learn(&self, needs: &mut Needs) {
        match self.posts.load(Ordering::Relaxed) {
            true => needs.insert(Need::Post),
            false => needs.remove(&Need::Post),
        };
    }

    /// The User-Agent that the endpoint is shown.
    pub fn user_agent(&self) -> String {
        self.fetcher.user_agent(self.base_url.host_str().unwrap_or_default())
    }

    /// Sends a request, and returns as soon as the answer begins. The endpoint is free for the next one when the page has
    /// been read to its end or dropped.
    ///
    /// # Errors
    /// When there is no answer. What the answer is shows in reading it.
    pub async fn open(&self, request: &Request) -> Result<Page, Error> {
        self.open_within(request, RESPONSE_BYTES).await
    }

    async fn open_within(&self, request: &Request, max_bytes: u64) -> Result<Page, Error> {
        let url = request.url(&self.base_url);
        // The semaphore is never closed.
        let turn = self.turn.clone().acquire_owned().await.ok();
        let mut asked = granary_fetch::Request::new(url.clone());
        asked.accept = Some("application/xml, text/xml;q=0.9, */*;q=0.1".to_owned());
        // Some repositories send `noRecordsMatch` with a status of 422 or 404: the body is read before it is judged.
        asked.statuses = Statuses::Any;
        asked.max_bytes = Some(max_bytes);
        // Where an endpoint has moved to is told without the arguments by some.
        asked.query = Query::Kept;
        let response = self
            .send(asked)
            .await
            .map_err(|source| Error::Fetch { url: url.clone(), source: Box::new(source) })?;
        let parser = Parser::new(Limits::default());
        Ok(Page { url, response, parser, ended: false, turn })
    }

    /// Sends a request by the method that the endpoint is known to take. One that it refuses is tried by the other, once; what
    /// it takes then is what it is asked by from now on.
    async fn send(&self, mut request: granary_fetch::Request) -> Result<Response, granary_fetch::Error> {
        let posts = self.posts.load(Ordering::Relaxed);
        let is_long = request.url.as_str().len() > LONGEST_URL;
        request.method = if posts || is_long { Method::Post } else { Method::Get };
        let response = self.fetcher.get(request.clone()).await?;
        if !Need::refuses_method(response.status) {
            return Ok(response);
        }
        // Its connection may be the only one.
        drop(response);
        request.method = if request.method == Method::Post { Method::Get } else { Method::Post };
        let other = self.fetcher.get(request.clone()).await?;
        if (200..300).contains(&other.status) {
            self.posts.store(request.method == Method::Post, Ordering::Relaxed);
        }
        Ok(other)
    }

    /// Asks Identify.
    pub async fn identify(&self) -> Result<Identify, Error> {
        let answer = self.ask(&Request::identify()).await?;
        let identify = answer.items.into_iter().find_map(|item| match item {
            Item::Identify(identify) => Some(identify),
            _ => None,
        });
        let url = answer.url;
        identify.ok_or_else(|| Error::Incomplete { url, detail: "it has no <Identify>".to_owned() })
    }

    /// Asks for the metadata formats; none when the repository says that there are none.
    pub async fn formats(&self) -> Result<Vec<MetadataFormat>, Error> {
        let answer = self.ask(&Request::list_metadata_formats()).await?;
        Ok(answer
            .items
            .into_iter()
            .filter_map(|item| match item {
                Item::Format(format) => Some(format),
                _ => None,
            })
            .collect())
    }

    /// Asks for something that is no long list. An answer that breaks off is asked for again, once.
    ///
    /// # Errors
    /// When there is no answer, it cannot be read, it is too long to be held, or it is an error that the repository reports.
    pub async fn ask(&self, request: &Request) -> Result<Answer, Error> {
        let first = self.open_within(request, ANSWER_BYTES).await?;
        match first.collect().await {
            // What was learned of the host by then makes a difference: it may be asked for plain bytes now.
            Err(error @ (Error::Fetch { .. } | Error::Page { source: PageError::Truncated { .. }, .. }))
                if error.retry() == Retry::Later =>
            {
                self.open_within(request, ANSWER_BYTES).await?.collect().await
            }
            answer => answer,
        }
    }
}

/// The answer to [`Client::ask`].
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was asked.
    pub url: Url,
    /// All that is in it.
    pub items: Vec<Item>,
    /// Where the endpoint says that it has moved for good.
    pub moved_to: Option<Url>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base_url", &self.base_url.as_str()).finish_non_exhaustive()
    }
}

/// A response being read.
pub struct Page {
    url: Url,
    response: Response,
    parser: Parser,
    ended: bool,
    turn: Option<OwnedSemaphorePermit>,
}

impl Page {
    /// What was asked.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Where the endpoint says that it has moved for good.
    pub fn moved_to(&self) -> Option<Url> {
        let mut url = shown(&self.response.url);
        url.set_query(None);
        Some(url).filter(|_| self.response.moved_permanently)
    }

    async fn collect(mut self) -> Result<Answer, Error> {
        let mut items = Vec::new();
        while let Some(item) = self.next().await? {
            match item {
                Item::Error(error) if error.code != ErrorCode::NoMetadataFormats => {
                    return Err(Error::Refused { url: self.url, error: Box::new(error) });
                }
                _ if items.len() == ANSWER_ITEMS => {
                    let detail = format!("more than {ANSWER_ITEMS} things are in it");
                    return Err(Error::TooMuch { url: self.url, detail });
                }
                item => items.push(item),
            }
        }
        Ok(Answer { moved_to: self.moved_to(), url: self.url, items })
    }

    /// The next item; nothing at the end. Memory does not grow with the page.
    ///
    /// # Errors
    /// When the page cannot be read to its end. The items before the fault have been given.
    pub async fn next(&mut self) -> Result<Option<Item>, Error> {
        loop {
            if let Some(item) = self.parser.next() {
                return Ok(Some(item));
            }
            if self.ended {
                return self.finish();
            }
            let fetched = self.response.chunk().await;
            match fetched
                .map_err(|source| Error::Fetch { url: self.url.clone(), source: Box::new(source) })?
            {
                Some(bytes) => self.parser.feed(&bytes),
                None => {
                    self.ended = true;
                    // Items may come out with the end; the error waits for them.
                    let _ = self.parser.finish();
                }
            }
        }
    }

    fn finish(&mut self) -> Result<Option<Item>, Error> {
        self.turn = None;
        match self.parser.finish() {
            Ok(()) => Ok(None),
            Err(source) => Err(Error::Page { url: self.url.clone(), status: self.response.status, source }),
        }
    }
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}
