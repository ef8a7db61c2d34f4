//! The numbers of a run, broken down by reason.

use granary_queue::Counters;
use serde::{Deserialize, Serialize};

/// A struct of numbers that are added up one by one, serialised without those that are 0.
macro_rules! breakdown {
    ($(#[$about:meta])* $name:ident in $prefix:literal { $($(#[$what:meta])* $field:ident),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $name {
            $($(#[$what])* #[serde(skip_serializing_if = "is_zero")] pub $field: u64,)*
        }

        impl $name {
            /// Adds the numbers of another part of the same run.
            pub(crate) fn add(&mut self, other: &Self) {
                $(self.$field += other.$field;)*
            }

            /// All of them, by name.
            pub fn by_reason(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($field), self.$field)),*].into_iter()
            }

            /// Adds them to what the queue keeps.
            pub(crate) fn count(&self, counters: &mut Counters) {
                for (name, value) in self.by_reason().filter(|(_, value)| *value > 0) {
                    counters.add(&format!("{}.{name}", $prefix), value);
                }
            }

            /// What the queue has counted.
            pub(crate) fn counted(counters: &Counters) -> Self {
                Self { $($field: counters.get(concat!($prefix, ".", stringify!($field)))),* }
            }
        }
    };
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks like that")]
pub(crate) fn is_zero(number: &u64) -> bool {
    *number == 0
}

breakdown! {
    /// Files that were not tried.
    LeftOut in "left_out" {
        /// Not for the public.
        restricted,
        /// Not yet for the public.
        embargoed,
        /// Made from another file: thumbnails, index codes, extracted text.
        derived,
        /// Of a version that is no longer the newest.
        outdated,
    }
}

breakdown! {
    /// Records, new or changed, that have no file to fetch.
    WithoutFiles in "without_files" {
        /// The metadata names none, and neither does the landing page, where there is one.
        none_named,
        /// Files are named, but all are restricted, embargoed or derived.
        none_open,
        /// Files are named, but in a way that cannot be read.
        unreadable,
        /// The metadata has a format in which nobody knows how to find files.
        unknown_format,
        /// The metadata names none, and the landing page, or what it leads to, could not be had.
        no_landing_page,
    }
}

impl LeftOut {
    /// How many there are, whatever the reason.
    pub(crate) fn total(&self) -> u64 {
        self.by_reason().map(|(_, value)| value).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_queue_counts_comes_back() {
        let all = LeftOut { restricted: 1, embargoed: 2, derived: 3, outdated: 4 };
        let mut counters = Counters::default();
        all.count(&mut counters);
        assert_eq!(LeftOut::counted(&counters), all);
        assert_eq!(counters.get("left_out.derived"), 3);
        assert_eq!(WithoutFiles::counted(&counters), WithoutFiles::default());
        assert_eq!(all.total(), 10);
    }

    #[test]
    fn only_what_was_counted_is_written() {
        let some = WithoutFiles { none_named: 7, ..WithoutFiles::default() };
        assert_eq!(serde_json::to_string(&some).unwrap(), r#"{"none_named":7}"#);
        assert_eq!(serde_json::from_str::<WithoutFiles>("{}").unwrap(), WithoutFiles::default());
    }
}
