//! A stack in the local cloud, and independent looks at it: with `aws` and boto3.
#![allow(clippy::print_stderr, reason = "a test says what it does not do")]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::Ended;

/// Longer than anything here takes, on a slow machine.
const PATIENCE: Duration = Duration::from_secs(400);

/// The local cloud.
pub(crate) struct Cloud {
    pub(crate) localstack: String,
    pub(crate) seaweedfs: String,
}

/// A deployed stack. Its bucket is its own unless it was told to use another.
pub(crate) struct Stack {
    name: String,
    endpoint: String,
    /// Where the bucket is: another endpoint, perhaps.
    s3: String,
    outputs: BTreeMap<String, String>,
}

impl Cloud {
    /// The local cloud, if there is one.
    pub(crate) fn find() -> Option<Self> {
        let variable = |name| std::env::var(name).ok();
        let found = variable("GRANARY_LOCALSTACK").zip(variable("GRANARY_SEAWEEDFS"));
        if found.is_none() {
            eprintln!("not run: there is no local cloud; `localstack/run --build cargo test …` starts one");
        }
        found.map(|(localstack, seaweedfs)| Self { localstack, seaweedfs })
    }

    /// Deploys the template.
    pub(crate) fn deploy(&self, parameters: &[(&str, &str)]) -> Stack {
        let name = format!("test-{:08x}", fastrand::u32(..));
        let mut command = Command::new(project("localstack/deploy"));
        command.args(["--skip-build", "--json", "--stack", &name]);
        for (name, value) in parameters {
            command.args(["--parameter", &format!("{name}={value}")]);
        }
        let deployed: Ended = command.stdin(Stdio::null()).output().unwrap().into();
        assert_eq!(deployed.code, Some(0), "{}", deployed.stderr);
        let outputs = serde_json::from_str(&deployed.stdout).unwrap();
        let s3 = parameters.iter().find(|(name, _)| *name == "S3Endpoint").map(|(_, url)| (*url).to_owned());
        let s3 = s3.unwrap_or_else(|| self.localstack.clone());
        Stack { name, endpoint: self.localstack.clone(), s3, outputs }
    }

    /// A proxy in front of a server, which makes the network a bad one.
    pub(crate) fn proxy(&self, server: &str, faults: &[&str]) -> Proxy {
        use std::io::{BufRead, BufReader};
        let mut command = Command::new(project("localstack/faulty_proxy.py"));
        let mut process = command.arg(server).args(faults).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Proxy { url: url.trim().to_owned(), process }
    }
}

/// A proxy that ends with the test.
pub(crate) struct Proxy {
    pub(crate) url: String,
    process: Child,
}

impl Proxy {
    /// What was asked of it.
    pub(crate) fn count(&self) -> Value {
        serde_json::from_str(&python("import sys, urllib.request\nprint(urllib.request.urlopen(sys.argv[1] + '/_count').read().decode())", &[&self.url], &[])).unwrap()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Stack {
    pub(crate) fn output(&self, name: &str) -> &str {
        &self.outputs[name]
    }

    /// `granary --stack NAME`, with these arguments.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_granary"));
        command.args(["--stack", &self.name]).args(args).stdin(Stdio::null());
        for variable in ["GRANARY", "GRANARY_QUEUE", "GRANARY_CONTACT", "GRANARY_LOG", "AWS_PROFILE"] {
            command.env_remove(variable);
        }
        command.envs(keys()).env("AWS_ENDPOINT_URL", &self.endpoint).env("AWS_ENDPOINT_URL_S3", &self.s3);
        command
    }

    /// Runs a command that has to end with this code.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32, args: &[&str]) -> Ended {
        let ended: Ended = self.command(args).output().unwrap().into();
        assert_eq!(ended.code, Some(code), "granary {args:?}\n{}\n{}", ended.stdout, ended.stderr);
        ended
    }

    /// Runs a command with `--json`, and reads every line of its output.
    #[track_caller]
    pub(crate) fn json(&self, code: i32, args: &[&str]) -> Vec<Value> {
        let ended = self.expect(code, &[&["--json"], args].concat());
        ended.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// Begins a run of the silo, and waits until it is finished, calling the harvest function again and again as the schedule
    /// would; returns its report. What `meanwhile` does is done in between.
    #[track_caller]
    pub(crate) fn harvest(&self, silo: &str, mut meanwhile: impl FnMut()) -> Value {
        let before = self.json(0, &["status", silo])[0]["last_run"]["run"].clone();
        let begun = Instant::now();
        self.expect(0, &["start", "--only", "harvest", silo]);
        loop {
            meanwhile();
            std::thread::sleep(Duration::from_secs(2));
            let status = &self.json(0, &["status", silo])[0];
            if status["last_run"]["run"] != before {
                return status["last_run"].clone();
            }
            assert!(begun.elapsed() < PATIENCE, "{status}\n{}", self.log());
            // A tick: it goes on with the run, and begins no other.
            self.expect(0, &["start", "--only", "harvest"]);
        }
    }

    /// The end of both functions' logs.
    pub(crate) fn log(&self) -> String {
        let log = self.expect(0, &["-v", "tail"]).stdout;
        log.lines().rev().take(40).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// Every object of the bucket as boto3 reads it: its key, and size, SHA-256 and content type.
    pub(crate) fn objects(&self) -> BTreeMap<String, Object> {
        let (bucket, prefix) = self.bucket();
        let text = python(OBJECTS, &[&self.s3, bucket, prefix], &[]);
        serde_json::from_str(&text).unwrap()
    }

    fn bucket(&self) -> (&str, &str) {
        self.output("Granary").strip_prefix("s3://").unwrap().split_once('/').unwrap()
    }

    /// The granary as `aws s3 sync` brings it into a folder.
    pub(crate) fn sync_to(&self, folder: &Path) {
        let aws = environment("localstack").join("aws");
        let mut command = Command::new(environment("localstack").join("python"));
        command.arg(aws).args(["--endpoint-url", &self.s3, "s3", "sync", "--quiet", self.output("Granary")]);
        let synced = command.arg(folder).envs(keys()).status().unwrap();
        assert!(synced.success());
    }

    /// The processes that run a function of the stack right now.
    pub(crate) fn processes(&self, function: &str) -> Vec<i32> {
        let name = format!("AWS_LAMBDA_FUNCTION_NAME={}-{function}", self.name);
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            if environment.split(|byte| *byte == 0).any(|variable| variable == name.as_bytes()) {
                found.push(pid);
            }
        }
        found
    }
}

/// An object as boto3 reads it.
#[derive(Debug, PartialEq, serde::Deserialize)]
pub(crate) struct Object {
    pub(crate) size: u64,
    pub(crate) sha256: String,
    pub(crate) content_type: String,
}

const OBJECTS: &str = r#"
import boto3, hashlib, json, sys
endpoint, bucket, prefix = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=endpoint)
objects = {}
for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
    for entry in page.get("Contents", []):
        got = s3.get_object(Bucket=bucket, Key=entry["Key"])
        body = got["Body"].read()
        objects[entry["Key"][len(prefix):]] = {
            "size": len(body), "sha256": hashlib.sha256(body).hexdigest(), "content_type": got["ContentType"],
        }
print(json.dumps(objects))
"#;

/// Runs a program in Python, with boto3.
pub(crate) fn python(program: &str, args: &[&str], input: &[u8]) -> String {
    use std::io::Write;
    let mut command = Command::new(environment("localstack").join("python"));
    command.args(["-c", program]).args(args).envs(keys()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn().unwrap();
    process.stdin.take().unwrap().write_all(input).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{program}");
    String::from_utf8(output.stdout).unwrap()
}

/// `rclone`, which can serve S3.
pub(crate) fn rclone() -> Command {
    Command::new(environment("seaweedfs").join("rclone"))
}

/// The programs of an environment that `localstack/run` has made.
fn environment(name: &str) -> PathBuf {
    let folder = std::env::var_os("GRANARY_LOCAL_CLOUD_ENVIRONMENTS").map(PathBuf::from);
    folder.unwrap_or_else(|| project("target/local-cloud/environments")).join(name).join("bin")
}

pub(crate) fn keys() -> [(&'static str, &'static str); 4] {
    let region = "us-east-1";
    // The SDK for Rust reads one name of the region, boto3 the other.
    [
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", region),
        ("AWS_DEFAULT_REGION", region),
    ]
}

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
