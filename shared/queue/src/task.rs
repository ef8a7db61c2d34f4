//! A task: one thing to download.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One thing to download, as a queue message says it.
///
/// Serialises with the four keys of 2010 first, the others in the order below; absent ones are left out. Keys that
/// are not known are kept and written back, last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Task {
    /// Where it is.
    pub url: String,
    /// What it is called in the object.
    pub filename: String,
    /// The object's OAI identifier.
    pub pid: String,
    /// The silo. In messages of 2010 often a path; see [`Task::silo_name`].
    pub silo: String,
    /// The datestamp of the version that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub datestamp: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The run that found it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// How it was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found_by: Option<String>,
    /// Its size in bytes, as announced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Its MD5 in hexadecimal, as announced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    /// Its media type, as announced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// All other keys: none of the above.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// What a task's file is in its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The record's metadata: the files that it names are queued in turn.
    Metadata,
    /// The record's landing page: it is not kept, but the files that it names are queued in turn.
    Landing,
    /// A file.
    File,
}

/// Why a message is no task.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// It cannot be read at all.
    #[error("the message is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// It is a list, a text, a number or nothing.
    #[error("the message is no task: it is JSON, but not an object")]
    NotAnObject,
    /// It lacks one of the four keys that every task has.
    #[error("the message is no task: its {0} is missing")]
    Missing(&'static str),
    /// The value of a key is not what it has to be.
    #[error("the message is no task: its {key} is not {expected}")]
    Wrong {
        /// Which key.
        key: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
}

impl Task {
    /// A task with the four keys of 2010.
    #[must_use]
    pub fn new(url: String, filename: String, pid: String, silo: String) -> Self {
        Self {
            url,
            filename,
            pid,
            silo,
            datestamp: None,
            role: None,
            run: None,
            found_by: None,
            size: None,
            md5: None,
            content_type: None,
            other: Map::new(),
        }
    }

    /// Reads a message. A key that is `null` is absent.
    ///
    /// # Errors
    /// When it is not a JSON object with the first four keys, each a text that is not blank, or another known key
    /// has a value of the wrong kind.
    pub fn parse(body: &str) -> Result<Self, TaskError> {
        match serde_json::from_str(body).map_err(TaskError::NotJson)? {
            Value::Object(keys) => keys.try_into(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(TaskError::NotAnObject)
            }
        }
    }

    /// The message: JSON on one line.
    #[must_use]
    pub fn to_body(&self) -> String {
        let json =
            serde_json::to_string(self).expect("texts, numbers and maps with text keys are always JSON");
        // Two characters that JSON may have and SQS refuses; they can only be in texts.
        match json.contains(['\u{fffe}', '\u{ffff}']) {
            true => json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff"),
            false => json,
        }
    }

    /// The silo's name: the last part of a path such as `data/repo`.
    #[must_use]
    pub fn silo_name(&self) -> &str {
        self.silo.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
    }
}

impl TryFrom<Map<String, Value>> for Task {
    type Error = TaskError;

    fn try_from(mut keys: Map<String, Value>) -> Result<Self, TaskError> {
        let task = Self {
            url: required(&mut keys, "url")?,
            filename: required(&mut keys, "filename")?,
            pid: required(&mut keys, "pid")?,
            silo: required(&mut keys, "silo")?,
            datestamp: text(&mut keys, "datestamp")?,
            role: optional(&mut keys, "role", "`metadata`, `landing` or `file`", |value| {
                Role::deserialize(value).ok()
            })?,
            run: text(&mut keys, "run")?,
            found_by: text(&mut keys, "found_by")?,
            size: optional(&mut keys, "size", "a number of bytes", Value::as_u64)?,
            md5: text(&mut keys, "md5")?,
            content_type: text(&mut keys, "content_type")?,
            other: keys,
        };
        match task.silo_name().trim() {
            "" => Err(TaskError::Wrong { key: "silo", expected: "a name or a path that ends in one" }),
            _ => Ok(task),
        }
    }
}

/// Takes a text that has to be there, and has to say something.
fn required(keys: &mut Map<String, Value>, key: &'static str) -> Result<String, TaskError> {
    let value = text(keys, key)?.ok_or(TaskError::Missing(key))?;
    match value.trim() {
        "" => Err(TaskError::Wrong { key, expected: "a text with something in it" }),
        _ => Ok(value),
    }
}

fn text(keys: &mut Map<String, Value>, key: &'static str) -> Result<Option<String>, TaskError> {
    optional(keys, key, "a text", |value| value.as_str().map(str::to_owned))
}

/// Takes a key's value; the keys that stay keep their order.
fn optional<T>(
    keys: &mut Map<String, Value>,
    key: &'static str,
    expected: &'static str,
    read: impl FnOnce(&Value) -> Option<T>,
) -> Result<Option<T>, TaskError> {
    match keys.shift_remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => read(&value).map(Some).ok_or(TaskError::Wrong { key, expected }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINIMAL: &str = r#"{"url":"http://x/a","filename":"a","pid":"oai:x:1","silo":"maths"}"#;

    #[test]
    fn a_message_with_the_four_keys_of_2010_is_a_task() {
        let task = Task::parse(MINIMAL).unwrap();
        assert_eq!((task.url.as_str(), task.role, task.size), ("http://x/a", None, None));
        assert_eq!(task.to_body(), MINIMAL);
    }

    #[test]
    fn all_keys_are_written_in_the_order_of_the_design() {
        let body = concat!(
            r#"{"url":"http://x/a","filename":"a","pid":"oai:x:1","silo":"maths","datestamp":"2020-01-01T00:00:00Z","#,
            r#""role":"file","run":"r","found_by":"eprints3","size":5,"md5":"00","content_type":"text/plain","x":[1]}"#
        );
        assert_eq!(Task::parse(body).unwrap().to_body(), body);
    }

    #[test]
    fn a_silo_given_as_a_path_is_its_last_part() {
        for (silo, name) in [("repo", "repo"), ("data/repo", "repo"), ("/srv/data/repo/", "repo")] {
            let task = Task::new("u".into(), "f".into(), "p".into(), silo.into());
            assert_eq!(task.silo_name(), name);
        }
    }

    #[test]
    fn what_is_no_task_says_what_is_missing_or_wrong() {
        for (body, says) in [
            ("", "the message is not JSON"),
            ("[]", "the message is no task: it is JSON, but not an object"),
            ("{}", "the message is no task: its url is missing"),
            (
                r#"{"url":"u","filename":"f","pid":null,"silo":"s"}"#,
                "the message is no task: its pid is missing",
            ),
            (
                r#"{"url":1,"filename":"f","pid":"p","silo":"s"}"#,
                "the message is no task: its url is not a text",
            ),
            (
                r#"{"url":" ","filename":"f","pid":"p","silo":"s"}"#,
                "the message is no task: its url is not a text with something in it",
            ),
            (
                r#"{"url":"u","filename":"f","pid":"p","silo":"//"}"#,
                "the message is no task: its silo is not a name or a path that ends in one",
            ),
            (
                r#"{"url":"u","filename":"f","pid":"p","silo":"s","role":"thumbnail"}"#,
                "the message is no task: its role is not `metadata`, `landing` or `file`",
            ),
            (
                r#"{"url":"u","filename":"f","pid":"p","silo":"s","size":-1}"#,
                "the message is no task: its size is not a number of bytes",
            ),
        ] {
            assert_eq!(Task::parse(body).unwrap_err().to_string(), says, "{body}");
        }
    }

    #[test]
    fn a_number_under_a_key_that_is_not_known_stays_what_it_is() {
        for number in
            ["-92236372006854775808", "0.1", "1e300", "18446744073709551615", "2.2250738585072014e-308"]
        {
            let written = |body: &str| Task::parse(body).unwrap().to_body();
            let once = written(&MINIMAL.replace('}', &format!(r#","x":{number}}}"#)));
            assert_eq!(written(&once), once, "{number}");
        }
    }

    #[test]
    fn messages_of_2010_are_read_and_written_with_the_same_keys_in_the_same_order() {
        let messages = include_str!("../tests/queue-messages.jsonl");
        let mut count = 0;
        for line in messages.lines().filter(|line| !line.is_empty()) {
            let task = Task::parse(line).unwrap();
            let (before, after): (Map<String, Value>, Map<String, Value>) =
                (serde_json::from_str(line).unwrap(), serde_json::from_str(&task.to_body()).unwrap());
            assert_eq!(before.into_iter().collect::<Vec<_>>(), after.into_iter().collect::<Vec<_>>());
            count += 1;
        }
        assert!(count >= 12, "{count}");
    }

    proptest! {
        #[test]
        fn parsing_never_panics(body in any::<String>()) {
            let _ = Task::parse(&body);
        }

        #[test]
        fn parsing_what_is_nearly_a_task_never_panics(key in "[a-z_]*", value in r#"[0-9.e"\\\[\]{}:a-]*"#) {
            let _ = Task::parse(&format!(r#"{{"url":"u","filename":"f","pid":"p","silo":"s","{key}":{value}}}"#));
        }

        #[test]
        fn any_four_texts_come_back(url in "\\S.*", filename in "\\S.*", pid in "\\S.*", silo in ".*[^/\\s]") {
            let task = Task::new(url, filename, pid, silo);
            prop_assert_eq!(Task::parse(&task.to_body()).unwrap(), task);
        }

        #[test]
        fn keys_that_are_not_known_survive_in_their_order(
            keys in prop::collection::vec(("x_.*", any::<Option<i64>>()), 0..8),
        ) {
            let mut task = Task::parse(MINIMAL).unwrap();
            task.other.extend(keys.into_iter().map(|(key, value)| (key, value.into())));
            let again = Task::parse(&task.to_body()).unwrap();
            prop_assert!(again.other.iter().eq(task.other.iter()));
            prop_assert_eq!(again.to_body(), task.to_body());
        }
    }
}
