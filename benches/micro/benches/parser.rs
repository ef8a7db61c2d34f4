//! A page of a thousand records: Granary's parser, and quick-xml's bare reader under it.

use divan::{Bencher, counter::BytesCount};
use granary_micro::{page, parse, read_bare};

fn main() {
    divan::main();
}

#[divan::bench]
fn granary(bencher: Bencher) {
    let page = page(1000);
    bencher.counter(BytesCount::of_str(&page)).bench(|| parse(divan::black_box(page.as_bytes())));
}

#[divan::bench]
fn quick_xml_bare(bencher: Bencher) {
    let page = page(1000);
    bencher.counter(BytesCount::of_str(&page)).bench(|| read_bare(divan::black_box(page.as_bytes())));
}
