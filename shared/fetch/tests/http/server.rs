//! A server that answers with the bytes it is given, one request a connection.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use granary_fetch::{Backoff, Fetcher, Policy, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use url::Url;

/// One request, as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// How many came before it.
    pub(crate) number: usize,
    /// GET, HEAD or POST.
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    head: String,
    /// The form of a POST.
    pub(crate) form: String,
    pub(crate) at: SystemTime,
}

impl Asked {
    /// A header's value. Names are compared in lower case, which is what the client sends.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// What the server does with a request.
pub(crate) enum Reply {
    /// Writes these bytes and closes the connection.
    Close(Vec<u8>),
    /// Writes these bytes and says no more.
    Stall(Vec<u8>),
    /// Writes these pieces, and rests for a moment after each.
    Trickle(Vec<Vec<u8>>),
}

/// Runs until it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// A server on 127.0.0.1.
    pub(crate) async fn start<F, Answer>(answer: F) -> Self
    where
        F: Fn(Asked) -> Answer + Clone + Send + 'static,
        Answer: Future<Output = Reply> + Send + 'static,
    {
        Self::start_on("127.0.0.1", answer).await
    }

    /// A server on another address of the loopback interface: another host.
    pub(crate) async fn start_on<F, Answer>(host: &str, answer: F) -> Self
    where
        F: Fn(Asked) -> Answer + Clone + Send + 'static,
        Answer: Future<Output = Reply> + Send + 'static,
    {
        let listener = TcpListener::bind((host, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let task = tokio::spawn(serve(listener, asked.clone(), answer));
        Self { address, asked, task }
    }

    /// A server that gives these replies one after the other, whatever is asked, and the last of them for ever.
    pub(crate) async fn script<const N: usize>(replies: [Vec<u8>; N]) -> Self {
        Self::start(move |asked| {
            let reply = replies[asked.number.min(N - 1)].clone();
            async move { Reply::Close(reply) }
        })
        .await
    }

    pub(crate) fn url(&self, target: &str) -> Url {
        format!("http://{}{target}", self.address).parse().expect("a URL")
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// All requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve<F, Answer>(listener: TcpListener, log: Arc<Mutex<Vec<Asked>>>, answer: F)
where
    F: Fn(Asked) -> Answer + Clone + Send + 'static,
    Answer: Future<Output = Reply> + Send + 'static,
{
    let mut connections = JoinSet::new();
    while let Ok((mut stream, _)) = listener.accept().await {
        let (log, answer) = (log.clone(), answer.clone());
        connections.spawn(async move {
            let Some(head) = read_head(&mut stream).await else { return };
            let form = read_form(&mut stream, &head).await;
            let asked = record(&log, head, form);
            match answer(asked).await {
                Reply::Close(bytes) => {
                    // The client may be gone by now, which is its right.
                    let _ = stream.write_all(&bytes).await;
                    let _ = stream.shutdown().await;
                    let _ = stream.read(&mut [0; 64]).await;
                }
                Reply::Trickle(pieces) => {
                    for piece in pieces {
                        if stream.write_all(&piece).await.is_err() {
                            break;
                        }
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                }
                Reply::Stall(bytes) => {
                    let _ = stream.write_all(&bytes).await;
                    std::future::pending::<()>().await;
                }
            }
        });
    }
}

fn record(log: &Mutex<Vec<Asked>>, head: String, form: String) -> Asked {
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    let word = |nth| head.split(' ').nth(nth).unwrap_or_default().to_owned();
    let (method, target) = (word(0), word(1));
    let asked = Asked { number: log.len(), method, target, head, form, at: SystemTime::now() };
    log.push(asked.clone());
    asked
}

/// What follows the head, as long as that says.
async fn read_form(stream: &mut TcpStream, head: &str) -> String {
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut form = vec![0; length.map_or(0, |length| length.trim().parse().expect("a number"))];
    stream.read_exact(&mut form).await.expect("as many bytes as announced");
    String::from_utf8(form).expect("a form is ASCII")
}

async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// A response: status line without the version, header lines, body. Its length is announced as it is.
pub(crate) fn response(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let length = format!("Content-Length: {}", body.as_ref().len());
    raw(status, &[headers, &[&length]].concat(), body)
}

/// A response in which nothing is said about the length but what `headers` say.
pub(crate) fn raw(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let mut response = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
    for header in headers {
        response.push_str(header);
        response.push_str("\r\n");
    }
    response.push_str("\r\n");
    [response.as_bytes(), body.as_ref()].concat()
}

pub(crate) fn ok(body: impl AsRef<[u8]>) -> Vec<u8> {
    response("200 OK", &[], body)
}

/// A policy that trusts loopback, and whose waits are short.
pub(crate) fn policy() -> Policy {
    Policy {
        trusted_hosts: ["127.0.0.1", "127.0.0.2", "localhost"].map(String::from).into(),
        backoff: Backoff { base: Duration::from_millis(1), cap: Duration::from_millis(5) },
        ..Policy::default()
    }
}

pub(crate) fn fetcher() -> Fetcher {
    Fetcher::new(policy()).expect("a fetcher")
}

/// One that tries once.
pub(crate) fn impatient() -> Fetcher {
    Fetcher::new(Policy { attempts: 1, ..policy() }).expect("a fetcher")
}

pub(crate) fn get(url: &Url) -> Request {
    Request::new(url.clone())
}
