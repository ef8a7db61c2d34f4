//! What the repository says about a file's bytes.

use std::{collections::HashMap, sync::Mutex};

use md5::Md5;
use sha2::{Digest, Sha256};

use crate::{contents::Contents, item::Document};

/// The digests of a file's true bytes, in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digests {
    pub(crate) md5: String,
    pub(crate) sha256: String,
}

impl Digests {
    fn of(contents: Contents) -> Self {
        let (mut md5, mut sha256) = (Md5::new(), Sha256::new());
        for piece in contents.all() {
            md5.update(&piece);
            sha256.update(&piece);
        }
        Self { md5: hex::encode(md5.finalize()), sha256: hex::encode(sha256.finalize()) }
    }
}

/// Digests by item and position, each with the seed of the contents it was made of: a file is read once a revision.
#[derive(Debug, Default)]
pub(crate) struct DigestCache(Mutex<HashMap<(u32, u32), (u64, Digests)>>);

impl DigestCache {
    /// Reads the whole file the first time; call it where blocking is allowed.
    pub(crate) fn of(&self, document: &Document) -> Digests {
        let (place, contents) = ((document.item, document.position), document.contents);
        if let Some((seed, digests)) = self.lock().get(&place)
            && *seed == contents.seed
        {
            return digests.clone();
        }
        // Outside the lock: two may read the same file at once, and agree.
        let digests = Digests::of(contents);
        self.lock().insert(place, (contents.seed, digests.clone()));
        digests
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(u32, u32), (u64, Digests)>> {
        self.0.lock().expect("no holder of the digests panics")
    }
}
