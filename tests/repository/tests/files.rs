//! Exports and files: what they announce is what they are.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use granary_test_repository::{ExportForm, Kind, Server, Settings};
use md5::{Digest, Md5};
use support::{End, get, get_with, send, texts};

async fn start() -> Server {
    let settings = Settings { items: 40, file_size: 40_000, extras: true, ..Settings::default() };
    Server::start(settings).await.unwrap()
}

async fn export(server: &Server, item: u32) -> String {
    let reply = get(&format!("{}/cgi/export/eprint/{item}/XML/anything.xml", server.url())).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/vnd.eprints.data+xml; charset=utf-8"));
    reply.text().to_owned()
}

#[tokio::test]
async fn every_public_file_has_the_size_and_the_digest_that_its_export_announces() {
    let server = start().await;
    for item in 1..=8 {
        let xml = export(&server, item).await;
        let (urls, digests) = (texts(&xml, "url"), texts(&xml, "hash"));
        assert_eq!(urls.len(), 2);
        for (position, (url, digest)) in (1..).zip(urls.iter().zip(&digests)) {
            let reply = get(url).await;
            assert_eq!((reply.status, reply.end), (200, End::Orderly), "{url}");
            assert_eq!(reply.body.len(), 40_000);
            assert_eq!(&hex::encode(Md5::digest(&reply.body)), digest);
            assert_eq!(reply.body, server.file(item, position));
        }
        assert_eq!(texts(&xml, "filesize"), ["40000", "40000"]);
        assert!(get(&urls[0]).await.body.starts_with(b"%PDF-1.4"));
    }
}

#[tokio::test]
async fn names_with_spaces_ampersands_and_other_letters_are_names_like_others() {
    let server = start().await;
    let mut names = Vec::new();
    for item in 1..=5 {
        names.extend(texts(&export(&server, item).await, "filename"));
    }
    let odd = ["the paper, with spaces.pdf", "données d'été 数据.txt", "Q&A.pdf", "100% + #1.txt"];
    assert!(odd.iter().all(|odd| names.iter().any(|name| name == odd)), "{names:?}");
}

#[tokio::test]
async fn thumbnails_and_restricted_and_embargoed_documents_are_told_apart() {
    let server = start().await;
    let thumbnail = export(&server, 10).await;
    assert!(
        texts(&thumbnail, "type").contains(&"http://eprints.org/relation/isVolatileVersionOf".to_owned())
    );
    assert_eq!(texts(&thumbnail, "security"), ["public", "public", "public"]);
    let restricted = export(&server, 25).await;
    assert_eq!(texts(&restricted, "security"), ["public", "public", "staffonly"]);
    let embargoed = export(&server, 40).await;
    assert_eq!(texts(&embargoed, "security"), ["public", "public", "public", "validuser"]);
    assert_eq!(texts(&embargoed, "date_embargo").len(), 1);
    assert_eq!(get(&texts(&thumbnail, "url")[2]).await.status, 200);
    for closed in [&texts(&restricted, "url")[2], &texts(&embargoed, "url")[3]] {
        let reply = get(closed).await;
        assert_eq!((reply.status, reply.header("location")), (302, Some("/login")));
    }
}

#[tokio::test]
async fn exports_exist_at_the_configured_urls_only() {
    let (today, plain) = ("cgi/export/eprint/3/XML/x-eprint-3.xml", "cgi/export/3/XML/x.xml");
    for (kind, form, expected) in [
        (Kind::Eprints, ExportForm::Dataset, (200, 404)),
        (Kind::Eprints, ExportForm::Plain2010, (404, 200)),
        (Kind::Eprints, ExportForm::Both, (200, 200)),
        (Kind::DublinCore, ExportForm::Both, (404, 404)),
    ] {
        let settings = Settings { items: 3, kind, export_form: form, ..Settings::default() };
        let server = Server::start(settings).await.unwrap();
        let status = async |path: &str| get(&format!("{}/{path}", server.url())).await.status;
        assert_eq!((status(today).await, status(plain).await), expected, "{kind:?} {form:?}");
    }
}

#[tokio::test]
async fn a_change_gives_the_first_file_new_bytes_and_a_new_tag_and_leaves_the_others() {
    let server = start().await;
    let (first, second) =
        (format!("{}/5/1/paper.pdf", server.url()), format!("{}/5/2/data.txt", server.url()));
    let (before_first, before_second) = (get(&first).await, get(&second).await);
    server.change(5);
    let (after_first, after_second) = (get(&first).await, get(&second).await);
    assert_ne!(before_first.body, after_first.body);
    assert_ne!(before_first.header("etag"), after_first.header("etag"));
    assert_ne!(before_first.header("last-modified"), after_first.header("last-modified"));
    assert_eq!(before_second.body, after_second.body);
    assert_eq!(before_second.header("etag"), after_second.header("etag"));
    let xml = export(&server, 5).await;
    assert_eq!(texts(&xml, "hash")[0], hex::encode(Md5::digest(&after_first.body)));
}

#[tokio::test]
async fn a_file_is_resumed_by_a_range_while_its_tag_is_the_same() {
    let server = start().await;
    let url = format!("{}/5/1/paper.pdf", server.url());
    let whole = get(&url).await;
    let tag = whole.header("etag").unwrap();
    let rest = get_with(&url, &[("range", "bytes=30000-"), ("if-range", tag)]).await;
    assert_eq!((rest.status, rest.header("content-range")), (206, Some("bytes 30000-39999/40000")));
    assert_eq!(rest.body, whole.body[30_000..]);
    server.change(5);
    let changed = get_with(&url, &[("range", "bytes=30000-"), ("if-range", tag)]).await;
    assert_eq!((changed.status, changed.body.len()), (200, 40_000));
    let beyond = get_with(&url, &[("range", "bytes=40000-")]).await;
    assert_eq!((beyond.status, beyond.header("content-range")), (416, Some("bytes */40000")));
    assert_eq!(server.log()[1].range.as_deref(), Some("bytes=30000-"));
}

#[tokio::test]
async fn a_file_that_the_client_has_is_not_sent_again() {
    let server = start().await;
    let url = format!("{}/5/1/paper.pdf", server.url());
    let whole = get(&url).await;
    let validators = [("if-none-match", "etag"), ("if-modified-since", "last-modified")];
    for (condition, validator) in validators {
        let reply = get_with(&url, &[(condition, whole.header(validator).unwrap())]).await;
        assert_eq!((reply.status, reply.body.len()), (304, 0), "{condition}");
        assert_eq!(reply.header("etag"), whole.header("etag"));
    }
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let server = start().await;
    let url = format!("{}/5/1/paper.pdf", server.url());
    let (head, whole) = (send("HEAD", &url, &[], "").await, get(&url).await);
    assert_eq!((head.status, head.announced(), head.body.len()), (200, 40_000, 0));
    for name in ["etag", "last-modified", "content-type", "accept-ranges"] {
        assert_eq!(head.header(name), whole.header(name), "{name}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let server = start().await;
    for path in
        ["5/1/other.pdf", "5/9/paper.pdf", "41/1/paper.pdf", "0/", "x/", "5", "cgi/export/eprint/41/XML/x"]
    {
        assert_eq!(get(&format!("{}/{path}", server.url())).await.status, 404, "{path}");
    }
}
