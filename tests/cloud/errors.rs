//! What is said when something of the cloud is not as it should be.

use std::process::{Command, Stdio};

use granary_test_repository::Settings;

use crate::{
    stack::{Cloud, keys},
    support::{Ended, repository},
};

/// Runs `granary` with one S3 endpoint and these keys.
fn granary(s3: &str, key: &str, args: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_granary"));
    for variable in ["GRANARY", "GRANARY_QUEUE", "GRANARY_STACK", "AWS_PROFILE"] {
        command.env_remove(variable);
    }
    let localstack = std::env::var("GRANARY_LOCALSTACK").unwrap();
    command.envs(keys()).env("AWS_ENDPOINT_URL", localstack).env("AWS_ENDPOINT_URL_S3", s3);
    command.env("AWS_ACCESS_KEY_ID", key).env("AWS_SECRET_ACCESS_KEY", key);
    command.args(args).stdin(Stdio::null()).output().unwrap().into()
}

#[track_caller]
fn says(ended: &Ended, code: i32, parts: &[&str]) {
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(code), ""), "{}", ended.stderr);
    for part in parts {
        assert!(ended.stderr.contains(part), "{part} is not in: {}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_bucket_a_wrong_queue_and_a_stack_that_is_not_there_are_named_with_what_to_do() {
    let Some(cloud) = Cloud::find() else { return };
    let server = repository(Settings { items: 1, ..Settings::default() }).await;
    let ended = granary(&cloud.localstack, "test", &["--granary", "s3://no-such-bucket/a", "status"]);
    says(&ended, 2, &["there is no bucket for s3://no-such-bucket/a", "--granary s3://"]);
    let queue = format!("{}/queue/us-east-1/000000000000/none", cloud.localstack);
    let bucket = "s3://granary-tests/errors";
    let ended = granary(
        &cloud.localstack,
        "test",
        &["--granary", bucket, "--queue", &queue, "harvest", &server.oai()],
    );
    says(&ended, 2, &["there is no queue", &queue, "--queue"]);
    let ended = granary(&cloud.localstack, "test", &["--granary", bucket, "harvest", &server.oai()]);
    says(&ended, 2, &["name one with --queue"]);
    let ended = granary(&cloud.localstack, "test", &["--stack", "none", "status"]);
    says(&ended, 2, &["there is no stack none in us-east-1", "sam deploy"]);
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("granary");
    let place = place.to_str().unwrap();
    let ended = granary(&cloud.localstack, "test", &["--granary", place, "start"]);
    says(&ended, 2, &["there is no granary at ", place]);
    assert!(granary(&cloud.localstack, "test", &["--granary", place, "add", &server.oai()]).code == Some(0));
    let ended = granary(&cloud.localstack, "test", &["--granary", place, "start"]);
    says(&ended, 2, &["no `granary serve` runs over ", "--stack"]);
}

#[test]
fn keys_that_may_not_write_are_told_before_anything_is_done() {
    let Some(cloud) = Cloud::find() else { return };
    let place = format!("s3://granary-tests/denied-{:08x}", fastrand::u32(..));
    let ended = granary(&cloud.seaweedfs, "reader", &["--granary", &place, "add", "http://127.0.0.1:9/oai"]);
    says(&ended, 2, &["not permitted to write", &place, "credentials"]);
    assert_eq!(
        granary(&cloud.seaweedfs, "reader", &["--granary", &place, "ls"]).code,
        Some(0),
        "it may look"
    );
    let ended = granary(&cloud.seaweedfs, "nobody", &["--granary", &place, "ls"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
}

#[test]
fn a_store_that_ignores_conditions_is_refused_before_anything_is_done() {
    let Some(_) = Cloud::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("bucket")).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut rclone = crate::stack::rclone()
        .args(["serve", "s3", "--addr", &format!("127.0.0.1:{port}"), "--auth-key", "test,test"])
        .arg(folder.path())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let endpoint = format!("http://127.0.0.1:{port}");
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(rclone.try_wait().unwrap().is_none(), "rclone has ended");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let ended = granary(&endpoint, "test", &["--granary", "s3://bucket/a", "add", "http://127.0.0.1:9/oai"]);
    let _ = rclone.kill();
    let _ = rclone.wait();
    says(&ended, 2, &["s3://bucket/a ignores conditional writes", "use a store that honours them"]);
}
