//! The repository speaks OAI-PMH 2.0.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;

use granary_test_repository::{Granularity, Kind, Server, Settings};
use support::{elements, encode, error_code, get, post, texts, token};

/// The answer to these arguments.
async fn ask(server: &Server, arguments: &str) -> String {
    let reply = get(&format!("{}?{arguments}", server.oai())).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/xml; charset=utf-8")));
    reply.text().to_owned()
}

/// All pages of a list.
async fn pages(server: &Server, verb: &str, arguments: &str) -> Vec<String> {
    let mut pages = vec![ask(server, &format!("verb={verb}&metadataPrefix=oai_dc{arguments}")).await];
    while let Some(token) = token(pages.last().unwrap()).filter(|token| !token.text.is_empty()) {
        pages.push(ask(server, &format!("verb={verb}&resumptionToken={}", encode(&token.text))).await);
    }
    pages
}

/// The identifiers of a list.
async fn identifiers(server: &Server, arguments: &str) -> Vec<String> {
    let pages = pages(server, "ListIdentifiers", arguments).await;
    pages.iter().flat_map(|page| texts(page, "identifier")).collect()
}

async fn start(items: u32, page_size: u32) -> Server {
    Server::start(Settings { items, page_size, extras: true, ..Settings::default() }).await.unwrap()
}

#[tokio::test]
async fn identify_says_what_the_protocol_requires() {
    let server = start(3, 10).await;
    let answer = ask(&server, "verb=Identify").await;
    for (name, text) in [
        ("baseURL", server.oai().as_str()),
        ("protocolVersion", "2.0"),
        ("earliestDatestamp", "2010-01-01T00:00:00Z"),
        ("deletedRecord", "persistent"),
        ("granularity", "YYYY-MM-DDThh:mm:ssZ"),
    ] {
        assert_eq!(texts(&answer, name), [text], "{name}");
    }
}

#[tokio::test]
async fn the_pages_of_a_list_add_up() {
    let server = start(25, 10).await;
    for verb in ["ListIdentifiers", "ListRecords"] {
        let pages = pages(&server, verb, "").await;
        assert_eq!(pages.len(), 3);
        let tokens: Vec<_> = pages.iter().map(|page| token(page).unwrap()).collect();
        let cursors: Vec<_> = tokens.iter().map(|token| token.attribute("cursor").unwrap()).collect();
        assert_eq!(cursors, ["0", "10", "20"]);
        assert!(tokens.iter().all(|token| token.attribute("completeListSize") == Some("25")));
        assert_eq!(tokens[2].text, "", "an empty token ends the list");
        let identifiers: BTreeSet<_> = pages.iter().flat_map(|page| texts(page, "identifier")).collect();
        let expected: BTreeSet<_> = (1..=25).map(|item| format!("oai:generic.eprints.org:{item}")).collect();
        assert_eq!(identifiers, expected);
    }
}

#[tokio::test]
async fn a_list_of_one_page_has_no_token() {
    let server = start(10, 10).await;
    assert_eq!(token(&ask(&server, "verb=ListRecords&metadataPrefix=oai_dc").await), None);
}

#[tokio::test]
async fn a_repository_without_items_has_no_records() {
    let server = start(0, 10).await;
    let answer = ask(&server, "verb=ListRecords&metadataPrefix=oai_dc").await;
    assert_eq!(error_code(&answer).as_deref(), Some("noRecordsMatch"));
}

#[tokio::test]
async fn two_repositories_with_the_same_settings_agree_but_for_their_port() {
    let (one, two) = (start(20, 20).await, start(20, 20).await);
    let list = "verb=ListRecords&metadataPrefix=oai_dc";
    let records = |answer: String, server: &Server| {
        let (_, records) = answer.split_once("<ListRecords>").unwrap();
        records.replace(&server.url(), "")
    };
    assert_eq!(records(ask(&one, list).await, &one), records(ask(&two, list).await, &two));
    assert_eq!(one.file(3, 1), two.file(3, 1));
}

#[tokio::test]
async fn from_and_until_are_inclusive() {
    let server = start(12, 5).await;
    let pages = pages(&server, "ListIdentifiers", "").await;
    let datestamps: Vec<_> = pages.iter().flat_map(|page| texts(page, "datestamp")).collect();
    let (from, until) = (&datestamps[2], &datestamps[9]);
    let all = identifiers(&server, "").await;
    assert_eq!(identifiers(&server, &format!("&from={from}&until={until}")).await, all[2..=9]);
    assert_eq!(identifiers(&server, &format!("&from={from}")).await, all[2..]);
    assert_eq!(identifiers(&server, &format!("&until={until}")).await, all[..=9]);
    let day = &from[..10];
    assert_eq!(identifiers(&server, &format!("&from={day}&until={day}")).await, all[2..=2]);
}

#[tokio::test]
async fn sets_part_the_items_by_status_and_by_type() {
    let server = start(24, 5).await;
    let answer = ask(&server, "verb=ListSets").await;
    let specs = texts(&answer, "setSpec");
    assert_eq!(texts(&answer, "setName")[0], "Status = Published");
    let mut sizes = Vec::new();
    for spec in &specs {
        let pages = pages(&server, "ListIdentifiers", &format!("&set={spec}")).await;
        let headers: usize = pages.iter().map(|page| texts(page, "identifier").len()).sum();
        let named = pages.iter().flat_map(|page| texts(page, "setSpec")).filter(|it| it == spec).count();
        assert_eq!(headers, named);
        sizes.push(headers);
    }
    assert_eq!(sizes, [18, 6, 16, 8]);
}

#[tokio::test]
async fn a_change_gives_the_item_new_metadata_and_the_datestamp_of_now() {
    let server = start(5, 10).await;
    let get_record = "verb=GetRecord&metadataPrefix=oai_dc&identifier=oai:generic.eprints.org:3";
    let before = ask(&server, get_record).await;
    server.change(3);
    let after = ask(&server, get_record).await;
    assert_ne!(texts(&before, "dc:title"), texts(&after, "dc:title"));
    assert_eq!(texts(&before, "dc:identifier"), texts(&after, "dc:identifier"));
    assert_eq!(identifiers(&server, "&from=2021-01-01").await, ["oai:generic.eprints.org:3"]);
}

#[tokio::test]
async fn a_deleted_item_is_listed_for_ever_without_metadata() {
    let server = start(5, 10).await;
    server.delete(2);
    let record =
        ask(&server, "verb=GetRecord&metadataPrefix=oai_dc&identifier=oai:generic.eprints.org:2").await;
    let elements = elements(&record);
    let header = elements.iter().find(|element| element.name == "header").unwrap();
    assert_eq!(header.attribute("status"), Some("deleted"));
    assert!(elements.iter().all(|element| element.name != "metadata"));
    assert_eq!(identifiers(&server, "").await.len(), 5);
    let url = server.url();
    for path in ["2/", "2/1/paper.pdf", "cgi/export/eprint/2/XML/x.xml"] {
        assert_eq!(get(&format!("{url}/{path}")).await.status, 410, "{path}");
    }
}

#[tokio::test]
async fn an_item_that_changes_while_it_is_listed_is_listed_once() {
    let server = start(25, 10).await;
    let first = ask(&server, "verb=ListIdentifiers&metadataPrefix=oai_dc").await;
    server.change(5);
    server.change(15);
    let mut seen = texts(&first, "identifier");
    let mut next = token(&first).unwrap().text;
    while !next.is_empty() {
        let page = ask(&server, &format!("verb=ListIdentifiers&resumptionToken={}", encode(&next))).await;
        seen.extend(texts(&page, "identifier"));
        next = token(&page).unwrap().text;
    }
    assert_eq!(seen.len(), 25);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 25);
}

#[tokio::test]
async fn day_granularity_writes_days_and_refuses_seconds() {
    let settings = Settings { items: 3, granularity: Granularity::Day, ..Settings::default() };
    let server = Server::start(settings).await.unwrap();
    let list = ask(&server, "verb=ListIdentifiers&metadataPrefix=oai_dc").await;
    assert!(texts(&list, "datestamp").iter().all(|datestamp| datestamp.len() == 10));
    let identify = ask(&server, "verb=Identify").await;
    assert_eq!(texts(&identify, "granularity"), ["YYYY-MM-DD"]);
    let day = &texts(&list, "datestamp")[1];
    assert_eq!(
        identifiers(&server, &format!("&from={day}&until={day}")).await,
        ["oai:generic.eprints.org:2"]
    );
    let refused =
        ask(&server, &format!("verb=ListIdentifiers&metadataPrefix=oai_dc&from={day}T00:00:00Z")).await;
    assert_eq!(error_code(&refused).as_deref(), Some("badArgument"));
}

#[tokio::test]
async fn what_cannot_be_answered_has_the_code_of_the_protocol() {
    let server = start(25, 10).await;
    let list = ask(&server, "verb=ListRecords&metadataPrefix=oai_dc").await;
    let token = encode(&token(&list).unwrap().text);
    let cases = [
        ("", "badVerb"),
        ("verb=Nonsense", "badVerb"),
        ("verb=Identify&verb=Identify", "badVerb"),
        ("verb=Identify&%3Cb%3E=1", "badArgument"),
        ("verb=ListSets&resumptionToken=x&%3Cb%3E=1", "badResumptionToken"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2012-01-02&until=2012-01-01", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2012-01-02&until=2013-01-01T00:00:00Z", "badArgument"),
        ("verb=ListRecords&metadataPrefix=marc21", "cannotDisseminateFormat"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2999-01-01", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=oai_dc&set=none", "noRecordsMatch"),
        ("verb=ListRecords&resumptionToken=%03", "badResumptionToken"),
        (&format!("verb=ListIdentifiers&resumptionToken={token}"), "badResumptionToken"),
        (&format!("verb=ListRecords&metadataPrefix=oai_dc&resumptionToken={token}"), "badArgument"),
        ("verb=GetRecord&metadataPrefix=oai_dc&identifier=oai:generic.eprints.org:26", "idDoesNotExist"),
        ("verb=GetRecord&metadataPrefix=oai_dc&identifier=%26%22%3C", "idDoesNotExist"),
        ("verb=ListMetadataFormats&identifier=x", "idDoesNotExist"),
    ];
    for (arguments, code) in cases {
        assert_eq!(error_code(&ask(&server, arguments).await).as_deref(), Some(code), "{arguments}");
    }
}

#[tokio::test]
async fn post_is_answered_like_get() {
    let server = start(25, 10).await;
    let first = post(&server.oai(), "verb=ListRecords&metadataPrefix=oai_dc").await;
    let token = token(first.text()).unwrap();
    let second =
        post(&server.oai(), &format!("verb=ListRecords&resumptionToken={}", encode(&token.text))).await;
    assert_eq!(texts(second.text(), "identifier").len(), 10);
    assert_eq!(server.log()[0].query, "verb=ListRecords&metadataPrefix=oai_dc");
}

#[tokio::test]
async fn dublin_core_names_the_landing_page_then_the_public_files() {
    let settings = Settings { items: 25, kind: Kind::DublinCore, extras: true, ..Settings::default() };
    let server = Server::start(settings).await.unwrap();
    let record =
        ask(&server, "verb=GetRecord&metadataPrefix=oai_dc&identifier=oai:generic.eprints.org:25").await;
    let urls = texts(&record, "dc:identifier");
    let url = server.url();
    assert_eq!(urls, [format!("{url}/25/"), format!("{url}/25/1/paper.pdf"), format!("{url}/25/2/data.txt")]);
    for url in &urls {
        assert_eq!(get(url).await.status, 200, "{url}");
    }
}
