//! Metrics as CloudWatch reads them out of a log: embedded metric format.

use std::{io::Write as _, time::SystemTime};

use serde_json::{Map, Value, json};

/// A set of numbers that belong together, and what they are of.
#[derive(Debug, Clone)]
pub struct Metrics {
    function: String,
    values: Map<String, Value>,
    definitions: Vec<Value>,
}

impl Metrics {
    /// Metrics of a function, in the namespace `Granary` with the function's name as dimension.
    pub fn of(function: &str) -> Self {
        Self { function: function.to_owned(), values: Map::new(), definitions: Vec::new() }
    }

    /// Adds a number. `unit` is one of CloudWatch's: `Count`, `Bytes`, `Milliseconds`.
    #[must_use]
    pub fn with(mut self, name: &str, unit: &str, value: u64) -> Self {
        self.definitions.push(json!({"Name": name, "Unit": unit}));
        self.values.insert(name.to_owned(), value.into());
        self
    }

    /// Writes them to standard output: one line of JSON. A reader that went away is none of our business.
    pub fn emit(&self, at: SystemTime) {
        let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let _ = writeln!(std::io::stdout().lock(), "{}", self.document(since.as_millis()));
    }

    fn document(&self, timestamp_ms: u128) -> Value {
        let metrics = json!([{
            "Namespace": "Granary",
            "Dimensions": [["FunctionName"]],
            "Metrics": self.definitions,
        }]);
        let mut document = Map::new();
        document.insert("_aws".to_owned(), json!({"Timestamp": u64::try_from(timestamp_ms).unwrap_or(u64::MAX), "CloudWatchMetrics": metrics}));
        document.insert("FunctionName".to_owned(), self.function.clone().into());
        document.extend(self.values.clone());
        document.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_the_specification_of_the_embedded_metric_format_asks_for() {
        let line = Metrics::of("f").with("Files", "Count", 3).with("Bytes", "Bytes", 40).document(5);
        assert_eq!(
            line,
            json!({
                "_aws": {"Timestamp": 5, "CloudWatchMetrics": [{
                    "Namespace": "Granary",
                    "Dimensions": [["FunctionName"]],
                    "Metrics": [{"Name": "Files", "Unit": "Count"}, {"Name": "Bytes", "Unit": "Bytes"}],
                }]},
                "FunctionName": "f",
                "Files": 3,
                "Bytes": 40,
            })
        );
    }
}
