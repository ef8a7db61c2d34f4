//! The console on a socket.

use granary_console::{Console, Guard, serve};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

use crate::made::{Made, made};

async fn serving() -> (Made, u16, CancellationToken, tokio::task::JoinHandle<()>) {
    let made = made().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let console = Console::showing(made.granary.clone(), Guard::Loopback { port });
    let stop = CancellationToken::new();
    let task = tokio::spawn(serve(listener, console, stop.clone()));
    (made, port, stop, task)
}

/// What comes back for bytes as they are.
async fn raw(port: u16, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn fifty_visitors_at_once_are_answered_and_then_it_stops() {
    let (_made, port, stop, task) = serving().await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let url = format!("http://127.0.0.1:{port}/silos/maths/object?id=oai:maths:7");
    let visits = (0..50).map(|_| {
        let (client, url) = (client.clone(), url.clone());
        tokio::spawn(async move { client.get(url).send().await.unwrap().status() })
    });
    for visit in visits.collect::<Vec<_>>() {
        assert_eq!(visit.await.unwrap(), 200);
    }
    drop(client);
    stop.cancel();
    task.await.unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_the_next_one_answered() {
    let (_made, port, _stop, _task) = serving().await;
    let many = format!(
        "GET / HTTP/1.1
Host: localhost:{port}
{}
",
        "X: y
"
        .repeat(200)
    );
    for (request, status) in [
        ("nonsense\r\n\r\n".to_owned(), "400"),
        (many, "431"),
        ("GET /silos HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(), "403"),
        (
            format!(
                "GET http://evil.example/ HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
            ),
            "403",
        ),
        (
            format!(
                "GET /silos HTTP/1.1\r\nHost: localhost:{port}\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
            ),
            "403",
        ),
        (
            format!(
                "GET /silos/../../../etc/passwd HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
            ),
            "404",
        ),
        (format!("GET /silos HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"), "200"),
    ] {
        let answer = raw(port, request.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request:.60} {answer:.300}");
    }
}

/// The clock goes on by itself when nobody has anything to do.
#[tokio::test(start_paused = true)]
async fn who_does_not_finish_a_request_loses_the_connection() {
    let (_made, port, _stop, _task) = serving().await;
    assert_eq!(raw(port, b"GET /silos HTTP/1.1\r\nHost: loc").await, "");
    let head = format!(
        "POST /logout HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoken"
    );
    let answer = raw(port, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}
