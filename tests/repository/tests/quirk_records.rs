//! The quirks of records and of the XML around them, on the wire.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use granary_test_repository::{Quirk, Server};
use support::{End, HEADERS, RECORDS, Reply, ask, elements, get_with, items, texts, token, walk, with_quirk};

/// The titles on the first page, as they are on the wire.
async fn titles(server: &Server) -> Vec<Vec<u8>> {
    let page = ask(server, RECORDS).await.body;
    let mut titles = Vec::new();
    let mut rest = page.as_slice();
    while let Some(start) = find(rest, b"<dc:title>") {
        rest = &rest[start + 10..];
        titles.push(rest[..find(rest, b"</dc:title>").unwrap()].to_vec());
    }
    titles
}

fn find(bytes: &[u8], piece: &[u8]) -> Option<usize> {
    bytes.windows(piece.len()).position(|it| it == piece)
}

/// Which titles of the first page end in this.
async fn with_end(quirk: Quirk, end: &[u8]) -> Vec<usize> {
    let titles = titles(&with_quirk(quirk).await).await;
    (1..).zip(&titles).filter(|(_, title)| title.ends_with(end)).map(|(number, _)| number).collect()
}

#[tokio::test]
async fn titles_end_in_what_xml_cannot_hold() {
    for (quirk, end) in [
        (Quirk::ControlCharacters, b"\x03\x1a".as_slice()),
        (Quirk::ControlReferences, b"&#3;&#x1A;"),
        (Quirk::NonCharacters, b"\xef\xbf\xbe\xef\xbf\xbf"),
        (Quirk::SurrogatePairs, b"&#55349;&#56396;"),
        (Quirk::LoneSurrogates, b" &#55349;"),
        (Quirk::InvalidUtf8, b" caf\xe9"),
    ] {
        assert_eq!(with_end(quirk, end).await, [3, 8], "{quirk}");
    }
}

#[tokio::test]
async fn windows_1252_is_declared_as_utf8() {
    let server = with_quirk(Quirk::Windows1252).await;
    let reply = ask(&server, RECORDS).await;
    assert_eq!(reply.header("content-type"), Some("text/xml; charset=utf-8"));
    assert!(reply.body.starts_with(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>"));
    assert!(find(&reply.body, b"the farmer\x92s").is_some());
    assert!(std::str::from_utf8(&reply.body).is_err());
    // Elsewhere are letters that it has, and letters that it has not.
    let mut all = reply.body;
    all.extend(ask(&server, &format!("{RECORDS}&from=2015-01-01")).await.body);
    assert!(find(&all, b"na\xefve").is_some() || find(&all, b"\xc5ngstr\xf6m").is_some());
    assert!(find(&all, "時間".as_bytes()).is_none());
}

#[tokio::test]
async fn wrong_declaration_stands_before_utf8() {
    let server = with_quirk(Quirk::WrongDeclaration).await;
    let (wrong, right) = (ask(&server, RECORDS).await, {
        server.quirk_off(Quirk::WrongDeclaration);
        ask(&server, RECORDS).await
    });
    let records = |reply: &Reply| reply.text().split_once("<ListRecords>").unwrap().1.to_owned();
    assert!(wrong.text().starts_with("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<OAI-PMH"));
    assert_eq!(records(&wrong), records(&right));
}

#[tokio::test]
async fn notices_follow_the_root() {
    let server = with_quirk(Quirk::NoticesAfterRoot).await;
    let page = ask(&server, RECORDS).await;
    let (document, notice) = page.text().split_once("</OAI-PMH>\n").unwrap();
    assert!(notice.starts_with("<br />\n<b>Notice</b>:"), "{notice}");
    assert_eq!(texts(&format!("{document}</OAI-PMH>"), "dc:title").len(), 10);
}

#[tokio::test]
async fn page_cut_off_ends_in_a_record_and_looks_whole() {
    let server = with_quirk(Quirk::PageCutOff).await;
    let page = ask(&server, RECORDS).await;
    assert_eq!((page.status, page.end, page.announced()), (200, End::Orderly, page.body.len()));
    assert_eq!(page.text().matches("</record>").count(), 7);
    assert!(page.text().contains("eprints.org:8<") && !page.text().contains("</OAI-PMH>"));
    let without = ask(&server, &format!("{RECORDS}&until=2012-12-31")).await;
    assert_eq!(texts(without.text(), "dc:title").len(), 7);
    assert_eq!(items(&walk(&server, HEADERS, 9).await).len(), 25);
}

#[tokio::test]
async fn page_torn_off_announces_more_than_comes() {
    let server = with_quirk(Quirk::PageTornOff).await;
    let page = ask(&server, RECORDS).await;
    assert_eq!((page.status, page.end), (200, End::Orderly));
    assert_eq!(page.body.len(), page.announced() / 2);
    assert_eq!(texts(ask(&server, RECORDS).await.text(), "dc:title").len(), 10, "the second is whole");
}

#[tokio::test]
async fn huge_pages_have_a_token_behind_eleven_megabytes_of_text() {
    let server = with_quirk(Quirk::HugePages).await;
    let page = ask(&server, RECORDS).await;
    let longest = elements(page.text()).into_iter().map(|element| element.text.len()).max();
    assert_eq!(longest, Some(11_000_000));
    assert!(!token(page.text()).unwrap().text.is_empty());
}

#[tokio::test]
async fn headers_and_records_lack_what_they_must_have() {
    for (quirk, name) in [
        (Quirk::IdentifierMissing, "identifier"),
        (Quirk::DatestampMissing, "datestamp"),
        (Quirk::MetadataMissing, "metadata"),
    ] {
        let server = with_quirk(quirk).await;
        let page = ask(&server, RECORDS).await;
        let records: Vec<&str> = page.text().split("</record>").take(10).collect();
        let tag = format!("<{name}>");
        let without: Vec<_> = (1..=10).filter(|number| !records[number - 1].contains(&tag)).collect();
        assert_eq!(without, [3, 8], "{quirk}");
        assert!(!page.text().contains("deleted"));
    }
}

#[tokio::test]
async fn declaration_stands_in_each_record() {
    let server = with_quirk(Quirk::DeclarationInRecord).await;
    let page = ask(&server, RECORDS).await;
    let inside =
        page.text().matches("<metadata>\n<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<oai_dc:dc").count();
    assert_eq!(inside, 10);
}

#[tokio::test]
async fn no_records_is_422_with_the_error_in_its_body() {
    let server = with_quirk(Quirk::NoRecordsIs422).await;
    let none = ask(&server, &format!("{RECORDS}&from=2999-01-01")).await;
    assert_eq!((none.status, support::error_code(none.text()).as_deref()), (422, Some("noRecordsMatch")));
    assert_eq!(none.header("content-type"), Some("text/xml; charset=utf-8"));
    assert_eq!(ask(&server, RECORDS).await.status, 200);
    assert_eq!(ask(&server, "verb=x").await.status, 200, "other errors have the usual status");
}

#[tokio::test]
async fn html_page_stands_in_for_the_third_page() {
    let server = with_quirk(Quirk::HtmlPage).await;
    check_third_page(&server, 200).await;
}

#[tokio::test]
async fn deep_paging_ends_at_the_third_page() {
    let server = with_quirk(Quirk::DeepPagingLimit).await;
    check_third_page(&server, 504).await;
}

/// The third page of a list is HTML, and lists of two pages are well.
async fn check_third_page(server: &Server, status: u16) {
    let second = walk(server, HEADERS, 2).await.pop().unwrap();
    let arguments = support::onwards("ListIdentifiers", &token(&second).unwrap().text);
    for _ in 0..2 {
        let third = ask(server, &arguments).await;
        assert_eq!((third.status, third.header("content-type")), (status, Some("text/html; charset=utf-8")));
    }
    let half = walk(server, &format!("{HEADERS}&until=2016-12-31"), 9).await;
    assert_eq!(token(&half[1]).unwrap().text, "");
}

#[tokio::test]
async fn gzip_lie_is_plain_text_said_to_be_gzip() {
    let server = with_quirk(Quirk::GzipLie).await;
    let page = ask_with_gzip(&server).await;
    assert_eq!(page.header("content-encoding"), Some("gzip"));
    assert!(page.body.starts_with(b"<?xml"));
    assert_eq!(ask(&server, RECORDS).await.header("content-encoding"), None);
}

#[tokio::test]
async fn gzip_unannounced_is_gzip_all_the_same() {
    let server = with_quirk(Quirk::GzipUnannounced).await;
    let page = ask(&server, RECORDS).await;
    assert_eq!(page.header("content-encoding"), None);
    assert_eq!(texts(&gunzip(&page.body).unwrap(), "dc:title").len(), 10);
}

#[tokio::test]
async fn gzip_broken_ends_in_the_middle() {
    let server = with_quirk(Quirk::GzipBroken).await;
    let page = ask_with_gzip(&server).await;
    assert_eq!((page.header("content-encoding"), page.announced()), (Some("gzip"), page.body.len()));
    assert!(page.body.starts_with(&[0x1f, 0x8b]) && gunzip(&page.body).is_err());
    assert_eq!(texts(ask(&server, RECORDS).await.text(), "dc:title").len(), 10);
}

#[tokio::test]
async fn accept_encoding_breaks_the_server() {
    let server = with_quirk(Quirk::AcceptEncodingBreaks).await;
    assert_eq!(ask_with_gzip(&server).await.status, 500);
    let url = format!("{}?{RECORDS}", server.oai());
    assert_eq!(get_with(&url, &[("accept-encoding", "identity")]).await.status, 200);
    assert_eq!(ask(&server, RECORDS).await.status, 200);
}

async fn ask_with_gzip(server: &Server) -> Reply {
    get_with(&format!("{}?{RECORDS}", server.oai()), &[("accept-encoding", "gzip, br")]).await
}

fn gunzip(bytes: &[u8]) -> std::io::Result<String> {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(bytes), &mut text)?;
    Ok(text)
}
