//! A small web server for what no test repository would say: pages by their path, as raw answers.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// What a path answers.
pub(crate) enum Answer {
    /// These headers, one a line, and this body.
    Whole(&'static str, Vec<u8>),
    /// HTML without an end.
    Endless,
}

/// The server's base URL. It ends with the test's runtime.
pub(crate) async fn serve(pages: impl FnOnce(&str) -> Vec<(&'static str, Answer)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let pages: Arc<BTreeMap<_, _>> = Arc::new(pages(&url).into_iter().collect());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let pages = pages.clone();
            tokio::spawn(async move { converse(stream, &pages).await });
        }
    });
    url
}

async fn converse(mut stream: TcpStream, pages: &BTreeMap<&'static str, Answer>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return,
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default();
    // A pattern ends in `*`.
    let fits = |known: &&str| known.strip_suffix('*').map_or(path == *known, |start| path.starts_with(start));
    let Some((_, answer)) = pages.iter().find(|(known, _)| fits(known)) else {
        let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
        return;
    };
    // A client that goes away is what some of them are for.
    let _ = match answer {
        Answer::Whole(headers, body) => whole(&mut stream, headers, body).await,
        Answer::Endless => endless(&mut stream).await,
    };
}

async fn whole(stream: &mut TcpStream, headers: &str, body: &[u8]) -> std::io::Result<()> {
    let mut head = "HTTP/1.1 200 OK\r\nConnection: close\r\n".to_owned();
    headers.lines().for_each(|line| write!(head, "{}\r\n", line.trim()).unwrap());
    write!(head, "Content-Length: {}\r\n\r\n", body.len()).unwrap();
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await
}

async fn endless(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n").await?;
    loop {
        stream.write_all(b"<p>and so on").await?;
    }
}

/// An HTML page with this head.
pub(crate) fn html(head: impl Into<String>) -> Answer {
    let page = format!("<!DOCTYPE html><html><head>{}</head><body></body></html>", head.into());
    Answer::Whole("Content-Type: text/html", page.into_bytes())
}

/// A meta tag that names a PDF.
pub(crate) fn pdf(url: &str) -> String {
    format!("<meta name=\"citation_pdf_url\" content=\"{url}\">")
}
