//! What two harvests of the same have in common.
//!
//! On its own, so that tests of other crates can take it in.
#![allow(unreachable_pub, missing_docs, reason = "a module of tests")]

use serde_json::Value;

/// Takes out of a manifest what differs between two harvests of the same: runs and times, and the order in which files came.
pub fn normalise(manifest: &mut Value) {
    match manifest {
        Value::Object(map) => {
            for key in ["run", "fetched", "time", "asked", "attempts"] {
                map.remove(key);
            }
            map.values_mut().for_each(normalise);
            map.sort_keys();
        }
        Value::Array(values) => {
            values.iter_mut().for_each(normalise);
            values.sort_by_key(Value::to_string);
        }
        _ => {}
    }
}
