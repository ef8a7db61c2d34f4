//! A thousand identifiers to paths, and back.

use divan::{Bencher, counter::ItemsCount};

fn main() {
    divan::main();
}

const COUNT: usize = 1000;

fn identifiers() -> Vec<String> {
    (0..COUNT).map(|number| format!("oai:eprints.example.org:{number}/müller v2")).collect()
}

#[divan::bench]
fn to_path(bencher: Bencher) {
    let identifiers = identifiers();
    bencher
        .counter(ItemsCount::new(COUNT))
        .bench(|| identifiers.iter().map(|each| granary_pairtree::to_path(each).len()).sum::<usize>());
}

#[divan::bench]
fn to_identifier(bencher: Bencher) {
    let paths: Vec<_> = identifiers().iter().map(|each| granary_pairtree::to_path(each)).collect();
    bencher
        .counter(ItemsCount::new(COUNT))
        .bench(|| paths.iter().filter(|each| granary_pairtree::to_identifier(each).is_ok()).count());
}
