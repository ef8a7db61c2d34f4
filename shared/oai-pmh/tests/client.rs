//! The client against a real server on loopback.

#![cfg(feature = "client")]

mod common;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use common::{list_records, page, record};
use granary_fetch::{Backoff, Fetcher, Policy};
use granary_oai_pmh::{Client, Error, Item, Need, Needs, PageError, Request, Retry, Selection, Token, Verb};

/// What the server says to a query.
struct Answer {
    status: u16,
    headers: &'static str,
    body: Vec<u8>,
    /// How much of the body is left out, whatever its length says.
    missing: usize,
}

fn answer(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    Answer { status, headers: "", body: body.into(), missing: 0 }
}

/// A server on loopback.
struct Server {
    client: Client,
    /// What was asked, in order.
    queries: Arc<Mutex<Vec<String>>>,
    /// How many requests were under way at most.
    busiest: Arc<AtomicUsize>,
}

/// The query of a request; of a POST, its form behind `POST `.
fn read_query(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let head: Vec<String> =
        reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let request = head.first()?;
    let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut form = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut form).ok()?;
    match request.starts_with("POST") {
        true => Some(format!("POST {}", String::from_utf8(form).ok()?)),
        false => Some(request.split([' ', '?']).nth(2).unwrap_or_default().to_owned()),
    }
}

/// Starts a server that answers each query with `answer`. It ends with the process.
fn serve(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Server {
    serve_needing(&Needs::new(), answer)
}

/// The same, of a repository that was found to need this.
fn serve_needing(needs: &Needs, answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = listener.local_addr().expect("it is bound");
    let (queries, busiest) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
    let (asked, most) = (queries.clone(), busiest.clone());
    let (answer, busy) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (asked, most, busy, answer) = (asked.clone(), most.clone(), busy.clone(), answer.clone());
            std::thread::spawn(move || {
                let Some(query) = read_query(&stream) else { return };
                most.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                asked.lock().expect("no one panics with it").push(query.clone());
                let Answer { status, headers, body, missing } = answer(&query);
                let head = format!(
                    "HTTP/1.1 {status} x\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n",
                    body.len()
                );
                busy.fetch_sub(1, Ordering::SeqCst);
                // A client that went away is its own affair.
                let _ = (&stream).write_all(&[head.as_bytes(), &body[..body.len() - missing]].concat());
            });
        }
    });
    let policy = Policy {
        trusted_hosts: ["127.0.0.1".to_owned()].into(),
        attempts: 2,
        backoff: Backoff { base: Duration::from_millis(1), cap: Duration::from_millis(2) },
        longest_wait: Duration::ZERO,
        ..Policy::default()
    };
    let fetcher = Fetcher::new(policy).expect("a fetcher can be made");
    let base = format!("http://{address}/oai?x=y").parse().expect("it is a URL");
    Server { client: Client::new(fetcher, base, needs), queries, busiest }
}

fn records() -> Request {
    Request::list_records(Selection { metadata_prefix: "oai_dc".to_owned(), ..Selection::default() })
}

/// All items of a response, and how it ended.
async fn read(client: &Client, request: &Request) -> (Vec<Item>, Result<(), Error>) {
    let mut items = Vec::new();
    let mut page = match client.open(request).await {
        Ok(page) => page,
        Err(error) => return (items, Err(error)),
    };
    loop {
        match page.next().await {
            Ok(Some(item)) => items.push(item),
            Ok(None) => return (items, Ok(())),
            Err(error) => return (items, Err(error)),
        }
    }
}

#[tokio::test]
async fn a_page_is_read_item_by_item() {
    let body = list_records(&(0..500).map(|number| record(number, "<r/>")).collect::<String>());
    let server = serve(move |_| answer(200, body.clone()));
    let mut page = server.client.open(&records()).await.unwrap();
    assert!(page.url().as_str().ends_with("/oai?x=y&verb=ListRecords&metadataPrefix=oai_dc"));
    let mut count = 0;
    while let Some(item) = page.next().await.unwrap() {
        count += usize::from(matches!(item, Item::Record(_)));
    }
    assert_eq!(count, 500);
    assert!(matches!(page.next().await, Ok(None)), "the end stays the end");
}

#[tokio::test]
async fn a_page_with_an_error_status_is_that_page() {
    for status in [400, 404, 422, 500] {
        let server = serve(move |_| answer(status, page("<error code='noRecordsMatch'/>")));
        let (items, end) = read(&server.client, &records()).await;
        assert!(end.is_ok(), "{status}: {end:?}");
        assert_eq!(common::errors(&items)[0].to_string(), "noRecordsMatch", "{status}");
    }
}

#[tokio::test]
async fn an_error_status_without_a_page_says_what_came_and_whether_to_ask_again() {
    for (status, retry) in
        [(403, Retry::Never), (404, Retry::Never), (500, Retry::Later), (502, Retry::Later)]
    {
        let server = serve(move |_| answer(status, "<html><title>Sorry</title></html>"));
        let (items, end) = read(&server.client, &records()).await;
        let error = end.unwrap_err();
        assert!(items.is_empty());
        assert_eq!(error.retry(), retry, "{status}");
        let Error::Page { source: PageError::NotOaiPmh { start, .. }, .. } = &error else {
            panic!("{error:?}")
        };
        assert_eq!(start, "<html><title>Sorry</title></html>");
        let text = error.to_string();
        assert!(text.contains(&status.to_string()) && text.contains("verb=ListRecords"), "{text}");
    }
}

#[tokio::test]
async fn an_html_page_with_status_200_is_no_list() {
    let server = serve(|_| answer(200, "<html/>"));
    let (items, end) = read(&server.client, &records()).await;
    assert!(items.is_empty());
    assert!(matches!(end, Err(Error::Page { source: PageError::NotOaiPmh { .. }, .. })), "{end:?}");
}

#[tokio::test]
async fn a_page_that_breaks_off_gives_its_whole_records_and_may_be_asked_for_again() {
    let body = list_records(&(0..10).map(|number| record(number, "<r/>")).collect::<String>());
    let missing = body.len() - body.find("oai:x:7").unwrap();
    let cut = body[..body.len() - missing].to_owned();
    // Once the connection breaks, once the repository itself stops in the middle.
    for server in [
        serve(move |_| Answer { missing, ..answer(200, body.clone()) }),
        serve(move |_| answer(200, cut.clone())),
    ] {
        let (items, end) = read(&server.client, &records()).await;
        assert_eq!(common::records(&items).len(), 7);
        assert_eq!(end.unwrap_err().retry(), Retry::Later);
    }
}

#[tokio::test]
async fn a_server_that_asks_for_a_long_wait_is_heard() {
    let server = serve(|_| Answer { headers: "Retry-After: 86400\r\n", ..answer(503, "later") });
    let (_, end) = read(&server.client, &records()).await;
    assert!(matches!(end.unwrap_err().retry(), Retry::NotBefore(_)));
}

#[tokio::test]
async fn an_endpoint_is_asked_one_thing_at_a_time() {
    let server = serve(|_| {
        std::thread::sleep(Duration::from_millis(5));
        answer(200, page(""))
    });
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let client = server.client.clone();
            tokio::spawn(async move { read(&client, &Request::identify()).await.1.is_ok() })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap());
    }
    assert_eq!(server.busiest.load(Ordering::SeqCst), 1);
    assert_eq!(server.queries.lock().unwrap().len(), 8);
}

#[tokio::test]
async fn a_page_that_is_dropped_frees_the_endpoint() {
    let server = serve(|_| answer(200, page("")));
    drop(server.client.open(&records()).await.unwrap());
    let cancelled = tokio::time::timeout(Duration::ZERO, server.client.open(&records())).await;
    drop(cancelled);
    assert!(server.client.open(&records()).await.is_ok());
}

#[tokio::test]
async fn identify_and_formats_are_collected() {
    let server = serve(|query| match query.contains("Identify") {
        true => answer(200, page("<Identify><repositoryName>R</repositoryName></Identify>")),
        false => answer(
            200,
            page(
                "<ListMetadataFormats><metadataFormat><metadataPrefix>p</metadataPrefix></metadataFormat></ListMetadataFormats>",
            ),
        ),
    });
    assert_eq!(server.client.identify().await.unwrap().repository_name.as_deref(), Some("R"));
    let formats = server.client.formats().await.unwrap();
    assert_eq!(formats.iter().map(|format| format.prefix.as_str()).collect::<Vec<_>>(), ["p"]);
}

fn identify() -> Vec<u8> {
    page("<Identify><repositoryName>R</repositoryName></Identify>").into_bytes()
}

#[tokio::test]
async fn where_get_is_refused_post_is_tried_once_and_kept_when_it_works() {
    for status in [405, 414, 501] {
        let server = serve(move |query| match query.starts_with("POST ") {
            true => answer(200, identify()),
            false => answer(status, "no"),
        });
        server.client.identify().await.unwrap();
        server.client.identify().await.unwrap();
        let form = "POST x=y&verb=Identify";
        assert_eq!(*server.queries.lock().unwrap(), ["x=y&verb=Identify", form, form], "{status}");
        let mut needs = Needs::from([Need::Days]);
        server.client.learn(&mut needs);
        assert_eq!(needs, [Need::Days, Need::Post].into());
    }
}

#[tokio::test]
async fn an_endpoint_that_takes_get_again_is_found_out_in_the_same_way() {
    let mut needs = Needs::from([Need::Post]);
    let server = serve_needing(&needs, |query| match query.starts_with("POST ") {
        true => answer(405, "no"),
        false => answer(200, identify()),
    });
    server.client.identify().await.unwrap();
    server.client.learn(&mut needs);
    assert_eq!(needs, Needs::new());
}

#[tokio::test]
async fn what_is_refused_by_both_methods_is_asked_for_by_both_once_and_nothing_is_learned() {
    let server = serve(|_| answer(405, "no"));
    assert!(matches!(server.client.identify().await, Err(Error::Page { status: 405, .. })));
    assert_eq!(server.queries.lock().unwrap().len(), 2);
    let mut needs = Needs::new();
    server.client.learn(&mut needs);
    assert_eq!(needs, Needs::new());
}

#[tokio::test]
async fn a_token_too_long_for_any_url_is_sent_by_post() {
    let server = serve(|_| answer(200, page("<error code='badResumptionToken'/>")));
    let token = Token::new(&"x".repeat(60_000)).unwrap();
    let (items, end) = read(&server.client, &Request::resume(Verb::ListRecords, &token)).await;
    assert!(end.is_ok() && items.iter().any(|item| matches!(item, Item::Error(_))), "{end:?}");
    assert!(server.queries.lock().unwrap()[0].starts_with("POST x=y&verb=ListRecords&resumptionToken=xxx"));
}

#[tokio::test]
async fn an_answer_that_is_too_much_to_be_held_is_an_error_that_stays_one() {
    let formats = "<metadataFormat><metadataPrefix>p</metadataPrefix></metadataFormat>".repeat(10_001);
    let long = format!("<Identify><repositoryName>R</repositoryName></Identify>{}", " ".repeat(17 << 20));
    let server = serve(move |query| match query.ends_with("Identify") {
        true => answer(200, page(&long)),
        false => answer(200, page(&format!("<ListMetadataFormats>{formats}</ListMetadataFormats>"))),
    });
    let errors = [
        server.client.formats().await.map(drop).unwrap_err(),
        server.client.identify().await.map(drop).unwrap_err(),
    ];
    for error in errors {
        assert!(error.is_too_much() && error.retry() == Retry::Never, "{error:?}");
    }
}

#[test]
fn an_error_never_shows_a_password() {
    let url = "http://me:secret@127.0.0.1/oai".parse().expect("it is a URL");
    let source = PageError::Empty;
    let error = Error::Page { url, status: 200, source };
    assert!(!error.to_string().contains("secret"), "{error}");
}
