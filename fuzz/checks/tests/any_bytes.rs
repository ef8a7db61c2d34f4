//! Each check on a few hundred inputs that chance makes: a little of what `cargo fuzz` does, in every run of the tests.

use std::{fs, path::Path, sync::LazyLock};

use granary_fuzz_checks::{CHECKS, Check};
use proptest::{prelude::*, sample::Index};

/// The corpus of each check, in the order of [`CHECKS`].
static CORPUS: LazyLock<Vec<Vec<Vec<u8>>>> = LazyLock::new(|| CHECKS.iter().map(corpus).collect());

fn corpus(check: &Check) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus").join(check.name);
    let entries = fs::read_dir(folder).expect("every check has a corpus");
    let read = |entry: std::io::Result<fs::DirEntry>| fs::read(entry?.path());
    entries.map(|entry| read(entry).expect("a file can be read")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_pass_every_check(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        CHECKS.iter().for_each(|check| (check.run)(&bytes));
    }

    #[test]
    fn a_file_of_the_corpus_cut_off_anywhere_passes(file in any::<Index>(), at in any::<Index>()) {
        for (check, files) in CHECKS.iter().zip(&*CORPUS) {
            let bytes = file.get(files);
            (check.run)(&bytes[..at.index(bytes.len() + 1)]);
        }
    }

    #[test]
    fn a_file_of_the_corpus_with_other_bytes_in_it_passes(
        file in any::<Index>(), at in any::<Index>(), other in prop::collection::vec(any::<u8>(), 1..4),
    ) {
        for (check, files) in CHECKS.iter().zip(&*CORPUS) {
            let mut bytes = file.get(files).clone();
            let at = at.index(bytes.len() + 1);
            bytes.splice(at..(at + other.len()).min(bytes.len()), other.iter().copied());
            (check.run)(&bytes);
        }
    }

    #[test]
    fn the_beginning_of_one_file_with_the_end_of_another_passes(files in any::<[Index; 2]>(), at in any::<[Index; 2]>()) {
        for (check, all) in CHECKS.iter().zip(&*CORPUS) {
            let [one, other] = files.map(|file| file.get(all));
            let (head, tail) = (&one[..at[0].index(one.len() + 1)], &other[at[1].index(other.len() + 1)..]);
            (check.run)(&[head, tail].concat());
        }
    }
}
