//! Who has logged in. Ends with the process.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};

use crate::guard::keys::random;

/// How long a session lasts: a working day.
pub(crate) const LASTS_SECONDS: u64 = 12 * 60 * 60;
/// How many there may be; the oldest makes room.
const MOST: usize = 1000;

/// Names a session. Made from the cookie, which is not kept: looking it up tells nothing about others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SessionId([u8; 32]);

impl SessionId {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn of(cookie: &str) -> Self {
        Self(Sha256::digest(cookie).into())
    }
}

/// The sessions, each with when it began.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<SessionId, Instant>>);

impl Sessions {
    /// Begins a session and returns its cookie.
    pub(crate) fn begin(&self) -> String {
        let cookie = hex::encode(random());
        let mut sessions = self.living();
        if sessions.len() >= MOST
            && let Some(oldest) = sessions.iter().min_by_key(|(_, began)| **began).map(|(id, _)| id.clone())
        {
            sessions.remove(&oldest);
        }
        sessions.insert(SessionId::of(&cookie), Instant::now());
        cookie
    }

    /// The session of a cookie, as long as it lasts.
    pub(crate) fn find(&self, cookie: &str) -> Option<SessionId> {
        let id = SessionId::of(cookie);
        self.living().contains_key(&id).then_some(id)
    }

    pub(crate) fn end(&self, id: &SessionId) {
        self.living().remove(id);
    }

    fn living(&self) -> MutexGuard<'_, HashMap<SessionId, Instant>> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, began| began.elapsed() < Duration::from_secs(LASTS_SECONDS));
        sessions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lasts_until_it_is_ended_and_the_oldest_makes_room() {
        let sessions = Sessions::default();
        let first = sessions.begin();
        let id = sessions.find(&first).unwrap();
        assert_eq!(sessions.find("0"), None);
        let others: Vec<_> = (0..MOST).map(|_| sessions.begin()).collect();
        assert_eq!(sessions.find(&first), None);
        let last = others.last().unwrap();
        assert_ne!(sessions.find(last).unwrap(), id);
        sessions.end(&sessions.find(last).unwrap());
        assert_eq!(sessions.find(last), None);
    }
}
