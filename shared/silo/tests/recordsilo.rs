//! What RecordSilo (0.4.8 and 0.4.16) left behind is opened, read and left alone.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::{path::Path, sync::Arc};

use futures::StreamExt;
use granary_silo::{Absence, Announcement, DirectoryStore, Error, Identifier, Manifest, Silo, VersionName};

fn golden() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

async fn open(name: &str) -> Silo {
    let store = DirectoryStore::open(&golden()).unwrap();
    Silo::open(Arc::new(store), name.parse().unwrap()).await.unwrap()
}

async fn identifiers(silo: &Silo) -> Vec<String> {
    let mut all: Vec<_> = silo.list().map(|o| o.unwrap().identifier.to_string()).collect().await;
    all.sort();
    all
}

fn id(id: &str) -> Identifier {
    id.parse().unwrap()
}

#[tokio::test]
async fn every_silo_of_2010_opens_with_or_without_obj() {
    for name in ["silo", "silo-plain", "silo-0.4.16"] {
        let silo = open(name).await;
        let mut expected: Vec<_> = ["77", "774", "775", "776", "777", "778", "779"]
            .map(|n| format!("oai:generic.eprints.org:{n}"))
            .into();
        expected.push("oai:univie.ac.at:Österreich/日本".to_owned());
        assert_eq!(identifiers(&silo).await, expected, "{name}");
        for identifier in expected {
            let object = silo.object(&id(&identifier)).await.unwrap().expect(&identifier);
            assert_eq!(object.manifest.item_id.as_str(), identifier, "{name}");
        }
    }
}

#[tokio::test]
async fn harvested_silos_and_one_with_rdf_open() {
    assert_eq!(identifiers(&open("silo-rdf").await).await.len(), 1);
    assert_eq!(identifiers(&open("repo").await).await.len(), 4);
    assert!(!identifiers(&open("repo_dc").await).await.is_empty());
}

#[tokio::test]
async fn versions_that_are_no_numbers_and_stale_keys_are_read() {
    let silo = open("silo").await;
    let manifest = silo.object(&id("oai:generic.eprints.org:778")).await.unwrap().unwrap().manifest;
    assert_eq!(manifest.latest().unwrap().as_str(), "final");
    assert_eq!(manifest.next_version(), VersionName::number(2));
    let inventory = manifest.inventory(manifest.latest().unwrap());
    let bytes = silo.read_bytes(&manifest.item_id, &inventory["extra.txt"].path).await.unwrap();
    assert!(bytes.is_some_and(|bytes| !bytes.is_empty()));
}

#[tokio::test]
async fn verify_complains_of_nothing_that_recordsilo_left() {
    for name in ["silo", "silo-0.4.16", "silo-rdf", "repo", "repo_dc"] {
        let mut checks = open(name).await.verify(2);
        while let Some(totals) = checks.next().await {
            assert_eq!(totals.unwrap().findings, [], "{name}");
        }
    }
}

/// RecordSilo's keys, the free-form ones too, are the same after we have added a version.
#[tokio::test]
async fn a_new_version_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    copy(&golden(), folder.path());
    let store = Arc::new(DirectoryStore::create(folder.path()).unwrap());
    for name in ["silo", "silo-plain", "silo-0.4.16"] {
        let silo = Silo::open(store.clone(), name.parse().unwrap()).await.unwrap();
        for identifier in identifiers(&silo).await {
            let before = silo.object(&id(&identifier)).await.unwrap().unwrap();
            let announcement = Announcement {
                identifier: id(&identifier),
                datestamp: Some("2026-01-01T00:00:00Z".to_owned()),
                deleted: false,
                sets: vec![],
                run: None,
                request: None,
                repaired: vec![],
                now: "2026-01-01T00:00:00Z".to_owned(),
            };
            let change = Manifest::judge(Some(&before.manifest), &announcement, None);
            let version = change.version().unwrap().clone();
            silo.update::<Error>(&id(&identifier), Some(Some(before.clone())), |manifest| {
                let mut manifest = manifest.unwrap().clone();
                manifest.announce(&change, &announcement, None);
                Ok(Some(manifest))
            })
            .await
            .unwrap();
            let after = silo.object(&id(&identifier)).await.unwrap().unwrap().manifest;
            assert_eq!(after.latest(), Some(&version), "{name} {identifier}");
            assert_only_added(&before.manifest, &after);
        }
    }
}

#[tokio::test]
async fn an_absence_is_one_more_version_that_lists_what_was_there_and_is_said_once() {
    let absence = Absence {
        run: "r1".to_owned(),
        request: "http://x/?verb=GetRecord".to_owned(),
        now: "2026-01-01T00:00:00Z".to_owned(),
    };
    for name in ["silo", "silo-plain", "silo-0.4.16", "repo", "repo_dc"] {
        let silo = open(name).await;
        for identifier in identifiers(&silo).await {
            let before = silo.object(&id(&identifier)).await.unwrap().unwrap().manifest;
            let mut after = before.clone();
            assert!(before.is_live() && after.mark_absent(&absence), "{name} {identifier}");
            let version = after.latest().unwrap();
            assert_eq!(after.inventory(version), before.inventory(before.latest().unwrap()));
            assert_eq!((&after.currentversion, &after.files[version]), (version, &vec![]));
            assert_eq!(after.date, "2026-01-01T00:00:00");
            assert_only_added(&before, &after);
            assert!(!after.is_live() && !after.mark_absent(&absence), "{name} {identifier}");
        }
    }
}

/// `after` is `before` with one version more, and nothing else of RecordSilo's has changed but its cursor.
#[track_caller]
fn assert_only_added(before: &Manifest, after: &Manifest) {
    let mut undone = after.clone();
    let version = undone.versions.pop().unwrap();
    undone.granary = None;
    undone.currentversion = before.currentversion.clone();
    undone.date = before.date.clone();
    for names in [&mut undone.files, &mut undone.metadata_files, &mut undone.subdir] {
        names.remove(&version);
    }
    undone.version_dates.remove(&version);
    undone.metadata = before.metadata.clone();
    assert_eq!(undone, *before);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => std::fs::copy(entry.path(), to).map(drop).unwrap(),
        }
    }
}
