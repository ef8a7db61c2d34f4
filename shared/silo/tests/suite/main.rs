//! What a silo promises, on every store that it can lie on.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use granary_silo::{
    Announcement, Change, Digests, DirectoryStore, Entry, Error, FileName, Identifier, Manifest, Metadata,
    Problem, Silo, SiloName, Updated, VersionName,
};
use object_store::{
    ObjectStore, ObjectStoreExt, PutMode, PutPayload, UpdateVersion, memory::InMemory, path::Path,
};

#[cfg(feature = "s3")]
mod buckets;

/// A store, and what keeps it alive.
struct Place(Arc<dyn ObjectStore>, Option<tempfile::TempDir>);

async fn places() -> Vec<Place> {
    let folder = tempfile::tempdir().unwrap();
    let directory = DirectoryStore::create(&folder.path().join("granary")).unwrap();
    let places = vec![Place(Arc::new(directory), Some(folder)), Place(Arc::new(InMemory::new()), None)];
    #[cfg(feature = "s3")]
    let places = places.into_iter().chain(buckets::of_the_local_cloud().await).collect();
    places
}

/// Runs the test body on a new silo in each kind of store.
macro_rules! on_every_store {
    ($($(#[$meta:meta])* async fn $name:ident($silo:ident: Silo, $store:ident: Store) $body:block)*) => {$(
        $(#[$meta])*
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $name() {
            for Place($store, _folder) in places().await {
                let $silo = Silo::create($store.clone(), name("maths"), "http://example.org/cgi/oai2").await.unwrap();
                $body
            }
        }
    )*};
}

fn name(name: &str) -> SiloName {
    name.parse().unwrap()
}

fn id(id: &str) -> Identifier {
    id.parse().unwrap()
}

fn announcement(datestamp: &str) -> Announcement {
    Announcement {
        identifier: id("oai:x:1"),
        datestamp: Some(datestamp.to_owned()),
        deleted: false,
        sets: vec!["a".to_owned()],
        run: Some("r1".to_owned()),
        request: None,
        repaired: vec![],
        now: "2026-01-01T00:00:00Z".to_owned(),
    }
}

fn metadata(text: &str) -> Metadata {
    let digests = Digests::of(text.as_bytes());
    let name = FileName::safe("oai_dc");
    Metadata { stored_as: name.clone(), name, digests, about: Entry::default() }
}

/// Announces a record as the harvest step does: bytes, then manifest.
async fn announce(silo: &Silo, announcement: &Announcement, text: Option<&str>) -> Change {
    let metadata = text.map(metadata);
    let object = silo.object(&announcement.identifier).await.unwrap();
    let known = object.as_ref().map(|o| &o.manifest);
    let change = Manifest::judge(known, announcement, metadata.as_ref());
    let mut manifest = known.cloned().unwrap_or_else(|| Manifest::new(announcement.identifier.clone()));
    if let (Some(path), Some(text)) = (manifest.announce(&change, announcement, metadata.as_ref()), text) {
        let version = change.version().unwrap();
        let stored = silo
            .store(
                &announcement.identifier,
                version,
                &FileName::safe("oai_dc"),
                None,
                Bytes::from(text.to_owned()),
            )
            .await
            .unwrap();
        assert_eq!(stored.path, path);
    }
    let write = change.version().map(|_| manifest);
    silo.update::<Error>(&announcement.identifier, Some(object), |_| Ok(write.clone())).await.unwrap();
    change
}

async fn manifest(silo: &Silo) -> Manifest {
    silo.object(&id("oai:x:1")).await.unwrap().unwrap().manifest
}

fn v(number: u64) -> VersionName {
    VersionName::number(number)
}

on_every_store! {
    async fn a_new_record_makes_version_1_with_the_bytes_where_the_manifest_says(silo: Silo, store: Store) {
        assert_eq!(announce(&silo, &announcement("2020-01-01T00:00:00Z"), Some("<dc/>")).await, Change::Created(v(1)));
        let manifest = manifest(&silo).await;
        let entry = &manifest.inventory(&v(1))["oai_dc"];
        assert_eq!(entry.path, "__1/oai_dc");
        assert_eq!(entry.sha256.as_deref(), Some(Digests::of(b"<dc/>").sha256.as_str()));
        assert_eq!(manifest.date, "2020-01-01T00:00:00");
        assert_eq!(manifest.metadata["firstSeen"], "2020-01-01T00:00:00");
        assert_eq!(manifest.files[&v(1)], ["oai_dc"]);
        assert!(manifest.is_metadata(entry));
        let path = "maths/pairtree_root/oa/i+/x+/1/obj/__1/oai_dc";
        let bytes = store.get(&Path::parse(path).unwrap()).await.unwrap().bytes().await.unwrap();
        assert_eq!(bytes, "<dc/>");
    }

    async fn the_same_record_again_makes_nothing(silo: Silo, store: Store) {
        let record = announcement("2020-01-01T00:00:00Z");
        announce(&silo, &record, Some("<dc/>")).await;
        assert_eq!(announce(&silo, &record, Some("<dc/>")).await, Change::Unchanged);
        assert_eq!(store.list(Some(&Path::from("maths"))).count().await, 4, "two for the Pairtree, the bytes, the manifest");
    }

    async fn a_new_datestamp_with_the_same_metadata_makes_a_version_that_stores_nothing(silo: Silo, _store: Store) {
        announce(&silo, &announcement("2020-01-01T00:00:00Z"), Some("<dc/>")).await;
        let change = announce(&silo, &announcement("2020-01-02T00:00:00Z"), Some("<dc/>")).await;
        assert_eq!(change, Change::Updated(v(2)));
        let manifest = manifest(&silo).await;
        assert_eq!(manifest.inventory(&v(2))["oai_dc"].path, "__1/oai_dc");
        assert!(manifest.files[&v(2)].is_empty());
        assert!(manifest.is_metadata(&manifest.inventory(&v(2))["oai_dc"]));
    }

    async fn changed_metadata_at_the_same_datestamp_makes_a_version(silo: Silo, _store: Store) {
        announce(&silo, &announcement("2020-01-01"), Some("<dc/>")).await;
        assert_eq!(announce(&silo, &announcement("2020-01-01"), Some("<dc>2</dc>")).await, Change::Updated(v(2)));
        assert_eq!(manifest(&silo).await.inventory(&v(2))["oai_dc"].path, "__2/oai_dc");
    }

    async fn a_deleted_record_makes_a_version_and_what_was_there_stays(silo: Silo, _store: Store) {
        announce(&silo, &announcement("2020-01-01T00:00:00Z"), Some("<dc/>")).await;
        let gone = Announcement { deleted: true, ..announcement("2020-02-01T00:00:00Z") };
        assert_eq!(announce(&silo, &gone, None).await, Change::Deleted(v(2)));
        let manifest = manifest(&silo).await;
        assert!(manifest.latest_record().unwrap().deleted);
        assert_eq!(manifest.inventory(&v(2))["oai_dc"].path, "__1/oai_dc");
        assert_eq!(manifest.metadata["deleted_at_version"], "2");
        assert_eq!(manifest.metadata["deleted_at_date"], "2020-02-01T00:00:00");
        assert_eq!(announce(&silo, &gone, None).await, Change::Unchanged);
        let back = announce(&silo, &announcement("2020-03-01T00:00:00Z"), Some("<dc/>")).await;
        assert_eq!(back, Change::Updated(v(3)));
    }

    async fn a_deleted_record_never_seen_makes_nothing(silo: Silo, store: Store) {
        let gone = Announcement { deleted: true, ..announcement("2020-02-01T00:00:00Z") };
        assert_eq!(announce(&silo, &gone, None).await, Change::NeverSeen);
        assert_eq!(store.list(Some(&Path::from("maths"))).count().await, 2);
    }

    async fn metadata_that_could_not_be_fetched_completes_its_version_later(silo: Silo, _store: Store) {
        let record = announcement("2020-01-01T00:00:00Z");
        assert_eq!(announce(&silo, &record, None).await, Change::Created(v(1)));
        assert_eq!(announce(&silo, &record, Some("<dc/>")).await, Change::Completed(v(1)));
        assert_eq!(manifest(&silo).await.inventory(&v(1))["oai_dc"].path, "__1/oai_dc");
    }

    async fn reading_an_unknown_object_makes_nothing(silo: Silo, store: Store) {
        assert!(silo.object(&id("oai:x:none")).await.unwrap().is_none());
        assert_eq!(store.list(Some(&Path::from("maths"))).count().await, 2);
    }

    async fn of_32_writers_on_one_manifest_no_update_is_lost(silo: Silo, _store: Store) {
        announce(&silo, &announcement("2020-01-01T00:00:00Z"), Some("<dc/>")).await;
        let writers = (0..32).map(|writer| {
            let silo = silo.clone();
            tokio::spawn(async move {
                for round in 0..10 {
                    let key = format!("w{writer}-{round}");
                    let updated = silo
                        .update::<Error>(&id("oai:x:1"), None, |manifest| {
                            let mut manifest = manifest.unwrap().clone();
                            manifest.metadata.insert(key.clone(), true.into());
                            Ok(Some(manifest))
                        })
                        .await
                        .unwrap();
                    assert!(matches!(updated, Updated::Written(_)));
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        let manifest = manifest(&silo).await;
        assert_eq!(manifest.metadata.keys().filter(|k| k.starts_with('w')).count(), 320);
    }

    async fn of_many_writers_that_make_an_object_all_are_seen(silo: Silo, _store: Store) {
        let writers: Vec<_> = (0..16)
            .map(|writer| {
                let silo = silo.clone();
                tokio::spawn(async move {
                    silo.update::<Error>(&id("oai:x:1"), Some(None), |manifest| {
                        let mut manifest = manifest.cloned().unwrap_or_else(|| Manifest::new(id("oai:x:1")));
                        manifest.metadata.insert(format!("w{writer}"), true.into());
                        Ok(Some(manifest))
                    })
                    .await
                    .unwrap();
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(manifest(&silo).await.metadata.keys().filter(|k| k.starts_with('w')).count(), 16);
    }

    async fn a_conditional_write_against_a_state_that_is_gone_is_refused(silo: Silo, store: Store) {
        announce(&silo, &announcement("2020-01-01T00:00:00Z"), Some("<dc/>")).await;
        let path = Path::parse("maths/pairtree_root/oa/i+/x+/1/obj/__manifest.json").unwrap();
        let seen = store.head(&path).await.unwrap();
        let update = PutMode::Update(UpdateVersion { e_tag: seen.e_tag, version: seen.version });
        store.put_opts(&path, PutPayload::from_static(b"1"), update.clone().into()).await.unwrap();
        let second = store.put_opts(&path, PutPayload::from_static(b"2"), update.into()).await;
        assert!(matches!(second, Err(object_store::Error::Precondition { .. })), "{second:?}");
        let create = store.put_opts(&path, PutPayload::from_static(b"3"), PutMode::Create.into()).await;
        assert!(matches!(create, Err(object_store::Error::AlreadyExists { .. })), "{create:?}");
    }

    async fn a_file_is_stored_in_pieces_with_digests_counted_on_the_way(silo: Silo, _store: Store) {
        let whole: Vec<u8> = (0..20_000_000u32).map(|i| (i % 251) as u8).collect();
        let mut writer = silo.writer(&id("oai:x:1"), &v(1), &FileName::safe("big.bin"), None).unwrap();
        for piece in whole.chunks(999_983) {
            writer.write(Bytes::copy_from_slice(piece)).await.unwrap();
        }
        let stored = writer.finish().await.unwrap();
        assert_eq!(stored.digests, Digests::of(&whole));
        assert_eq!(silo.read_bytes(&id("oai:x:1"), &stored.path).await.unwrap().unwrap(), whole);
    }

    async fn a_file_being_written_is_not_seen_and_leaves_nothing_when_dropped(silo: Silo, store: Store) {
        let mut writer = silo.writer(&id("oai:x:1"), &v(1), &FileName::safe("big.bin"), None).unwrap();
        writer.write(Bytes::from(vec![7; 17_000_000])).await.unwrap();
        assert_eq!(store.list(Some(&Path::from("maths"))).count().await, 2);
        drop(writer);
        assert_eq!(store.list(Some(&Path::from("maths"))).count().await, 2);
    }

    async fn stored_bytes_are_never_replaced(silo: Silo, _store: Store) {
        let file = FileName::safe("a.txt");
        let store = async |bytes: &'static str| silo.store(&id("oai:x:1"), &v(1), &file, None, bytes.into()).await;
        let first = store("one").await.unwrap();
        assert_eq!(store("one").await.unwrap(), first, "the same bytes serve again");
        let Err(Error::Occupied { instead, .. }) = store("two").await else { panic!("it was replaced") };
        assert_eq!(silo.store(&id("oai:x:1"), &v(1), &instead, None, "two".into()).await.unwrap().digests.size, 3);
        assert_eq!(silo.read_bytes(&id("oai:x:1"), "__1/a.txt").await.unwrap().unwrap(), "one");
    }

    async fn a_file_and_one_whose_path_leads_through_it_are_both_kept(silo: Silo, store: Store) {
        let file = FileName::safe("a");
        silo.store(&id("oai:x:1"), &v(1), &file, None, "one".into()).await.unwrap();
        let below = Path::parse(format!("{}/__1/a/b", silo.folder(&id("oai:x:1")))).unwrap();
        assert!(matches!(store.head(&below).await, Err(object_store::Error::NotFound { .. })));
        let through = FileName::safe("a/b");
        let stored = match silo.store(&id("oai:x:1"), &v(1), &through, None, "two".into()).await {
            // A directory cannot have both.
            Err(Error::Occupied { instead, .. }) => silo.store(&id("oai:x:1"), &v(1), &instead, None, "two".into()).await,
            stored => stored,
        };
        assert_eq!(silo.read_bytes(&id("oai:x:1"), &stored.unwrap().path).await.unwrap().unwrap(), "two");
        assert_eq!(silo.read_bytes(&id("oai:x:1"), "__1/a").await.unwrap().unwrap(), "one");
    }

    async fn unknown_keys_survive_a_rewrite_at_every_level(silo: Silo, store: Store) {
        announce(&silo, &announcement("2020-01-01T00:00:00Z"), Some("<dc/>")).await;
        let path = Path::parse("maths/pairtree_root/oa/i+/x+/1/obj/__manifest.json").unwrap();
        let bytes = store.get(&path).await.unwrap().bytes().await.unwrap();
        let mut json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        json["theirs"] = serde_json::json!({"a": [1, null]});
        json["granary"]["theirs"] = "b".into();
        json["granary"]["versions"]["1"]["theirs"] = "c".into();
        json["granary"]["versions"]["1"]["inventory"]["oai_dc"]["theirs"] = "d".into();
        let failure = r#"{"name": "", "url": "", "reason": "", "detail": "", "attempts": 1, "time": "", "theirs": "e"}"#;
        json["granary"]["versions"]["1"]["failures"] = serde_json::from_str(&format!("[{failure}]")).unwrap();
        json["granary"]["versions"]["1"]["without_files"] = serde_json::json!({"reason": "", "detail": "", "theirs": "f"});
        json["granary"]["versions"]["1"]["landing_page"] = serde_json::json!({"url": "", "asked": "", "theirs": "g"});
        store.put(&path, PutPayload::from(json.to_string())).await.unwrap();
        announce(&silo, &announcement("2020-01-02T00:00:00Z"), Some("<dc/>")).await;
        let bytes = store.get(&path).await.unwrap().bytes().await.unwrap();
        let after: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(after["theirs"], json["theirs"]);
        assert_eq!(after["granary"]["theirs"], "b");
        assert_eq!(after["granary"]["versions"]["1"], json["granary"]["versions"]["1"]);
    }

    async fn a_corrupt_manifest_is_an_error_and_stays_as_it_is(silo: Silo, store: Store) {
        let path = Path::parse("maths/pairtree_root/oa/i+/x+/1/obj/__manifest.json").unwrap();
        store.put(&path, PutPayload::from_static(b"{\"item_id\": ")).await.unwrap();
        let error = silo.object(&id("oai:x:1")).await.unwrap_err();
        assert!(matches!(error, Error::CorruptManifest { .. }), "{error}");
        let updated = silo.update::<Error>(&id("oai:x:1"), Some(None), |m| Ok(Some(m.cloned().unwrap_or_else(|| Manifest::new(id("oai:x:1")))))).await;
        assert!(matches!(updated, Err(Error::CorruptManifest { .. })));
        assert_eq!(store.get(&path).await.unwrap().bytes().await.unwrap(), "{\"item_id\": ");
    }

    async fn a_folder_that_is_no_silo_is_refused(_silo: Silo, store: Store) {
        store.put(&Path::from("photos/me.jpg"), PutPayload::from_static(b"x")).await.unwrap();
        let refused = Silo::create(store.clone(), name("photos"), "http://x/").await;
        assert!(matches!(refused, Err(Error::NotASilo { .. })));
        assert!(matches!(Silo::open(store.clone(), name("none")).await, Err(Error::NoSuchSilo { .. })));
    }

    async fn a_silo_lists_its_objects(silo: Silo, _store: Store) {
        let mut expected = vec!["oai:x:1", "oai:x:1/2", "oai:x:Ü b", "x"];
        for identifier in &expected {
            let record = Announcement { identifier: id(identifier), ..announcement("2020-01-01") };
            announce(&silo, &record, Some("<dc/>")).await;
        }
        let mut found: Vec<_> = silo.list().map(|o| o.unwrap().identifier.to_string()).collect().await;
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }

    async fn a_silo_is_listed_in_pages_in_order_from_any_beginning(silo: Silo, _store: Store) {
        let all = ["oai:x:1", "oai:x:10", "oai:x:2", "oai:x:a/b c", "oai:x:a", "oai:y:1", "oai:ä:1"];
        for identifier in all {
            let announcement = Announcement { identifier: id(identifier), ..announcement("2020-01-01") };
            announce(&silo, &announcement, Some("<r/>")).await;
        }
        let mut paged = Vec::new();
        loop {
            let page = silo.page("", paged.last().map(|last: &String| id(last)).as_ref(), 2).await.unwrap();
            paged.extend(page.objects.iter().map(|object| object.identifier.to_string()));
            if !page.more {
                break;
            }
            assert_eq!(page.objects.len(), 2);
        }
        let listed: Vec<_> = silo.list().map(|object| object.unwrap().identifier.to_string()).collect().await;
        assert_eq!(paged, listed);
        paged.sort_unstable();
        let mut sorted = all.map(str::to_owned);
        sorted.sort_unstable();
        assert_eq!(paged, sorted);
        for beginning in ["", "oai:", "oai:x:1", "oai:x:a", "oai:x:a/", "oai:x:a/b c", "oai:ä", "oai:y:1", "o", "x"] {
            let page = silo.page(beginning, None, 10).await.unwrap();
            let mut found: Vec<_> = page.objects.iter().map(|object| object.identifier.as_str()).collect();
            found.sort_unstable();
            let expected: Vec<_> = sorted.iter().filter(|id| id.starts_with(beginning)).collect();
            assert_eq!(found, expected, "{beginning}");
        }
    }

    async fn verify_finds_what_is_missing_corrupt_and_unlisted(silo: Silo, store: Store) {
        for identifier in ["oai:x:1", "oai:x:2", "oai:x:3"] {
            let record = Announcement { identifier: id(identifier), ..announcement("2020-01-01") };
            announce(&silo, &record, Some("<dc/>")).await;
        }
        let verify = async || {
            let mut findings = Vec::new();
            let mut checks = silo.verify(4);
            while let Some(totals) = checks.next().await {
                findings.extend(totals.unwrap().findings.into_iter().map(|f| (f.path, f.problem)));
            }
            findings.sort_by(|a, b| a.0.cmp(&b.0));
            findings
        };
        assert_eq!(verify().await, []);
        let at = |path: &str| Path::parse(format!("maths/pairtree_root/oa/i+/x+/{path}")).unwrap();
        store.put(&at("1/obj/__1/oai_dc"), PutPayload::from_static(b"<dx/>")).await.unwrap();
        store.delete(&at("2/obj/__1/oai_dc")).await.unwrap();
        store.put(&at("3/obj/__1/stray"), PutPayload::from_static(b"?")).await.unwrap();
        store.put(&at("4/obj/__1/stray"), PutPayload::from_static(b"?")).await.unwrap();
        store.put(&at("3/obj/__1/3=2020"), PutPayload::from_static(b"a tag of RecordSilo")).await.unwrap();
        let path = |p: &str| at(p).to_string();
        assert_eq!(verify().await, [
            (path("1/obj/__1/oai_dc"), Problem::Corrupt),
            (path("2/obj/__1/oai_dc"), Problem::Missing),
            (path("3/obj/__1/stray"), Problem::Unlisted),
            (path("4/obj/__1/stray"), Problem::Unlisted),
        ]);
    }
}
