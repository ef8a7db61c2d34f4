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

/// The value again and again, each time with a key that nobody knows in another one of its objects.
pub(crate) fn with_unknown_keys(value: &Value) -> impl Iterator<Item = Value> {
    (0..).map_while(|at| {
        let mut changed = value.clone();
        insert_unknown(&mut changed, &mut { at }).then_some(changed)
    })
}

/// Inserts the key into the object that comes after so many others; says whether there is one.
fn insert_unknown(value: &mut Value, others: &mut usize) -> bool {
    match value {
        Value::Object(keys) => {
            let Some(left) = others.checked_sub(1) else {
                keys.insert("nobody knows it".to_owned(), Value::from(vec![7]));
                return true;
            };
            *others = left;
            keys.values_mut().any(|value| insert_unknown(value, others))
        }
        Value::Array(values) => values.iter_mut().any(|value| insert_unknown(value, others)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
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
