//! What is kept of each host: its connections, and until when it wants to be left alone.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::guard::normal;

/// How many hosts are remembered. Beyond that those are forgotten that nothing is known of.
const HOSTS: usize = 10_000;

/// All hosts that were asked.
#[derive(Debug)]
pub(crate) struct Hosts {
    connections: usize,
    known: Mutex<HashMap<String, Host>>,
}

#[derive(Debug)]
struct Host {
    permits: Arc<Semaphore>,
    not_before: Option<DateTime<Utc>>,
    identity_only: bool,
}

impl Hosts {
    pub(crate) fn new(connections: usize) -> Self {
        Self { connections: connections.max(1), known: Mutex::default() }
    }

    fn with<T>(&self, host: &str, work: impl FnOnce(&mut Host) -> T) -> T {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= HOSTS {
            let now = Utc::now();
            known.retain(|_, host| {
                Arc::strong_count(&host.permits) > 1
                    || host.permits.available_permits() < self.connections
                    || host.not_before.is_some_and(|until| until > now)
            });
        }
        let host = known.entry(normal(host)).or_insert_with(|| Host {
            permits: Arc::new(Semaphore::new(self.connections)),
            not_before: None,
            identity_only: false,
        });
        work(host)
    }

    /// Waits for a connection to be free. Dropped, it gives up its place.
    pub(crate) async fn permit(&self, host: &str) -> Option<OwnedSemaphorePermit> {
        let permits = self.with(host, |host| host.permits.clone());
        // The semaphore is never closed.
        permits.acquire_owned().await.ok()
    }

    /// Until when the host wants to be left alone.
    pub(crate) fn not_before(&self, host: &str) -> Option<DateTime<Utc>> {
        self.with(host, |host| host.not_before)
    }

    pub(crate) fn wait_until(&self, host: &str, until: DateTime<Utc>) {
        self.with(host, |host| host.not_before = host.not_before.max(Some(until)));
    }

    /// Whether the host has been seen to lie about compression.
    pub(crate) fn identity_only(&self, host: &str) -> bool {
        self.with(host, |host| host.identity_only)
    }

    pub(crate) fn compresses_badly(&self, host: &str) {
        self.with(host, |host| host.identity_only = true);
    }
}
