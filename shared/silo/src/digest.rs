//! Digests, counted while bytes go by.

use md5::Md5;
use sha2::{Digest, Sha256};

/// Size and digests of a sequence of bytes. The digests are lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digests {
    /// Number of bytes.
    pub size: u64,
    /// SHA-256.
    pub sha256: String,
    /// MD5: what repositories announce, kept to compare with them; never trusted for more.
    pub md5: String,
}

impl Digests {
    /// Digests of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let mut digester = Digester::default();
        digester.update(bytes);
        digester.finish()
    }
}

/// Counts size, SHA-256 and MD5 of bytes that pass in pieces.
#[derive(Debug, Clone, Default)]
pub struct Digester {
    size: u64,
    sha256: Sha256,
    md5: Md5,
}

impl Digester {
    /// Takes the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.sha256.update(bytes);
        self.md5.update(bytes);
    }

    /// The digests of all pieces in order.
    pub fn finish(self) -> Digests {
        Digests {
            size: self.size,
            sha256: hex::encode(self.sha256.finalize()),
            md5: hex::encode(self.md5.finalize()),
        }
    }
}
