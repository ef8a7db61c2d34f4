//! The queue in an SQLite file: a thousand tasks sent, received and acknowledged in batches.
#![allow(clippy::unwrap_used, reason = "there is nobody to tell")]

use std::time::Duration;

use divan::{Bencher, counter::ItemsCount};
use granary_queue::{Counters, Queue, Receipt, Select, Settled, SqliteQueue, Task};
use tokio::runtime::Runtime;

fn main() {
    divan::main();
}

const COUNT: usize = 1000;

/// A queue in a folder that is removed with it, in memory: what is measured is not the disk.
struct Place {
    queue: SqliteQueue,
    runtime: Runtime,
    _folder: tempfile::TempDir,
}

fn place() -> Place {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let runtime = Runtime::new().unwrap();
    let queue = runtime.block_on(SqliteQueue::open(&folder.path().join("queue.sqlite"))).unwrap();
    Place { queue, runtime, _folder: folder }
}

fn tasks() -> Vec<Task> {
    (0..COUNT)
        .map(|number| {
            let url = format!("http://example.org/{number}/paper.pdf");
            Task::new(
                url,
                "paper.pdf".to_owned(),
                format!("oai:example.org:{number}"),
                "data/example.org".to_owned(),
            )
        })
        .collect()
}

fn settled(receipt: Receipt) -> Settled {
    Settled { receipt, run: None, counters: Counters::default() }
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn send(bencher: Bencher) {
    let tasks = tasks();
    bencher
        .counter(ItemsCount::new(COUNT))
        .with_inputs(place)
        .bench_refs(|place| place.runtime.block_on(place.queue.send(&tasks)).unwrap());
}

#[divan::bench(sample_count = 20, sample_size = 1, args = [1, 10])]
fn receive_and_acknowledge(bencher: Bencher, batch: usize) {
    let tasks = tasks();
    let filled = || {
        let place = place();
        place.runtime.block_on(place.queue.send(&tasks)).unwrap();
        place
    };
    bencher.counter(ItemsCount::new(COUNT)).with_inputs(filled).bench_refs(|place| {
        place.runtime.block_on(async {
            loop {
                let messages =
                    place.queue.receive(batch, Duration::from_secs(60), &Select::All).await.unwrap();
                if messages.is_empty() {
                    break;
                }
                let settled: Vec<_> = messages.into_iter().map(|message| settled(message.receipt)).collect();
                place.queue.acknowledge(&settled).await.unwrap();
            }
        });
    });
}
