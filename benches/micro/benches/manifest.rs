//! Manifests of one version, as most are, and of fifty.

use divan::{Bencher, counter::BytesCount};
use granary_micro::{manifest, read_manifest, write_manifest};

fn main() {
    divan::main();
}

#[divan::bench(args = [1, 50])]
fn read(bencher: Bencher, versions: u64) {
    let bytes = manifest(versions);
    bencher.counter(BytesCount::new(bytes.len())).bench(|| read_manifest(divan::black_box(&bytes)));
}

#[divan::bench(args = [1, 50])]
fn write(bencher: Bencher, versions: u64) {
    let bytes = manifest(versions);
    let manifest = read_manifest(&bytes).expect("it was just made");
    bencher.counter(BytesCount::new(bytes.len())).bench(|| write_manifest(divan::black_box(&manifest)));
}
