//! What fuzzing has left behind is read again: a corpus that goes everywhere, and the cases in which something was wrong.

use std::{
    collections::BTreeSet,
    fs,
    panic::catch_unwind,
    path::{Path, PathBuf},
};

use granary_fuzz_checks::CHECKS;

fn fuzz() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// What lies in a folder, in order; nothing when there is none.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a folder can be read").path()).collect();
    paths.sort();
    paths
}

fn names(folder: &str) -> BTreeSet<String> {
    let stem = |path: PathBuf| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    entries(&fuzz().join(folder)).into_iter().map(stem).collect()
}

/// Runs each check on the files of its folder, and returns how many there were.
fn replay(folder: &str) -> usize {
    let mut failed = Vec::new();
    let mut count = 0;
    for check in CHECKS {
        for path in entries(&fuzz().join(folder).join(check.name)) {
            let bytes = fs::read(&path).expect("a file can be read");
            count += 1;
            if catch_unwind(|| (check.run)(&bytes)).is_err() {
                failed.push(path);
            }
        }
    }
    assert!(failed.is_empty(), "these fail, see above: {failed:#?}");
    count
}

#[test]
fn everything_in_the_corpus_passes_its_check() {
    assert!(replay("corpus") > CHECKS.len());
}

#[test]
fn what_was_wrong_once_is_right_now() {
    replay("regressions");
}

#[test]
fn every_check_has_a_target_and_a_corpus() {
    let checks: BTreeSet<_> = CHECKS.iter().map(|check| check.name.to_owned()).collect();
    assert_eq!(names("fuzz_targets"), checks);
    assert_eq!(names("corpus"), checks);
    assert!(names("regressions").is_subset(&checks));
}
