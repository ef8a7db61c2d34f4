//! What a harvest asks of S3 and SQS, counted on the wire: requests are what it costs.

use granary_test_repository::Settings;
use serde_json::Value;

use crate::{
    stack::Cloud,
    support::{Ended, repository},
};

const RECORDS: u64 = 100;
const FILES: u64 = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stored_file_takes_little_more_than_two_writes_and_one_request_to_the_queue() {
    let Some(cloud) = Cloud::find() else { return };
    let server = repository(Settings { items: 100, ..Settings::default() }).await;
    let stack = cloud.deploy(&[]);
    stack.expect(0, &["stop"]);
    let proxy = cloud.proxy(&cloud.localstack, &[]);
    let mut command = stack.command(&["harvest", &server.oai()]);
    command.env("AWS_ENDPOINT_URL", &proxy.url).env("AWS_ENDPOINT_URL_S3", &proxy.url);
    let ended: Ended = command.output().unwrap().into();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);

    let count = proxy.count();
    let writes =
        sum(&count, &["PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"]);
    assert!(writes * 10 <= FILES * 22 + RECORDS * 20, "{writes} writes: {count}");
    let operations = count["operations"].as_object().unwrap().keys();
    let of_the_queue: Vec<_> =
        operations.filter(|name| name.contains("Message")).map(String::as_str).collect();
    let requests = sum(&count, &of_the_queue);
    assert!(requests > 0 && requests * 10 <= FILES * 12, "{requests} requests to the queue: {count}");
}

fn sum(count: &Value, operations: &[&str]) -> u64 {
    operations.iter().filter_map(|name| count["operations"][name].as_u64()).sum()
}
