//! `granary doctor`: what it says of repositories and of granaries, and that asking costs little and leaves nothing behind.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod support;

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt, path::Path, process::Command};

use granary_test_repository::{Fault, Format, Granularity, Kind, Landing, Quirk, Server, Settings};
use serde_json::Value;
use support::{Ended, Granary, files, repository, silo_of};

/// What the doctor said.
struct Said(Value);

impl Said {
    /// Runs `granary doctor` on something; it has to end with this code.
    #[track_caller]
    fn of(code: i32, args: &[&str]) -> Self {
        let ended = doctor(&[&["--json"], args].concat());
        assert_eq!(ended.code, Some(code), "{args:?}\n{}\n{}", ended.stdout, ended.stderr);
        let said = Self(serde_json::from_str(&ended.stdout).expect(&ended.stdout));
        for finding in said.findings() {
            assert!(!finding["check"].as_str().unwrap().is_empty(), "{finding}");
            let answer = finding["answer"].as_str().unwrap_or_default();
            assert!(answer.chars().count() <= 200, "{finding}");
        }
        said
    }

    fn findings(&self) -> &[Value] {
        self.0["findings"].as_array().unwrap()
    }

    /// What it says with this outcome: check, subject.
    fn with(&self, outcome: &str) -> Vec<String> {
        let those = self.findings().iter().filter(|finding| finding["outcome"] == outcome);
        those.map(|finding| format!("{}/{}", text(&finding["check"]), text(&finding["about"]))).collect()
    }

    /// Everything that is not fine: outcome, check, subject.
    fn odd(&self) -> Vec<String> {
        let outcomes = ["broken", "worked_around", "untold"];
        outcomes
            .iter()
            .flat_map(|outcome| self.with(outcome).into_iter().map(move |about| format!("{outcome} {about}")))
            .collect()
    }

    #[track_caller]
    fn finding(&self, about: &str) -> &Value {
        let found = self.findings().iter().find(|finding| finding["about"] == about);
        found.unwrap_or_else(|| panic!("nothing about {about} in {:#}", self.0))
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn doctor(args: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_granary"));
    for variable in ["GRANARY", "GRANARY_QUEUE", "GRANARY_CONTACT", "GRANARY_LOG"] {
        command.env_remove(variable);
    }
    // Whatever it wrote where it stands would be seen.
    let nowhere = tempfile::tempdir().unwrap();
    let ended: Ended = command.arg("doctor").args(args).current_dir(nowhere.path()).output().unwrap().into();
    assert!(files(nowhere.path()).is_empty(), "nothing is written");
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    ended
}

/// 25 items in pages of ten, harvested by ListRecords.
fn small() -> Settings {
    Settings { items: 25, page_size: 10, kind: Kind::DublinCore, ..Settings::default() }
}

/// Examines a repository with these quirks.
async fn examine(code: i32, settings: Settings, quirks: &[Quirk]) -> (Server, Said) {
    let server = repository(Settings { quirks: quirks.to_vec(), ..settings }).await;
    let said = Said::of(code, &[&server.oai()]);
    (server, said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_repository_is_fine_in_every_check_and_is_asked_some_dozens_of_things() {
    for settings in [
        small(),
        Settings { kind: Kind::Eprints, ..small() },
        Settings { granularity: Granularity::Day, ..small() },
    ] {
        let (server, said) = examine(0, settings, &[]).await;
        assert_eq!((text(&said.0["verdict"]), said.odd()), ("good", vec![]));
        let asked = server.log().len() as u64;
        assert_eq!(said.0["requests"], asked, "each request is counted");
        // A Dublin Core repository whose URL looks like that of an EPrints is asked for exports as well.
        assert!((20..=40).contains(&asked), "{asked} requests");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_eprints_is_recognised_with_its_template_and_its_files_are_checked() {
    let settings = Settings { kind: Kind::Eprints, extras: true, ..small() };
    let (_, said) = examine(0, settings, &[]).await;
    let found = text(&said.finding("kind")["found"]);
    assert!(found.contains("it is an EPrints") && found.contains("/cgi/export/eprint/%(pid)s/"), "{found}");
    let names = text(&said.finding("names_files")["found"]);
    assert!(names.contains("2 files (eprints3), 2 with their size, 2 with a digest"), "{names}");
    assert_eq!(said.with("fine").iter().filter(|about| *about == "files/file").count(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_format_that_says_most_about_files_is_named_and_landing_pages_are_read() {
    let (_, said) = examine(0, Settings { format: Format::Mets, ..small() }, &[]).await;
    assert!(text(&said.finding("kind")["found"]).contains("in the format mets"));
    for landing in [Landing::All, Landing::Linkset] {
        let settings = Settings { format: Format::Landing, landing, ..small() };
        let (_, said) = examine(0, settings, &[]).await;
        let found = text(&said.finding("landing_page")["found"]);
        assert!(found.contains("its landing page names 2 files (signposting)"), "{found}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_quirk_that_nothing_is_lost_by_is_named_and_worked_around() {
    use Quirk::*;
    let cases: &[(Quirk, &str)] = &[
        (PageRepeats, "tokens/loop"),
        (SameToken, "tokens/same_token"),
        (EmptyPages, "tokens/empty_page"),
        (TokensExpire, "tokens/token_refused"),
        (SingleUseTokens, "tokens/single_use_token"),
        (TokenForgetsSelection, "tokens/forgets_selection"),
        (PrefixWithToken, "tokens/prefix_with_token"),
        (NoRecordsOnToken, "tokens/token_to_nothing"),
        (HtmlPage, "tokens/page"),
        (SecondsRefused, "dates/date_form"),
        (DaysRefused, "dates/days"),
        (UntilIgnored, "dates/window"),
        (DatesRefused, "dates/window"),
        (NoRecordsIs422, "dates/nothing_new"),
        (ControlCharacters, "records/mended"),
        (InvalidUtf8, "records/mended"),
        (PageCutOff, "records/records"),
        (DatestampMissing, "records/without_datestamp"),
        (ListedPerSet, "records/listed_twice"),
        (SilentDeletions, "identify/deleted_record"),
        (BaseUrlDiffers, "identify/base_url"),
        (MovedWithoutQuery, "identify/redirect"),
        (Moved, "transport/redirect"),
        (GzipLie, "transport/compression"),
        (GzipBroken, "transport/compression"),
        (AcceptEncodingBreaks, "identify/compression"),
        (OddSets, "sets/set_spec"),
        (RateLimit, "steadiness/mishaps"),
        (UnknownErrorCode, "steadiness/mishaps"),
    ];
    for (quirk, about) in cases {
        let (_, said) = examine(0, small(), &[*quirk]).await;
        let worked_around = said.with("worked_around");
        assert!(worked_around.iter().any(|found| found == about), "{quirk}: {:?}", said.odd());
        assert_eq!(said.0["worked_around"], worked_around.len(), "{quirk}");
        assert!(
            said.findings().iter().all(|f| f["outcome"] != "worked_around" || !text(&f["how"]).is_empty())
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_quirk_that_something_is_lost_by_is_named_with_what_is_lost() {
    use Quirk::*;
    let cases: &[(Quirk, &str)] = &[
        (IdentifierMissing, "records/unusable"),
        (MetadataMissing, "records/unusable"),
        (BadRecord, "records/records"),
        (WafChallenge, "identify/blocked"),
        (CloudflareChallenge, "identify/blocked"),
        (RobotsRefused, "identify/blocked"),
        (BrowsersOnly, "identify/blocked"),
        (ToHttps, "identify/certificate"),
    ];
    for (quirk, about) in cases {
        let (server, said) = examine(3, small(), &[*quirk]).await;
        assert!(said.with("broken").iter().any(|found| found == about), "{quirk}: {:?}", said.odd());
        assert_eq!(said.0["verdict"], "lossy", "{quirk}");
        let hammered = about.starts_with("identify") && server.log().len() > 2;
        assert!(!hammered, "{quirk}: who does not let us in is left alone");
    }
    // Who names a contact is let in.
    let server = repository(Settings { quirks: vec![RobotsRefused], ..small() }).await;
    Said::of(0, &[&server.oai(), "--contact", "me@example.org"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_told_now_is_no_judgement_and_a_host_that_asks_to_wait_is_left_alone() {
    let (server, said) = examine(1, small(), &[Quirk::BlockedForADay]).await;
    assert_eq!(said.0["verdict"], "untold");
    assert_eq!(said.findings().last().unwrap()["about"], "not_asked");
    assert!(server.log().len() <= 4, "{} requests", server.log().len());
    let (_, said) = examine(1, small(), &[Quirk::DownAtFirst]).await;
    assert_eq!(said.odd(), ["untold identify/failing"]);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let said = Said::of(1, &[&format!("http://127.0.0.1:{port}/oai")]);
    assert_eq!(said.odd(), ["untold identify/unreachable"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_repository_is_said_so_with_what_it_answered() {
    let server = repository(Settings { items: 2, ..Settings::default() }).await;
    server.fault("/html", Fault::Html);
    server.fault("/json", Fault::Json);
    for path in ["html", "json", "nowhere", ""] {
        let said = Said::of(2, &[&format!("{}/{path}", server.url())]);
        assert_eq!(
            (text(&said.0["verdict"]), said.odd()),
            ("wrong", vec!["broken identify/not_a_repository".to_owned()])
        );
        assert!(!text(&said.findings()[0]["answer"]).is_empty());
    }
    for url in ["http://", "https://?"] {
        assert_eq!(doctor(&[url]).code, Some(2), "{url}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_are_not_there_or_not_as_announced_are_named() {
    let settings = Settings { kind: Kind::Eprints, ..small() };
    let server = repository(settings).await;
    server.fault("/1/1/*", Fault::NotFound);
    server.fault("/1/2/*", Fault::LoginPage);
    server.fault("/2/1/*", Fault::WrongSize);
    server.fault("/3/1/*", Fault::Redirect { target: "http://169.254.169.254/".to_owned() });
    let said = Said::of(3, &[&server.oai()]);
    let found: Vec<_> = said
        .findings()
        .iter()
        .filter(|f| f["about"] == "file" && f["outcome"] == "broken")
        .map(|f| text(&f["found"]))
        .collect();
    assert_eq!(found.len(), 4, "{found:#?}");
    for (found, says) in found.iter().zip([
        "HTTP 404",
        "comes an HTML page",
        "2000 bytes, and has 2016",
        "not a public address",
    ]) {
        assert!(found.contains(says), "{says:?} is not in: {found}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_report_for_people_names_the_verdict_first_and_is_safe_to_print() {
    let server = repository(Settings { quirks: vec![Quirk::MetadataMissing, Quirk::Moved], ..small() }).await;
    let ended = doctor(&[&server.oai()]);
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    let titles: Vec<_> = ended.stdout.lines().filter(|line| line.starts_with('#')).collect();
    assert_eq!(
        titles,
        [
            &format!("# {}", server.oai())[..],
            "## Something is lost",
            "## Not as it should be, and worked around",
            "## Fine"
        ]
    );
    for says in [
        "would lose something: one thing is broken; 2 things are worked around",
        "What is lost: ",
        "What Granary does: ",
        "Asked: <http",
    ] {
        assert!(ended.stdout.contains(says), "{says:?} is not in:\n{}", ended.stdout);
    }
    assert!(!ended.stdout.chars().any(|c| c.is_control() && c != '\n'));
}

/// An endpoint that says who it is, and whose records have no end. Of all else it says that it has none.
fn endless() -> String {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/oai", listener.local_addr().unwrap());
    let open = r#"<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">"#;
    let identify = format!("{open}<Identify><repositoryName>x</repositoryName></Identify></OAI-PMH>");
    let nothing = format!("{open}<error code=\"noRecordsMatch\"/></OAI-PMH>");
    let header =
        "<header><identifier>oai:x:1</identifier><datestamp>2020-01-01</datestamp></header>".repeat(1000);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let (identify, nothing, header) = (identify.clone(), nothing.clone(), header.clone());
            std::thread::spawn(move || -> std::io::Result<()> {
                let asked = BufReader::new(connection.try_clone()?).lines().next().unwrap()?;
                connection
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n\r\n")?;
                if asked.contains("verb=Identify") {
                    return connection.write_all(identify.as_bytes());
                }
                if !asked.contains("Record") {
                    return connection.write_all(nothing.as_bytes());
                }
                connection.write_all(format!("{open}<ListRecords>").as_bytes())?;
                loop {
                    connection.write_all(header.as_bytes())?;
                }
            });
        }
    });
    url
}

#[test]
fn an_endpoint_whose_answers_have_no_end_costs_no_memory_and_is_not_asked_twice() {
    let url = endless();
    let mut command = Command::new("sh");
    // Two GiB of address space hold the program and its threads, and no list that has no end.
    let script = "ulimit -v 2097152; exec \"$0\" --json doctor \"$1\"";
    let ended: Ended =
        command.args(["-c", script, env!("CARGO_BIN_EXE_granary"), &url]).output().unwrap().into();
    let said = Said(serde_json::from_str(&ended.stdout).expect(&ended.stderr));
    assert_eq!(ended.code, Some(1), "{:#}", said.0);
    assert!(text(&said.finding("records")["found"]).contains("larger than"), "{:#}", said.0);
    assert!(said.0["requests"].as_u64().unwrap() < 30, "{:#}", said.0);
}

/// Every file of a granary with its bytes, but for the queue's own.
fn contents(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let name = |path: &Path| path.strip_prefix(root).unwrap().display().to_string();
    let kept = |name: &String| !name.contains("queue.sqlite") && !name.contains("local/locks/");
    files(root)
        .iter()
        .map(|path| (name(path), path))
        .filter(|(name, _)| kept(name))
        .map(|(name, path)| (name, std::fs::read(path).unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_granary_that_is_well_is_fine_in_every_check_and_as_it_was_afterwards() {
    let server = repository(small()).await;
    let granary = Granary::new();
    granary.expect(0, &["harvest", &server.oai()]);
    let before = contents(&granary.path());
    for said in
        [Said(granary.json(0, &["doctor"]).pop().unwrap()), Said::of(0, &[granary.path().to_str().unwrap()])]
    {
        assert_eq!((text(&said.0["verdict"]), said.odd()), ("good", vec![]));
        for about in [
            "writable",
            "create_twice",
            "stale_update",
            "concurrent_writers",
            "clock",
            "space",
            "silos",
            "sources",
            "watermark",
            "queue",
        ] {
            said.finding(about);
        }
    }
    assert_eq!(contents(&granary.path()), before);
    let ended = granary.expect(0, &["doctor"]);
    assert!(ended.stdout.contains("This granary keeps what it promises"), "{}", ended.stdout);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_dead_or_a_gap_or_corrupt_is_a_loss() {
    let server = repository(Settings { quirks: vec![Quirk::MetadataMissing], ..small() }).await;
    let (granary, silo) = (Granary::new(), silo_of(&server));
    server.fault("/1/1/*", Fault::NotFound);
    server.fault("/2/*", Fault::Forbidden);
    granary.expect(3, &["harvest", &server.oai()]);
    let state = granary.path().join(format!("_granary/state/{silo}.json"));
    let mut document: Value = serde_json::from_slice(&std::fs::read(&state).unwrap()).unwrap();
    document["gaps"] = serde_json::json!([{"reason": "it was too much", "time": "2026-01-01T00:00:00Z"}]);
    document["lease"] = serde_json::json!({"holder": "process 1 on x", "host": "x",
        "since": "2026-01-01T00:00:00Z", "expires": "2026-01-01T00:15:00Z"});
    std::fs::write(&state, document.to_string()).unwrap();
    let said = Said(granary.json(3, &["doctor"]).pop().unwrap());
    assert_eq!(said.with("broken"), ["state/gaps", "queue/dead_letters"]);
    assert!(
        text(&said.finding("dead_letters")["found"]).ends_with("3 dead letters: 2 forbidden, 1 gone"),
        "{:#}",
        said.0
    );
    assert_eq!(said.with("worked_around"), ["state/lease"]);
    std::fs::write(&state, "{").unwrap();
    std::fs::write(granary.path().join(format!("_granary/sources/{silo}.json")), "{").unwrap();
    std::fs::write(granary.path().join("_granary/local/queue.sqlite"), "no database, ".repeat(100)).unwrap();
    let said = Said(granary.json(3, &["doctor"]).pop().unwrap());
    assert_eq!(said.with("broken"), ["sources/source", "state/state", "queue/queue"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_granary_that_can_only_be_read_is_said_so_and_the_rest_is_looked_at() {
    let server = repository(Settings { items: 3, ..small() }).await;
    let granary = Granary::new();
    granary.expect(0, &["harvest", &server.oai()]);
    // Permissions do not keep the superuser from writing: a file in the place of the folder does.
    let staging = granary.path().join("_granary/local/staging");
    std::fs::remove_dir_all(&staging).unwrap();
    std::fs::write(&staging, "").unwrap();
    std::fs::set_permissions(&staging, std::fs::Permissions::from_mode(0o444)).unwrap();
    let said = Said(granary.json(3, &["doctor"]).pop().unwrap());
    assert_eq!(said.odd(), ["broken writing/writable"]);
    assert!(text(&said.finding("writable")["found"]).contains("cannot be written to"));
    said.finding("watermark");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silos_without_a_folder_of_granarys_own_are_looked_at_and_left_as_they_are() {
    let server = repository(Settings { items: 3, ..small() }).await;
    let granary = Granary::new();
    granary.expect(0, &["harvest", &server.oai()]);
    std::fs::remove_dir_all(granary.path().join("_granary")).unwrap();
    let before = contents(&granary.path());
    let said = Said(granary.json(0, &["doctor"]).pop().unwrap());
    assert_eq!(said.odd(), Vec::<String>::new());
    assert!(text(&said.finding("writable")["found"]).contains("was not tried"));
    assert_eq!(contents(&granary.path()), before);
    assert!(!granary.path().join("_granary").exists());
}

#[test]
fn what_is_no_granary_is_said_so_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine"), "mine").unwrap();
    let said = Said::of(2, &[folder.path().to_str().unwrap()]);
    assert_eq!(
        (text(&said.0["verdict"]), said.odd()),
        ("wrong", vec!["broken granary/not_a_granary".to_owned()])
    );
    assert_eq!(files(folder.path()), [folder.path().join("mine")]);
    let ended = doctor(&[folder.path().join("nowhere").to_str().unwrap()]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("there is no granary at"), "{}", ended.stderr);
}
