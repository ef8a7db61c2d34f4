//! Killed at any instant, the next start reaches the state of an undisturbed run.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]
#![allow(clippy::print_stdout, reason = "the seed repeats the test")]

mod support;

use std::time::Duration;

use granary_test_repository::{Format, Settings};
use support::{Granary, repository};

/// How often a harvest is killed.
const KILLS: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_twenty_instants_a_harvest_ends_as_if_undisturbed() {
    check(Settings { items: 150, page_size: 20, ..Settings::default() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_asks_landing_pages_it_ends_as_if_undisturbed() {
    check(Settings { items: 150, page_size: 20, format: Format::Landing, ..Settings::default() }).await;
}

async fn check(settings: Settings) {
    let seed = std::env::var("GRANARY_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| fastrand::u64(..));
    println!("GRANARY_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let server = repository(settings).await;
    let undisturbed = Granary::new();
    let oai = server.oai();
    // The requests are kept in the manifests: they must not differ by the time.
    let harvest = ["harvest", &oai, "--silo", "s", "--until", "2020-12-31"];
    undisturbed.expect(0, &harvest);

    let expected = undisturbed.tree("s");
    let mut kills = 0;
    // On a fast machine one harvest ends before it was killed that often: then another one is.
    while kills < KILLS {
        let granary = Granary::new();
        loop {
            let mut child = granary.spawn(&[&harvest[..], &["--workers", "2"]].concat());
            tokio::time::sleep(Duration::from_millis(random.u64(20..240))).await;
            let ended = child.try_wait().unwrap().is_some();
            child.kill().unwrap();
            child.wait().unwrap();
            kills += usize::from(!ended);
            if ended || kills == KILLS {
                break;
            }
        }
        granary.expect(0, &harvest);
        assert_same(&granary.tree("s"), &expected);
        let verified = granary.json(0, &["verify"]).pop().unwrap();
        assert_eq!((&verified["files"], &verified["unlisted"]), (&450.into(), &0.into()));
        let staging = support::files(&granary.path().join("_granary/local/staging"));
        assert_eq!(staging, Vec::<std::path::PathBuf>::new(), "what the killed left was cleared away");
    }
}

type Tree = std::collections::BTreeMap<String, Vec<u8>>;

#[track_caller]
fn assert_same(found: &Tree, expected: &Tree) {
    let names = |tree: &Tree| tree.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(found), names(expected));
    for (path, bytes) in expected {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(text(&found[path]), text(bytes), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_finishes_what_is_in_hand_and_the_same_command_goes_on() {
    let server = repository(Settings { items: 150, page_size: 10, ..Settings::default() }).await;
    server.fault("/cgi/oai2*", granary_test_repository::Fault::Slow { delay: Duration::from_millis(50) });
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
