//! The file: messages put by hand, and files that are no queue.

// Clippy takes the helpers of an integration test for ordinary code.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::{error::Error as _, fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use granary_queue::{Burial, Counters, Error, Queue, Select, Settled, SqliteQueue};
use rusqlite::Connection;

const LONG: Duration = Duration::from_secs(3600);

fn by_hand(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[tokio::test]
async fn a_message_put_by_hand_needs_only_its_body() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue.sqlite");
    let queue = SqliteQueue::open(&path).await.unwrap();
    let body = r#"{"url": "http://localhost/a", "filename": "a", "pid": "oai:x:1", "silo": "data/maths/"}"#;
    let earlier = chrono::Utc::now() - Duration::from_secs(60);
    by_hand(&path, &format!("INSERT INTO messages(body) VALUES ('{body}')"));
    let messages = queue.receive(10, LONG, &Select::Silo("maths".into())).await.unwrap();
    let [message] = messages.as_slice() else { panic!("{messages:?}") };
    assert_eq!((message.body.as_str(), message.attempts), (body, 1));
    assert!(earlier < message.sent && message.sent <= chrono::Utc::now());
}

#[tokio::test]
async fn a_body_that_is_no_text_is_received_and_can_be_buried() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue.sqlite");
    let queue = SqliteQueue::open(&path).await.unwrap();
    by_hand(
        &path,
        "INSERT INTO messages(body) VALUES (x'00ff'), (CAST(x'7b22736c6fff' AS TEXT)), (7), ('good')",
    );
    by_hand(&path, "INSERT INTO messages(body) VALUES (CAST(x'7b2273696c6f223a22ff227d' AS TEXT))");
    let messages = queue.receive(10, LONG, &Select::All).await.unwrap();
    let bodies: Vec<_> = messages.iter().map(|message| message.body.as_str()).collect();
    assert_eq!(bodies, ["\0\u{fffd}", "{\"slo\u{fffd}", "7", "good", "{\"silo\":\"\u{fffd}\"}"]);
    for message in messages {
        let settled = Settled { receipt: message.receipt.clone(), run: None, counters: Counters::default() };
        queue
            .bury(&message, &settled, &Burial { reason: "bad_message".into(), detail: String::new() })
            .await
            .unwrap();
    }
    assert_eq!(queue.dead(10, &Select::All).await.unwrap().len(), 5);
}

#[tokio::test]
async fn what_was_sent_is_there_when_the_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/queue.sqlite");
    SqliteQueue::open(&path).await.unwrap().send_bodies(&["a".into()]).await.unwrap();
    let queue = SqliteQueue::open_existing(&path).await.unwrap().unwrap();
    assert_eq!(queue.depth(&Select::All).await.unwrap().waiting, 1);
}

#[tokio::test]
async fn asking_for_a_queue_that_is_not_there_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert!(SqliteQueue::open_existing(&folder.path().join("local/queue.sqlite")).await.unwrap().is_none());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Opens a file in both ways; it has to fail, and to leave the file as it was.
async fn refused(path: &Path) -> Error {
    let before = fs::read(path).unwrap();
    let error = SqliteQueue::open_existing(path).await.unwrap_err();
    SqliteQueue::open(path).await.unwrap_err();
    assert!(fs::read(path).unwrap() == before, "the file was written");
    error
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue.sqlite");
    fs::write(&path, "a letter to my grandmother".repeat(500)).unwrap();
    let error = refused(&path).await;
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains("move it away"), "{error}");
    assert!(error.source().is_some());
}

#[tokio::test]
async fn a_damaged_queue_is_named_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue.sqlite");
    let queue = SqliteQueue::open(&path).await.unwrap();
    queue.send_bodies(&vec!["x".repeat(1000); 100]).await.unwrap();
    drop(queue);
    let mut bytes = fs::read(&path).unwrap();
    bytes[4096..].fill(0x5a);
    fs::write(&path, bytes).unwrap();
    let received = async { SqliteQueue::open(&path).await?.receive(10, LONG, &Select::All).await }.await;
    assert!(matches!(received, Err(Error::Corrupt { .. })), "{received:?}");
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("places.sqlite");
    by_hand(&path, "CREATE TABLE places (name TEXT)");
    let error = refused(&path).await;
    assert!(matches!(error, Error::NotAQueue { .. }), "{error:?}");
}

#[tokio::test]
async fn a_queue_of_a_newer_version_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue.sqlite");
    drop(SqliteQueue::open(&path).await.unwrap());
    by_hand(&path, "PRAGMA user_version = 1000");
    let error = refused(&path).await;
    assert!(matches!(error, Error::Newer { found: 1000, known: 1, .. }), "{error:?}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let error = SqliteQueue::open(&folder.path().join("file/queue.sqlite")).await.unwrap_err();
    assert!(matches!(error, Error::Folder { .. }), "{error:?}");
}

#[tokio::test]
async fn a_folder_in_place_of_the_file_is_unwritable() {
    let folder = tempfile::tempdir().unwrap();
    let error = SqliteQueue::open(folder.path()).await.unwrap_err();
    assert!(matches!(error, Error::Unwritable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_folder_that_may_not_be_written_is_unwritable() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(folder.path().join("probe"), "").is_ok() {
        eprintln!("not run: this user may write everywhere");
        return;
    }
    let error = SqliteQueue::open(&folder.path().join("queue.sqlite")).await.unwrap_err();
    assert!(matches!(error, Error::Unwritable { .. }), "{error:?}");
}
