//! Stored files as a browser gets them.

use axum::http::{Method, StatusCode};
use sha2::{Digest, Sha256};

use crate::{
    made::{EVIL_IDENTIFIER, EVIL_NAME},
    support::{Answer, Asking, encoded, request},
};

const PAPER: &str = "/silos/maths/file?id=oai:maths:7&version=1&name=paper.pdf";
const PDF: &[u8] = include_bytes!("one-page.pdf");

async fn get(console: &Asking, path: &str, headers: &[(&str, &str)]) -> Answer {
    console.ask(request(Method::GET, path, headers)).await
}

#[tokio::test]
async fn a_file_comes_whole_with_its_digest_its_type_and_its_name() {
    let console = Asking::here().await;
    for path in [PAPER.to_owned(), PAPER.replace("/silos", "/api/silos")] {
        let answer = console.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.body, PDF);
        assert_eq!(answer.header("etag"), format!("\"{}\"", hex::encode(Sha256::digest(PDF))));
        assert_eq!(answer.header("content-type"), "application/pdf");
        assert_eq!(answer.header("content-length"), PDF.len().to_string());
        assert_eq!(answer.header("accept-ranges"), "bytes");
        assert_eq!(
            answer.header("content-disposition"),
            "inline; filename=\"paper.pdf\"; filename*=UTF-8''paper.pdf"
        );
        assert_eq!(answer.header("content-security-policy"), "default-src 'none'; sandbox");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    let answer = console.get(&format!("{PAPER}&download")).await;
    assert!(answer.header("content-disposition").starts_with("attachment; "));
    let newest = console.get("/silos/maths/file?id=oai:maths:7&name=paper.pdf").await;
    assert_eq!(newest.body, PDF, "a file that was kept lies in the older version's folder");
}

#[tokio::test]
async fn a_range_comes_alone_and_one_that_is_not_there_is_refused() {
    let console = Asking::here().await;
    let e_tag = console.get(PAPER).await.header("etag").to_owned();
    let size = PDF.len();
    for (range, part) in [("bytes=0-3", 0..4), ("bytes=100-", 100..size), ("bytes=-5", size - 5..size)] {
        for headers in [vec![("range", range)], vec![("range", range), ("if-range", &e_tag)]] {
            let answer = get(&console, PAPER, &headers).await;
            assert_eq!(answer.status, StatusCode::PARTIAL_CONTENT, "{range}");
            assert_eq!(answer.body, PDF[part.clone()], "{range}");
            assert_eq!(
                answer.header("content-range"),
                format!("bytes {}-{}/{size}", part.start, part.end - 1)
            );
            assert_eq!(answer.header("content-length"), part.len().to_string());
        }
    }
    let answer = get(&console, PAPER, &[("range", "bytes=0-3"), ("if-range", "\"other\"")]).await;
    assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, size));
    let answer = get(&console, PAPER, &[("range", "bytes=100000-")]).await;
    assert_eq!(answer.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(answer.header("content-range"), format!("bytes */{size}"));
}

#[tokio::test]
async fn a_file_that_the_browser_has_is_not_sent_again_and_head_sends_no_bytes() {
    let console = Asking::here().await;
    let e_tag = console.get(PAPER).await.header("etag").to_owned();
    let answer = get(&console, PAPER, &[("if-none-match", &e_tag)]).await;
    assert_eq!((answer.status, answer.body.len()), (StatusCode::NOT_MODIFIED, 0));
    let answer = console.ask(request(Method::HEAD, PAPER, &[])).await;
    assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, 0));
    assert_eq!(answer.header("content-length"), PDF.len().to_string());
    assert_eq!(answer.header("etag"), e_tag);
    let old = "/silos/old/file?id=oai:generic.eprints.org:774&name=paper.pdf";
    let e_tag = console.get(old).await.header("etag").to_owned();
    assert!(!e_tag.is_empty(), "without a digest the store tells one state of a file from another");
    assert_eq!(get(&console, old, &[("if-none-match", &e_tag)]).await.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn what_could_run_as_script_is_only_ever_saved() {
    let console = Asking::here().await;
    for (name, content_type, how) in [
        (EVIL_NAME, "text/html", "attachment"),
        ("picture.svg", "image/svg+xml", "attachment"),
        ("oai_dc", "text/xml", "attachment"),
        ("typed.bin", "application/octet-stream", "attachment"),
        // Shown as what it claims to be, which is not HTML.
        ("page.pdf", "application/pdf", "inline"),
        ("plain.txt", "text/plain; charset=utf-8", "inline"),
    ] {
        let path = format!("/silos/maths/file?id={}&name={}", encoded(EVIL_IDENTIFIER), encoded(name));
        let answer = console.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}");
        assert_eq!(answer.header("content-type"), content_type, "{name}");
        assert!(answer.header("content-disposition").starts_with(&format!("{how}; filename=\"")), "{name}");
        assert_eq!(answer.header("content-security-policy"), "default-src 'none'; sandbox", "{name}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{name}");
        assert!(answer.headers.get("set-cookie").is_none(), "{name}");
    }
}

#[tokio::test]
async fn no_path_leads_out_of_the_granary() {
    let console = Asking::here().await;
    let outside = encoded("oai:maths:outside");
    for (id, version, name) in [
        (&*outside, "1", "up.txt"),
        (&*outside, "1", "root.txt"),
        (&*outside, "1", "../secret.txt"),
        (&*outside, "1", "oai_dc/../../../../secret.txt"),
        (&*outside, "1", "%2fetc%2fpasswd"),
        ("oai:maths:7", "1", "..%2f__manifest.json"),
        ("oai:maths:7", "1", "__manifest.json"),
        ("oai:maths:7", "..", "__manifest.json"),
        ("..%2f..%2f..", "1", "secret.txt"),
        // A subfolder that RecordSilo listed must not become a ladder.
        ("oai:generic.eprints.org:777", "1", "images/../../__manifest.json"),
        ("oai:generic.eprints.org:777", "1", "images/..%2f..%2f__manifest.json"),
    ] {
        for silo in ["maths", "old", "_granary", "..", "."] {
            let answer =
                console.get(&format!("/silos/{silo}/file?id={id}&version={version}&name={name}")).await;
            assert!(
                answer.status.is_client_error(),
                "{silo} {id} {name}: {} {}",
                answer.status,
                answer.text()
            );
            assert!(!answer.text().contains("nobody is to read this"), "{silo} {id} {name}");
        }
    }
}

#[tokio::test]
async fn a_file_that_is_named_and_not_there_is_said_to_be_missing() {
    let console = Asking::here().await;
    let folder = console.made.folder.path().join("maths/pairtree_root/oa/i+/ma/th/s+/7/obj");
    std::fs::remove_file(folder.join("__1/paper.pdf")).unwrap();
    let answer = console.get(PAPER).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.text().contains("named in the manifest and not there"), "{}", answer.text());
    console.page("/silos/maths/object?id=oai:maths:7").await;
}
