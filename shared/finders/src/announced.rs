//! From what metadata says of files to references that hold what they promise: the one place where URLs, names, sizes
//! and digests are checked.

use std::collections::HashSet;

use chrono::NaiveDate;
use url::Url;

use crate::{
    Availability, FileRef, Found, Method, NameFrom, landing_page::LandingPage, link,
    media_type::is_media_type, xml::Broken,
};

/// How many files are taken. Whatever keeps them has to write all of them down, again and again.
const MAX_FILES: usize = 10_000;
/// How long a URL may be, in bytes: four times what browsers and servers are sure to take.
const MAX_URL: usize = 8 << 10;
/// How long a name may be, in bytes: what a path may be on most systems.
const MAX_NAME: usize = 4 << 10;
/// How much of a text a problem quotes, in characters.
const MAX_QUOTE: usize = 200;
/// How many problems are told one by one: a book may have ten thousand pages, and each the same problem.
const MAX_PROBLEMS: usize = 100;

/// One file, as metadata announces it: texts as they are written, nothing checked.
#[derive(Debug, Default, Clone)]
pub(crate) struct Announced {
    pub(crate) url: Option<String>,
    /// Its name.
    pub(crate) name: Option<String>,
    /// A title, or another text that names it when it ends in a file type.
    pub(crate) label: Option<String>,
    pub(crate) size: Option<String>,
    pub(crate) digest: Option<String>,
    /// The algorithm of the digest.
    pub(crate) digest_type: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) availability: Availability,
}

/// The files of one record, as they are met.
pub(crate) struct Gathering {
    pub(crate) today: NaiveDate,
    pub(crate) landing_page: LandingPage,
    method: Method,
    files: Vec<FileRef>,
    problems: Vec<String>,
    /// How many problems there are beyond those.
    more_problems: usize,
    has_more_files: bool,
    seen: HashSet<Url>,
}

impl Gathering {
    pub(crate) fn new(method: Method, today: NaiveDate) -> Self {
        Self {
            today,
            method,
            landing_page: LandingPage::default(),
            files: Vec::new(),
            problems: Vec::new(),
            more_problems: 0,
            has_more_files: false,
            seen: HashSet::new(),
        }
    }

    /// Adds a file, or the problem that it has. A file whose URL was there before is left out: it is the same.
    pub(crate) fn file(&mut self, file: Announced) {
        let Some(url) = file.url.as_deref().map(link::trim).filter(|url| !url.is_empty()) else {
            return self.problem(format!("a file has no URL: {}", quoted(file.called())));
        };
        let Some(mut parsed) = link::http(url).filter(|_| url.len() <= MAX_URL) else {
            return self.problem(format!("a file's URL is not one of http or https: {}", quoted(url)));
        };
        let Some((name, name_from)) = file.name_under(&parsed) else {
            return self.problem(format!("a file has no name, and its URL gives none: {}", quoted(url)));
        };
        // A page or a chapter inside a file is the same file.
        parsed.set_fragment(None);
        if self.seen.contains(&parsed) {
            return;
        }
        if self.files.len() == MAX_FILES {
            self.has_more_files = true;
            return;
        }
        self.seen.insert(parsed);
        let size = self.size(&file, &name);
        let (md5, sha256) = self.digests(&file, &name);
        self.files.push(FileRef {
            url: link::without_spaces(url),
            size,
            md5,
            sha256,
            content_type: file.content_type.filter(|text| is_media_type(text)),
            availability: file.availability,
            found_by: self.method,
            name,
            name_from,
        });
    }

    /// Makes a URL count as one that was there before.
    pub(crate) fn leave_out(&mut self, url: &Url) {
        let mut url = url.clone();
        url.set_fragment(None);
        self.seen.insert(url);
    }

    pub(crate) fn problem(&mut self, problem: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        } else {
            self.more_problems += 1;
        }
    }

    pub(crate) fn has_files(&self) -> bool {
        !self.files.is_empty()
    }

    /// All that was gathered up to the end of the metadata, or to where it breaks.
    pub(crate) fn found(mut self, end: Result<(), Broken>) -> Found {
        let is_cut_off = end.is_err();
        if self.more_problems > 0 {
            self.problems.push(format!("{} more such problems", self.more_problems));
        }
        if self.has_more_files {
            self.problems
                .push(format!("it names more than {MAX_FILES} files, only the first of them are taken"));
        }
        self.problems.extend(end.err().map(|broken| broken.to_problem()));
        Found {
            method: Some(self.method),
            files: self.files,
            problems: self.problems,
            landing_page: self.landing_page.best(),
            is_cut_off,
        }
    }

    fn size(&mut self, file: &Announced, name: &str) -> Option<u64> {
        let text = file.size.as_deref()?;
        let size = text.trim().parse().ok();
        if size.is_none() {
            self.problem(format!("the size of {} is no number: {}", quoted(name), quoted(text)));
        }
        size
    }

    /// MD5 and SHA-256. Other algorithms are of no use, and not looked at.
    fn digests(&mut self, file: &Announced, name: &str) -> (Option<String>, Option<String>) {
        let (Some(digest), Some(algorithm)) = (&file.digest, &file.digest_type) else { return (None, None) };
        let digest = digest.trim();
        let is_digest =
            |digits| digest.len() == digits && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        match algorithm.trim().replace('-', "").to_ascii_uppercase().as_str() {
            "MD5" if is_digest(32) => (Some(digest.to_ascii_lowercase()), None),
            "SHA256" if is_digest(64) => (None, Some(digest.to_ascii_lowercase())),
            "MD5" | "SHA256" => {
                let algorithm = algorithm.trim();
                self.problem(format!("the digest of {} is no {algorithm}: {}", quoted(name), quoted(digest)));
                (None, None)
            }
            _ => (None, None),
        }
    }
}

impl Announced {
    /// Whatever it is called by, for problems.
    fn called(&self) -> &str {
        self.name.as_deref().or(self.label.as_deref()).unwrap_or_default()
    }

    /// Its name, else its label where that is a file's name, else the name that its URL gives.
    fn name_under(&self, url: &Url) -> Option<(String, NameFrom)> {
        let fits = |name: &&str| name.len() <= MAX_NAME && !name.trim().is_empty();
        let name = self.name.as_deref().filter(fits).map(str::to_owned);
        let label =
            self.label.as_deref().map(str::trim).filter(fits).filter(|label| link::is_file_name(label));
        match name.or_else(|| label.map(str::to_owned)) {
            Some(name) => Some((name, NameFrom::Metadata)),
            None => link::file_name(url).map(|name| (name, NameFrom::Url)),
        }
    }
}

/// A text for a problem, not longer than anybody reads.
fn quoted(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTE) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
