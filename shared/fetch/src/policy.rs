//! How a fetcher behaves.

use std::{collections::BTreeSet, time::Duration};

/// How a [`crate::Fetcher`] behaves. Names and limits; all of them bounds.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Whom the staff of a server can write to: part of the User-Agent, and the `From` header when it is an e-mail address.
    pub contact: Option<String>,
    /// The User-Agent, in place of ours.
    pub user_agent: Option<String>,
    /// Hosts that may have addresses that are not public: names or literal addresses, without port.
    pub trusted_hosts: BTreeSet<String>,
    /// Connections to one host at a time.
    pub connections_per_host: usize,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long a server may say nothing.
    pub idle_timeout: Duration,
    /// How slowly a body may come.
    pub pace: Pace,
    /// Redirects that are followed for one request.
    pub max_redirects: usize,
    /// How often one request is tried, and how often a broken transfer is taken up again.
    pub attempts: u32,
    /// How long to wait in between.
    pub backoff: Backoff,
    /// The longest `Retry-After` that is waited out; a longer one is an error that says until when.
    pub longest_wait: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            contact: None,
            user_agent: None,
            trusted_hosts: BTreeSet::new(),
            connections_per_host: 4,
            connect_timeout: Duration::from_secs(20),
            idle_timeout: Duration::from_secs(60),
            pace: Pace { grace: Duration::from_secs(30 * 60), bytes_per_second: 1 << 10 },
            max_redirects: 10,
            attempts: 3,
            backoff: Backoff { base: Duration::from_millis(500), cap: Duration::from_secs(30) },
            longest_wait: Duration::from_secs(60),
        }
    }
}

impl Policy {
    pub(crate) fn user_agent(&self) -> String {
        if let Some(user_agent) = &self.user_agent {
            return user_agent.clone();
        }
        let about = match &self.contact {
            Some(contact) if contact.contains("://") => format!("; +{contact}"),
            Some(contact) => format!("; {contact}"),
            None => String::new(),
        };
        format!("Granary/{} (OAI-PMH harvester{about})", env!("CARGO_PKG_VERSION"))
    }

    pub(crate) fn sender(&self) -> Option<&str> {
        self.contact.as_deref().filter(|contact| contact.contains('@') && !contact.contains("://"))
    }

    /// The policy towards one host.
    pub(crate) fn towards(&self, host: &HostPolicy) -> Self {
        let mut policy = self.clone();
        policy.contact = host.contact.clone().or(policy.contact);
        policy.user_agent = host.user_agent.clone().or(policy.user_agent);
        policy
    }
}

/// How slowly a body may come: whoever sends a byte a minute would otherwise be waited for for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// For so long it may come as it likes.
    pub grace: Duration,
    /// What has to have come then, on an average of the whole time.
    pub bytes_per_second: u64,
}

impl Pace {
    /// Whether so many bytes in that time are too few.
    pub(crate) fn is_missed(&self, received: u64, after: Duration) -> bool {
        after > self.grace && received < self.bytes_per_second.saturating_mul(after.as_secs())
    }
}

/// What is different towards one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostPolicy {
    /// In place of the policy's.
    pub contact: Option<String>,
    /// The whole User-Agent, in place of the policy's.
    pub user_agent: Option<String>,
    /// What its certificate has to be.
    pub tls: Tls,
}

/// What the certificate of a host has to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Tls {
    /// Signed by an authority that this machine trusts.
    #[default]
    Public,
    /// Signed by one of those, or one of these: certificates in PEM.
    Authority(String),
    /// Anything. Who listens in between is not noticed.
    Unchecked,
}

/// Exponential back-off with full jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The longest first wait.
    pub base: Duration,
    /// The longest wait of all.
    pub cap: Duration,
}

impl Backoff {
    /// How long to wait after the attempt with this number (from 1): a random span up to `base` doubled with each attempt,
    /// at most `cap`; at least half of it, so that a server gets some rest.
    pub fn delay(&self, attempt: u32, rng: &mut fastrand::Rng) -> Duration {
        let longest = self.base.saturating_mul(1 << attempt.saturating_sub(1).min(20)).min(self.cap);
        longest.mul_f64(0.5 + rng.f64() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap() {
        let backoff = Backoff { base: Duration::from_secs(1), cap: Duration::from_secs(10) };
        let mut rng = fastrand::Rng::with_seed(7);
        for (attempt, longest) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (40, 10)] {
            for _ in 0..100 {
                let delay = backoff.delay(attempt, &mut rng);
                let longest = Duration::from_secs(longest);
                assert!(delay <= longest && delay >= longest / 2, "{attempt}: {delay:?}");
            }
        }
    }

    #[test]
    fn a_body_may_come_as_it_likes_for_a_while_and_then_has_its_pace() {
        let pace = Pace { grace: Duration::from_secs(10), bytes_per_second: 100 };
        for (received, seconds, missed) in
            [(0, 10, false), (1099, 11, true), (1100, 11, false), (1100, 12, true)]
        {
            assert_eq!(
                pace.is_missed(received, Duration::from_secs(seconds)),
                missed,
                "{received} in {seconds}"
            );
        }
    }

    #[test]
    fn the_user_agent_says_who_and_where() {
        let policy = Policy { contact: Some("me@example.org".to_owned()), ..Policy::default() };
        assert!(policy.user_agent().starts_with("Granary/"));
        assert!(policy.user_agent().ends_with("(OAI-PMH harvester; me@example.org)"));
        assert_eq!(policy.sender(), Some("me@example.org"));
        let policy = Policy { contact: Some("https://example.org/bot".to_owned()), ..Policy::default() };
        assert!(policy.user_agent().ends_with("; +https://example.org/bot)"));
        assert_eq!(policy.sender(), None);
    }
}
