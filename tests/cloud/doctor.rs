//! `granary doctor` on granaries in buckets.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{
    stack::{Cloud, keys},
    support::Ended,
};

/// Examines a granary in a bucket of its own beginning, with these keys. Returns the exit code, and what is broken.
fn examine(s3: &str, key: &str, args: &[&str]) -> (Option<i32>, Vec<String>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_granary"));
    for variable in ["GRANARY", "GRANARY_QUEUE", "GRANARY_STACK", "AWS_PROFILE"] {
        command.env_remove(variable);
    }
    let localstack = std::env::var("GRANARY_LOCALSTACK").unwrap();
    command.envs(keys()).env("AWS_ENDPOINT_URL", localstack).env("AWS_ENDPOINT_URL_S3", s3);
    command.env("AWS_ACCESS_KEY_ID", key).env("AWS_SECRET_ACCESS_KEY", key);
    let place = format!("s3://granary-tests/doctor-{:08x}", fastrand::u32(..));
    command.args(["--json", "doctor", &place]).args(args).stdin(Stdio::null());
    let ended: Ended = command.output().unwrap().into();
    let said: Value = serde_json::from_str(&ended.stdout).expect(&ended.stderr);
    let findings = said["findings"].as_array().unwrap();
    let broken = findings.iter().filter(|finding| finding["outcome"] == "broken");
    (ended.code, broken.map(|finding| finding["about"].as_str().unwrap().to_owned()).collect())
}

#[test]
fn buckets_that_honour_conditions_are_fine_and_what_may_only_be_read_is_said_so() {
    let Some(cloud) = Cloud::find() else { return };
    assert_eq!(examine(&cloud.localstack, "test", &[]), (Some(0), vec![]));
    assert_eq!(examine(&cloud.seaweedfs, "test", &[]), (Some(0), vec![]));
    assert_eq!(examine(&cloud.seaweedfs, "reader", &[]), (Some(3), vec!["writable".to_owned()]));
}

#[test]
fn a_queue_that_is_not_there_is_a_loss() {
    let Some(cloud) = Cloud::find() else { return };
    let queue = format!("{}/queue/us-east-1/000000000000/none", cloud.localstack);
    assert_eq!(examine(&cloud.localstack, "test", &["--queue", &queue]), (Some(3), vec!["queue".to_owned()]));
}
