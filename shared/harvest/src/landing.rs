//! Asks a record's landing page which files it has.

use std::{collections::VecDeque, time::Duration};

use bytes::BytesMut;
use granary_fetch::{Encoding, Request, Response, Retry, Statuses};
use granary_finders::{Found, Method, Next, Page, PageFound, read_page};
use granary_queue::Task;
use url::Url;

use crate::{context::Context, reason::Reason, record, transfer::Fault};

/// How much of a page or a link set is read: what is looked for in a page lies in its head. One byte more than is looked
/// at, so that a link set that is too long is told as such.
const PAGE_BYTES: usize = (1 << 20) + 1;

/// The most bytes that metadata may have which a page links to: it is read in memory.
const METADATA_BYTES: u64 = 8 << 20;

/// How many answers are read for one record: the page, and what it says is worth reading next.
const ANSWERS: usize = 5;

/// The most files that are taken of one page. A page may name anything, and each file is a request to somebody.
const FILES: usize = 1_000;

/// How long it may take in all, waits for the host included.
const LONGEST: Duration = Duration::from_secs(300);

/// What the landing page of a task says about the files of its record: read as far as it takes, and no further. The page is
/// not kept. What it names may be anywhere: the fetcher decides whether to go there.
///
/// May be dropped at any time: nothing is written.
pub(crate) async fn ask(context: &Context, task: &Task) -> Result<Found, Fault> {
    let mut found = match tokio::time::timeout(LONGEST, look(context, task)).await {
        Ok(looked) => looked?,
        Err(_) => {
            let detail = format!("{} takes longer than {} s", task.url, LONGEST.as_secs());
            return Err(Fault { reason: Reason::Timeout, detail, retry: Retry::Later });
        }
    };
    if found.files.len() > FILES {
        found
            .problems
            .push(format!("it names {} files, only the first {FILES} are taken", found.files.len()));
        found.files.truncate(FILES);
    }
    // In a manifest they stand beside those of the metadata.
    found.problems.iter_mut().for_each(|problem| *problem = format!("{}: {problem}", task.url));
    Ok(found)
}

async fn look(context: &Context, task: &Task) -> Result<Found, Fault> {
    let url = Url::parse(&task.url)
        .map_err(|error| Fault::for_good(Reason::BadMetadata, format!("{} is no URL: {error}", task.url)))?;
    let PageFound { mut found, next } = read(context, url).await?;
    if let ([file], Some(Method::LandingPage)) = (found.files.as_mut_slice(), found.method) {
        // It is known by the address that the metadata gives: where that leads may change each time.
        file.url.clone_from(&task.url);
    }
    let mut next = VecDeque::from(next);
    let mut failure = None;
    for _ in 1..ANSWERS {
        let Some(one) = next.pop_front() else { break };
        match follow(context, task, one).await {
            Ok(more) if !more.found.files.is_empty() => return Ok(more.found),
            Ok(more) => next.extend(more.next),
            Err(fault) => failure = failure.or(Some(fault)),
        }
    }
    match failure {
        Some(fault) if found.files.is_empty() => Err(fault),
        Some(_) | None => Ok(found),
    }
}

async fn follow(context: &Context, task: &Task, next: Next) -> Result<PageFound, Fault> {
    match next {
        Next::Linkset(url) => read(context, url).await,
        Next::Metadata(url) => {
            let mut request = request(url.clone());
            request.max_bytes = Some(METADATA_BYTES);
            let (bytes, _place) = context.room.read(context.fetcher.get(request).await?).await?;
            // What cannot be read names nothing: there may be something else to read.
            let found = record::find(&task.pid, "", &bytes).unwrap_or_default();
            Ok(PageFound { found, next: Vec::new() })
        }
    }
}

fn request(url: Url) -> Request {
    let mut request = Request::new(url);
    request.encoding = Encoding::Any;
    request.statuses = Statuses::Success;
    request
}

async fn read(context: &Context, url: Url) -> Result<PageFound, Fault> {
    let mut response = context.fetcher.get(request(url)).await?;
    let url = response.url.clone();
    let content_type = response.content_type().map(str::to_owned);
    let links: Vec<_> = response.headers("link").collect();
    let links: Vec<_> = links.iter().map(String::as_str).collect();
    let page = Page { url: &url, content_type: content_type.as_deref(), link_headers: &links, body: &[] };
    let of_headers = read_page(&page);
    if !of_headers.found.files.is_empty() {
        // The headers name the files, or say that the page is one: the body may be long.
        return Ok(of_headers);
    }
    let body = beginning(&mut response).await?;
    Ok(read_page(&Page { body: &body, ..page }))
}

async fn beginning(response: &mut Response) -> Result<BytesMut, Fault> {
    let mut body = BytesMut::new();
    while body.len() < PAGE_BYTES
        && let Some(bytes) = response.chunk().await?
    {
        body.extend_from_slice(&bytes[..bytes.len().min(PAGE_BYTES - body.len())]);
    }
    Ok(body)
}
