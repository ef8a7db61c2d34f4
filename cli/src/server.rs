//! A `granary serve` that runs: how others find it, and how they talk to it.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use granary_harvest::Granary;
use reqwest::{Client, Method, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::{args::Global, exit::Misuse};

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a server leaves in the granary's own folder while it runs. Who may read it may control the server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Notice {
    /// Where it listens.
    pub(crate) url: Url,
    /// What opens its API.
    pub(crate) key: String,
    /// The process.
    pub(crate) pid: u32,
}

impl Notice {
    fn path(local: &Path) -> PathBuf {
        local.join("server.json")
    }

    /// Leaves the notice, readable for this user alone.
    pub(crate) fn leave(&self, local: &Path) -> io::Result<()> {
        fs::create_dir_all(local)?;
        let (path, unfinished) = (Self::path(local), local.join("server.json.new"));
        // The mode holds for a file that is made now.
        let _ = fs::remove_file(&unfinished);
        let mut file = fs::File::options().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        fs::rename(unfinished, path)
    }

    /// Takes it away again.
    pub(crate) fn remove(local: &Path) {
        let _ = fs::remove_file(Self::path(local));
    }

    fn read(local: &Path) -> io::Result<Option<Self>> {
        match fs::read(Self::path(local)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) url: Url,
    key: Option<String>,
    client: Client,
}

impl Server {
    /// The server that the options name, or the one of the granary, if there is one that answers.
    pub(crate) async fn find(global: &Global, granary: Option<&Granary>) -> anyhow::Result<Option<Self>> {
        if let Some(url) = &global.server {
            let key = std::env::var("GRANARY_SECRET").ok();
            return Ok(Some(Self { url: url.clone(), key, client: client()? }));
        }
        let Some(local) = granary.and_then(Granary::local) else { return Ok(None) };
        let Some(notice) = Notice::read(&local)
            .with_context(|| format!("cannot read {}", Notice::path(&local).display()))?
        else {
            return Ok(None);
        };
        let server = Self { url: notice.url, key: Some(notice.key), client: client()? };
        // One that was killed leaves its notice, and somebody else may listen there now.
        Ok(server.get("api/status").await.is_ok().then_some(server))
    }

    /// The server that a command cannot do without.
    pub(crate) async fn required(global: &Global, granary: &Granary) -> anyhow::Result<Self> {
        let text = format!(
            "no `granary serve` runs over {}; start it, or name one with --server URL or a deployed stack with --stack NAME",
            granary.place("").trim_end_matches('/')
        );
        Self::find(global, Some(granary)).await?.ok_or_else(|| Misuse(text).into())
    }

    /// Asks for a document.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, path).await
    }

    /// Has something done.
    pub(crate) async fn post(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::POST, path).await
    }

    async fn call(&self, method: Method, path: &str) -> anyhow::Result<Value> {
        let answer = tokio::time::timeout(PATIENCE, async {
            let response = self.open(method, path).await?;
            Ok::<_, anyhow::Error>(response.text().await?)
        });
        let text = answer.await.with_context(|| format!("{} does not answer", self.url))??;
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// An answer whose body is still to come.
    pub(crate) async fn open(&self, method: Method, path: &str) -> anyhow::Result<Response> {
        let url = self.url.join(path)?;
        let mut request = self.client.request(method, url.clone());
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        let response =
            request.send().await.with_context(|| format!("cannot reach the server at {}", self.url))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let answer: Value =
            serde_json::from_str(&response.text().await.unwrap_or_default()).unwrap_or_default();
        let why = answer["error"].as_str().map_or_else(|| status.to_string(), str::to_owned);
        let text = match (status.as_u16(), &self.key) {
            (401, _) => format!("{url}: {why}; GRANARY_SECRET holds the secret of --auth"),
            // Its key lies in a directory, and there is none, or it was not looked for.
            (403, None) => format!(
                "{url} lets nobody change anything from a shell: start the server with --auth, and put its secret into GRANARY_SECRET"
            ),
            _ => format!("{url}: {why}"),
        };
        Err(Misuse(text).into())
    }
}

fn client() -> anyhow::Result<Client> {
    // Fails when it is done already, which is as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(Client::builder().no_proxy().connect_timeout(PATIENCE).build()?)
}

/// A key that nobody can guess.
pub(crate) fn new_key() -> io::Result<String> {
    use std::io::Read as _;
    let mut bytes = [0; 32];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
