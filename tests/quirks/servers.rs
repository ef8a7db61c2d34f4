//! 25 to 29, 40 to 42, 44, and endpoints that take only POST: servers and what stands before them.

use granary_test_repository::{Fault, Quirk, Settings};
use serde_json::json;

use crate::case::{Case, ITEMS, says, warns};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q25_a_firewall_is_recognised_named_and_not_hammered() {
    for (quirk, name) in
        [(Quirk::WafChallenge, "an AWS firewall"), (Quirk::CloudflareChallenge, "a Cloudflare challenge")]
    {
        let case = Case::new(quirk).await;
        case.fails(1, &[], &["is blocked", name, "ask the repository's staff to allow", "Granary/"]);
        assert_eq!(case.server.log().len(), 1, "{quirk:?}");
    }
    // In the middle of a harvest it ends the step, and the state stays.
    let case = Case::with(Case::settings()).await;
    case.first(0, &[]);
    case.server.quirk(Quirk::CloudflareChallenge);
    case.server.clear_log();
    let ended = case.granary.expect(1, &["harvest"]);
    says(&ended.stderr, &["is blocked"]);
    assert!(case.server.log().len() <= 2);
    case.server.quirk_off(Quirk::CloudflareChallenge);
    case.again(0, &[]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q26_a_long_wait_is_kept_in_the_state_and_a_short_one_is_waited_out() {
    let case = Case::new(Quirk::BlockedForADay).await;
    case.fails(1, &[], &["asks to wait until"]);
    assert!(case.status()["not_before"].is_string(), "{}", case.status());
    case.server.clear_log();
    says(&case.granary.expect(1, &["harvest"]).stderr, &["asks to wait until"]);
    assert!(case.server.log().is_empty(), "it is left alone");

    for quirk in [Quirk::RateLimit, Quirk::RetryAfterDate] {
        let case = Case::new(quirk).await;
        case.is_whole(&case.first(0, &[]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q27_a_server_that_is_overloaded_and_does_not_say_for_how_long_is_asked_ever_more_rarely() {
    let case = Case::new(Quirk::Overloaded).await;
    case.is_whole(&case.first(0, &[]));

    let case = Case::with(Case::settings()).await;
    case.first(0, &[]);
    case.server.fault("/cgi/oai2*", Fault::Unavailable { retry_after: None });
    case.server.clear_log();
    says(&case.granary.expect(1, &["harvest"]).stderr, &["cannot be harvested now", "HTTP 503"]);
    let times: Vec<_> = case.server.log().iter().map(|logged| logged.elapsed_ms).collect();
    let waits: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits.len() == 2 && waits[0] >= 250 && waits[1] >= 500, "{waits:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q28_a_user_agent_that_is_refused_is_shown_and_can_be_another_for_each_source() {
    let case = Case::new(Quirk::RobotsRefused).await;
    case.fails(1, &[], &["is blocked", "(OAI-PMH harvester)", "--contact", "--user-agent", "HTTP 403"]);
    case.is_whole(&case.first(0, &["--contact", "library@example.org"]));
    assert_eq!(case.again(0, &[])["records"], 0, "the source keeps the contact");

    let case = Case::new(Quirk::BrowsersOnly).await;
    case.fails(1, &["--contact", "library@example.org"], &["is blocked", "library@example.org"]);
    let agent = "Mozilla/5.0 (compatible; Granary; +https://example.org/)";
    case.is_whole(&case.first(0, &["--user-agent", agent]));
    case.server.clear_log();
    case.again(0, &[]);
    let log = case.server.log();
    assert!(
        !log.is_empty() && log.iter().all(|logged| logged.user_agent.as_deref() == Some(agent)),
        "{log:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q29_a_request_that_is_reset_or_hangs_is_asked_again() {
    let case = Case::new(Quirk::ResetsOnce).await;
    case.is_whole(&case.first(0, &[]));
    let case = Case::new(Quirk::HangsOnce).await;
    case.is_whole(&case.first(0, &["--timeout", "1s"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q40_an_endpoint_that_has_moved_is_followed_with_its_query_and_warned_of() {
    for quirk in [Quirk::Moved, Quirk::MovedWithoutQuery] {
        let case = Case::new(quirk).await;
        let report = case.first(0, &[]);
        case.is_whole(&report);
        warns(&report, &format!("has moved for good to {}/new/oai2", case.server.url()));
    }
    let case = Case::new(Quirk::BaseUrlDiffers).await;
    let report = case.first(0, &[]);
    case.is_whole(&report);
    warns(&report, &format!("Identify says that the base URL is {}/oai/request", case.server.url()));
    says(&case.status_text(), &["warning of the last run: Identify says"]);

    let case = Case::new(Quirk::ToHttps).await;
    case.fails(2, &[], &["certificate", "cannot be trusted", "--tls-ca", "--insecure-tls"]);
    case.is_whole(&case.first(0, &["--insecure-tls"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q41_broken_compression_is_done_without_and_that_is_remembered() {
    for quirk in [Quirk::GzipLie, Quirk::GzipBroken, Quirk::AcceptEncodingBreaks] {
        let case = Case::new(quirk).await;
        case.is_whole(&case.first(0, &[]));
        assert_eq!(case.status()["needs"], json!(["no_compression"]), "{quirk:?}");
        says(&case.status_text(), &["it needs answers without compression"]);
        case.server.clear_log();
        case.again(0, &[]);
        let statuses: Vec<_> = case.server.log().iter().map(|logged| logged.status).collect();
        assert_eq!(statuses, [200, 200], "Identify and a list, at once: {quirk:?}");
    }
    let case = Case::new(Quirk::GzipUnannounced).await;
    case.is_whole(&case.first(0, &[]));
    assert_eq!(case.status()["needs"], json!([]), "it is unpacked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q42_a_harvest_that_fails_changes_nothing_of_its_source() {
    let case = Case::new(Quirk::DownAtFirst).await;
    case.granary.expect(0, &["add", &case.server.oai(), "--every", "12h", "--no-files"]);
    let document = case.granary.path().join(format!("_granary/sources/{}.json", case.silo));
    let before = std::fs::read(&document).unwrap();
    let mut failures = 0;
    while case.granary.run(&["harvest"]).code == Some(1) {
        failures += 1;
        assert!(failures < 20);
    }
    assert!(failures > 0);
    assert_eq!(std::fs::read(&document).unwrap(), before);
    case.holds(1..=ITEMS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q44_a_certificate_of_ones_own_can_be_trusted_for_one_source() {
    let case = Case::new(Quirk::SelfSignedTls).await;
    let (url, ca) = (case.server.https_oai(), case.granary.path().with_file_name("ca.pem"));
    std::fs::write(&ca, case.server.certificate()).unwrap();
    let ca = ca.to_str().unwrap();
    let harvest = |code: i32, more: &[&str]| {
        let ended = case.granary.expect(code, &[&["--json", "harvest", &url, "--no-files"], more].concat());
        (serde_json::from_str(ended.stdout.trim()).unwrap_or_default(), ended.stderr)
    };
    let (_, refused) = harvest(2, &[]);
    says(&refused, &["certificate", "cannot be trusted", "--tls-ca FILE", "--insecure-tls"]);
    let (report, _) = harvest(0, &["--tls-ca", ca]);
    case.is_whole(&report);
    assert_eq!(report["warnings"], json!(null), "{report}");
    std::fs::remove_file(ca).unwrap();
    assert_eq!(case.again(0, &[])["records"], 0, "the certificate is kept with the source");
    harvest(2, &["--check-tls"]);
    harvest(2, &["--tls-ca", "/no/such/file"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q44_where_certificates_are_not_checked_every_run_and_the_status_say_so() {
    let case = Case::with(Settings { quirks: vec![Quirk::ExpiredTls], ..Case::settings() }).await;
    let url = case.server.https_oai();
    let ended = case.granary.expect(2, &["harvest", &url, "--no-files"]);
    says(&ended.stderr, &["certificate", "--insecure-tls"]);
    let report = case.granary.json(0, &["harvest", &url, "--no-files", "--insecure-tls"]).pop().unwrap();
    case.is_whole(&report);
    for report in [report, case.again(0, &[])] {
        warns(&report, "is not checked (--insecure-tls)");
    }
    says(&case.status_text(), &["warning: its certificate is not checked (--insecure-tls)"]);
    assert_eq!(case.status()["tls"], "unchecked");
}

/// How the endpoint was asked so far, without what came of it: `GET 405`, `POST 200`.
fn asked(case: &Case) -> Vec<String> {
    let log = case.server.log().into_iter().filter(|logged| logged.path.ends_with("/oai2"));
    log.map(|logged| format!("{} {}", logged.method, logged.status)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_refuses_get_is_asked_by_post_and_that_is_remembered() {
    let case = Case::with(Case::settings()).await;
    case.server.fault("/cgi/oai2*", Fault::PostOnly);
    case.is_whole(&case.first(0, &[]));
    // Before it is made a source, and for its first run, it is asked who it is.
    let first = asked(&case);
    assert_eq!(first[..4], ["GET 405", "POST 200", "GET 405", "POST 200"]);
    assert!(first[4..].iter().all(|asked| asked == "POST 200"), "{first:?}");
    assert_eq!(case.status()["needs"], json!(["post"]));
    says(&case.status_text(), &["it needs requests by POST"]);
    case.server.change(3);
    case.server.clear_log();
    assert_eq!(case.again(0, &[])["updated"], 1);
    assert!(asked(&case).iter().all(|asked| asked == "POST 200"), "{:?}", asked(&case));
    let ended = case.granary.expect(0, &["doctor", &case.server.oai()]);
    says(&ended.stdout, &["to GET it answers", "it asks with POST, and remembers that"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_refuses_long_urls_is_asked_by_post_from_the_first_one_on() {
    let case = Case::new(Quirk::EncodedToken).await;
    case.server.fault("/cgi/oai2*", Fault::LongUrl { most: 256 });
    let type_article = "747970653D61727469636C65";
    let selection = ["--set", type_article, "--from", "2010-01-01", "--until", "2020-12-31"];
    let report = case.first(0, &selection);
    let articles = (1..=ITEMS).filter(|item| item % 3 != 0);
    assert_eq!(
        (&report["created"], &report["gaps"]),
        (&articles.clone().count().into(), &0.into()),
        "{report}"
    );
    case.holds(articles);
    let asked = asked(&case);
    let (short, rest) = asked.split_at(asked.iter().position(|asked| asked == "GET 414").unwrap());
    assert!(short.len() > 1 && short.iter().all(|asked| asked == "GET 200"), "{asked:?}");
    assert!(rest.len() > 1 && rest[1..].iter().all(|asked| asked == "POST 200"), "{asked:?}");
    assert_eq!(case.status()["needs"], json!(["post"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_refuses_get_and_has_moved_is_asked_by_post_there_too() {
    let case = Case::new(Quirk::MovedWithoutQuery).await;
    case.server.fault("/*/oai2*", Fault::PostOnly);
    let report = case.first(0, &[]);
    case.is_whole(&report);
    warns(&report, &format!("has moved for good to {}/new/oai2", case.server.url()));
    assert_eq!(case.status()["needs"], json!(["post"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_neither_get_nor_post_is_no_repository() {
    let case = Case::with(Case::settings()).await;
    case.server.fault("/cgi/oai2*", Fault::PostOnly);
    case.server.fault("/cgi/oai2*", Fault::NotFound);
    case.fails(2, &[], &["(HTTP 404)", "check the URL"]);
    assert_eq!(asked(&case), ["GET 405", "POST 404"]);
}
