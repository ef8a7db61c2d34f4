//! The server, and the controls over it.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{Router, http::Request};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::oneshot,
    task::{JoinHandle, JoinSet},
};

use crate::{
    datestamp,
    fault::Fault,
    log::Logged,
    quirk::{Channel, Quirk},
    repository::Repository,
    settings::Settings,
    switchboard::Times,
    tls, web,
    wire::{Socket, Wire},
};

/// How many connections are served at once; more wait to be accepted.
const MAX_CONNECTIONS: u32 = 1024;

/// A running repository on a port of 127.0.0.1.
///
/// It runs on the runtime that started it: a test that blocks its thread, to wait for a process for example, needs a
/// runtime of several threads. Dropped, it ends as with [`stop`](Self::stop), a little later.
#[derive(Debug)]
pub struct Server {
    repository: Arc<Repository>,
    /// Told, or dropped, it ends the task.
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts a repository on a free port.
    ///
    /// # Errors
    /// When the page size is 0, or no port can be had.
    pub async fn start(settings: Settings) -> io::Result<Self> {
        Self::start_at(settings, 0).await
    }

    /// Starts a repository on this port of 127.0.0.1; 0 is any free one.
    ///
    /// # Errors
    /// When the page size is 0, or the port cannot be had.
    pub async fn start_at(settings: Settings, port: u16) -> io::Result<Self> {
        if settings.page_size == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a page of 0 records never ends a list"));
        }
        let listener = listen(port)?;
        let url = format!("http://{}", listener.local_addr()?);
        let repository = Arc::new(Repository::new(settings, url));
        let (stop, stopped) = oneshot::channel();
        let host = Host { app: web::app(&repository), repository: Arc::clone(&repository) };
        let task = tokio::spawn(serve(listener, host, stopped));
        Ok(Self { repository, stop, task })
    }

    /// `http://127.0.0.1:PORT`
    #[must_use]
    pub fn url(&self) -> String {
        self.repository.url.clone()
    }

    /// The base URL of its OAI-PMH: `http://127.0.0.1:PORT/cgi/oai2`
    #[must_use]
    pub fn oai(&self) -> String {
        self.repository.oai_url()
    }

    /// Makes a new revision of an item, as of now: its metadata and its first file change, other files do not. A deleted
    /// item comes back. The datestamp is in whole seconds, so two changes in a second share it.
    ///
    /// # Panics
    /// When there is no such item.
    pub fn change(&self, item: u32) {
        self.repository.catalogue.change(item, datestamp::now()).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Deletes an item, as of now: lists say so ever after, and its pages and files are gone (410). Deleting it again does
    /// nothing.
    ///
    /// # Panics
    /// When there is no such item.
    pub fn delete(&self, item: u32) {
        self.repository.catalogue.delete(item, datestamp::now()).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Makes the paths that fit the pattern misbehave, until [`mend`](Self::mend).
    ///
    /// `*` stands for any text, slashes included. A pattern is compared with the path as it is sent (percent-encoded), and
    /// with path, `?` and query; of a POST, its form counts as the query. Of several faults that fit, the one that was set
    /// first strikes.
    pub fn fault(&self, path_glob: &str, fault: Fault) {
        self.repository.faults.set(path_glob, fault, Times::Always);
    }

    /// As [`fault`](Self::fault), for the first `times` requests that fit; then those that were set later have their turn.
    pub fn fault_times(&self, path_glob: &str, fault: Fault, times: u32) {
        self.repository.faults.set(path_glob, fault, Times::First(times));
    }

    /// Gives an item's identifier to another work, as of now: title, author and files are others.
    ///
    /// # Panics
    /// When there is no such item.
    pub fn reuse(&self, item: u32) {
        self.repository.catalogue.reuse(item, datestamp::now()).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Switches a quirk on. One that is on already forgets what it has counted.
    pub fn quirk(&self, quirk: Quirk) {
        self.repository.quirks.switch_on(quirk);
    }

    /// Switches a quirk off.
    pub fn quirk_off(&self, quirk: Quirk) {
        self.repository.quirks.switch_off(quirk);
    }

    /// The quirks that are on, by number.
    #[must_use]
    pub fn quirks(&self) -> Vec<Quirk> {
        self.repository.quirks.on()
    }

    /// The base URL of the other repository: `http://127.0.0.1:PORT/other/cgi/oai2`. It is there as long as
    /// [`Quirk::SecondRepository`] is on, has the settings of the first but for its seed, and no quirks.
    #[must_use]
    pub fn other_oai(&self) -> String {
        format!("{}/other/cgi/oai2", self.repository.url)
    }

    /// The base URL by HTTPS: `https://127.0.0.1:PORT/cgi/oai2`. It is there as long as a quirk that wants TLS is on. The
    /// URLs in answers begin with `http:` all the same.
    #[must_use]
    pub fn https_oai(&self) -> String {
        self.oai().replacen("http://", "https://", 1)
    }

    /// The certificate of HTTPS, in PEM: the expired one when [`Quirk::ExpiredTls`] is on.
    #[must_use]
    pub fn certificate(&self) -> String {
        self.repository.tls.certificate(&self.repository.quirks).to_owned()
    }

    /// Ends all faults, and no quirks. Answers that are under way keep theirs.
    pub fn mend(&self) {
        self.repository.faults.mend();
    }

    /// The requests so far, in the order of arrival; of very many, the last 200,000.
    #[must_use]
    pub fn log(&self) -> Vec<Logged> {
        self.repository.log.all()
    }

    /// Forgets the requests so far.
    pub fn clear_log(&self) {
        self.repository.log.clear();
    }

    /// The true bytes of an item's file as it is now, whatever faults are on.
    ///
    /// # Panics
    /// When there is no such file, or its item is deleted.
    #[must_use]
    pub fn file(&self, item: u32, position: u32) -> Vec<u8> {
        let documents = self.repository.item(item).map(|item| item.documents()).unwrap_or_default();
        let document = documents.iter().find(|document| document.position == position);
        let document = document.unwrap_or_else(|| panic!("there is no file {position} of item {item}"));
        document.contents.all().flatten().collect()
    }

    /// Ends it. When this returns the port is closed, and so is every connection.
    pub async fn stop(self) {
        // An error means that the task has ended already.
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

/// A listener that lets as many connections wait as are served. The default lets 128, and the others lose a second before
/// they try again.
fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    socket.listen(MAX_CONNECTIONS)
}

/// What each connection needs.
#[derive(Debug, Clone)]
struct Host {
    app: Router,
    repository: Arc<Repository>,
}

async fn serve(listener: TcpListener, host: Host, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS as usize => {
                // A connection that is gone before it is accepted is the client's affair.
                if let Ok((stream, _)) = accepted {
                    connections.spawn(converse(stream, host.clone()));
                }
            }
        }
    }
    connections.shutdown().await;
}

/// Answers the requests of one connection until it ends. The first byte tells whether it is TLS; when no quirk wants TLS, a
/// handshake is bad HTTP like any other.
async fn converse(stream: TcpStream, host: Host) {
    // Without it the kernel may hold back the last bytes of an answer; with an error the connection is gone.
    let _ = stream.set_nodelay(true);
    let mut first = [0];
    if stream.peek(&mut first).await.is_err() {
        return;
    }
    let acceptor = match first {
        [tls::HANDSHAKE] => host.repository.tls.acceptor(&host.repository.quirks),
        _ => None,
    };
    match acceptor {
        None => {
            let (socket, wire) = Socket::new(stream, Channel::Plain);
            answer(socket, wire, host.app).await;
        }
        Some(acceptor) => {
            let (socket, wire) = Socket::new(stream, Channel::Tls);
            // An error is a client that does not trust us.
            if let Ok(socket) = acceptor.accept(socket).await {
                answer(socket, wire, host.app).await;
            }
        }
    }
}

/// Answers requests. Each carries the connection's wire.
async fn answer(socket: impl AsyncRead + AsyncWrite + Unpin + Send, wire: Wire, app: Router) {
    let app = TowerToHyperService::new(app);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(wire.clone());
        app.call(request)
    });
    // An error is a client that went away, or a cut on purpose.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
}
