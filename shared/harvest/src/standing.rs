//! What concerns every task of a silo: its source, and until when the source's host wants no downloads.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use granary_silo::SiloName;

use crate::{
    clock,
    error::Error,
    granary::Granary,
    source::Source,
    state::{self, State},
};

/// For how long a process believes what it has read.
const BELIEVED: Duration = Duration::from_secs(10);

/// The source of a silo, if it has one, and its wait.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) source: Option<Source>,
    not_before: Option<DateTime<Utc>>,
}

/// What has been read, and when.
pub(crate) type Standings = Mutex<HashMap<SiloName, (Instant, Standing)>>;

impl Standing {
    /// How long a URL has to wait, when its host is the source's and was asked to be left alone.
    pub(crate) fn wait(&self, url: &str) -> Option<Duration> {
        let left = self.not_before? - clock::now();
        left.to_std().ok().filter(|_| self.is_at_its_host(url))
    }

    /// Whether a URL leads to the host of the source.
    pub(crate) fn is_at_its_host(&self, url: &str) -> bool {
        let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
        self.source.as_ref().is_some_and(|source| host.as_deref() == source.url.host_str())
    }
}

impl Granary {
    /// How a silo stands, as of the last seconds.
    pub(crate) async fn standing(&self, silo: &SiloName) -> Result<Standing, Error> {
        let known = self.standings().lock().unwrap_or_else(PoisonError::into_inner).get(silo).cloned();
        if let Some((_, standing)) = known.filter(|(read, _)| read.elapsed() < BELIEVED) {
            return Ok(standing);
        }
        let source = self.source(silo).await?;
        let not_before = match &source {
            Some(_) => self.state(silo).await?.downloads_not_before,
            None => None,
        };
        let standing = Standing { source, not_before };
        self.remember(silo, standing.clone());
        Ok(standing)
    }

    /// Notes that the host of a source wants to be left alone, for all workers.
    pub(crate) async fn leave_alone(&self, silo: &SiloName, until: DateTime<Utc>) -> Result<(), Error> {
        let mut standing = self.standing(silo).await?;
        // Not for a few seconds' difference: workers are told one after the other.
        if standing.not_before.is_some_and(|known| known + TimeDelta::seconds(5) >= until) {
            return Ok(());
        }
        loop {
            let known = self.read_state(silo).await?;
            let mut state = known.as_ref().map_or_else(State::default, |document| document.value.clone());
            state.downloads_not_before = state.downloads_not_before.max(Some(until));
            if self.write(&state::path(silo), state, known.map(|document| document.known())).await?.is_some()
            {
                break;
            }
        }
        tracing::warn!(%silo, %until, "the host asks to be left alone");
        standing.not_before = Some(until);
        self.remember(silo, standing);
        Ok(())
    }

    fn remember(&self, silo: &SiloName, standing: Standing) {
        let mut standings = self.standings().lock().unwrap_or_else(PoisonError::into_inner);
        standings.insert(silo.clone(), (Instant::now(), standing));
    }
}
