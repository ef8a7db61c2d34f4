//! `granary serve` as a process: it keeps sources current, can be killed, and is watched and steered from the shell.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod support;

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStdout, Command},
    time::{Duration, Instant},
};

use granary_test_repository::{Fault, Server, Settings};
use serde_json::{Value, json};
use support::{Granary, repository};

/// How long something that has to happen may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that runs, and what it prints. It is killed when it is dropped.
struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Running {
    fn start(granary: &Granary, args: &[&str]) -> Self {
        let mut child = granary.spawn(args);
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }

    /// The next line of its output.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "it has ended: {}", self.stderr());
        line.trim_end().to_owned()
    }

    /// The next line that contains this text.
    fn line_with(&mut self, text: &str) -> String {
        loop {
            let line = self.line();
            if line.contains(text) {
                return line;
            }
        }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal, and waits for the end.
    fn end(mut self, signal: &str) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }

    fn stderr(&mut self) -> String {
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // What has ended cannot be killed, and need not.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `granary serve` on a free port, and its URL.
fn serve(granary: &Granary, args: &[&str]) -> (Running, String) {
    let args = [&["-q", "serve", "--listen", "127.0.0.1:0"], args].concat();
    let mut running = Running::start(granary, &args);
    let url = running.line();
    (running, url)
}

/// A repository that is a source of this granary, its silo named `s`, and not yet harvested.
async fn with_source(granary: &Granary, settings: Settings) -> Server {
    let server = repository(settings).await;
    add(granary, &server);
    server
}

/// Up to a day that is past: requests are kept in the manifests, and must not differ by the time.
fn add(granary: &Granary, server: &Server) {
    granary.expect(0, &["add", &server.oai(), "--silo", "s", "--until", "2020-12-31"]);
}

/// 200 items with two files each.
fn settings() -> Settings {
    Settings { items: 200, page_size: 20, ..Settings::default() }
}

fn status(granary: &Granary) -> Value {
    granary.json(0, &["status"]).pop().unwrap()
}

/// How the source stands.
fn standing(status: &Value) -> &Value {
    &status["silos"][0]["standing"]["state"]
}

/// Waits until something holds of `granary status`.
#[track_caller]
fn wait(granary: &Granary, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let status = status(granary);
        if holds(&status) {
            return status;
        }
        assert!(begun.elapsed() < PATIENCE, "{what} takes too long: {status:#}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// All is listed and fetched, and the next run is a day away.
fn is_done(status: &Value) -> bool {
    let silo = &status["silos"][0];
    standing(status) == "idle"
        && silo["run"].is_null()
        && silo["last_run"]["records"] == 200
        && is_empty(&status["queue"])
}

fn is_empty(queue: &Value) -> bool {
    ["waiting", "delayed", "in_flight"].iter().all(|part| queue[part] == 0)
}

/// What a path of the console answers to this method.
async fn ask(method: reqwest::Method, url: String) -> reqwest::Response {
    // Fails when another test has done it, which is as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new().request(method, url).send().await.unwrap()
}

async fn get(url: String) -> String {
    ask(reqwest::Method::GET, url).await.error_for_status().unwrap().text().await.unwrap()
}

async fn api(url: &str) -> Value {
    serde_json::from_str(&get(format!("{url}api/status")).await).unwrap()
}

/// A repository, and a granary as `granary harvest` leaves it.
async fn undisturbed() -> (Server, Granary) {
    let granary = Granary::new();
    let server = with_source(&granary, settings()).await;
    granary.expect(0, &["harvest", "s"]);
    (server, granary)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_is_harvested_when_its_time_has_come_and_then_left_alone_until_the_next() {
    let granary = Granary::new();
    let server = with_source(&granary, settings()).await;
    let (running, url) = serve(&granary, &[]);
    let status = wait(&granary, "the harvest", is_done);
    assert_eq!(status["server"]["url"], url.as_str());
    assert_eq!((&status["server"]["schedule"], &status["silos"][0]["objects"]), (&json!("on"), &json!(200)));
    assert_eq!(status["silos"][0]["files"], 600, "the metadata and two files of each");
    let text = granary.expect(0, &["status"]).stdout;
    assert!(
        text.contains("  idle, next run ") && text.contains(&format!("server: {url}, schedule on")),
        "{text}"
    );
    let asked = server.log().len();
    granary.expect(0, &["start"]);
    assert_eq!(running.end("-TERM"), Some(0));
    assert_eq!(server.log().len(), asked, "nothing was due");
    assert_eq!(self::status(&granary)["server"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_instant_the_next_start_goes_on_by_itself_to_the_same_granary() {
    let (server, undisturbed) = undisturbed().await;
    let seed = std::env::var("GRANARY_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| fastrand::u64(..));
    println!("GRANARY_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let granary = Granary::new();
    add(&granary, &server);
    for _ in 0..6 {
        let (running, _) = serve(&granary, &[]);
        let (count, already) = (random.usize(1..120), server.log().len());
        let begun = Instant::now();
        while server.log().len() < already + count && !is_done(&status(&granary)) {
            assert!(begun.elapsed() < PATIENCE, "{:#}", status(&granary));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        running.kill();
    }
    let (running, _) = serve(&granary, &[]);
    wait(&granary, "the harvest", is_done);
    assert_eq!(running.end("-TERM"), Some(0));
    let (found, expected) = (granary.tree("s"), undisturbed.tree("s"));
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (path, bytes) in &expected {
        let text = [&found[path], bytes].map(|bytes| String::from_utf8_lossy(bytes));
        assert!(found[path] == *bytes, "{path} is {}\nand was to be {}", text[0], text[1]);
    }
    granary.expect(0, &["verify"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_its_end_it_finishes_what_is_in_hand_and_the_shell_can_go_on() {
    let granary = Granary::new();
    let server = with_source(&granary, settings()).await;
    let (running, _) = serve(&granary, &[]);
    let begun = Instant::now();
    while server.log().len() < 60 {
        assert!(begun.elapsed() < PATIENCE, "nothing is harvested");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(running.end("-TERM"), Some(0));
    let queue = status(&granary)["queue"].clone();
    assert_eq!(queue["in_flight"], 0, "everything in hand is finished");
    granary.expect(0, &["harvest", "s"]);
    assert_eq!(status(&granary)["silos"][0]["files"], 600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn start_and_stop_in_the_shell_and_status_there_and_on_the_server_agree() {
    let granary = Granary::new();
    let server = with_source(&granary, settings()).await;
    server.fault("/cgi/oai2*", Fault::Slow { delay: Duration::from_millis(100) });
    let (running, url) = serve(&granary, &[]);
    wait(&granary, "the run", |status| standing(status) == "running");
    granary.expect(0, &["stop", "s"]);
    let status = wait(&granary, "the stop", |status| standing(status) == "held");
    assert_eq!(api(&url).await["sources"][0]["standing"], status["silos"][0]["standing"]);
    assert!(granary.expect(0, &["status"]).stdout.contains("\n  stopped\n"));
    let asked = server.log().len();

    granary.expect(0, &["stop"]);
    let paused = wait(&granary, "the pause", |status| status["server"]["workers"][0]["state"] == "paused");
    assert_eq!(paused["server"]["schedule"], "off");
    assert_eq!(api(&url).await["schedule"], "off");
    assert_eq!(running.end("-TERM"), Some(0));
    let (running, url) = serve(&granary, &[]);
    assert_eq!(
        standing(&self::status(&granary)),
        "held",
        "what is stopped stays stopped in the next process"
    );

    granary.expect(0, &["start"]);
    assert_eq!(api(&url).await["schedule"], "on");
    assert_eq!(standing(&self::status(&granary)), "held", "and single ones until they are started");
    let lists = |log: &[granary_test_repository::Logged]| {
        log.iter().filter(|logged| logged.path == "/cgi/oai2").count()
    };
    assert_eq!(lists(&server.log()), lists(&server.log()[..asked]), "it was left alone");
    server.mend();
    granary.expect(0, &["start", "s"]);
    wait(&granary, "the rest of the harvest", is_done);
    let ended = granary.expect(2, &["start", "other"]);
    assert!(ended.stderr.contains("other"), "{}", ended.stderr);
    assert_eq!(running.end("-INT"), Some(0));
    let ended = granary.expect(2, &["start"]);
    assert!(ended.stderr.contains("no `granary serve` runs over "), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tail_follows_the_log_also_over_the_end_of_the_server() {
    let granary = Granary::new();
    let _server = with_source(&granary, settings()).await;
    let (running, _) = serve(&granary, &[]);
    let mut tail = Running::start(&granary, &["tail", "-f"]);
    tail.line_with("the server is up");
    tail.line_with("the run begins silo=s");
    tail.line_with("listed a page silo=s");
    wait(&granary, "the harvest", is_done);
    assert_eq!(running.end("-TERM"), Some(0));
    let (running, url) = serve(&granary, &[]);
    tail.line_with(&format!("the server is up url={url}"));
    tail.end("-INT");
    let of_silo = granary.json(0, &["tail", "--silo", "s"]);
    assert!(of_silo.len() > 10 && of_silo.iter().all(|line| line["silo"] == "s"), "{} lines", of_silo.len());
    running.kill();
    let afterwards = granary.expect(0, &["tail"]).stdout;
    assert!(afterwards.contains("the run begins silo=s"), "the log is kept: {afterwards}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_one_server_to_a_granary_and_none_that_strangers_reach_without_a_secret() {
    let granary = Granary::new();
    let (_running, url) = serve(&granary, &[]);
    let second = granary.expect(2, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(second.stderr.contains("runs over this granary already"), "{}", second.stderr);
    let other = Granary::new();
    let taken =
        other.expect(2, &["serve", "--listen", url.trim_start_matches("http://").trim_end_matches('/')]);
    assert!(taken.stderr.contains("cannot listen on 127.0.0.1:"), "{}", taken.stderr);
    let open = other.expect(2, &["serve", "--listen", "0.0.0.0:0"]);
    assert!(open.stderr.contains("give a secret with --auth"), "{}", open.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_only_it_shows_a_granary_that_it_may_not_write_to() {
    let (_server, granary) = undisturbed().await;
    let before = support::tree(&granary.path());
    let (running, url) = serve(&granary, &["--read-only"]);
    assert!(get(format!("{url}silos/s")).await.contains("oai:generic.eprints.org:1"));
    let answer = ask(reqwest::Method::POST, format!("{url}api/sources/s/start")).await;
    assert!(answer.status().is_client_error(), "{}", answer.status());
    assert_eq!(running.end("-TERM"), Some(0));
    assert_eq!(support::tree(&granary.path()), before, "nothing is written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_named_by_its_url_is_steered_with_its_secret_alone() {
    let granary = Granary::new();
    let (_running, url) = serve(&granary, &[]);
    let ended = granary.expect(2, &["--server", &url, "stop"]);
    assert!(ended.stderr.contains("start the server with --auth"), "{}", ended.stderr);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let closed = Granary::new();
    set_secret(&closed, &file, "a long enough secret");
    let (_running, url) = serve(&closed, &["--auth", file.to_str().unwrap()]);
    for (secret, code) in [("another secret", 2), ("a long enough secret", 0)] {
        let mut command = closed.command(&["--server", &url, "stop"]);
        let ended = command.env("GRANARY_SECRET", secret).output().unwrap();
        assert_eq!(ended.status.code(), Some(code), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    assert_eq!(status(&closed)["server"]["schedule"], "off");
}

/// Writes a secret's hash to a file.
fn set_secret(granary: &Granary, file: &std::path::Path, secret: &str) {
    use std::{io::Write as _, process::Stdio};
    let mut command = granary.command(&["serve", "--set-secret", file.to_str().unwrap()]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{secret}\n").as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_secret_is_kept_as_a_hash_that_only_its_owner_reads() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    set_secret(&Granary::new(), &file, "a long enough secret");
    let hash = std::fs::read_to_string(&file).unwrap();
    assert!(hash.starts_with("$argon2id$") && !hash.contains("secret"), "{hash}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}
