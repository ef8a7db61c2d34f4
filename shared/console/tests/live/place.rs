//! A console to talk to, and a repository to harvest.

use std::{sync::Arc, time::Duration};

use granary_console::{Console, Guard, serve};
use granary_fetch::{Fetcher, Policy};
use granary_harvest::{Context, Granary, Source};
use granary_queue::{Queue, SqliteQueue};
use granary_supervisor::{Log, Settings as Size, Supervisor};
use granary_test_repository::{Server, Settings};
use reqwest::{Client, Response, StatusCode, redirect};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::layer::SubscriberExt as _;

/// What opens the API.
pub(crate) const KEY: &str = "the key of the tests";

/// A console on a socket, over a granary of its own; and a repository.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) repository: Server,
    pub(crate) granary: Granary,
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) supervisor: Option<Supervisor>,
    url: String,
    client: Client,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    _guard: tracing::subscriber::DefaultGuard,
}

/// Whether a console may change anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Working,
    ReadOnly,
}

impl Place {
    pub(crate) async fn new(settings: Settings) -> Self {
        Self::of_kind(Kind::Working, settings).await
    }

    pub(crate) async fn of_kind(kind: Kind, settings: Settings) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let granary = Granary::create(&folder.path().join("granary")).unwrap();
        let queue = SqliteQueue::open(&granary.local().unwrap().join("queue.sqlite")).await.unwrap();
        let queue: Arc<dyn Queue> = Arc::new(queue);
        let (stop, log) = (CancellationToken::new(), Log::default());
        let subscriber = tracing_subscriber::registry().with(log.clone());
        let guard = tracing::subscriber::set_default(subscriber);
        let supervisor = (kind == Kind::Working).then(|| {
            let fetcher = Fetcher::new(Policy::default()).unwrap();
            let context = Context::new(granary.clone(), queue.clone(), fetcher, stop.clone());
            Supervisor::start(context, Size { workers: 2 })
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let console = Console {
            granary: granary.clone(),
            queue: Some(queue.clone()),
            supervisor: supervisor.clone(),
            log,
            guard: Guard::Loopback { port },
            key: KEY.to_owned(),
        };
        let client = Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap();
        Self {
            folder,
            repository: Server::start(settings).await.unwrap(),
            granary,
            queue,
            supervisor,
            url: format!("http://127.0.0.1:{port}"),
            client,
            serving: tokio::spawn(serve(listener, console, stop.clone())),
            stop,
            _guard: guard,
        }
    }

    pub(crate) fn supervisor(&self) -> &Supervisor {
        self.supervisor.as_ref().unwrap()
    }

    /// A source for the repository, not harvested yet.
    pub(crate) fn source(&self, silo: &str) -> Source {
        Source::new(silo.parse().unwrap(), self.repository.oai().parse().unwrap())
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    /// A page, which must be there.
    pub(crate) async fn page(&self, path: &str) -> String {
        let response = self.get(path).await;
        let status = response.status();
        let text = response.text().await.unwrap();
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        text
    }

    /// A document of the API, which must be there.
    pub(crate) async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.page(path).await).unwrap()
    }

    /// Sends a form as a page of the console would.
    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let page = self.page("/").await;
        let token = page.split("name=\"token\" value=\"").nth(1).map(|rest| rest.split('"').next().unwrap());
        let token = match token {
            Some(token) => token.to_owned(),
            // Where there is nothing to press, some other page has one.
            None => self.token_of("/sources/new").await,
        };
        let fields = fields.iter().copied().chain([("token", token.as_str())]);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.client.post(format!("{}{path}", self.url)).body(body);
        request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap()
    }

    async fn token_of(&self, path: &str) -> String {
        let page = self.get(path).await.text().await.unwrap();
        let token = page.split("name=\"token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        token.unwrap_or_default().to_owned()
    }

    /// Asks the API as `granary start` does.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request =
            self.client.request(method.parse().unwrap(), format!("{}{path}", self.url)).bearer_auth(KEY);
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string()),
            None => request,
        };
        let response = request.send().await.unwrap();
        let status = response.status();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default())
    }

    /// Where a form leads, which must be somewhere.
    pub(crate) async fn follow(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let response = self.form(path, fields).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{path}: {}", response.text().await.unwrap());
        response.headers()["location"].to_str().unwrap().to_owned()
    }

    pub(crate) async fn standing(&self, silo: &str) -> String {
        let status = self.json("/api/status").await;
        let source =
            status["sources"].as_array().unwrap().iter().find(|source| source["silo"] == silo).cloned();
        source.unwrap_or_default()["standing"]["state"].as_str().unwrap_or("none").to_owned()
    }

    /// Ends everything; nothing may be left that does not end.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.serving.await.unwrap();
        if let Some(supervisor) = &self.supervisor {
            supervisor.ended().await;
        }
    }
}

/// Waits for something to come about, for a minute at most.
pub(crate) async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < Duration::from_secs(60), "it takes too long");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) fn ten() -> Settings {
    Settings { items: 10, ..Settings::default() }
}
