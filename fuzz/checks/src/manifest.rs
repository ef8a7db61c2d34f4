use granary_silo::{Announcement, Change, Digests, Entry, FileName, Manifest, Metadata};
use serde::Deserialize as _;
use serde_json::Value;

use crate::json::{check_kept, with_unknown_keys};

/// Checks the reader of manifests on these bytes.
///
/// - What is read is written and reads the same again. Nothing that it says is lost, and no key that nobody knows, wherever it
///   stands.
/// - The version that comes next is none that is there, and what was announced once changes nothing when it is announced
///   again.
pub fn manifest(data: &[u8]) {
    let Ok(manifest) = serde_json::from_slice::<Manifest>(data) else { return };
    let value: Value = serde_json::from_slice(data).expect("a manifest is JSON");
    check_kept(&value, &check_written(&manifest));
    with_unknown_keys(&value).for_each(|value| check_unknown_key(&value));
    check_versions(&manifest);
    for announcement in announcements(&manifest) {
        check_announced(manifest.clone(), &announcement, None);
        check_announced(manifest.clone(), &announcement, Some(&metadata()));
    }
}

fn check_written(manifest: &Manifest) -> Value {
    let bytes = serde_json::to_vec(manifest).expect("a manifest is JSON");
    let again: Manifest = serde_json::from_slice(&bytes).expect("what is written can be read");
    assert_eq!(again, *manifest);
    serde_json::from_slice(&bytes).expect("a manifest is JSON")
}

/// Where keys are names, of versions or of files, a key has to have a certain value: such a manifest is not read.
fn check_unknown_key(value: &Value) {
    if let Ok(manifest) = Manifest::deserialize(value) {
        check_kept(value, &check_written(&manifest));
    }
}

fn check_versions(manifest: &Manifest) {
    let next = manifest.next_version();
    assert!(!manifest.versions.contains(&next), "{next} is there");
    assert!(!manifest.version_dates.contains_key(&next), "{next} was there");
    for version in &manifest.versions {
        for entry in manifest.inventory(version).values() {
            manifest.is_metadata(entry);
        }
    }
}

/// A record of today, the same deleted, and one that has the datestamp of the newest version.
fn announcements(manifest: &Manifest) -> [Announcement; 3] {
    let today = Announcement {
        identifier: manifest.item_id.clone(),
        datestamp: Some("2024-06-15T00:00:00Z".to_owned()),
        deleted: false,
        sets: vec!["a".to_owned()],
        run: None,
        request: None,
        repaired: Vec::new(),
        now: "2024-06-15T00:00:00Z".to_owned(),
    };
    let datestamp = manifest.latest_record().and_then(|record| record.datestamp.clone());
    [Announcement { deleted: true, ..today.clone() }, Announcement { datestamp, ..today.clone() }, today]
}

fn metadata() -> Metadata {
    let name = FileName::safe("oai_dc.xml");
    let digests = Digests { size: 1, sha256: "a".repeat(64), md5: "b".repeat(32) };
    Metadata { stored_as: name.clone(), name, digests, about: Entry::default() }
}

fn check_announced(mut manifest: Manifest, announcement: &Announcement, metadata: Option<&Metadata>) {
    let metadata = metadata.filter(|_| !announcement.deleted);
    let change = Manifest::judge(Some(&manifest), announcement, metadata);
    manifest.announce(&change, announcement, metadata);
    check_written(&manifest);
    let again = Manifest::judge(Some(&manifest), announcement, metadata);
    assert!(matches!(again, Change::Unchanged | Change::NeverSeen), "{change:?}, and then {again:?}");
}
