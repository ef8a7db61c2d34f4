//! What the end-to-end tests share: the real binary, run as users run it, and independent looks at what it left behind.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]
#![allow(unreachable_pub, missing_docs, reason = "a module of tests")]

mod normal;

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use granary_test_repository::{Server, Settings};
use serde_json::Value;

pub use normal::normalise;

/// A granary in a folder of its own, and the program that works on it.
pub struct Granary {
    folder: tempfile::TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Granary {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("granary")
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_granary"));
        command.arg("--granary").arg(self.path()).args(args);
        for variable in
            ["GRANARY", "GRANARY_QUEUE", "GRANARY_CONTACT", "GRANARY_LOG", "GRANARY_SERVER", "GRANARY_AUTH"]
        {
            command.env_remove(variable);
        }
        command.stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Ended {
        self.command(args).output().unwrap().into()
    }

    /// Runs a command that has to end with this code.
    #[track_caller]
    pub fn expect(&self, code: i32, args: &[&str]) -> Ended {
        let ended = self.run(args);
        assert_eq!(ended.code, Some(code), "granary {args:?}\n{}\n{}", ended.stdout, ended.stderr);
        ended
    }

    /// Runs a command with `--json`, and reads every line of its output.
    #[track_caller]
    pub fn json(&self, code: i32, args: &[&str]) -> Vec<Value> {
        let args = [&["--json"], args].concat();
        let ended = self.expect(code, &args);
        ended.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// Starts a command and does not wait for it.
    pub fn spawn(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Puts messages on the queue as a user does.
    pub fn send(&self, messages: &str) -> Ended {
        let mut command = self.command(&["queue", "send"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(messages.as_bytes()).unwrap();
        child.wait_with_output().unwrap().into()
    }

    /// The manifest of an item of the test repository.
    #[track_caller]
    pub fn manifest(&self, silo: &str, item: u32) -> Value {
        let path = self.object(silo, item).join("__manifest.json");
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).unwrap()
    }

    /// The folder of an item of the test repository.
    pub fn object(&self, silo: &str, item: u32) -> PathBuf {
        let mut path = self.path().join(silo).join("pairtree_root/oa/i+/ge/ne/ri/c,/ep/ri/nt/s,/or/g+");
        let number = item.to_string();
        for pair in number.as_bytes().chunks(2) {
            path.push(std::str::from_utf8(pair).unwrap());
        }
        path.join("obj")
    }

    /// Every file of a silo by its path, with what tells one run from another taken out of the manifests.
    pub fn tree(&self, silo: &str) -> BTreeMap<String, Vec<u8>> {
        tree(&self.path().join(silo))
    }
}

/// Every file of the silo in a folder, as [`Granary::tree`].
pub fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut tree = BTreeMap::new();
    for path in files(root) {
        let mut bytes = std::fs::read(&path).unwrap();
        if path.ends_with("__manifest.json") {
            let mut manifest: Value = serde_json::from_slice(&bytes).unwrap();
            normalise(&mut manifest);
            bytes = manifest.to_string().into_bytes();
        }
        tree.insert(path.strip_prefix(root).unwrap().display().to_string(), bytes);
    }
    tree
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Every file below a folder.
pub fn files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => files.push(entry.path()),
            }
        }
    }
    files
}

/// The SHA-256 of files, as `sha256sum` counts it.
pub fn sha256sum(paths: &[PathBuf]) -> BTreeMap<PathBuf, String> {
    let mut sums = BTreeMap::new();
    for some in paths.chunks(500) {
        let output = Command::new("sha256sum").arg("--zero").arg("--").args(some).output().unwrap();
        assert!(output.status.success());
        for line in String::from_utf8(output.stdout).unwrap().split_terminator('\0') {
            let (sum, path) = line.split_once("  ").unwrap();
            sums.insert(PathBuf::from(path), sum.to_owned());
        }
    }
    sums
}

/// Starts a test repository. Its items are `oai:generic.eprints.org:1` and so on.
pub async fn repository(settings: Settings) -> Server {
    Server::start(settings).await.unwrap()
}

/// The name that the silo of a test repository gets by itself.
pub fn silo_of(server: &Server) -> String {
    server.url().trim_start_matches("http://").replace(':', "-")
}

/// How often each path was asked for, lists and Identify left out.
pub fn fetched(server: &Server) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for logged in
        server.log().into_iter().filter(|logged| logged.method == "GET" && logged.path != "/cgi/oai2")
    {
        *counts.entry(logged.path).or_insert(0) += 1;
    }
    counts
}

/// The verbs asked for, in order.
pub fn verbs(server: &Server) -> Vec<String> {
    let verb = |query: &str| query.split('&').find_map(|pair| pair.strip_prefix("verb=")).map(str::to_owned);
    server
        .log()
        .into_iter()
        .filter(|logged| logged.path == "/cgi/oai2")
        .filter_map(|logged| verb(&logged.query))
        .collect()
}
