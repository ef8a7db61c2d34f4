//! Everything that can happen to a message and to a request.

use std::{process::Command, time::Duration};

use granary_test_repository::Settings;

use crate::{
    stack::{Cloud, Stack},
    support::{Granary, repository, silo_of, tree},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_refused_and_answers_lost_handlers_killed_and_messages_doubled_end_in_the_same_state() {
    let Some(cloud) = Cloud::find() else { return };
    let seed = fastrand::u32(..).to_string();
    let faults = ["--slow-down", "0.1", "--lose", "0.1", "--seed", &seed];
    let proxy = cloud.proxy(&cloud.localstack, &faults);
    let server = repository(Settings { items: 60, ..Settings::default() }).await;
    let silo = silo_of(&server);
    // Seconds, not hours, until what a killed handler held comes again.
    let stack =
        cloud.deploy(&[("S3Endpoint", &proxy.url), ("DownloadTimeout", "20"), ("VisibilityTimeout", "20")]);
    stack.expect(0, &["add", &server.oai()]);
    stack.expect(0, &["stop", "--only", "workers"]);
    stack.expect(0, &["start", "--only", "harvest", &silo]);
    wait_for_messages(&stack, 60);
    double_every_message(&stack);
    poison(&stack);
    stack.expect(0, &["start", "--only", "workers"]);
    let mut kills = 0;
    let report = stack.harvest(&silo, || {
        if kills < 3 {
            kills += kill(&stack, "download");
        }
    });
    assert!(kills > 0, "no handler was there to be killed");
    assert_eq!(report["records"], 60, "seed {seed}: {report}");
    let slowed: u64 =
        proxy.count()["slowed"].as_object().unwrap().values().filter_map(serde_json::Value::as_u64).sum();
    assert!(slowed > 10, "{}", proxy.count());

    let dead = stack.json(0, &["queue", "dead"]);
    let reasons: Vec<_> = dead.iter().map(|letter| letter["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["bad_message", "bad_message"], "seed {seed}: {dead:?}");
    stack.expect(0, &["verify"]);
    let here = Granary::new();
    here.expect(0, &["harvest", &server.oai()]);
    let folder = tempfile::tempdir().unwrap();
    stack.sync_to(folder.path());
    assert_eq!(tree(&folder.path().join(&silo)), here.tree(&silo), "seed {seed}");
}

fn wait_for_messages(stack: &Stack, count: u64) {
    for _ in 0..120 {
        if stack.json(0, &["queue"])[0]["waiting"].as_u64().unwrap() >= count {
            return;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    panic!("the tasks do not come\n{}", stack.log());
}

/// As if SQS delivered each one twice, at once.
fn double_every_message(stack: &Stack) {
    let peeked = stack.expect(0, &["queue", "peek", "1000"]).stdout;
    assert!(peeked.lines().count() >= 60, "{peeked}");
    send(stack, &peeked);
}

/// A message that is no task, and one whose silo leads out of the granary.
fn poison(stack: &Stack) {
    let program = "import boto3, sys\nqueue = boto3.client('sqs', endpoint_url=sys.argv[1])\nfor body in ['{\"url\": 7', '{\"url\": \"http://127.0.0.1/\", \"filename\": \"a\", \"pid\": \"x\", \"silo\": \"../out\"}']:\n    queue.send_message(QueueUrl=sys.argv[2], MessageBody=body)";
    let endpoint = std::env::var("GRANARY_LOCALSTACK").unwrap();
    crate::stack::python(program, &[&endpoint, stack.output("QueueUrl")], b"");
}

fn send(stack: &Stack, lines: &str) {
    use std::{io::Write, process::Stdio};
    let mut process =
        stack.command(&["queue", "send"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    assert!(process.wait().unwrap().success());
}

/// Kills a function in the middle of whatever it does. How many were there.
fn kill(stack: &Stack, function: &str) -> usize {
    let processes = stack.processes(function);
    for pid in &processes {
        let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
    }
    processes.len()
}
