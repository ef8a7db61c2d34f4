//! What becomes of JSON that is read and written again.

use serde_json::Value;

/// Checks that nothing that `before` says is lost in `after`. What says nothing may be left out of an object: `null`, and
/// an empty list or object.
pub(crate) fn check_kept(before: &Value, after: &Value) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for (key, value) in before {
                match after.get(key) {
                    Some(kept) => check_kept(value, kept),
                    None => assert!(says_nothing(value), "{key:?} is lost: {value}"),
                }
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            assert_eq!(before.len(), after.len(), "{before:?} became {after:?}");
            before.iter().zip(after).for_each(|(before, after)| check_kept(before, after));
        }
        (before, after) => assert_eq!(before, after),
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.is_empty(),
        Value::Object(keys) => keys.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
