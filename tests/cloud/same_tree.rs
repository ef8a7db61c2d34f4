//! The job as a whole, and that it leaves the same as on one machine.

use std::collections::BTreeMap;

use granary_test_repository::{Server, Settings};
use serde_json::Value;

use crate::{
    stack::{Cloud, Stack},
    support::{Granary, files, repository, sha256sum, silo_of, tree},
};

/// The first issue of a library that moves to the cloud: is it the same?
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_functions_bring_what_one_machine_brings_and_every_digest_is_right() {
    let Some(cloud) = Cloud::find() else { return };
    let proxy = cloud.proxy(&cloud.localstack, &[]);
    let server = repository(Settings { items: 500, ..Settings::default() }).await;
    let silo = silo_of(&server);
    // The functions' requests to S3 are counted on their way.
    let stack = cloud.deploy(&[("S3Endpoint", &proxy.url), ("Prefix", "mirror/")]);
    stack.expect(0, &["add", &server.oai()]);
    let report = stack.harvest(&silo, || {});
    assert_eq!(numbers(&report), [500, 500, 1000, 0], "{report}");
    requests_are_within_the_bars(&proxy.count());

    every_file_is_there_as_boto3_reads_it(&stack, &server, &silo);
    stack.expect(0, &["verify"]);
    assert_eq!(stack.json(0, &["queue"])[0]["dead"], 0);

    let here = Granary::new();
    here.expect(0, &["harvest", &server.oai()]);
    let folder = tempfile::tempdir().unwrap();
    stack.sync_to(folder.path());
    assert_eq!(tree(&folder.path().join(&silo)), here.tree(&silo));
}

/// `[records, created, files, failed]`
fn numbers(report: &Value) -> [u64; 4] {
    ["records", "created", "files", "failed"].map(|name| report[name].as_u64().unwrap())
}

/// DESIGN of the quality bars: at most 2.2 writes to S3 for each of the 1,000 files, and 2 for each of the 500 records.
fn requests_are_within_the_bars(count: &Value) {
    let operation = |name: &str| count["operations"][name].as_u64().unwrap_or(0);
    let writes = operation("PutObject") + operation("CreateMultipartUpload") + operation("UploadPart");
    assert!(writes <= 2_200 + 1_000, "{count}");
}

fn every_file_is_there_as_boto3_reads_it(stack: &Stack, server: &Server, silo: &str) {
    let objects = stack.objects();
    let mut stored = BTreeMap::<&str, u64>::new();
    for (_, object) in objects.iter().filter(|(key, _)| key.starts_with(silo)) {
        *stored.entry(&object.sha256).or_default() += 1;
    }
    let folder = tempfile::tempdir().unwrap();
    for item in 1..=500 {
        for position in 1..=2 {
            std::fs::write(folder.path().join(format!("{item}-{position}")), server.file(item, position))
                .unwrap();
        }
    }
    let sums = sha256sum(&files(folder.path()));
    assert_eq!(sums.len(), 1000);
    for (path, sum) in &sums {
        assert!(stored.contains_key(sum.as_str()), "{} is not stored", path.display());
    }
    let types = |end: &str| {
        objects
            .iter()
            .filter(|(key, _)| key.ends_with(end))
            .map(|(_, object)| object.content_type.as_str())
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(types("/__manifest.json"), ["application/json"].into());
    assert_eq!(types(".pdf"), ["application/pdf"].into());
    assert!(types("/XML").iter().all(|content_type| content_type.contains("xml")), "{:?}", types("/XML"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_job_with_an_s3_server_of_another_make() {
    let Some(cloud) = Cloud::find() else { return };
    let server = repository(Settings { items: 60, extras: true, ..Settings::default() }).await;
    let silo = silo_of(&server);
    let prefix = format!("elsewhere-{:08x}/", fastrand::u32(..));
    let parameters =
        [("S3Endpoint", cloud.seaweedfs.as_str()), ("ExistingBucket", "granary-tests"), ("Prefix", &prefix)];
    let stack = cloud.deploy(&parameters);
    stack.expect(0, &["add", &server.oai()]);
    let report = stack.harvest(&silo, || {});
    assert_eq!(numbers(&report)[..2], [60, 60], "{report}");
    assert_eq!(stack.json(0, &["queue"])[0]["dead"], 0);
    stack.expect(0, &["verify"]);

    let here = Granary::new();
    here.expect(0, &["harvest", &server.oai()]);
    let folder = tempfile::tempdir().unwrap();
    stack.sync_to(folder.path());
    assert_eq!(tree(&folder.path().join(&silo)), here.tree(&silo));

    // What changes comes with the next run, as a version.
    server.change(7);
    let report = stack.harvest(&silo, || {});
    assert_eq!((report["updated"].as_u64(), report["files"].as_u64()), (Some(1), Some(1)), "{report}");
}
