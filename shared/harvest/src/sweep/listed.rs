//! Which identifiers are listed, in little memory.

use std::hash::{BuildHasher, RandomState};

use granary_silo::Identifier;

/// How many may be listed: they take 80 MB.
const MOST: usize = 10_000_000;

/// A set of identifiers, of each of which 64 bits are kept: 8 MB for a million. That an identifier which is not listed is taken for
/// one that is, has a chance of one in 10^12 with ten millions; its object would be left as it is.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    keys: Vec<u64>,
    key: RandomState,
}

/// More identifiers than can be held.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {MOST} identifiers are listed; sweep a source for each of its sets instead")]
pub(crate) struct TooMany;

impl Listed {
    pub(crate) fn insert(&mut self, identifier: &Identifier) -> Result<(), TooMany> {
        if self.keys.len() >= MOST {
            // Some may have been listed twice.
            self.sort();
            if self.keys.len() >= MOST {
                return Err(TooMany);
            }
        }
        self.keys.push(self.key(identifier));
        Ok(())
    }

    /// To be called when all are in: then it can be asked.
    pub(crate) fn sort(&mut self) {
        self.keys.sort_unstable();
        self.keys.dedup();
    }

    pub(crate) fn len(&self) -> u64 {
        self.keys.len() as u64
    }

    pub(crate) fn contains(&self, identifier: &Identifier) -> bool {
        self.keys.binary_search(&self.key(identifier)).is_ok()
    }

    fn key(&self, identifier: &Identifier) -> u64 {
        self.key.hash_one(identifier.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_is_known_again_and_counts_once() {
        let id = |n: u32| format!("oai:a:{n}").parse::<Identifier>().unwrap();
        let mut listed = Listed::default();
        for n in (0..1000).chain(500..1000) {
            listed.insert(&id(n)).unwrap();
        }
        listed.sort();
        assert_eq!(listed.len(), 1000);
        assert!((0..1000).all(|n| listed.contains(&id(n))));
        assert!(!(1000..2000).any(|n| listed.contains(&id(n))));
    }
}
