//! The key of this process, and what is made with it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::guard::Visitor;

/// A key that no other process has, and that ends with this one.
pub(crate) struct Keys([u8; 32]);

impl Keys {
    /// # Panics
    /// When the operating system has no random numbers.
    pub(crate) fn new() -> Self {
        Self(random())
    }

    /// What stands in the pages that a visitor sees, and nowhere else: whoever sends it has seen one.
    pub(crate) fn token(&self, visitor: &Visitor) -> String {
        hex::encode(self.mac("token", visitor.mark()).finalize().into_bytes())
    }

    /// Whether this is the visitor's token. Takes as long whatever is wrong with it.
    pub(crate) fn is_token(&self, visitor: &Visitor, given: &str) -> bool {
        hex::decode(given).is_ok_and(|given| self.mac("token", visitor.mark()).verify_slice(&given).is_ok())
    }

    /// What a secret is known by, once it was found to be right.
    pub(super) fn mark_of_secret(&self, secret: &str) -> Vec<u8> {
        self.mac("secret", secret.as_bytes()).finalize().into_bytes().to_vec()
    }

    /// Whether a secret has this mark. Takes as long whatever is wrong with it.
    pub(super) fn has_mark(&self, secret: &str, mark: &[u8]) -> bool {
        self.mac("secret", secret.as_bytes()).verify_slice(mark).is_ok()
    }

    /// Whether two secrets are the same. Takes as long wherever they differ.
    pub(super) fn are_same(&self, given: &str, secret: &str) -> bool {
        self.has_mark(given, &self.mark_of_secret(secret))
    }

    fn mac(&self, purpose: &str, text: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(purpose.as_bytes());
        mac.update(b"\0");
        mac.update(text);
        mac
    }
}

/// 256 bits that nobody can guess.
pub(super) fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    bytes
}
