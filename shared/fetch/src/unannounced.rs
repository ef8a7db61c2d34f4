//! Bodies that come as gzip though no header says so, or though they were asked for as they are stored: told by their first bytes,
//! which begin no text.

use std::io::{self, Write as _};

use bytes::Bytes;
use flate2::write::GzDecoder;
use reqwest::header::{self, HeaderMap};
use url::Url;

use crate::{disposition::file_name, request::Encoding};

/// The first two bytes of gzip (RFC 1952, section 2.3.1).
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// How many bytes are unpacked at once. Deflate makes at most 1032 bytes of one, so what is held stays below 600 kB.
const PIECE: usize = 512;

/// What is known of a body.
#[derive(Debug)]
pub(crate) enum Unannounced {
    /// Nothing has come of it.
    Unknown,
    /// It is handed out as it comes.
    Plain,
    /// It is gzip.
    Gzip(Box<Unpacker>),
}

#[derive(Debug)]
pub(crate) struct Unpacker {
    decoder: GzDecoder<Vec<u8>>,
    /// What has come and is not yet unpacked.
    packed: Bytes,
    unpacked: u64,
    has_ended: bool,
}

impl Unannounced {
    /// A body that was asked for so. Where the bytes are wanted as they are stored, they are left alone, unless they were packed
    /// for the way all the same.
    pub(crate) fn new(encoding: Encoding, url: &Url, headers: &HeaderMap) -> Self {
        match encoding {
            Encoding::Identity if !is_packed_for_the_way(url, headers) => Self::Plain,
            Encoding::Any | Encoding::Identity => Self::Unknown,
        }
    }

    /// Takes what has come; gives it back when it is to be handed out as it is. Else [`next`](Self::next) has it.
    pub(crate) fn take(&mut self, bytes: Bytes) -> Option<Bytes> {
        if matches!(self, Self::Unknown) && !bytes.is_empty() {
            *self = match bytes.starts_with(&MAGIC) {
                true => Self::Gzip(Box::new(Unpacker {
                    decoder: GzDecoder::new(Vec::new()),
                    packed: Bytes::new(),
                    unpacked: 0,
                    has_ended: false,
                })),
                false => Self::Plain,
            };
        }
        match self {
            Self::Unknown | Self::Plain => Some(bytes),
            Self::Gzip(unpacker) => {
                // The pieces before it have been taken out: see `next`.
                unpacker.packed = bytes;
                None
            }
        }
    }

    /// Says that nothing more will come.
    pub(crate) fn finish(&mut self) {
        if let Self::Gzip(unpacker) = self {
            unpacker.has_ended = true;
        }
    }

    /// The next unpacked bytes; nothing when more has to come first, or all is handed out.
    pub(crate) fn next(&mut self) -> io::Result<Option<Bytes>> {
        let Self::Gzip(unpacker) = self else { return Ok(None) };
        while !unpacker.packed.is_empty() {
            let piece = unpacker.packed.split_to(PIECE.min(unpacker.packed.len()));
            if let Some(bytes) = unpacker.unpack(&piece)? {
                return Ok(Some(bytes));
            }
        }
        if unpacker.has_ended {
            unpacker.has_ended = false;
            unpacker.decoder.try_finish()?;
            return Ok(unpacker.made());
        }
        Ok(None)
    }

    /// How many bytes were unpacked.
    pub(crate) fn unpacked(&self) -> u64 {
        match self {
            Self::Unknown | Self::Plain => 0,
            Self::Gzip(unpacker) => unpacker.unpacked,
        }
    }
}

impl Unpacker {
    fn unpack(&mut self, mut piece: &[u8]) -> io::Result<Option<Bytes>> {
        while !piece.is_empty() {
            match self.decoder.write(piece)? {
                // What follows the end of the stream is nothing of ours.
                0 => break,
                taken => piece = &piece[taken..],
            }
        }
        Ok(self.made())
    }

    /// What has been unpacked since it was last asked for.
    fn made(&mut self) -> Option<Bytes> {
        let made = std::mem::take(self.decoder.get_mut());
        self.unpacked += made.len() as u64;
        (!made.is_empty()).then(|| made.into())
    }
}

/// Whether a body is said to be compressed that is no archive by its name or type: of those, many servers say so too, and mean
/// what they store.
fn is_packed_for_the_way(url: &Url, headers: &HeaderMap) -> bool {
    let value = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let encoding = value(header::CONTENT_ENCODING).trim();
    let is_gzip = ["gzip", "x-gzip"].iter().any(|name| encoding.eq_ignore_ascii_case(name));
    let is_archive = ["gzip", "tar"].iter().any(|name| value(header::CONTENT_TYPE).contains(name));
    let name = file_name(value(header::CONTENT_DISPOSITION)).unwrap_or_default();
    let is_called_so = [url.path(), &name].iter().any(|name| name.to_ascii_lowercase().ends_with("gz"));
    is_gzip && !is_archive && !is_called_so
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// What comes out of a body that comes in pieces of this size, and the longest piece of it.
    fn unpacked(body: &[u8], size: usize) -> io::Result<(Vec<u8>, usize)> {
        let mut unannounced = Unannounced::Unknown;
        let (mut all, mut longest) = (Vec::new(), 0);
        for piece in body.chunks(size) {
            all.extend(unannounced.take(Bytes::copy_from_slice(piece)).unwrap_or_default());
            while let Some(bytes) = unannounced.next()? {
                longest = longest.max(bytes.len());
                all.extend(bytes);
            }
        }
        unannounced.finish();
        while let Some(bytes) = unannounced.next()? {
            all.extend(bytes);
        }
        Ok((all, longest))
    }

    #[test]
    fn gzip_is_unpacked_in_whatever_pieces_it_comes_and_all_else_is_left_alone() {
        let text = b"<OAI-PMH>".repeat(10_000);
        for size in [2, 3, 1000, 1 << 20] {
            assert_eq!(unpacked(&gzip(&text), size).unwrap().0, text, "{size}");
            assert_eq!(unpacked(&text, size).unwrap().0, text, "{size}");
        }
    }

    #[test]
    fn what_breaks_off_is_an_error_and_what_follows_the_end_is_ignored() {
        let packed = gzip(&b"<OAI-PMH>".repeat(100));
        assert!(unpacked(&packed[..packed.len() / 2], 10).is_err());
        assert_eq!(unpacked(&[&packed[..], b"\n\n"].concat(), 1 << 20).unwrap().0, b"<OAI-PMH>".repeat(100));
    }

    #[test]
    fn what_is_held_of_a_bomb_is_bounded() {
        let (all, longest) = unpacked(&gzip(&vec![0; 50_000_000]), 1 << 20).unwrap();
        assert_eq!(all.len(), 50_000_000);
        assert!(longest < 600_000, "{longest}");
    }

    #[test]
    fn where_the_bytes_are_wanted_as_they_are_stored_gzip_stays_gzip() {
        let mut unannounced =
            Unannounced::new(Encoding::Identity, &"http://x/".parse().unwrap(), &HeaderMap::new());
        let packed = Bytes::from(gzip(b"text"));
        assert_eq!(unannounced.take(packed.clone()), Some(packed));
    }
}
