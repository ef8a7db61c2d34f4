//! From the files that metadata names to what has to be fetched. Pure, on manifests.

use std::collections::BTreeSet;

use granary_finders::{Availability, FileRef, Found, Method, NameFrom, has_ending};
use granary_queue::{Role, Task};
use granary_silo::{Entry, Failure, FileName, LandingPage, Manifest, SiloName, VersionName, VersionRecord};
use url::Url;

use crate::{
    breakdown::LeftOut,
    choice::{Choice, Pages},
    lacking::{Lacking, page_may_say_more},
    reason::Reason,
    source::Files,
};

/// The key of a task that has the SHA-256 that the metadata announces.
pub(crate) const SHA256: &str = "sha256";

/// The key of a task whose file name is only the end of its URL: its server may know a better one.
pub(crate) const NAME_FROM: &str = "name_from";

/// What a landing page is called where its file would have a name. It is not stored.
const LANDING_PAGE: &str = "landing page";

/// What is known of the version that the files belong to, for the tasks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner<'a> {
    pub(crate) silo: &'a SiloName,
    pub(crate) version: &'a VersionName,
    pub(crate) run: Option<&'a str>,
    pub(crate) now: &'a str,
}

/// What the files of a version come to.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// What has to be fetched: files, or the landing page that may name them.
    pub(crate) tasks: Vec<Task>,
    /// How many are left out, and why.
    pub(crate) left_out: LeftOut,
    /// Why there is nothing to fetch; nothing where the landing page has to say so.
    pub(crate) lacking: Option<Lacking>,
}

/// Brings a version up to what its metadata says about files, as far as that needs no request, and says what is to be
/// fetched. Doing it again changes nothing.
///
/// A file whose announced digest and size are those of a stored one is not fetched again: the inventory points to
/// it. What is restricted or embargoed becomes a failure with no attempts.
pub(crate) fn want(manifest: &mut Manifest, owner: Owner<'_>, found: &Found, choice: Choice) -> Wanted {
    note_problems(manifest, owner, &found.problems);
    if choice.files == Files::None {
        return Wanted::default();
    }
    let mut wanted = want_files(manifest, owner, &found.files, choice.files);
    let page = found.landing_page.as_ref().filter(|_| page_may_say_more(found));
    match (choice.pages, page) {
        // Once it was asked, what it said stands.
        (Pages::Once, Some(_)) if is_asked(manifest, owner) => {}
        (Pages::Once | Pages::Again, Some(page)) => {
            wanted.tasks.push(landing_task(manifest, owner, page, found.method));
        }
        (Pages::Never, _) | (_, None) => lack(manifest, owner, &mut wanted, Lacking::of(found)),
    }
    wanted
}

/// The same for what the version's landing page says.
pub(crate) fn want_of_page(
    manifest: &mut Manifest,
    owner: Owner<'_>,
    url: &str,
    found: &Found,
    files: Files,
) -> Wanted {
    note_problems(manifest, owner, &found.problems);
    manifest.note_landing_page(owner.version, asked(owner, url));
    let mut wanted = want_files(manifest, owner, &found.files, files);
    lack(manifest, owner, &mut wanted, Lacking::of_page(found, url));
    wanted
}

/// The landing page could not be had: it says nothing.
pub(crate) fn want_without_page(
    manifest: &mut Manifest,
    owner: Owner<'_>,
    url: &str,
    detail: &str,
) -> Wanted {
    manifest.note_landing_page(owner.version, asked(owner, url));
    let mut wanted = Wanted::default();
    lack(manifest, owner, &mut wanted, Some(Lacking::no_landing_page(detail)));
    wanted
}

fn is_asked(manifest: &Manifest, owner: Owner<'_>) -> bool {
    manifest.record(owner.version).is_some_and(|record| record.landing_page.is_some())
}

fn asked(owner: Owner<'_>, url: &str) -> LandingPage {
    LandingPage { url: url.to_owned(), asked: owner.now.to_owned(), ..LandingPage::default() }
}

/// Notes why there is nothing to fetch, unless there is: files derived from others may be wanted too.
fn lack(manifest: &mut Manifest, owner: Owner<'_>, wanted: &mut Wanted, lacking: Option<Lacking>) {
    let has_files = !wanted.tasks.is_empty()
        || manifest
            .record(owner.version)
            .is_some_and(|record| record.inventory.values().any(|entry| !manifest.is_metadata(entry)));
    wanted.lacking = lacking.filter(|_| !has_files);
    manifest.note_without_files(owner.version, wanted.lacking.as_ref().map(Lacking::to_note));
}

fn want_files(manifest: &mut Manifest, owner: Owner<'_>, found: &[FileRef], which: Files) -> Wanted {
    let mut wanted = Wanted::default();
    let mut taken: BTreeSet<String> = metadata_names(manifest, owner.version);
    for file in found {
        let name = free_name(manifest, &mut taken, file);
        match &file.availability {
            Availability::Derived if which != Files::All => wanted.left_out.derived += 1,
            Availability::Restricted { security } => {
                wanted.left_out.restricted += 1;
                let detail = format!("its security is {security}");
                leave(manifest, owner, &name, file, Reason::Restricted, detail);
            }
            Availability::Embargoed { until } => {
                wanted.left_out.embargoed += 1;
                leave(manifest, owner, &name, file, Reason::Embargoed, format!("until {until}"));
            }
            Availability::Open | Availability::Derived => {
                if !is_there(manifest, owner.version, &name, file) {
                    wanted.tasks.push(file_task(manifest, owner, &name, file));
                }
            }
        }
    }
    wanted
}

/// Notes what could not be understood of the metadata: a file without a URL is a file that the version lacks. Doing it again
/// changes nothing.
fn note_problems(manifest: &mut Manifest, owner: Owner<'_>, problems: &[String]) {
    for detail in problems {
        let known = |record: &VersionRecord| record.failures.iter().any(|failure| failure.detail == *detail);
        if !manifest.record(owner.version).is_some_and(known) {
            manifest.fail(
                owner.version,
                Failure {
                    name: String::new(),
                    url: String::new(),
                    reason: Reason::BadMetadata.to_string(),
                    detail: detail.clone(),
                    attempts: 0,
                    time: owner.now.to_owned(),
                    ..Failure::default()
                },
            );
        }
    }
}

fn metadata_names(manifest: &Manifest, version: &VersionName) -> BTreeSet<String> {
    let inventory = manifest.inventory(version);
    inventory.into_iter().filter(|(_, entry)| manifest.is_metadata(entry)).map(|(name, _)| name).collect()
}

/// The name in the version: the repository's own, made safe; one that another file of the version has gets a tag that
/// follows from its URL, so that it does not depend on what was fetched first.
///
/// Where only the URL names the file, it keeps the name that it got when it was first fetched.
fn free_name(manifest: &Manifest, taken: &mut BTreeSet<String>, file: &FileRef) -> FileName {
    let known = manifest.find_url(&file.url).map(|(name, _)| name).filter(|_| is_named_by_url(file));
    let mut name = FileName::safe(known.unwrap_or(&file.name));
    if taken.contains(name.as_str()) {
        name = name.distinct(&file.url);
    }
    taken.insert(name.as_str().to_owned());
    name
}

/// Whether nothing but its URL says what a file is called, and that does not look like a file's name: `download`, `1`.
fn is_named_by_url(file: &FileRef) -> bool {
    match file.name_from {
        NameFrom::Metadata => false,
        NameFrom::Url => !has_ending(&file.name),
    }
}

fn leave(
    manifest: &mut Manifest,
    owner: Owner<'_>,
    name: &FileName,
    file: &FileRef,
    reason: Reason,
    detail: String,
) {
    let known = manifest.record(owner.version).is_some_and(|record| {
        record.failures.iter().any(|f| f.url == file.url && f.reason == reason.as_str() && f.detail == detail)
    });
    if !known {
        manifest.fail(
            owner.version,
            Failure {
                name: name.to_string(),
                url: file.url.clone(),
                reason: reason.to_string(),
                detail,
                attempts: 0,
                time: owner.now.to_owned(),
                ..Failure::default()
            },
        );
    }
}

/// Whether the version has the file, or can point to a stored one with the announced digest.
fn is_there(manifest: &mut Manifest, version: &VersionName, name: &FileName, file: &FileRef) -> bool {
    let inventory = manifest.record(version).map(|record| &record.inventory);
    if inventory
        .is_some_and(|inventory| inventory.values().any(|entry| entry.url.as_ref() == Some(&file.url)))
    {
        return true;
    }
    let stored = match (&file.sha256, &file.md5, file.size) {
        (Some(sha256), ..) => manifest.find_content(sha256),
        (None, Some(md5), Some(size)) => manifest.find_announced(md5, size),
        (None, ..) => None,
    };
    let Some(stored) = stored.cloned() else { return false };
    let entry = Entry {
        url: Some(file.url.clone()),
        original_name: Some(file.name.clone()),
        found_by: Some(file.found_by.to_string()),
        content_type: file.content_type.clone().or(stored.content_type.clone()),
        ..stored
    };
    manifest.put(version, name, entry, false);
    true
}

fn task(manifest: &Manifest, owner: Owner<'_>, url: &str, name: &str, role: Role) -> Task {
    let (pid, silo) = (manifest.item_id.to_string(), owner.silo.to_string());
    let mut task = Task::new(url.to_owned(), name.to_owned(), pid, silo);
    task.datestamp = manifest.record(owner.version).and_then(|record| record.datestamp.clone());
    task.role = Some(role);
    task.run = owner.run.map(str::to_owned);
    task
}

fn landing_task(manifest: &Manifest, owner: Owner<'_>, page: &Url, named_by: Option<Method>) -> Task {
    let mut task = task(manifest, owner, page.as_str(), LANDING_PAGE, Role::Landing);
    task.found_by = named_by.map(|method| method.to_string());
    task
}

fn file_task(manifest: &Manifest, owner: Owner<'_>, name: &FileName, file: &FileRef) -> Task {
    let mut task = task(manifest, owner, &file.url, name.as_str(), Role::File);
    task.found_by = Some(file.found_by.to_string());
    task.size = file.size;
    task.md5 = file.md5.clone();
    task.content_type = file.content_type.clone();
    if let Some(sha256) = &file.sha256 {
        task.other.insert(SHA256.to_owned(), sha256.clone().into());
    }
    let known = manifest.find_url(&file.url).filter(|_| is_named_by_url(file));
    let original_name = known.and_then(|(_, entry)| entry.original_name.as_ref()).unwrap_or(&file.name);
    if original_name != name.as_str() {
        task.other.insert("original_name".to_owned(), original_name.clone().into());
    }
    if is_named_by_url(file) && known.is_none() {
        task.other.insert(NAME_FROM.to_owned(), "url".into());
    }
    task
}

#[cfg(test)]
mod tests {
    use granary_silo::Digests;

    use super::*;

    fn file(name: &str, url: &str) -> FileRef {
        FileRef {
            url: url.to_owned(),
            name: name.to_owned(),
            size: None,
            md5: None,
            sha256: None,
            content_type: None,
            availability: Availability::Open,
            found_by: Method::Eprints3,
            name_from: NameFrom::Metadata,
        }
    }

    fn manifest() -> (Manifest, VersionName) {
        let mut manifest = Manifest::new("oai:x:1".parse().unwrap());
        let version = VersionName::number(1);
        manifest.add_version(&version, "2020-01-01T00:00:00Z", VersionRecord::default());
        (manifest, version)
    }

    fn ask(
        manifest: &mut Manifest,
        version: &VersionName,
        found: &[FileRef],
        which: Files,
    ) -> (Vec<String>, u64) {
        let silo = "s".parse().unwrap();
        let owner = Owner { silo: &silo, version, run: Some("r"), now: "2026-01-01T00:00:00Z" };
        let found = Found { method: Some(Method::Eprints3), files: found.to_vec(), ..Found::default() };
        let wanted = want(manifest, owner, &found, Choice { files: which, pages: Pages::Once });
        (wanted.tasks.into_iter().map(|task| task.filename).collect(), wanted.left_out.total())
    }

    #[test]
    fn files_of_one_name_are_told_apart_by_their_urls_whatever_is_stored_first() {
        let (mut manifest, version) = manifest();
        let found = [file("a.pdf", "http://x/1/a.pdf"), file("a.pdf", "http://x/2/a.pdf")];
        let (names, _) = ask(&mut manifest, &version, &found, Files::Originals);
        assert_eq!(names[0], "a.pdf");
        assert!(names[1].starts_with("a~") && names[1].ends_with(".pdf"), "{names:?}");
        assert_eq!(ask(&mut manifest, &version, &found, Files::Originals).0, names);
    }

    #[test]
    fn a_stored_file_with_the_announced_digest_is_pointed_to_and_not_fetched() {
        let (mut manifest, one) = manifest();
        let digests = Digests::of(b"bytes");
        let stored = Entry {
            path: "__1/a.pdf".to_owned(),
            size: Some(digests.size),
            sha256: Some(digests.sha256.clone()),
            md5: Some(digests.md5.clone()),
            url: Some("http://x/1/a.pdf".to_owned()),
            ..Entry::default()
        };
        manifest.put(&one, &FileName::safe("a.pdf"), stored, false);
        let two = VersionName::number(2);
        manifest.add_version(&two, "2020-01-02T00:00:00Z", VersionRecord::default());
        let same =
            FileRef { size: Some(5), md5: Some(digests.md5.clone()), ..file("b.pdf", "http://x/9/b.pdf") };
        let other = FileRef { size: Some(6), md5: Some(digests.md5), ..file("c.pdf", "http://x/9/c.pdf") };
        let (names, _) = ask(&mut manifest, &two, &[same, other], Files::Originals);
        assert_eq!(names, ["c.pdf"]);
        let inventory = manifest.inventory(&two);
        assert_eq!(
            (inventory["b.pdf"].path.as_str(), inventory["b.pdf"].url.as_deref()),
            ("__1/a.pdf", Some("http://x/9/b.pdf"))
        );
    }

    #[test]
    fn what_is_not_for_the_public_is_noted_once_and_not_tried() {
        let (mut manifest, version) = manifest();
        let until = "2999-01-01".parse().unwrap();
        let found = [
            FileRef {
                availability: Availability::Restricted { security: "staffonly".to_owned() },
                ..file("a", "http://x/a")
            },
            FileRef { availability: Availability::Embargoed { until }, ..file("b", "http://x/b") },
            FileRef { availability: Availability::Derived, ..file("c", "http://x/c") },
            file("d", "http://x/d"),
        ];
        assert_eq!(ask(&mut manifest, &version, &found, Files::Originals), (vec!["d".to_owned()], 3));
        let noted = manifest.clone();
        ask(&mut manifest, &version, &found, Files::Originals);
        assert_eq!(manifest, noted, "doing it twice is doing it once");
        let failures = &manifest.record(&version).unwrap().failures;
        let reasons: Vec<_> = failures.iter().map(|f| (f.reason.as_str(), f.attempts)).collect();
        assert_eq!(reasons, [("restricted", 0), ("embargoed", 0)]);
        assert_eq!(ask(&mut manifest, &version, &found, Files::All).0, ["c", "d"]);
        assert_eq!(ask(&mut manifest, &version, &found, Files::None), (vec![], 0));
    }
    fn owner<'a>(silo: &'a SiloName, version: &'a VersionName) -> Owner<'a> {
        Owner { silo, version, run: Some("r"), now: "2026-01-01T00:00:00Z" }
    }

    const ONCE: Choice = Choice { files: Files::Originals, pages: Pages::Once };

    fn only_a_page(method: Method) -> Found {
        let landing_page = Some("http://x/1/".parse().unwrap());
        Found { method: Some(method), landing_page, ..Found::default() }
    }

    #[test]
    fn a_landing_page_is_asked_once_where_the_metadata_names_no_file() {
        let ((mut manifest, version), silo) = (manifest(), "s".parse().unwrap());
        let owner = owner(&silo, &version);
        let wanted = want(&mut manifest, owner, &only_a_page(Method::OaiDc), ONCE);
        let [task] = wanted.tasks.as_slice() else { panic!("{wanted:?}") };
        assert_eq!((task.url.as_str(), task.role), ("http://x/1/", Some(Role::Landing)));
        assert_eq!((task.filename.as_str(), task.found_by.as_deref()), ("landing page", Some("oai_dc")));
        assert_eq!(wanted.lacking, None, "the page has to say so");
        let nothing = Found { method: Some(Method::HtmlMeta), ..Found::default() };
        let wanted = want_of_page(&mut manifest, owner, "http://x/1/", &nothing, Files::Originals);
        assert_eq!(wanted.lacking.unwrap().to_note().reason, "none_named");
        let noted = manifest.clone();
        assert!(want(&mut manifest, owner, &only_a_page(Method::OaiDc), ONCE).tasks.is_empty());
        assert_eq!(manifest, noted, "what the page said stands");
        let again = Choice { pages: Pages::Again, ..ONCE };
        assert_eq!(want(&mut manifest, owner, &only_a_page(Method::OaiDc), again).tasks.len(), 1);
    }

    #[test]
    fn the_landing_page_of_metadata_that_lists_everything_is_left_alone() {
        let ((mut manifest, version), silo) = (manifest(), "s".parse().unwrap());
        let owner = owner(&silo, &version);
        let wanted = want(&mut manifest, owner, &only_a_page(Method::Eprints3), ONCE);
        assert!(wanted.tasks.is_empty());
        let note = manifest.record(&version).unwrap().without_files.clone().unwrap();
        assert_eq!(
            (note.reason.as_str(), note.detail.as_str()),
            ("none_named", "it names no file (eprints3)")
        );
        let named = Found { files: vec![file("a", "http://x/a")], ..only_a_page(Method::Eprints3) };
        assert_eq!(want(&mut manifest, owner, &named, ONCE).lacking, None);
        assert_eq!(manifest.record(&version).unwrap().without_files, None, "now there is a file to fetch");
    }

    #[test]
    fn a_file_that_only_its_url_names_keeps_the_name_that_it_got() {
        let (mut manifest, one) = manifest();
        let by_url = |name, url| FileRef { name_from: NameFrom::Url, ..file(name, url) };
        let found = [by_url("download", "http://x/1/download"), by_url("a.pdf", "http://x/a.pdf")];
        let silo = "s".parse().unwrap();
        let all = Found { method: Some(Method::HtmlMeta), files: found.to_vec(), ..Found::default() };
        let tasks = want(&mut manifest, owner(&silo, &one), &all, ONCE).tasks;
        let asks_server = |task: &Task| task.other.contains_key(NAME_FROM);
        assert_eq!(tasks.iter().map(asks_server).collect::<Vec<_>>(), [true, false]);
        let stored = Entry {
            path: "__1/paper.pdf".to_owned(),
            url: Some("http://x/1/download".to_owned()),
            original_name: Some("paper.pdf".to_owned()),
            ..Entry::default()
        };
        manifest.put(&one, &FileName::safe("paper.pdf"), stored, false);
        let two = VersionName::number(2);
        manifest.add_version(&two, "2020-01-02T00:00:00Z", VersionRecord::default());
        let tasks = want(&mut manifest, owner(&silo, &two), &all, ONCE).tasks;
        assert_eq!((tasks[0].filename.as_str(), asks_server(&tasks[0])), ("paper.pdf", false));
        assert!(!tasks[0].other.contains_key("original_name"));
    }
}
