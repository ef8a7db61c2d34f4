//! Stores what a repository said of one item: the metadata's bytes, then the manifest.

use bytes::Bytes;
use granary_finders::{Found, Work};
use granary_queue::Task;
use granary_silo::{Announcement, Change, Digests, Entry, FileName, Manifest, Metadata, Object, Silo};

use crate::{
    breakdown::LeftOut,
    choice::Choice,
    error::Error,
    files::{Owner, Wanted, want},
    lacking::Lacking,
    room::Place,
};

/// A record, ready to be stored.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) announcement: Announcement,
    /// The metadata's name and bytes, and what else is known of it.
    pub(crate) metadata: Option<(FileName, Bytes, Entry)>,
    /// What the metadata says about files; nothing when there is none.
    pub(crate) found: Option<Found>,
    /// Where its bytes are held.
    pub(crate) _place: Place,
}

impl Received {
    /// What was announced without metadata: a deleted record, or one whose metadata could not be had.
    pub(crate) fn without_metadata(announcement: Announcement) -> Self {
        Self { announcement, metadata: None, found: None, _place: Place::default() }
    }
}

/// What became of it.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) change: Change,
    /// The object as it is now; none for a deleted record that was never seen.
    pub(crate) object: Option<Object>,
    /// What is to be fetched: to be queued now that the manifest is there.
    pub(crate) tasks: Vec<Task>,
    pub(crate) left_out: LeftOut,
    /// Why there is no file to fetch.
    pub(crate) lacking: Option<Lacking>,
    /// What the version before was, when this one may be another work.
    pub(crate) other_work: Option<String>,
}

/// The media type of metadata: it opens in a browser.
const METADATA_TYPE: &str = "application/xml";

/// Stores a record. `known` is the object as the caller has read it; `Some(None)` when it is expected to be new, which
/// spares a read.
///
/// May be repeated at any time, also after it was cut short anywhere: then it finds what is there and goes on.
pub(crate) async fn store(
    silo: &Silo,
    received: &Received,
    known: Option<Option<Object>>,
    choice: Choice,
) -> Result<Recorded, Error> {
    let identifier = &received.announcement.identifier;
    let metadata = received.metadata.as_ref().map(|(name, bytes, about)| Metadata {
        name: name.clone(),
        stored_as: name.clone(),
        digests: Digests::of(bytes),
        about: Entry { content_type: Some(METADATA_TYPE.to_owned()), ..about.clone() },
    });
    let mut known = match known {
        Some(known) => known,
        None => silo.object(identifier).await?,
    };
    loop {
        let before = known.as_ref().map(|object| &object.manifest);
        let change = Manifest::judge(before, &received.announcement, metadata.as_ref());
        let metadata = match place_bytes(silo, received, before, &change, metadata.clone()).await? {
            Placed::Metadata(metadata) => metadata,
            Placed::Unexpected => {
                known = silo.object(identifier).await?;
                continue;
            }
        };
        let other_work = other_work(silo, received, before, &change).await?;
        let mut wanted = Wanted::default();
        let updated = silo
            .update::<Interrupted>(identifier, Some(known.take()), |manifest| {
                if Manifest::judge(manifest, &received.announcement, metadata.as_deref()) != change {
                    return Err(Interrupted::Overtaken);
                }
                let (after, now_wanted) =
                    apply(silo, manifest, &change, received, metadata.as_deref(), choice);
                wanted = now_wanted;
                let after = after.map(|mut after| {
                    if let (Some(version), Some(before)) = (change.version(), &other_work) {
                        after.note_other_work(version, before.clone());
                    }
                    after
                });
                Ok(after.filter(|after| Some(after) != manifest))
            })
            .await;
        let object = match updated {
            Ok(updated) => updated.into_object(),
            Err(Interrupted::Overtaken) => {
                known = silo.object(identifier).await?;
                continue;
            }
            Err(Interrupted::Silo(error)) => return Err(error.into()),
        };
        let Wanted { tasks, left_out, lacking } = wanted;
        return Ok(Recorded { change, object, tasks, left_out, lacking, other_work });
    }
}

/// Up to here metadata is read to see what work it is about: with what comes of it, any number may be held at once.
const LONGEST_COMPARED: u64 = 256 << 10;

/// What the newest version is, when the record that replaces it is plainly about another work.
async fn other_work(
    silo: &Silo,
    received: &Received,
    before: Option<&Manifest>,
    change: &Change,
) -> Result<Option<String>, Error> {
    let (Some((name, bytes, _)), Some(before), Change::Updated(_)) = (&received.metadata, before, change)
    else {
        return Ok(None);
    };
    let entry = before.latest_record().and_then(|record| record.inventory.get(name.as_str()));
    let entry = entry.filter(|entry| entry.size.is_some_and(|size| size <= LONGEST_COMPARED));
    if bytes.len() as u64 > LONGEST_COMPARED {
        return Ok(None);
    }
    let (Some(entry), Some(now)) = (entry, Work::of(bytes)) else { return Ok(None) };
    let stored = silo.read_bytes(&received.announcement.identifier, &entry.path).await?;
    let work = stored.and_then(|stored| Work::of(&stored));
    Ok(work.filter(|before| now.is_plainly_another(before)).map(|before| before.to_string()))
}

/// Why an update ended early.
enum Interrupted {
    /// Somebody else changed the object so that the record means something else now.
    Overtaken,
    Silo(granary_silo::Error),
}

impl From<granary_silo::Error> for Interrupted {
    fn from(error: granary_silo::Error) -> Self {
        Self::Silo(error)
    }
}

/// Where the metadata's bytes are, before the manifest says so.
enum Placed {
    Metadata(Option<Box<Metadata>>),
    /// The object was expected to be new, and something is there.
    Unexpected,
}

async fn place_bytes(
    silo: &Silo,
    received: &Received,
    before: Option<&Manifest>,
    change: &Change,
    metadata: Option<Metadata>,
) -> Result<Placed, Error> {
    let (Some(version), Some((_, bytes, _)), Some(mut metadata)) =
        (change.version(), &received.metadata, metadata)
    else {
        return Ok(Placed::Metadata(None));
    };
    if before.is_some_and(|manifest| manifest.find_content(&metadata.digests.sha256).is_some()) {
        return Ok(Placed::Metadata(Some(Box::new(metadata))));
    }
    let identifier = &received.announcement.identifier;
    loop {
        let (bytes, digests) = (bytes.clone(), metadata.digests.clone());
        let (name, media_type) = (&metadata.stored_as, Some(METADATA_TYPE));
        let stored = silo.store_digested(identifier, version, name, media_type, bytes, digests).await;
        match stored {
            Ok(_) => return Ok(Placed::Metadata(Some(Box::new(metadata)))),
            Err(granary_silo::Error::Occupied { instead, .. }) => {
                if before.is_none() && silo.object(identifier).await?.is_some() {
                    return Ok(Placed::Unexpected);
                }
                // Left by a run that was cut short before its manifest, and the record has changed since.
                metadata.stored_as = instead;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn apply(
    silo: &Silo,
    manifest: Option<&Manifest>,
    change: &Change,
    received: &Received,
    metadata: Option<&Metadata>,
    choice: Choice,
) -> (Option<Manifest>, Wanted) {
    if *change == Change::NeverSeen {
        return (None, Wanted::default());
    }
    let announcement = &received.announcement;
    let mut manifest = manifest.cloned().unwrap_or_else(|| Manifest::new(announcement.identifier.clone()));
    manifest.announce(change, announcement, metadata);
    let Some(version) = manifest.latest().cloned() else { return (None, Wanted::default()) };
    let owner = Owner {
        silo: silo.name(),
        version: &version,
        run: announcement.run.as_deref(),
        now: &announcement.now,
    };
    let wanted = received.found.as_ref().filter(|_| !announcement.deleted);
    let wanted = wanted.map(|found| want(&mut manifest, owner, found, choice)).unwrap_or_default();
    (Some(manifest), wanted)
}

/// The files that metadata names, and what could not be understood of it.
pub(crate) fn find(identifier: &str, prefix: &str, metadata: &[u8]) -> Result<Found, granary_finders::Error> {
    let today = crate::clock::now().date_naive();
    granary_finders::find(&granary_finders::Record { identifier, prefix, metadata, today })
}
