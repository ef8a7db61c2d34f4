//! What every queue promises, tried on each implementation.

// Clippy takes the helpers of an integration test for ordinary code.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use granary_queue::{Burial, Counters, Message, Queue, Redrive, Select, Settled, SqliteQueue, Task};

#[cfg(feature = "sqs")]
mod sqs_of_the_local_cloud;

/// Longer than any test: what is hidden for so long stays hidden.
const LONG: Duration = Duration::from_secs(3600);
const NO_TIME: Duration = Duration::ZERO;

/// Runs promises on a queue of its own each. An implementation lists those that it makes.
macro_rules! keeps {
    ($implementation:ident, $open:path: $($promise:ident),* $(,)?) => {
        mod $implementation {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $promise() {
                    let Some((queue, _kept_for_the_test)) = $open().await else { return };
                    super::$promise(queue).await;
                }
            )*
        }
    };
}

keeps!(sqlite, super::new_sqlite:
    // Of a queue that keeps order.
    messages_come_first_in_first_out,
    one_that_was_given_back_comes_after_those_that_were_ready_before,
    // Of a queue that can select.
    a_silo_gets_its_own_messages_only,
    the_depth_of_a_silo_is_its_own,
    // Of a queue that keeps count, and knows who holds what.
    counters_belong_to_a_run,
    acknowledging_twice_counts_once,
    an_acknowledgement_that_comes_late_does_nothing,
    a_late_burial_extension_or_return_does_nothing,
    peeking_is_no_attempt,
    // Of every queue.
    redriving_a_silo_leaves_the_dead_of_others,
    an_empty_queue_gives_nothing,
    receiving_takes_no_more_than_asked,
    bodies_come_back_byte_for_byte,
    a_message_that_is_held_is_hidden_and_counted,
    a_message_comes_again_when_its_visibility_ends,
    attempts_count_receptions,
    extending_keeps_a_message_hidden,
    a_message_given_back_is_hidden_for_its_delay,
    a_buried_message_is_kept_with_its_reason,
    the_dead_are_redriven_by_reason,
    the_dead_are_redriven_by_id,
    a_redriven_message_is_as_new,
    peeking_takes_nothing_and_hides_nothing,
    a_batch_of_any_size_is_sent,
    eight_receivers_take_each_message_once,
);

#[cfg(feature = "sqs")]
keeps!(sqs, super::sqs_of_the_local_cloud::new:
    redriving_a_silo_leaves_the_dead_of_others,
    an_empty_queue_gives_nothing,
    receiving_takes_no_more_than_asked,
    bodies_come_back_byte_for_byte,
    a_message_that_is_held_is_hidden_and_counted,
    a_message_comes_again_when_its_visibility_ends,
    attempts_count_receptions,
    extending_keeps_a_message_hidden,
    a_message_given_back_is_hidden_for_its_delay,
    a_buried_message_is_kept_with_its_reason,
    the_dead_are_redriven_by_reason,
    the_dead_are_redriven_by_id,
    a_redriven_message_is_as_new,
    peeking_takes_nothing_and_hides_nothing,
    a_batch_of_any_size_is_sent,
    eight_receivers_take_each_message_once,
);

async fn new_sqlite() -> Option<(Arc<dyn Queue>, tempfile::TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("local/queue.sqlite");
    Some((Arc::new(SqliteQueue::open(&path).await.unwrap()), folder))
}

fn task(silo: &str, name: &str) -> Task {
    Task::new(format!("http://localhost/{name}"), name.into(), "oai:x:1".into(), silo.into())
}

async fn send(queue: &Arc<dyn Queue>, bodies: &[&str]) {
    queue.send_bodies(&bodies.iter().copied().map(str::to_owned).collect::<Vec<_>>()).await.unwrap();
}

async fn receive(queue: &Arc<dyn Queue>, visibility: Duration) -> Vec<Message> {
    queue.receive(10, visibility, &Select::All).await.unwrap()
}

async fn receive_one(queue: &Arc<dyn Queue>, visibility: Duration) -> Message {
    queue.receive(1, visibility, &Select::All).await.unwrap().pop().expect("a message is ready")
}

fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.body.as_str()).collect()
}

/// Done, and counted as one file of the run `r`.
fn one_file(message: &Message) -> Settled {
    let mut counters = Counters::default();
    counters.add("files", 1);
    Settled { receipt: message.receipt.clone(), run: Some("r".into()), counters }
}

async fn bury(queue: &Arc<dyn Queue>, message: &Message, reason: &str) {
    let burial = Burial { reason: reason.into(), detail: format!("in full: {reason}") };
    queue.bury(message, &one_file(message), &burial).await.unwrap();
}

/// How many files a run has, where the queue keeps count.
async fn files_of_run(queue: &Arc<dyn Queue>) -> Option<u64> {
    let counters = queue.counters("r").await.unwrap();
    assert_eq!(counters.is_some(), queue.keeps_counters());
    counters.map(|counters| counters.get("files"))
}

/// Sends a message, takes it, and buries it.
async fn die(queue: &Arc<dyn Queue>, body: &str, reason: &str) {
    send(queue, &[body]).await;
    let message = receive_one(queue, LONG).await;
    assert_eq!(message.body, body);
    bury(queue, &message, reason).await;
}

/// `[waiting, delayed, in_flight, dead]`
async fn depth(queue: &Arc<dyn Queue>, select: &Select) -> [u64; 4] {
    let depth = queue.depth(select).await.unwrap();
    [depth.waiting, depth.delayed, depth.in_flight, depth.dead]
}

async fn messages_come_first_in_first_out(queue: Arc<dyn Queue>) {
    send(&queue, &["a", "b"]).await;
    send(&queue, &["c"]).await;
    assert_eq!(receive_one(&queue, LONG).await.body, "a");
    assert_eq!(bodies(&receive(&queue, LONG).await), ["b", "c"]);
}

async fn one_that_was_given_back_comes_after_those_that_were_ready_before(queue: Arc<dyn Queue>) {
    send(&queue, &["a", "b", "c"]).await;
    let a = receive_one(&queue, LONG).await;
    // The clock has to move on: of those ready at the same millisecond the first sent is the first.
    while SystemTime::now() <= SystemTime::from(a.sent) + Duration::from_millis(1) {
        std::hint::spin_loop();
    }
    queue.give_back(&a.receipt, NO_TIME).await.unwrap();
    assert_eq!(bodies(&receive(&queue, LONG).await), ["b", "c", "a"]);
}

async fn a_silo_gets_its_own_messages_only(queue: Arc<dyn Queue>) {
    queue.send(&[task("maths", "a"), task("data/history", "b"), task("maths", "c")]).await.unwrap();
    send(&queue, &["no task"]).await;
    let messages = queue.receive(10, LONG, &Select::Silo("history".into())).await.unwrap();
    assert_eq!(bodies(&messages), [task("data/history", "b").to_body()]);
    let messages = queue.receive(10, LONG, &Select::Silo("maths".into())).await.unwrap();
    assert_eq!(bodies(&messages), [task("maths", "a").to_body(), task("maths", "c").to_body()]);
    assert_eq!(bodies(&receive(&queue, LONG).await), ["no task"]);
}

async fn the_depth_of_a_silo_is_its_own(queue: Arc<dyn Queue>) {
    let [maths, history] = ["maths", "history"].map(|silo| Select::Silo(silo.into()));
    let maths_tasks: Vec<_> = ["a", "b", "c", "d"].map(|name| task("maths", name)).into();
    queue.send(&maths_tasks).await.unwrap();
    queue.send(&[task("history", "a")]).await.unwrap();
    let taken = queue.receive(3, LONG, &maths).await.unwrap();
    bury(&queue, &taken[0], "gone").await;
    queue.give_back(&taken[1].receipt, LONG).await.unwrap();
    assert_eq!(depth(&queue, &maths).await, [1, 1, 1, 1]);
    assert_eq!(depth(&queue, &history).await, [1, 0, 0, 0]);
    assert_eq!(depth(&queue, &Select::All).await, [2, 1, 1, 1]);
    assert_eq!(depth(&queue, &Select::Silo("none".into())).await, [0; 4]);
}

async fn redriving_a_silo_leaves_the_dead_of_others(queue: Arc<dyn Queue>) {
    die(&queue, &task("maths", "a").to_body(), "gone").await;
    die(&queue, &task("history", "b").to_body(), "gone").await;
    let maths = Select::Silo("maths".into());
    assert_eq!(queue.dead(10, &maths).await.unwrap().len(), 1);
    let ids = queue.dead(10, &Select::All).await.unwrap().into_iter().map(|letter| letter.id).collect();
    assert_eq!(queue.redrive(&Redrive::Ids(ids), &maths).await.unwrap(), 1);
    assert_eq!(queue.redrive(&Redrive::All, &maths).await.unwrap(), 0);
    assert_eq!(depth(&queue, &Select::All).await, [1, 0, 0, 1]);
}

async fn an_empty_queue_gives_nothing(queue: Arc<dyn Queue>) {
    assert_eq!(receive(&queue, LONG).await, []);
    assert_eq!(queue.peek(10, &Select::All).await.unwrap(), []);
    assert_eq!(queue.dead(10, &Select::All).await.unwrap(), []);
    assert_eq!(queue.redrive(&Redrive::All, &Select::All).await.unwrap(), 0);
    assert!(files_of_run(&queue).await.is_none_or(|files| files == 0));
    assert!(queue.depth(&Select::All).await.unwrap().is_drained());
}

async fn receiving_takes_no_more_than_asked(queue: Arc<dyn Queue>) {
    send(&queue, &["a", "b", "c"]).await;
    assert_eq!(queue.receive(2, LONG, &Select::All).await.unwrap().len(), 2);
    assert_eq!(queue.receive(2, LONG, &Select::All).await.unwrap().len(), 1);
}

async fn bodies_come_back_byte_for_byte(queue: Arc<dyn Queue>) {
    let sent = [r#"{ "url" : "p\u00e4per" }"#, "pâper 🗎\n", "{", "7", "  "];
    send(&queue, &sent).await;
    let mut peeked: Vec<_> =
        queue.peek(10, &Select::All).await.unwrap().into_iter().map(|peeked| peeked.body).collect();
    let received = receive(&queue, LONG).await;
    let mut received = bodies(&received);
    let mut sent = sent;
    sent.sort_unstable();
    received.sort_unstable();
    peeked.sort_unstable();
    assert_eq!(received, sent);
    assert_eq!(peeked, sent);
}

async fn a_message_that_is_held_is_hidden_and_counted(queue: Arc<dyn Queue>) {
    send(&queue, &["a"]).await;
    assert_eq!(depth(&queue, &Select::All).await, [1, 0, 0, 0]);
    let held = receive_one(&queue, LONG).await;
    assert_eq!(receive(&queue, LONG).await, []);
    assert_eq!(depth(&queue, &Select::All).await, [0, 0, 1, 0]);
    queue.acknowledge(&[one_file(&held)]).await.unwrap();
    assert_eq!(depth(&queue, &Select::All).await, [0; 4]);
}

async fn a_message_comes_again_when_its_visibility_ends(queue: Arc<dyn Queue>) {
    send(&queue, &["a"]).await;
    receive_one(&queue, NO_TIME).await;
    assert_eq!(depth(&queue, &Select::All).await, [1, 0, 0, 0]);
    assert_eq!(receive_one(&queue, LONG).await.body, "a");
}

async fn attempts_count_receptions(queue: Arc<dyn Queue>) {
    send(&queue, &["a"]).await;
    let first = receive_one(&queue, NO_TIME).await;
    let second = receive_one(&queue, LONG).await;
    queue.give_back(&second.receipt, NO_TIME).await.unwrap();
    let third = receive_one(&queue, LONG).await;
    assert_eq!([first.attempts, second.attempts, third.attempts], [1, 2, 3]);
    assert_eq!([second.sent, third.sent], [first.sent; 2]);
}

async fn extending_keeps_a_message_hidden(queue: Arc<dyn Queue>) {
    let short = Duration::from_secs(1);
    send(&queue, &["a", "b"]).await;
    let held = receive(&queue, short).await;
    let receipts: Vec<_> = held.iter().map(|message| message.receipt.clone()).collect();
    queue.extend(&receipts, LONG).await.unwrap();
    tokio::time::sleep(short + Duration::from_millis(200)).await;
    assert_eq!(receive(&queue, LONG).await, []);
    queue.extend(&receipts[..1], NO_TIME).await.unwrap();
    assert_eq!(bodies(&receive(&queue, LONG).await), [held[0].body.as_str()]);
}

async fn a_message_given_back_is_hidden_for_its_delay(queue: Arc<dyn Queue>) {
    send(&queue, &["a"]).await;
    let held = receive_one(&queue, LONG).await;
    queue.give_back(&held.receipt, LONG).await.unwrap();
    assert_eq!(receive(&queue, LONG).await, []);
    let [waiting, delayed, in_flight, dead] = depth(&queue, &Select::All).await;
    assert_eq!([waiting, delayed + in_flight, dead], [0, 1, 0]);
    if let Some(ready) = queue.depth(&Select::All).await.unwrap().next_ready {
        assert!(ready > held.sent);
    }
}

async fn an_acknowledgement_that_comes_late_does_nothing(queue: Arc<dyn Queue>) {
    send(&queue, &["a"]).await;
    let slow = receive_one(&queue, NO_TIME).await;
    let other = receive_one(&queue, LONG).await;
    queue.acknowledge(&[one_file(&slow)]).await.unwrap();
    assert_eq!(depth(&queue, &Select::All).await, [0, 0, 1, 0]);
    assert!(files_of_run(&queue).await.is_none_or(|files| files == 0));
    queue.acknowledge(&[one_file(&other)]).await.unwrap();
    assert_eq!(depth(&queue, &Select::All).await, [0; 4]);
    assert!(files_of_run(&queue).await.is_none_or(|files| files == 1));
}

async fn a_late_burial_extension_or_return_does_nothing(queue: Arc<dyn Queue>) {
    send(&queue, &["a"]).await;
    let slow = receive_one(&queue, NO_TIME).await;
    let _other = receive_one(&queue, LONG).await;
    bury(&queue, &slow, "gone").await;
    queue.extend(std::slice::from_ref(&slow.receipt), NO_TIME).await.unwrap();
    queue.give_back(&slow.receipt, NO_TIME).await.unwrap();
    assert_eq!(depth(&queue, &Select::All).await, [0, 0, 1, 0]);
    assert!(files_of_run(&queue).await.is_none_or(|files| files == 0));
}

async fn acknowledging_twice_counts_once(queue: Arc<dyn Queue>) {
    send(&queue, &["a", "b"]).await;
    let messages = receive(&queue, LONG).await;
    let settled: Vec<_> = messages.iter().map(one_file).collect();
    queue.acknowledge(&settled).await.unwrap();
    queue.acknowledge(&settled).await.unwrap();
    bury(&queue, &messages[0], "gone").await;
    assert!(files_of_run(&queue).await.is_none_or(|files| files == 2));
    assert_eq!(depth(&queue, &Select::All).await, [0; 4]);
}

async fn counters_belong_to_a_run(queue: Arc<dyn Queue>) {
    send(&queue, &["a", "b", "c"]).await;
    let mut settled: Vec<_> = receive(&queue, LONG).await.iter().map(one_file).collect();
    settled[1].counters.add("bytes", 5_000_000_000);
    settled[1].run = Some("s".into());
    settled[2].run = None;
    queue.acknowledge(&settled).await.unwrap();
    assert_eq!(queue.counters("r").await.unwrap().as_ref(), Some(&settled[0].counters));
    assert_eq!(queue.counters("s").await.unwrap().as_ref(), Some(&settled[1].counters));
}

async fn a_buried_message_is_kept_with_its_reason(queue: Arc<dyn Queue>) {
    die(&queue, "{ \"not\" : \"a task\" }", "bad_message").await;
    let letters = queue.dead(10, &Select::All).await.unwrap();
    let [letter] = letters.as_slice() else { panic!("{letters:?}") };
    assert_eq!(letter.body, "{ \"not\" : \"a task\" }");
    assert_eq!((letter.reason.as_str(), letter.attempts), ("bad_message", 1));
    assert_eq!(letter.detail, "in full: bad_message");
    assert_eq!(receive(&queue, LONG).await, []);
    assert!(files_of_run(&queue).await.is_none_or(|files| files == 1));
    assert!(queue.depth(&Select::All).await.unwrap().is_drained());
}

async fn the_dead_are_redriven_by_reason(queue: Arc<dyn Queue>) {
    die(&queue, "a", "gone").await;
    die(&queue, "b", "timeout").await;
    die(&queue, "c", "gone").await;
    assert_eq!(queue.redrive(&Redrive::Reason("gone".into()), &Select::All).await.unwrap(), 2);
    assert_eq!(bodies(&receive(&queue, LONG).await), ["a", "c"]);
    assert_eq!(queue.dead(10, &Select::All).await.unwrap()[0].body, "b");
}

async fn the_dead_are_redriven_by_id(queue: Arc<dyn Queue>) {
    for body in ["a", "b", "c"] {
        die(&queue, body, "gone").await;
    }
    let letters = queue.dead(10, &Select::All).await.unwrap();
    let b = letters.iter().find(|letter| letter.body == "b").unwrap();
    let ids = vec![b.id.clone(), "none".into(), b.id.clone()];
    assert_eq!(queue.redrive(&Redrive::Ids(ids), &Select::All).await.unwrap(), 1);
    assert_eq!(bodies(&receive(&queue, LONG).await), ["b"]);
    assert_eq!(queue.dead(1, &Select::All).await.unwrap().len(), 1);
    assert_eq!(depth(&queue, &Select::All).await, [0, 0, 1, 2]);
}

async fn a_redriven_message_is_as_new(queue: Arc<dyn Queue>) {
    send(&queue, &["a"]).await;
    let first = receive_one(&queue, NO_TIME).await;
    let second = receive_one(&queue, LONG).await;
    bury(&queue, &second, "gone").await;
    assert_eq!(queue.redrive(&Redrive::All, &Select::All).await.unwrap(), 1);
    let again = receive_one(&queue, LONG).await;
    assert_eq!(again.body, "a");
    // A queue may count the move itself (LocalStack).
    assert!(again.attempts <= 2, "{again:?}");
    // Receipts of its former life are worth nothing.
    queue.acknowledge(&[one_file(&first), one_file(&second)]).await.unwrap();
    assert_eq!(depth(&queue, &Select::All).await, [0, 0, 1, 0]);
}

async fn peeking_takes_nothing_and_hides_nothing(queue: Arc<dyn Queue>) {
    send(&queue, &["a", "b"]).await;
    assert_eq!(queue.peek(1, &Select::All).await.unwrap().len(), 1);
    assert_eq!(queue.peek(10, &Select::All).await.unwrap().len(), 2);
    assert_eq!(receive(&queue, LONG).await.len(), 2);
}

async fn peeking_is_no_attempt(queue: Arc<dyn Queue>) {
    send(&queue, &["a", "b"]).await;
    for _ in 0..2 {
        let peeked = queue.peek(10, &Select::All).await.unwrap();
        assert_eq!(peeked.iter().map(|peeked| peeked.attempts).collect::<Vec<_>>(), [0, 0]);
    }
    let messages = receive(&queue, LONG).await;
    assert_eq!(messages.iter().map(|message| message.attempts).collect::<Vec<_>>(), [1, 1]);
}

async fn a_batch_of_any_size_is_sent(queue: Arc<dyn Queue>) {
    queue.send(&[]).await.unwrap();
    let tasks: Vec<_> = (0..1001).map(|n| task("maths", &n.to_string())).collect();
    queue.send(&tasks).await.unwrap();
    assert_eq!(depth(&queue, &Select::All).await, [1001, 0, 0, 0]);
}

async fn eight_receivers_take_each_message_once(queue: Arc<dyn Queue>) {
    let tasks: Vec<_> = (0..200).map(|n| task("maths", &n.to_string())).collect();
    queue.send(&tasks).await.unwrap();
    let receivers: Vec<_> = (0..8).map(|_| tokio::spawn(take_all(queue.clone()))).collect();
    let mut taken = BTreeMap::<String, u32>::new();
    for receiver in receivers {
        for body in receiver.await.unwrap() {
            *taken.entry(body).or_default() += 1;
        }
    }
    assert_eq!(taken.len(), tasks.len());
    assert!(taken.values().all(|times| *times == 1), "{taken:?}");
    assert!(files_of_run(&queue).await.is_none_or(|files| files == 200));
}

async fn take_all(queue: Arc<dyn Queue>) -> Vec<String> {
    let mut taken = Vec::new();
    loop {
        let messages = queue.receive(3, LONG, &Select::All).await.unwrap();
        if messages.is_empty() {
            return taken;
        }
        queue.acknowledge(&messages.iter().map(one_file).collect::<Vec<_>>()).await.unwrap();
        taken.extend(messages.into_iter().map(|message| message.body));
    }
}
