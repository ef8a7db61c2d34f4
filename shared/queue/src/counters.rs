//! Numbers kept with acknowledgements.

use std::collections::BTreeMap;

/// Named numbers that only grow; one that was never added to is 0. They stop at `u64::MAX`.
///
/// A queue keeps those of a run in the transaction that settles a message: each message counts exactly once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters(BTreeMap<String, u64>);

impl Counters {
    /// Adds to a number.
    pub fn add(&mut self, name: &str, by: u64) {
        match self.0.get_mut(name) {
            Some(value) => *value = value.saturating_add(by),
            None => drop(self.0.insert(name.to_owned(), by)),
        }
    }

    /// Adds all of the other's numbers.
    pub fn merge(&mut self, other: &Self) {
        other.iter().for_each(|(name, by)| self.add(name, by));
    }

    /// A number.
    #[must_use]
    pub fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// All that were added to, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_adds_each_number() {
        let (mut ours, mut theirs) = (Counters::default(), Counters::default());
        ours.add("files", 1);
        theirs.add("files", 2);
        theirs.add("bytes", u64::MAX);
        ours.merge(&theirs);
        ours.merge(&theirs);
        assert_eq!(ours.iter().collect::<Vec<_>>(), [("bytes", u64::MAX), ("files", 5)]);
        assert_eq!(ours.get("failed"), 0);
    }
}
