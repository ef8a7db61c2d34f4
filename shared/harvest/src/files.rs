//! From the files that metadata names to what has to be fetched. Pure, on manifests.

use std::collections::BTreeSet;

use granary_finders::{Availability, FileRef};
use granary_queue::{Role, Task};
use granary_silo::{Entry, Failure, FileName, Manifest, SiloName, VersionName, VersionRecord};

use crate::{reason::Reason, source::Files};

/// The key of a task that has the SHA-256 that the metadata announces.
pub(crate) const SHA256: &str = "sha256";

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
    /// What has to be fetched.
    pub(crate) tasks: Vec<Task>,
    /// How many are left out: restricted, embargoed, derived from others.
    pub(crate) skipped: u64,
}

/// Brings a version's inventory up to what its metadata names, as far as that needs no request, and says what is to be
/// fetched. Doing it again changes nothing.
///
/// A file whose announced digest and size are those of a stored one is not fetched again: the inventory points to
/// it. What is restricted or embargoed becomes a failure with no attempts.
pub(crate) fn want(manifest: &mut Manifest, owner: Owner<'_>, found: &[FileRef], which: Files) -> Wanted {
    let mut wanted = Wanted::default();
    if which == Files::None {
        return wanted;
    }
    let mut taken: BTreeSet<String> = metadata_names(manifest, owner.version);
    for file in found {
        let name = free_name(&mut taken, file);
        match &file.availability {
            Availability::Derived if which != Files::All => wanted.skipped += 1,
            Availability::Restricted { security } => {
                wanted.skipped += 1;
                leave(
                    manifest,
                    owner,
                    &name,
                    file,
                    Reason::Restricted,
                    format!("its security is {security}"),
                );
            }
            Availability::Embargoed { until } => {
                wanted.skipped += 1;
                leave(manifest, owner, &name, file, Reason::Embargoed, format!("until {until}"));
            }
            Availability::Open | Availability::Derived => {
                if !is_there(manifest, owner.version, &name, file) {
                    wanted.tasks.push(task(manifest, owner, &name, file));
                }
            }
        }
    }
    wanted
}

/// Notes what could not be understood of the metadata: a file without a URL is a file that the version lacks. Doing it again
/// changes nothing.
pub(crate) fn note_problems(manifest: &mut Manifest, owner: Owner<'_>, problems: &[String]) {
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
fn free_name(taken: &mut BTreeSet<String>, file: &FileRef) -> FileName {
    let mut name = FileName::safe(&file.name);
    if taken.contains(name.as_str()) {
        name = name.distinct(&file.url);
    }
    taken.insert(name.as_str().to_owned());
    name
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

fn task(manifest: &Manifest, owner: Owner<'_>, name: &FileName, file: &FileRef) -> Task {
    let mut task =
        Task::new(file.url.clone(), name.to_string(), manifest.item_id.to_string(), owner.silo.to_string());
    task.datestamp = manifest.record(owner.version).and_then(|record| record.datestamp.clone());
    task.role = Some(Role::File);
    task.run = owner.run.map(str::to_owned);
    task.found_by = Some(file.found_by.to_string());
    task.size = file.size;
    task.md5 = file.md5.clone();
    task.content_type = file.content_type.clone();
    if let Some(sha256) = &file.sha256 {
        task.other.insert(SHA256.to_owned(), sha256.clone().into());
    }
    if file.name != name.as_str() {
        task.other.insert("original_name".to_owned(), file.name.clone().into());
    }
    task
}

#[cfg(test)]
mod tests {
    use granary_finders::Method;
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
        let wanted = want(manifest, owner, found, which);
        (wanted.tasks.into_iter().map(|task| task.filename).collect(), wanted.skipped)
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
}
