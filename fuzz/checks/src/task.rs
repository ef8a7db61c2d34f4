use granary_queue::Task;
use serde_json::Value;

use crate::json::check_kept;

/// The keys of 2010.
const KEYS: [&str; 4] = ["url", "filename", "pid", "silo"];

/// Checks the reader of tasks on a message of these bytes.
///
/// - What is read is written, on one line that SQS takes, and reads the same again; nothing that the message says is lost.
/// - The four keys of 2010 alone make a task too, and are written alone and in their order.
pub fn task(data: &[u8]) {
    let Ok(body) = std::str::from_utf8(data) else { return };
    match Task::parse(body) {
        Ok(task) => {
            check_written(&task);
            check_kept(&value(body), &value(&task.to_body()));
            assert!(!task.silo_name().trim().is_empty(), "{:?}", task.silo);
            check_four_keys(task);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn check_written(task: &Task) {
    let body = task.to_body();
    let again = Task::parse(&body);
    assert!(again.is_ok_and(|again| again == *task), "{body} does not read as {task:?}");
    assert!(body.chars().all(is_taken_by_sqs) && !body.contains(['\n', '\r']), "{body}");
    let value = value(&body);
    let keys = value.as_object().into_iter().flat_map(|keys| keys.keys());
    assert!(keys.take(4).eq(KEYS.iter()), "{body}");
}

fn check_four_keys(task: Task) {
    let short = Task::new(task.url, task.filename, task.pid, task.silo);
    check_written(&short);
    assert_eq!(value(&short.to_body()).as_object().map(serde_json::Map::len), Some(4));
}

fn value(body: &str) -> Value {
    serde_json::from_str(body).expect("a task is JSON")
}

/// The characters of a message (Amazon SQS, `SendMessage`).
fn is_taken_by_sqs(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
