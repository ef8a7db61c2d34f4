//! The program prints the command that harvests it, and serves.

mod support;

use std::process::Stdio;

use support::{get, texts};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

#[tokio::test]
async fn the_program_prints_the_harvest_command_alone_on_stdout() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_granary-test-repository"))
        .args(["--items", "3", "--granularity", "day", "--kind", "dublin-core"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let url = line.strip_prefix("granary harvest ").unwrap();
    let list = get(&format!("{url}?verb=ListIdentifiers&metadataPrefix=oai_dc")).await;
    assert_eq!(texts(list.text(), "identifier").len(), 3);
    program.kill().await.unwrap();
    assert_eq!(lines.next_line().await.unwrap(), None);
}

#[tokio::test]
async fn wrong_usage_is_status_2() {
    let program = Command::new(env!("CARGO_BIN_EXE_granary-test-repository"))
        .args(["--page-size", "0"])
        .stderr(Stdio::null())
        .status();
    assert_eq!(program.await.unwrap().code(), Some(2));
}
