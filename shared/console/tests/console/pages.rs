//! What the pages show, and that the API says the same.

use axum::http::StatusCode;
use granary_silo::VersionRecord;

use crate::{
    made::put,
    support::{Asking, encoded},
};

/// The text of a page between tags, on one line.
fn text(page: &str) -> String {
    let mut text = String::new();
    for piece in page.split('<') {
        text.push_str(piece.split_once('>').map_or(piece, |(_, text)| text));
        text.push(' ');
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check_says(page: &str, all: &[&str]) {
    let text = text(page);
    for expected in all {
        assert!(text.contains(expected), "{expected:?} is not in: {text}");
    }
}

#[tokio::test]
async fn silos_are_listed_with_and_without_a_source() {
    let console = Asking::here().await;
    let page = console.page("/silos").await;
    check_says(&page, &["2 silos", "maths", "http://maths.example/oai", "old", "has no source"]);
    let silos = console.get("/api/silos").await.json();
    assert_eq!(silos[0]["silo"], "maths");
    assert_eq!(silos[0]["url"], "http://maths.example/oai");
    assert_eq!(silos[1]["has_source"], false);
}

#[tokio::test]
async fn a_silo_is_listed_by_title_and_a_corrupt_manifest_costs_its_own_line_only() {
    let console = Asking::here().await;
    let page = console.page("/silos/maths").await;
    check_says(
        &page,
        &[
            "On prime numbers, revised deleted Sand, Ada; Müller, Max oai:maths:7",
            "oai:maths:broken cannot be read",
        ],
    );
    let page = console.page("/silos/maths?beginning=%20oai:maths:o%20").await;
    check_says(&page, &["Outside"]);
    assert!(!text(&page).contains("prime numbers"));
    let page = console.page("/silos/maths?beginning=none").await;
    check_says(&page, &["No identifier begins with none"]);
}

#[tokio::test]
async fn a_large_silo_is_gone_through_page_by_page() {
    let console = Asking::here().await;
    let silo =
        console.made.granary.create_silo(&"many".parse().unwrap(), "http://many.example/oai").await.unwrap();
    for n in 0..120 {
        put(
            &silo,
            &format!("oai:many:{n:03}"),
            "1",
            VersionRecord::default(),
            b"<dc><title>T</title></dc>",
            &[],
        )
        .await;
    }
    let mut path = "/silos/many".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = console.page(&path).await;
        seen.push(page.matches("oai:many:").count() / 2);
        let Some((_, next)) = page.split_once("<a rel=\"next\" href=\"") else { break };
        path = next.split_once('"').unwrap().0.replace("&#38;", "&");
    }
    // Each is named twice: in its link and as text. The address of the next page names one more, counted as half.
    assert_eq!(seen, [50, 50, 20]);
    let page = console.get("/api/silos/many/objects?limit=3&after=oai:many:116").await.json();
    assert_eq!(page["objects"].as_array().unwrap().len(), 3);
    assert_eq!(page["next"], serde_json::Value::Null);
}

#[tokio::test]
async fn an_object_is_shown_with_its_versions_as_a_line_of_time() {
    let console = Asking::here().await;
    let page = console.page("/silos/maths/object?id=oai:maths:7").await;
    check_says(
        &page,
        &[
            "deleted The repository has deleted this record.",
            "Metadata of version 3",
            "Creators Sand, Ada Müller, Max",
            "Version 3 deleted 2022-02-04 00:00:00 UTC metadata unchanged 3 files kept",
            "Version 2 2021-05-06 07:08:09 UTC metadata replaced 1 file added 1 file replaced 1 file kept 1 file missing",
            "Sets numbers, revised",
            "not a file HTML in place of application/pdf 4",
            "Version 1 2020-01-02 00:00:00 UTC first version, with 2 files",
            "found by eprints3",
        ],
    );
    let place =
        console.made.folder.path().join("maths/pairtree_root/oa/i+/ma/th/s+/7/obj").canonicalize().unwrap();
    assert!(page.contains(&*place.to_string_lossy()));
    let earlier = console.page("/silos/maths/object?id=oai:maths:7&version=1").await;
    check_says(&earlier, &["Metadata of version 1", "Title On prime numbers Creators"]);
}

#[tokio::test]
async fn the_api_says_of_an_object_what_its_page_says() {
    let console = Asking::here().await;
    let object = console.get("/api/silos/maths/object?id=oai:maths:7").await.json();
    assert_eq!(object["identifier"], "oai:maths:7");
    assert_eq!(object["shown"], "3");
    assert_eq!(
        object["metadata"][0]["description"]["fields"]["title"][0]["text"],
        "On prime numbers, revised"
    );
    let versions = object["versions"].as_array().unwrap();
    let said: Vec<_> = versions.iter().map(|v| format!("{} {}", v["version"], v["status"])).collect();
    assert_eq!(said, ["\"3\" \"deleted\"", "\"2\" \"present\"", "\"1\" \"present\""]);
    let changes: Vec<_> = versions[1]["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| format!("{} {}", c["name"], c["change"]))
        .collect();
    assert_eq!(
        changes,
        [
            "\"data.csv\" \"replaced\"",
            "\"notes.txt\" \"added\"",
            "\"oai_dc\" \"replaced\"",
            "\"paper.pdf\" \"kept\""
        ]
    );
    assert_eq!(versions[1]["failures"][0]["reason"], "not_a_file");
    assert!(versions[1]["files"][0]["sha256"].is_string());
}

#[tokio::test]
async fn objects_of_2010_are_shown_with_their_subfolders_and_without_digests() {
    let console = Asking::here().await;
    let id = |number: &str| format!("/silos/old/object?id=oai:generic.eprints.org:{number}");
    let page = console.page(&id("777")).await;
    check_says(
        &page,
        &["2010-02-11 15:00:00 UTC", "images/deep/page2.txt", "images/page 1.txt", "tables/t1.csv"],
    );
    assert!(!text(&page).contains("looks-like-a-tag"), "RecordSilo's tags are no files");
    let page = console.page(&id("775")).await;
    check_says(&page, &["Version 3", "Version 2", "1 file added 1 file removed", "metadata stored again"]);
    for number in ["77", "774", "776", "778", "779"] {
        console.page(&id(number)).await;
    }
    let page =
        console.page(&format!("/silos/old/object?id={}", encoded("oai:univie.ac.at:Österreich/日本"))).await;
    check_says(&page, &["oai:univie.ac.at:Österreich/日本"]);
    let file = console
        .get("/silos/old/file?id=oai:generic.eprints.org:777&version=1&name=images/deep/page2.txt")
        .await;
    assert_eq!(file.status, StatusCode::OK);
}

#[tokio::test]
async fn two_versions_are_compared_in_records_files_and_metadata() {
    let console = Asking::here().await;
    let page = console.page("/silos/maths/compare?id=oai:maths:7&from=1&to=2").await;
    check_says(
        &page,
        &[
            "Versions 1 and 2",
            "data.csv replaced 8 B",
            "notes.txt added",
            "paper.pdf kept 586 B",
            "Title differs On prime numbers On prime numbers, revised",
            "- &#60;dc:title&#62;On prime numbers&#60;/dc:title&#62;",
            "+ &#60;dc:title&#62;On prime numbers, revised&#60;/dc:title&#62;",
        ],
    );
    let newest = console.get("/api/silos/maths/compare?id=oai:maths:7").await.json();
    assert_eq!((&newest["from"]["version"], &newest["to"]["version"]), (&"2".into(), &"3".into()));
    assert!(newest["fields"].as_array().unwrap().iter().all(|field| field["is_same"] == true));
    let page = console.page("/silos/maths/compare?id=oai:maths:7&from=2&to=3").await;
    check_says(&page, &["present deleted", "The metadata is the same in both."]);
}

#[tokio::test]
async fn what_is_not_there_is_said_in_words_on_pages_and_as_json_by_the_api() {
    let console = Asking::here().await;
    for (path, text) in [
        ("/none", "There is no page /none."),
        ("/silos/none", "There is no silo none in this granary."),
        ("/silos/maths/object?id=oai:none", "There is no object oai:none in maths."),
        ("/silos/maths/object?id=oai:maths:7&version=9", "There is no version 9; there are 1, 2, 3."),
    ] {
        let answer = console.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        check_says(&answer.text(), &["Not found", text]);
    }
    let answer = console.get("/api/silos/none/objects").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.json(), serde_json::json!({"error": "there is no silo none in this granary"}));
    let answer = console.get("/silos/maths/object").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    check_says(&answer.text(), &["This cannot be answered"]);
    let answer = console.get("/silos/maths/object?id=oai:maths:broken").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    check_says(&answer.text(), &["Something went wrong", "is corrupt; restore it from a copy"]);
}

/// Landmarks, one heading of the first rank, no rank left out, a label for every field, no id twice.
#[tokio::test]
async fn every_page_has_the_bones_that_a_screen_reader_goes_by() {
    let console = Asking::here().await;
    for path in [
        "/silos",
        "/silos/maths",
        "/silos/maths/object?id=oai:maths:7",
        "/silos/maths/compare?id=oai:maths:7&from=1&to=2",
        "/none",
    ] {
        let page = console.get(path).await.text();
        assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"), "{path}");
        for once in ["<main", "<header", "<h1", "<title"] {
            assert_eq!(page.matches(once).count(), 1, "{once} in {path}");
        }
        let ranks: Vec<u8> = page
            .match_indices("<h")
            .filter_map(|(at, _)| page.as_bytes()[at + 2].checked_sub(b'0'))
            .filter(|n| *n < 7)
            .collect();
        assert!(ranks.windows(2).all(|two| two[1] <= two[0] + 1), "{path}: {ranks:?}");
        let ids: Vec<_> = page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        let mut unique = ids.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), ids.len(), "{path}: {ids:?}");
        for field in ["beginning", "from", "to"] {
            let is_there = page.contains(&format!(" id=\"{field}\""));
            assert_eq!(is_there, page.contains(&format!("<label for=\"{field}\"")), "{field} in {path}");
        }
        assert_eq!(page.matches("<table").count(), page.matches("<caption").count(), "{path}");
    }
}
