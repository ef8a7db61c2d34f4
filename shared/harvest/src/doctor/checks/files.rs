//! The files behind a few records: whether metadata or landing pages name them, and whether they are there as announced.

use granary_finders::{Availability, FileRef, Found, Next, Page as LandingPage, Record, find, read_page};
use url::Url;

use crate::{
    clock,
    doctor::{
        answer::{Unanswered, shown},
        asker::{Asker, Head},
        finding::Finding,
        seen::Seen,
    },
    export::{EPRINTS_PREFIX, export_url},
    html::looks_like_html,
    source::Kind,
};

/// How many records are looked at, and how many open files of each are asked for.
const RECORDS: usize = 3;
const FILES: usize = 2;

/// The most bytes of an export, and of a landing page, that are read.
const LARGEST_EXPORT: usize = 16 << 20;
const LARGEST_PAGE: usize = 1 << 20;

/// A record to look at.
struct Subject {
    identifier: String,
    prefix: String,
    metadata: Vec<u8>,
}

/// Looks at the first records.
pub(crate) async fn check(asker: &mut Asker, seen: &mut Seen) -> Vec<Finding> {
    let mut findings = Vec::new();
    let subjects = match seen.kind() {
        Kind::Eprints3 => exported(asker, seen, &mut findings).await,
        Kind::Oai | Kind::Auto => listed(seen),
    };
    for subject in subjects {
        findings.extend(of_record(asker, &subject).await);
    }
    if findings.is_empty() && seen.first.as_ref().is_some_and(|first| first.page.items > 0) {
        findings.push(Finding::untold("files", "there is no record to look at for files"));
    }
    findings
}

fn listed(seen: &Seen) -> Vec<Subject> {
    let mut answers = [&seen.records, &seen.single].into_iter().flatten();
    let samples = answers
        .find(|answer| !answer.page.samples.is_empty())
        .into_iter()
        .flat_map(|answer| &answer.page.samples);
    let subject = |record: &granary_oai_pmh::Record| {
        Some(Subject {
            identifier: record.header.identifier.clone(),
            prefix: seen.list_prefix(),
            metadata: record.metadata.clone()?,
        })
    };
    samples.filter_map(subject).take(RECORDS).collect()
}

async fn exported(asker: &mut Asker, seen: &Seen, findings: &mut Vec<Finding>) -> Vec<Subject> {
    let Some(template) = seen.learned.as_ref().and_then(|learned| learned.template.as_deref()) else {
        return Vec::new();
    };
    let headers = seen.first.iter().flat_map(|first| &first.page.headers).filter(|header| !header.deleted);
    let mut subjects = Vec::new();
    for header in headers.take(RECORDS) {
        let Some(url) = export_url(template, &header.identifier, EPRINTS_PREFIX) else { continue };
        match asker.fetch(&url, LARGEST_EXPORT).await {
            Ok(fetched) => subjects.push(Subject {
                identifier: header.identifier.clone(),
                prefix: EPRINTS_PREFIX.to_owned(),
                metadata: fetched.body.to_vec(),
            }),
            Err(unanswered) => {
                findings.push(missing(
                    "export",
                    &format!("the export of {}", header.identifier),
                    &unanswered,
                    &url,
                ));
            }
        }
    }
    subjects
}

/// What the record names, and a few of those files.
async fn of_record(asker: &mut Asker, subject: &Subject) -> Vec<Finding> {
    let Subject { identifier, prefix, metadata } = subject;
    let today = clock::now().date_naive();
    let found = match find(&Record { identifier, prefix, metadata, today }) {
        Ok(found) => found,
        Err(error) => {
            let lost =
                "the files of this record, until its metadata can be read; the metadata is kept as it is";
            return vec![Finding::broken("metadata", error.to_string(), lost)];
        }
    };
    let mut findings = Vec::new();
    let found = match (found.files.is_empty(), &found.landing_page) {
        (true, Some(url)) => match landing(asker, url).await {
            Ok(page) => {
                findings.push(on_page(identifier, url, &page));
                page
            }
            Err(unanswered) => {
                return vec![missing(
                    "landing_page",
                    &format!("the landing page of {identifier}"),
                    &unanswered,
                    url,
                )];
            }
        },
        _ => {
            findings.push(named(identifier, &found));
            found
        }
    };
    findings.extend(problems(identifier, &found));
    let open = found.files.iter().filter(|file| file.availability == Availability::Open);
    for file in open.take(FILES) {
        findings.push(of_file(asker, file).await);
    }
    findings
}

/// Reads a landing page, and the link set that it leads to.
async fn landing(asker: &mut Asker, url: &Url) -> Result<Found, Unanswered> {
    let (found, next) = read(asker, url).await?;
    let linkset = next.into_iter().find_map(|next| match next {
        Next::Linkset(url) => Some(url),
        Next::Metadata(_) => None,
    });
    match linkset {
        Some(linkset) => match read(asker, &linkset).await {
            Ok((listed, _)) if !listed.files.is_empty() => Ok(listed),
            _ => Ok(found),
        },
        None => Ok(found),
    }
}

async fn read(asker: &mut Asker, url: &Url) -> Result<(Found, Vec<Next>), Unanswered> {
    let fetched = asker.fetch(url, LARGEST_PAGE).await?;
    let links: Vec<_> = fetched.response.links.iter().map(String::as_str).collect();
    let page = read_page(&LandingPage {
        url: &fetched.response.url,
        content_type: fetched.response.content_type.as_deref(),
        link_headers: &links,
        body: &fetched.body,
    });
    Ok((page.found, page.next))
}

fn named(identifier: &str, found: &Found) -> Finding {
    let about = "names_files";
    match found.lack() {
        None => Finding::fine(about, format!("{identifier} names {}", census(&found.files))),
        Some(lack) => Finding::worked_around(
            about,
            format!("{identifier}: {lack}"),
            "it keeps the metadata; there is no file of this record to fetch",
        ),
    }
}

fn on_page(identifier: &str, url: &Url, found: &Found) -> Finding {
    let about = "landing_page";
    let finding = match found.lack() {
        None => Finding::fine(
            about,
            format!(
                "the metadata of {identifier} names no file; its landing page names {}",
                census(&found.files)
            ),
        ),
        Some(lack) => Finding::worked_around(
            about,
            format!("the metadata of {identifier} names no file; of its landing page: {lack}"),
            "it keeps the metadata; there is no file of this record to fetch",
        ),
    };
    finding.at(shown(url))
}

/// How many files there are, and what is said of them.
fn census(files: &[FileRef]) -> String {
    let count = |is: fn(&FileRef) -> bool| files.iter().filter(|file| is(file)).count();
    let parts = [
        (count(|file| file.size.is_some()), "with their size"),
        (count(|file| file.md5.is_some() || file.sha256.is_some()), "with a digest"),
        (count(|file| matches!(file.availability, Availability::Restricted { .. })), "restricted"),
        (count(|file| matches!(file.availability, Availability::Embargoed { .. })), "under embargo"),
        (count(|file| file.availability == Availability::Derived), "derived from others"),
    ];
    let parts: Vec<_> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let method = files.first().map(|file| format!(" ({})", file.found_by)).unwrap_or_default();
    let of_which = if parts.is_empty() { String::new() } else { format!(", {}", parts.join(", ")) };
    format!("{} files{method}{of_which}", files.len())
}

fn problems(identifier: &str, found: &Found) -> Option<Finding> {
    let first = found.problems.first()?;
    Some(Finding::broken(
        "file_references",
        format!(
            "{} things that {identifier} says of its files cannot be read; the first: {first}",
            found.problems.len()
        ),
        "the files that these would be; each is noted as a failure of its record",
    ))
}

/// Whether a file is there, as it was announced.
async fn of_file(asker: &mut Asker, file: &FileRef) -> Finding {
    let Ok(url) = Url::parse(&file.url) else {
        return Finding::broken("file", format!("{} is no URL", file.url), "this file");
    };
    match asker.head(&url).await {
        Ok(head) => as_announced(file, &head),
        Err(unanswered) => missing("file", &format!("the file {}", file.name), &unanswered, &url),
    }
}

fn as_announced(file: &FileRef, head: &Head) -> Finding {
    let is_html = |content_type: Option<&str>| looks_like_html(content_type, b"");
    let came_as_page = is_html(head.content_type.as_deref()) && !is_html(file.content_type.as_deref());
    let name = &file.name;
    let finding = match (file.size, head.content_length) {
        _ if came_as_page => Finding::broken(
            "file",
            format!("in place of the file {name} comes an HTML page"),
            "this file: a page is not stored in place of a file; often it asks to log in",
        ),
        (Some(announced), Some(size)) if announced != size => Finding::broken(
            "file",
            format!("the file {name} is announced with {announced} bytes, and has {size}"),
            "this file: it is not stored with another size than was announced",
        ),
        (Some(size), Some(_)) => {
            Finding::fine("file", format!("the file {name} is there, with {size} bytes as announced"))
        }
        (None, Some(size)) => {
            Finding::fine("file", format!("the file {name} is there, with {size} bytes; none were announced"))
        }
        (_, None) => Finding::fine(
            "file",
            format!("the file {name} is there (HTTP {}); its size is not told", head.status),
        ),
    };
    finding.at(head.shown())
}

/// Something behind a record that cannot be had: for good, or now.
fn missing(about: &'static str, what: &str, unanswered: &Unanswered, url: &Url) -> Finding {
    let found = format!("{what}: {unanswered}");
    let finding = match unanswered {
        Unanswered::Failed(error) if unanswered.retry() == granary_fetch::Retry::Never => {
            let reason = crate::reason::Reason::from(error.reason());
            Finding::broken(
                about,
                found,
                format!("this one: noted as a failure ({reason}), and not tried again by itself"),
            )
        }
        Unanswered::Failed(_) | Unanswered::TooSlow | Unanswered::Enough => Finding::untold(about, found),
    };
    finding.at(shown(url))
}
