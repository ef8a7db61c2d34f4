//! The secret that opens the console, kept as an argon2id hash.

use std::sync::{Arc, OnceLock};

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use tokio::{
    sync::Semaphore,
    time::{Duration, sleep},
};

use crate::guard::Keys;

/// How many attempts may wait for their turn; one at a time is checked, because each takes 19 MiB.
const WAITING: usize = 16;
/// How long a wrong secret keeps the next one waiting: 86,400 guesses a day are no danger to a secret that is one.
const PENALTY: Duration = Duration::from_secs(1);

/// A secret that visitors have to know. Only its hash is kept. Cheap to clone.
#[derive(Clone)]
pub struct Secret(Arc<Kept>);

struct Kept {
    phc: String,
    /// The mark of the right secret, once somebody has sent it: from then on it is known at once.
    mark: OnceLock<Vec<u8>>,
    waiting: Semaphore,
    checking: Semaphore,
}

/// Why a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSecret {
    /// Nothing, or nothing but white space.
    #[error("the secret is empty")]
    Empty,
    /// What should be a hash is none.
    #[error("the stored secret is no argon2id hash in PHC form ($argon2id$v=19$...)")]
    NotAHash,
    /// It cannot be hashed.
    #[error("cannot hash the secret")]
    Hash(#[source] argon2::password_hash::Error),
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Right,
    Wrong,
    /// It was not looked at: too many others wait.
    TooMany,
}

impl Secret {
    /// A secret as people write it. White space around it does not belong to it.
    ///
    /// # Errors
    /// When it is empty.
    pub fn from_plain(plain: &str) -> Result<Self, InvalidSecret> {
        let plain = plain.trim();
        if plain.is_empty() {
            return Err(InvalidSecret::Empty);
        }
        let hash = Argon2::default().hash_password(plain.as_bytes()).map_err(InvalidSecret::Hash)?;
        Ok(Self::kept(hash.to_string()))
    }

    /// A secret as it is stored: [`Secret::phc`].
    ///
    /// # Errors
    /// When it is no argon2id hash.
    pub fn from_phc(phc: &str) -> Result<Self, InvalidSecret> {
        let phc = phc.trim();
        let hash = PasswordHash::new(phc).map_err(|_| InvalidSecret::NotAHash)?;
        match hash.algorithm.as_str() == "argon2id" && hash.hash.is_some() {
            true => Ok(Self::kept(phc.to_owned())),
            false => Err(InvalidSecret::NotAHash),
        }
    }

    /// The hash in PHC form, to be stored.
    pub fn phc(&self) -> &str {
        &self.0.phc
    }

    fn kept(phc: String) -> Self {
        let (waiting, checking) = (Semaphore::new(WAITING), Semaphore::new(1));
        Self(Arc::new(Kept { phc, mark: OnceLock::new(), waiting, checking }))
    }

    /// Whether this is the secret. One that was right before is known at once.
    ///
    /// Dropped, it leaves the place in the queue; a check that has begun goes on.
    pub(crate) async fn check(&self, keys: &Keys, given: &str) -> Verdict {
        if self.0.mark.get().is_some_and(|mark| keys.has_mark(given, mark)) {
            return Verdict::Right;
        }
        let Ok(_place) = self.0.waiting.try_acquire() else { return Verdict::TooMany };
        let Ok(_turn) = self.0.checking.acquire().await else { return Verdict::TooMany };
        let (kept, candidate) = (self.0.clone(), given.to_owned());
        let check = move || {
            let hash = PasswordHash::new(&kept.phc);
            hash.is_ok_and(|hash| Argon2::default().verify_password(candidate.as_bytes(), &hash).is_ok())
        };
        match tokio::task::spawn_blocking(check).await {
            Ok(true) => {
                self.0.mark.get_or_init(|| keys.mark_of_secret(given));
                Verdict::Right
            }
            Ok(false) | Err(_) => {
                sleep(PENALTY).await;
                Verdict::Wrong
            }
        }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt, stream::FuturesUnordered};

    use super::*;

    #[tokio::test]
    async fn a_secret_is_known_again_by_its_hash_alone() {
        let phc = Secret::from_plain(" open sesame\n").unwrap().phc().to_owned();
        assert!(phc.starts_with("$argon2id$v=19$") && !phc.contains("sesame"), "{phc}");
        let (secret, keys) = (Secret::from_phc(&phc).unwrap(), Keys::new());
        for (given, verdict) in
            [("open sesame", Verdict::Right), ("open sesam", Verdict::Wrong), ("open sesame", Verdict::Right)]
        {
            assert_eq!(secret.check(&keys, given).await, verdict, "{given}");
        }
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        assert!(matches!(Secret::from_plain(" \n"), Err(InvalidSecret::Empty)));
        for phc in ["", "open sesame", "$2b$12$x", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ"] {
            assert!(matches!(Secret::from_phc(phc), Err(InvalidSecret::NotAHash)), "{phc}");
        }
    }

    #[tokio::test]
    async fn of_too_many_attempts_at_once_one_is_not_looked_at() {
        let (secret, keys) = (Secret::from_plain("a").unwrap(), Keys::new());
        let mut attempts: FuturesUnordered<_> = (0..=WAITING).map(|_| secret.check(&keys, "b")).collect();
        assert_eq!(attempts.next().await, Some(Verdict::TooMany));
        drop(attempts);
        assert_eq!(
            secret.check(&keys, "a").await,
            Verdict::Right,
            "a place is free again when they have gone"
        );
    }
}
