//! Who asked for what.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard},
};

use serde::Serialize;

/// How many requests are remembered: beyond it the oldest are forgotten, so that a server left running stays small.
const REMEMBERED: usize = 200_000;

/// A request, in the order of arrival. Requests under `/_repository/` are not logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Logged {
    /// The request's method.
    pub method: String,
    /// The path as sent, still percent-encoded.
    pub path: String,
    /// What followed the `?`, as sent; of a POST, its form. Empty when there was neither.
    pub query: String,
    /// The status of the answer. 0 while there is none, which is for ever after a hang or a reset.
    pub status: u16,
    /// The `Range` header.
    pub range: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// The `From` header.
    pub from: Option<String>,
    /// When the request came: milliseconds since the server started.
    pub elapsed_ms: u64,
}

/// The requests so far.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    /// How many requests came before the first of `requests`, and were forgotten.
    forgotten: u64,
    requests: VecDeque<Logged>,
}

/// The place of a request in the log, to note its status.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket(u64);

impl Log {
    /// Notes a request on its arrival.
    pub(crate) fn begin(&self, request: Logged) -> Ticket {
        let mut entries = self.entries();
        if entries.requests.len() == REMEMBERED {
            entries.requests.pop_front();
            entries.forgotten += 1;
        }
        entries.requests.push_back(request);
        Ticket(entries.forgotten + entries.requests.len() as u64 - 1)
    }

    /// Notes the status of its answer; nothing when the request was forgotten meanwhile.
    pub(crate) fn answered(&self, ticket: Ticket, status: u16) {
        let mut entries = self.entries();
        let place = ticket.0.checked_sub(entries.forgotten).and_then(|place| usize::try_from(place).ok());
        if let Some(request) = place.and_then(|place| entries.requests.get_mut(place)) {
            request.status = status;
        }
    }

    pub(crate) fn all(&self) -> Vec<Logged> {
        self.entries().requests.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        let mut entries = self.entries();
        entries.forgotten += entries.requests.len() as u64;
        entries.requests.clear();
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().expect("no holder of the log panics")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str) -> Logged {
        let path = path.to_owned();
        Logged {
            method: "GET".to_owned(),
            path,
            query: String::new(),
            status: 0,
            range: None,
            user_agent: None,
            from: None,
            elapsed_ms: 0,
        }
    }

    #[test]
    fn an_answer_finds_its_request_after_others_were_forgotten() {
        let log = Log::default();
        let early = log.begin(request("/early"));
        log.clear();
        let late = log.begin(request("/late"));
        log.answered(late, 200);
        log.answered(early, 500);
        let all = log.all();
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].path.as_str(), all[0].status), ("/late", 200));
    }
}
