//! Ctrl-C: what is in hand is finished.

use std::time::Duration;

use granary_test_repository::{Fault, Settings};

use crate::support::{self, Granary, repository};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_finishes_what_is_in_hand_and_the_same_command_goes_on() {
    let server = repository(Settings { items: 150, page_size: 10, ..Settings::default() }).await;
    server.fault("/cgi/oai2*", Fault::Slow { delay: Duration::from_millis(50) });
    let granary = Granary::new();
    let child = granary.spawn(&["harvest", &server.oai(), "--silo", "s"]);
    while support::verbs(&server).iter().filter(|verb| *verb == "ListIdentifiers").count() < 4 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let ended: support::Ended = child.wait_with_output().unwrap().into();
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    let status = granary.json(0, &["status", "s"]).pop().unwrap();
    assert!(status["run"].is_object() && status["lease"].is_null(), "{status}");
    server.mend();
    let report = granary.json(0, &["harvest", "s"]).pop().unwrap();
    assert_eq!(
        (&report["records"], &report["created"], &report["files"]),
        (&150.into(), &150.into(), &300.into())
    );
}
