//! Fetches one file into a version's folder.

use std::collections::BTreeMap;

use bytes::BytesMut;
use granary_fetch::{Encoding, Request, Response, Retry, Statuses, Validators, disposition_file_name};
use granary_finders::{ending, has_ending};
use granary_queue::Task;
use granary_silo::{Digests, Entry, FileName, Identifier, Manifest, Silo, VersionName, Writer};
use url::Url;

use crate::{
    clock,
    context::{Context, Progress},
    error::Error,
    files::{NAME_FROM, SHA256},
    html::looks_like_html,
    reason::Reason,
};

/// How much of a file is looked at to tell it from an HTML page, white space at its beginning aside.
const JUDGED_BYTES: usize = 512;

/// What became of a transfer.
#[derive(Debug)]
pub(crate) enum Transfer {
    /// The bytes are stored; name and entry are for the manifest.
    Stored(FileName, Box<Entry>),
    /// They are those of a file that is stored already: the entry points to it.
    Known(FileName, Box<Entry>),
    /// They could not be had.
    Failed(Fault),
}

/// Why something could not be had, and whether to try again.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) reason: Reason,
    pub(crate) detail: String,
    pub(crate) retry: Retry,
}

impl Fault {
    pub(crate) fn for_good(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), retry: Retry::Never }
    }
}

impl From<granary_fetch::Error> for Fault {
    fn from(error: granary_fetch::Error) -> Self {
        Self { reason: error.reason().into(), detail: in_full(&error), retry: error.retry() }
    }
}

/// The most bytes of a text that is kept to tell what went wrong: what it quotes may be of any length.
const LONGEST_TEXT: usize = 4 << 10;

/// A text as it is kept.
pub(crate) fn shortened(mut text: String) -> String {
    if text.len() > LONGEST_TEXT {
        text.truncate(text.floor_char_boundary(LONGEST_TEXT));
        text.push('…');
    }
    text
}

/// An error with its causes, on one line, shortened. Some libraries repeat the cause in each text: what was said is not said
/// again.
pub fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    shortened(text)
}

/// Where a file goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Destination<'a> {
    pub(crate) silo: &'a Silo,
    pub(crate) identifier: &'a Identifier,
    pub(crate) version: &'a VersionName,
    /// Its name, unless its server knows a better one than its URL.
    pub(crate) name: &'a FileName,
    /// Names that are spoken for, and by which URLs.
    pub(crate) names: &'a BTreeMap<String, String>,
    /// The object's manifest as it is known: what it has is not stored twice.
    pub(crate) manifest: Option<&'a Manifest>,
}

impl Destination<'_> {
    /// The name of a file that its server calls so: made safe, and told apart from others of the version.
    fn named(&self, task: &Task, served: &str) -> FileName {
        let name = FileName::safe(served);
        let inventory = self.manifest.and_then(|manifest| manifest.record(self.version));
        let stored = inventory.and_then(|record| record.inventory.get(name.as_str()));
        let is_anothers = stored.is_some_and(|entry| entry.url.as_ref() != Some(&task.url))
            || self.names.get(name.as_str()).is_some_and(|url| *url != task.url);
        // Two that their URLs call alike are told apart by the order in the metadata: not by which comes first.
        let is_second = *self.name == FileName::safe(original_name(task)).distinct(&task.url);
        if is_anothers || is_second { name.distinct(&task.url) } else { name }
    }
}

/// Fetches the task's file. The request is conditional when the file was fetched from there before.
///
/// # Errors
/// Only when the store fails: then nothing more can be done here. What concerns the file is [`Transfer::Failed`].
pub(crate) async fn fetch(context: &Context, task: &Task, to: Destination<'_>) -> Result<Transfer, Error> {
    let before = to.manifest.and_then(|manifest| manifest.find_url(&task.url)).map(|(_, entry)| entry);
    let before = before.filter(|entry| is_as_announced(task, entry));
    let mut response = match get(context, task, before).await {
        Ok(response) => response,
        Err(fault) => return Ok(Transfer::Failed(fault)),
    };
    if let (true, Some(before)) = (response.not_modified(), before) {
        let entry = about(task, None, &response, before.clone());
        return Ok(Transfer::Known(to.name.clone(), Box::new(entry)));
    }
    let content_type = response.content_type().map(str::to_owned).or_else(|| task.content_type.clone());
    let served = served_name(task, &response, content_type.as_deref());
    let name = served.as_deref().map_or_else(|| to.name.clone(), |served| to.named(task, served));
    let mut stored_as = name.clone();
    // The second round, if there is one, takes the name that the first has found to be free.
    for _ in 0..2 {
        let mut writer = to.silo.writer(to.identifier, to.version, &stored_as, content_type.as_deref())?;
        match receive(context, task, &mut response, &mut writer).await? {
            None => {}
            Some(fault) => return Ok(Transfer::Failed(fault)),
        }
        let digests = writer.digests().await;
        if let Some(fault) = not_as_announced(task, &digests) {
            return Ok(Transfer::Failed(fault));
        }
        if let Some(stored) = to.manifest.and_then(|manifest| manifest.find_content(&digests.sha256)) {
            let entry = about(task, served.as_deref(), &response, stored.clone());
            return Ok(Transfer::Known(name, Box::new(entry)));
        }
        match writer.finish().await {
            Ok(stored) => {
                let entry = Entry {
                    path: stored.path,
                    size: Some(digests.size),
                    sha256: Some(digests.sha256),
                    md5: Some(digests.md5),
                    content_type,
                    ..Entry::default()
                };
                let entry = about(task, served.as_deref(), &response, entry);
                return Ok(Transfer::Stored(name, Box::new(entry)));
            }
            Err(granary_silo::Error::Occupied { instead, .. }) => {
                // Other bytes lie there that no manifest names yet: another worker's, or left by a crash.
                stored_as = instead;
                response = match get(context, task, None).await {
                    Ok(response) => response,
                    Err(fault) => return Ok(Transfer::Failed(fault)),
                };
            }
            Err(error) => return Err(error.into()),
        }
    }
    let detail = format!("{} gives other bytes each time", task.url);
    Ok(Transfer::Failed(Fault { reason: Reason::BadDigest, detail, retry: Retry::Later }))
}

/// Passes the body on to the writer, once its beginning has been looked at; or says why it cannot.
async fn receive(
    context: &Context,
    task: &Task,
    response: &mut Response,
    writer: &mut Writer,
) -> Result<Option<Fault>, Error> {
    let mut beginning = Some(BytesMut::new());
    let mut received = 0;
    loop {
        let bytes = match response.chunk().await {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Some(error.into())),
        };
        Progress::add(&context.progress.bytes, bytes.as_ref().map_or(0, |bytes| bytes.len() as u64));
        received += bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
        if let Some(size) = task.size.filter(|size| received > *size) {
            // What it would come to in the end is not waited for.
            return Ok(Some(wrong(task, "size", &format!("{received} and more"), &size.to_string())));
        }
        let is_end = bytes.is_none();
        let bytes = match (&mut beginning, bytes) {
            (None, Some(bytes)) => bytes,
            (None, None) => return Ok(None),
            (Some(seen), bytes) => {
                seen.extend_from_slice(&bytes.unwrap_or_default());
                if !is_end && seen.trim_ascii_start().len() < JUDGED_BYTES && seen.len() < 64 * JUDGED_BYTES {
                    continue;
                }
                let seen = beginning.take().unwrap_or_default().freeze();
                if let Some(fault) = not_a_file(task, response, &seen) {
                    return Ok(Some(fault));
                }
                seen
            }
        };
        writer.write(bytes).await?;
        if is_end {
            return Ok(None);
        }
    }
}

async fn get(context: &Context, task: &Task, before: Option<&Entry>) -> Result<Response, Fault> {
    let url = Url::parse(&task.url)
        .map_err(|error| Fault::for_good(Reason::BadMetadata, format!("{} is no URL: {error}", task.url)))?;
    let mut request = Request::new(url);
    request.encoding = Encoding::Identity;
    request.statuses = Statuses::Success;
    request.resume = true;
    if let Some(before) = before {
        request.validators =
            Validators { etag: before.etag.clone(), last_modified: before.last_modified.clone() };
    }
    Ok(context.fetcher.get(request).await?)
}

/// HTML where something else was announced, by its type or by the name's ending.
fn not_a_file(task: &Task, response: &Response, first: &[u8]) -> Option<Fault> {
    if announces_html(task) || !looks_like_html(response.content_type(), first) {
        return None;
    }
    let announced = task.content_type.as_deref().unwrap_or(&task.filename);
    Some(Fault::for_good(Reason::NotAFile, format!("{} is an HTML page, not {announced}", response.url)))
}

/// The name as the metadata or the URL has it.
fn original_name(task: &Task) -> &str {
    task.other.get("original_name").and_then(|name| name.as_str()).unwrap_or(&task.filename)
}

/// What a file is called by its server, where only its URL has named it; with the usual ending of its type if it has none.
fn served_name(task: &Task, response: &Response, content_type: Option<&str>) -> Option<String> {
    task.other.get(NAME_FROM).filter(|from| *from == "url")?;
    let served = response.headers("content-disposition").find_map(|header| disposition_file_name(&header));
    let name = served.unwrap_or_else(|| original_name(task).to_owned());
    if has_ending(&name) {
        return Some(name);
    }
    let ending = content_type.and_then(ending).unwrap_or_default();
    Some(name + ending)
}

fn announces_html(task: &Task) -> bool {
    let name = task.filename.to_ascii_lowercase();
    match &task.content_type {
        Some(content_type) => content_type.contains("html"),
        // Nobody has called it so: behind the address of a download it is the page that asks to log in.
        None if task.other.contains_key(NAME_FROM) => false,
        None => !name.contains('.') || [".html", ".htm", ".xhtml"].iter().any(|end| name.ends_with(end)),
    }
}

/// Whether a stored file may be what the task announces. What is announced with another size or digest has changed, whatever
/// the server thinks of its ETag.
fn is_as_announced(task: &Task, entry: &Entry) -> bool {
    let sha256 = task.other.get(SHA256).and_then(|sha256| sha256.as_str());
    let is = |announced: Option<&str>, stored: &Option<String>| {
        announced.is_none_or(|text| stored.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(text)))
    };
    task.size.is_none_or(|size| entry.size == Some(size))
        && is(task.md5.as_deref(), &entry.md5)
        && is(sha256, &entry.sha256)
}

/// Something that differs from what was announced; it may be mended.
fn wrong(task: &Task, what: &str, got: &str, announced: &str) -> Fault {
    let detail = format!("{} has {what} {got}, announced is {announced}", task.url);
    Fault { reason: Reason::BadDigest, detail, retry: Retry::Later }
}

fn not_as_announced(task: &Task, digests: &Digests) -> Option<Fault> {
    if let Some(size) = task.size
        && size != digests.size
    {
        return Some(wrong(task, "size", &digests.size.to_string(), &size.to_string()));
    }
    let sha256 = task.other.get(SHA256).and_then(|sha256| sha256.as_str());
    if let Some(sha256) = sha256
        && !sha256.eq_ignore_ascii_case(&digests.sha256)
    {
        return Some(wrong(task, "sha256", &digests.sha256, sha256));
    }
    match &task.md5 {
        Some(md5) if !md5.eq_ignore_ascii_case(&digests.md5) => Some(wrong(task, "md5", &digests.md5, md5)),
        _ => None,
    }
}

/// The entry with what the task and the answer say about it.
fn about(task: &Task, served: Option<&str>, response: &Response, entry: Entry) -> Entry {
    Entry {
        url: Some(task.url.clone()),
        original_name: Some(served.unwrap_or(original_name(task)).to_owned()),
        found_by: task.found_by.clone().or(entry.found_by),
        etag: response.etag().map(str::to_owned).or(entry.etag),
        last_modified: response.last_modified().map(str::to_owned).or(entry.last_modified),
        fetched: Some(clock::timestamp()),
        ..entry
    }
}
