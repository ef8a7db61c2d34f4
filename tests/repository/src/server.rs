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
    net::{TcpListener, TcpSocket, TcpStream},
    sync::oneshot,
    task::{JoinHandle, JoinSet},
};

use crate::{
    datestamp, fault::Fault, log::Logged, repository::Repository, settings::Settings, switchboard::Times,
    web, wire::Socket,
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
        let task = tokio::spawn(serve(listener, web::app(&repository), stopped));
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

    /// Ends all faults. Answers that are under way keep theirs.
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

async fn serve(listener: TcpListener, app: Router, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS as usize => {
                // A connection that is gone before it is accepted is the client's affair.
                if let Ok((stream, _)) = accepted {
                    connections.spawn(converse(stream, app.clone()));
                }
            }
        }
    }
    connections.shutdown().await;
}

/// Answers the requests of one connection until it ends. Each request carries the connection's wire.
async fn converse(stream: TcpStream, app: Router) {
    // Without it the kernel may hold back the last bytes of an answer; with an error the connection is gone.
    let _ = stream.set_nodelay(true);
    let (socket, wire) = Socket::new(stream);
    let app = TowerToHyperService::new(app);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(wire.clone());
        app.call(request)
    });
    // An error is a client that went away, or a cut on purpose.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
}
