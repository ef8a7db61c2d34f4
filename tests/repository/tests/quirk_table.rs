//! The table of quirks is whole, and told everywhere.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    collections::BTreeSet,
    process::{Command, Stdio},
};

use granary_test_repository::{Quirk, Server, Settings};
use serde_json::Value;
use support::{get, post, send, texts};
use tokio::io::{AsyncBufReadExt, BufReader};

#[test]
fn every_trouble_from_1_to_45_has_a_quirk() {
    let numbers: Vec<u8> = Quirk::ALL.iter().map(|quirk| quirk.number()).collect();
    assert!(numbers.is_sorted());
    assert_eq!(numbers.into_iter().collect::<BTreeSet<_>>(), (1..=45).collect());
}

#[test]
fn names_are_kebab_case_and_no_two_are_alike() {
    let names: BTreeSet<_> = Quirk::ALL.iter().map(|quirk| quirk.name()).collect();
    assert_eq!(names.len(), Quirk::ALL.len());
    for name in names {
        let pieces = name.split('-');
        let word = |piece: &str| {
            !piece.is_empty() && piece.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit())
        };
        assert!(pieces.clone().all(word), "{name}");
        assert_eq!(name.parse::<Quirk>().unwrap().name(), name);
    }
    assert_eq!("no-such".parse::<Quirk>().unwrap_err().to_string(), "there is no quirk no-such");
}

#[test]
fn the_readme_has_a_row_for_each_quirk_and_no_other() {
    let readme = include_str!("../README.md");
    let (_, table) = readme.split_once("## Quirks").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ") && line.contains('`')).collect();
    let expected: Vec<String> = Quirk::ALL
        .iter()
        .map(|quirk| format!("| {} | `{}` | {} |", quirk.number(), quirk.name(), quirk.description()))
        .collect();
    assert_eq!(rows, expected);
}

#[test]
fn the_program_prints_the_table() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_granary-test-repository")).arg("--list-quirks").output().unwrap();
    let lines: Vec<String> =
        String::from_utf8(output.stdout).unwrap().lines().map(ToOwned::to_owned).collect();
    assert_eq!(lines.len(), Quirk::ALL.len());
    for (line, quirk) in lines.iter().zip(Quirk::ALL) {
        let mut words = line.split_whitespace();
        assert_eq!(words.next(), Some(quirk.number().to_string().as_str()));
        assert_eq!(words.next(), Some(quirk.name()));
        assert!(line.ends_with(quirk.description()));
    }
}

#[tokio::test]
async fn the_program_starts_with_the_quirks_and_the_format_it_is_told() {
    let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_granary-test-repository"))
        .args(["--items", "3", "--format", "ore", "--quirk", "moved", "--quirk", "same-token"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let line = BufReader::new(program.stdout.take().unwrap()).lines().next_line().await.unwrap().unwrap();
    let oai = line.strip_prefix("granary harvest ").unwrap();
    assert_eq!(get(&format!("{oai}?verb=Identify")).await.status, 301);
    let new = oai.replace("/cgi/", "/new/");
    let formats = get(&format!("{new}?verb=ListMetadataFormats")).await;
    assert_eq!(texts(formats.text(), "metadataPrefix"), ["oai_dc", "ore"]);
}

#[tokio::test]
async fn a_quirk_that_does_not_exist_is_wrong_usage() {
    let program = tokio::process::Command::new(env!("CARGO_BIN_EXE_granary-test-repository"))
        .args(["--quirk", "no-such"])
        .stderr(Stdio::null())
        .status();
    assert_eq!(program.await.unwrap().code(), Some(2));
}

#[tokio::test]
async fn every_quirk_is_switched_over_http() {
    let server = Server::start(Settings { items: 1, ..Settings::default() }).await.unwrap();
    let control = format!("{}/_repository/quirk", server.url());
    for quirk in Quirk::ALL {
        assert_eq!(post(&format!("{control}?name={quirk}"), "").await.status, 204, "{quirk}");
        assert_eq!(server.quirks(), [*quirk]);
        assert_eq!(send("DELETE", &format!("{control}?name={quirk}"), &[], "").await.status, 204, "{quirk}");
        assert_eq!(server.quirks(), []);
    }
    assert_eq!(post(&format!("{control}?name=no-such"), "").await.status, 400);
    assert_eq!(post(&control, "").await.status, 400);
    server.quirk(Quirk::Moved);
    server.quirk(Quirk::EmptyToken);
    let listed: Value =
        serde_json::from_slice(&get(&format!("{}/_repository/quirks", server.url())).await.body).unwrap();
    let on: Vec<_> = listed.as_array().unwrap().iter().filter(|it| it["on"] == true).collect();
    assert_eq!((on[0]["name"].as_str(), on[1]["number"].as_u64()), (Some("empty-token"), Some(40)));
    assert_eq!(send("DELETE", &control, &[], "").await.status, 204);
    assert_eq!(server.quirks(), []);
}
