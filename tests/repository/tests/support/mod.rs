//! A client that hides nothing: what came over the wire, and how it ended. And a reader that accepts only well-formed XML.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io;

use granary_test_repository::{Quirk, Server, Settings};
use quick_xml::{Reader, XmlVersion, escape::resolve_predefined_entity, events::Event};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Orderly,
    Reset,
}

/// All that came over one connection.
#[derive(Debug)]
pub(crate) struct Reply {
    /// 0 when there was not even a head.
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) end: End,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// What `Content-Length` announced.
    pub(crate) fn announced(&self) -> usize {
        self.header("content-length").unwrap().parse().unwrap()
    }

    fn read(bytes: &[u8], end: End) -> Self {
        let Some(split) = bytes.windows(4).position(|it| it == b"\r\n\r\n") else {
            assert!(bytes.is_empty(), "half a head came");
            return Self { status: 0, headers: Vec::new(), body: Vec::new(), end };
        };
        let head = String::from_utf8(bytes[..split].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let header =
            |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        let headers: Vec<_> = lines.map(|line| header(line).unwrap()).collect();
        Self { status, headers, body: bytes[split + 4..].to_vec(), end }
    }
}

pub(crate) async fn get(url: &str) -> Reply {
    send("GET", url, &[], "").await
}

pub(crate) async fn get_with(url: &str, headers: &[(&str, &str)]) -> Reply {
    send("GET", url, headers, "").await
}

pub(crate) async fn post(url: &str, form: &str) -> Reply {
    send("POST", url, &[("content-type", "application/x-www-form-urlencoded")], form).await
}

/// Sends one request and reads until the connection ends.
pub(crate) async fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut stream = open(method, url, headers, body).await;
    let mut bytes = Vec::new();
    let end = match stream.read_to_end(&mut bytes).await {
        Ok(_) => End::Orderly,
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => End::Reset,
        Err(error) => panic!("{error}"),
    };
    Reply::read(&bytes, end)
}

/// Sends one request, and leaves the answer to the caller.
pub(crate) async fn open(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let request = format!(
        "{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// An element, and the text directly in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

/// The elements of a document, in the order in which they begin. Fails unless it is well-formed.
pub(crate) fn elements(xml: &str) -> Vec<Element> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    reader.config_mut().expand_empty_elements = true;
    let (mut all, mut open): (Vec<Element>, Vec<usize>) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                let attribute = |it: quick_xml::events::attributes::Attribute<'_>| {
                    let value = it.normalized_value(XmlVersion::Implicit1_0).unwrap();
                    (it.key.0.to_owned(), value.into_owned())
                };
                let attributes = start.attributes().map(|it| attribute(it.unwrap())).collect();
                open.push(all.len());
                all.push(Element { name: start.name().0.to_owned(), attributes, text: String::new() });
            }
            Event::End(_) => {
                open.pop().unwrap();
            }
            Event::Text(text) => {
                if let Some(place) = open.last() {
                    all[*place].text.push_str(&text.xml10_content());
                }
            }
            Event::GeneralRef(reference) => {
                let text = match reference.resolve_char_ref().unwrap() {
                    Some(character) => character.to_string(),
                    None => resolve_predefined_entity(&reference).unwrap().to_owned(),
                };
                all[*open.last().unwrap()].text.push_str(&text);
            }
            Event::Eof => break,
            Event::Decl(_) => {}
            other => panic!("unexpected {other:?}"),
        }
    }
    assert!(open.is_empty() && !all.is_empty(), "the document ends within an element");
    all
}

/// The texts of all elements of this name.
pub(crate) fn texts(xml: &str, name: &str) -> Vec<String> {
    elements(xml).into_iter().filter(|element| element.name == name).map(|element| element.text).collect()
}

/// The code of the error that an answer holds.
pub(crate) fn error_code(xml: &str) -> Option<String> {
    let elements = elements(xml);
    let error = elements.iter().find(|element| element.name == "error")?;
    error.attribute("code").map(ToOwned::to_owned)
}

/// The resumption token of a page: `None` when there is no such element, empty at the end of a list.
pub(crate) fn token(xml: &str) -> Option<Element> {
    elements(xml).into_iter().find(|element| element.name == "resumptionToken")
}

/// As it stands in a query (RFC 3986): everything that is no letter or digit in hexadecimal.
pub(crate) fn encode(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// What a server with 25 items, ten to a page, and this quirk is.
pub(crate) async fn with_quirk(quirk: Quirk) -> Server {
    let settings = Settings { items: 25, page_size: 10, quirks: vec![quirk], ..Settings::default() };
    Server::start(settings).await.unwrap()
}

/// The arguments of a list of records from its start.
pub(crate) const RECORDS: &str = "verb=ListRecords&metadataPrefix=oai_dc";

/// The arguments of a list of headers from its start.
pub(crate) const HEADERS: &str = "verb=ListIdentifiers&metadataPrefix=oai_dc";

/// The answer to these arguments.
pub(crate) async fn ask(server: &Server, arguments: &str) -> Reply {
    get(&format!("{}?{arguments}", server.oai())).await
}

/// Follows the tokens of a list of headers, as far as so many pages.
pub(crate) async fn walk(server: &Server, arguments: &str, at_most: usize) -> Vec<String> {
    let mut pages = vec![ask(server, arguments).await.text().to_owned()];
    while pages.len() < at_most
        && let Some(token) = token(pages.last().unwrap()).filter(|token| !token.text.trim().is_empty())
    {
        pages.push(ask(server, &onwards("ListIdentifiers", &token.text)).await.text().to_owned());
    }
    pages
}

/// The arguments that a token makes.
pub(crate) fn onwards(verb: &str, token: &str) -> String {
    format!("verb={verb}&resumptionToken={}", encode(token))
}

/// The numbers of the items that pages list.
pub(crate) fn items(pages: &[String]) -> Vec<u32> {
    let number = |identifier: String| identifier.rsplit(':').next().unwrap().parse().unwrap();
    pages.iter().flat_map(|page| texts(page, "identifier")).map(number).collect()
}
