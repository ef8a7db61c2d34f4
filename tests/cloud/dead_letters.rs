//! What fails for good, and how it comes home.

use granary_test_repository::{Fault, Settings};
use serde_json::Value;

use crate::{
    stack::Cloud,
    support::{repository, silo_of},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_end_in_the_dead_letters_with_their_reasons_and_come_home_after_mending() {
    let Some(cloud) = Cloud::find() else { return };
    let server = repository(Settings { items: 20, ..Settings::default() }).await;
    let silo = silo_of(&server);
    server.fault("/3/1/*", Fault::NotFound);
    server.fault("/4/2/*", Fault::Forbidden);
    server.fault("/5/1/*", Fault::Html);
    let stack = cloud.deploy(&[]);
    stack.expect(0, &["add", &server.oai()]);
    let report = stack.harvest(&silo, || {});
    assert_eq!([&report["files"], &report["failed"]], [37, 3], "{report}");

    let dead = stack.json(0, &["queue", "dead"]);
    let mut reasons: Vec<_> = dead.iter().map(reason).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["forbidden", "gone", "not_a_file"]);
    let gone = dead.iter().find(|letter| reason(letter) == "gone").unwrap();
    assert_eq!(
        (&gone["silo"], &gone["identifier"]),
        (&silo.as_str().into(), &"oai:generic.eprints.org:3".into())
    );
    assert!(gone["detail"].as_str().unwrap().contains("404"), "{gone}");

    server.mend();
    assert_eq!(stack.json(0, &["queue", "redrive", "--reason", "gone"])[0]["redriven"], 1);
    assert_eq!(stack.json(0, &["queue", "redrive"])[0]["redriven"], 2);
    for _ in 0..60 {
        let status = &stack.json(0, &["status", &silo])[0];
        if status["files"] == 60 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
    assert_eq!(stack.json(0, &["status", &silo])[0]["files"], 60, "{}", stack.log());
    assert_eq!(stack.json(0, &["queue"])[0]["dead"], 0);
    stack.expect(0, &["verify"]);
}

fn reason(letter: &Value) -> &str {
    letter["reason"].as_str().unwrap()
}
