//! Several processes on one queue: this test program starts itself again as a worker.

// Clippy takes the helpers of an integration test for ordinary code.
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use granary_queue::{Counters, Queue, Select, Settled, SqliteQueue};

const LONG: Duration = Duration::from_secs(3600);
/// What the worker is to do, and on which queue.
const ROLE: &str = "GRANARY_QUEUE_TEST_ROLE";
const QUEUE: &str = "GRANARY_QUEUE_TEST_QUEUE";

/// Not a test: what the other processes do. It returns at once when it is run as a test.
#[tokio::test]
async fn worker() {
    let (Ok(role), Ok(path)) = (std::env::var(ROLE), std::env::var(QUEUE)) else { return };
    let queue = SqliteQueue::open(Path::new(&path)).await.unwrap();
    match role.as_str() {
        "drain" => drain(&queue).await,
        "hold" => {
            let held = queue.receive(3, LONG, &Select::All).await.unwrap();
            say(&format!("holds {}", held.len()));
            std::future::pending::<()>().await;
        }
        "send" => {
            let bodies: Vec<_> = (0..1000).map(|n| n.to_string()).collect();
            queue.send_bodies(&bodies).await.unwrap();
            say("sent");
            std::process::abort();
        }
        other => panic!("no such role: {other}"),
    }
}

async fn drain(queue: &SqliteQueue) {
    loop {
        let messages = queue.receive(5, LONG, &Select::All).await.unwrap();
        if messages.is_empty() {
            return;
        }
        let mut counters = Counters::default();
        counters.add("files", 1);
        let settled = messages.iter().map(|message| Settled {
            receipt: message.receipt.clone(),
            run: Some("r".into()),
            counters: counters.clone(),
        });
        queue.acknowledge(&settled.collect::<Vec<_>>()).await.unwrap();
        for message in messages {
            say(&format!("took {}", message.body));
        }
    }
}

/// A line of its own: the test harness writes to the same pipe.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    write!(out, "\n{line}\n").unwrap();
    out.flush().unwrap();
}

struct Worker {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Worker {
    fn start(role: &str, queue: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["worker", "--exact", "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .env(QUEUE, queue)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    fn wait_for(&mut self, line: &str) {
        assert!(self.out.by_ref().lines().any(|said| said.unwrap() == line), "the worker never said: {line}");
    }
}

/// A test that fails leaves no process behind.
impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn eight_processes_take_each_message_once_and_count_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue.sqlite");
    let queue = SqliteQueue::open(&path).await.unwrap();
    queue.send_bodies(&(0..400).map(|n| n.to_string()).collect::<Vec<_>>()).await.unwrap();
    let workers: Vec<_> = (0..8).map(|_| Worker::start("drain", &path)).collect();
    let mut taken = BTreeMap::<String, u32>::new();
    for mut worker in workers {
        for line in worker.out.by_ref().lines() {
            if let Some(body) = line.unwrap().strip_prefix("took ") {
                *taken.entry(body.to_owned()).or_default() += 1;
            }
        }
        assert!(worker.child.wait().unwrap().success());
    }
    assert_eq!(taken.len(), 400);
    assert!(taken.values().all(|times| *times == 1), "{taken:?}");
    assert_eq!(queue.counters("r").await.unwrap().unwrap().get("files"), 400);
}

#[tokio::test]
async fn eight_processes_may_make_the_same_queue_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("local/queue.sqlite");
    let workers: Vec<_> = (0..8).map(|_| Worker::start("drain", &path)).collect();
    for mut worker in workers {
        assert!(worker.child.wait().unwrap().success());
    }
    assert!(SqliteQueue::open_existing(&path).await.unwrap().is_some());
}

#[tokio::test]
async fn what_was_sent_survives_the_death_of_the_sender() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue.sqlite");
    let mut sender = Worker::start("send", &path);
    sender.wait_for("sent");
    assert!(!sender.child.wait().unwrap().success());
    let queue = SqliteQueue::open(&path).await.unwrap();
    assert_eq!(queue.depth(&Select::All).await.unwrap().waiting, 1000);
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn what_a_killed_process_held_is_free_at_once_and_in_its_old_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue.sqlite");
    let queue = SqliteQueue::open(&path).await.unwrap();
    queue.send_bodies(&["a", "b", "c", "d", "e", "f", "g"].map(str::to_owned)).await.unwrap();
    let (mut killed, mut alive) = (Worker::start("hold", &path), Worker::start("hold", &path));
    killed.wait_for("holds 3");
    alive.wait_for("holds 3");
    assert_eq!(queue.release_abandoned().await.unwrap(), 0);
    killed.child.kill().unwrap();
    killed.child.wait().unwrap();
    assert_eq!(queue.release_abandoned().await.unwrap(), 3);
    let depth = queue.depth(&Select::All).await.unwrap();
    assert_eq!((depth.waiting, depth.in_flight), (4, 3));
    let messages = queue.receive(10, LONG, &Select::All).await.unwrap();
    assert_eq!(messages.last().unwrap().body, "g");
    assert_eq!(messages.iter().map(|message| message.attempts).collect::<Vec<_>>(), [2, 2, 2, 1]);
    assert!(messages.is_sorted_by_key(|message| &message.body), "{messages:?}");
}
