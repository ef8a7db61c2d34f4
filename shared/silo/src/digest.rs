//! Digests, counted while bytes go by.

use std::io::Read;

use futures::TryStreamExt;
use md5::Md5;
use object_store::{GetResult, GetResultPayload};
use sha2::{Digest, Sha256};

use crate::{blocking::blocking, staging::failed};

/// How much of a file is read at once.
const PIECE: usize = 256 << 10;

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

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn into_parts(self) -> (u64, Sha256, Md5) {
        (self.size, self.sha256, self.md5)
    }

    pub(crate) fn from_parts(size: u64, sha256: Sha256, md5: Md5) -> Self {
        Self { size, sha256, md5 }
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

/// The size and the SHA-256 of a file that was opened. Of a file on this machine they are counted on a thread that may block.
pub(crate) async fn sha256_of(got: GetResult) -> object_store::Result<(u64, String)> {
    let (size, sha256) = match got.payload {
        GetResultPayload::File(mut file, _) => {
            blocking(move || {
                let (mut size, mut sha256) = (0, Sha256::new());
                let mut piece = vec![0; PIECE];
                loop {
                    match file.read(&mut piece).map_err(|source| failed("read", source))? {
                        0 => return Ok((size, sha256)),
                        read => {
                            size += read as u64;
                            sha256.update(&piece[..read]);
                        }
                    }
                }
            })
            .await?
        }
        GetResultPayload::Stream(mut bytes) => {
            let (mut size, mut sha256) = (0, Sha256::new());
            while let Some(piece) = bytes.try_next().await? {
                size += piece.len() as u64;
                sha256.update(&piece);
            }
            (size, sha256)
        }
    };
    Ok((size, hex::encode(sha256.finalize())))
}
