//! The bytes of files: made when asked for, block by block, so that a file of many gigabytes costs no memory.

use std::ops::Range;

use bytes::Bytes;

/// How many bytes are made at a time.
const BLOCK: u64 = 16 * 1024;

/// What `wrong-size` adds to a file.
const SURPLUS: u64 = 16;

/// What kind of file it is. Decides its first bytes, its media type and the end of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Media {
    Pdf,
    Text,
    Jpeg,
}

impl Media {
    pub(crate) fn mime_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Text => "text/plain",
            Self::Jpeg => "image/jpeg",
        }
    }

    /// How such a file begins.
    fn head(self) -> &'static [u8] {
        match self {
            Self::Pdf => b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n",
            Self::Text => b"",
            Self::Jpeg => b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
        }
    }
}

/// How the bytes that are sent differ from those that were announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Alteration {
    #[default]
    None,
    /// One byte differs, the last; the size is right.
    WrongDigest,
    /// Some bytes too many.
    WrongSize,
}

/// A file's bytes. They follow from its three fields alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) seed: u64,
    pub(crate) size_bytes: u64,
    pub(crate) media: Media,
    alteration: Alteration,
}

impl Contents {
    pub(crate) fn new(seed: u64, size_bytes: u64, media: Media) -> Self {
        Self { seed, size_bytes, media, alteration: Alteration::None }
    }

    /// The same bytes but for the alteration.
    pub(crate) fn altered(self, alteration: Alteration) -> Self {
        let surplus = match alteration {
            Alteration::None | Alteration::WrongDigest => 0,
            Alteration::WrongSize => SURPLUS,
        };
        Self { size_bytes: self.size_bytes + surplus, alteration, ..self }
    }

    /// All bytes, in pieces.
    pub(crate) fn all(self) -> impl Iterator<Item = Bytes> + Send + 'static {
        self.part(0..self.size_bytes)
    }

    /// The bytes of a range that lies within the file, in pieces.
    pub(crate) fn part(self, range: Range<u64>) -> impl Iterator<Item = Bytes> + Send + 'static {
        let mut at = range.start;
        std::iter::from_fn(move || {
            if at >= range.end {
                return None;
            }
            let start = at / BLOCK * BLOCK;
            let end = range.end.min(start + BLOCK);
            let block = Bytes::from(self.block(start));
            let piece = block.slice(index(at - start)..index(end - start));
            at = end;
            Some(piece)
        })
    }

    /// The block that begins at `start`, a multiple of [`BLOCK`].
    fn block(self, start: u64) -> Vec<u8> {
        let mut block = vec![0; index(BLOCK)];
        fastrand::Rng::with_seed(mixed(self.seed, &[start])).fill(&mut block);
        if self.media == Media::Text {
            block.iter_mut().enumerate().for_each(|(at, byte)| *byte = letter(*byte, at));
        }
        if start == 0 {
            let head = self.media.head();
            block[..head.len()].copy_from_slice(head);
        }
        if self.alteration == Alteration::WrongDigest
            && let Some(last) = self.size_bytes.checked_sub(1)
            && (start..start + BLOCK).contains(&last)
        {
            block[index(last - start)] ^= 1;
        }
        block
    }
}

/// A number that follows from the seed and the parts, and looks unlike that of any other.
pub(crate) fn mixed(seed: u64, parts: &[u64]) -> u64 {
    parts.iter().fold(seed, |mixed, part| {
        let mut generator = fastrand::Rng::with_seed(mixed);
        generator.u64(..) ^ part.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    })
}

/// Text in lines of 63 letters and spaces.
fn letter(byte: u8, at: usize) -> u8 {
    match (at % 64, byte % 32) {
        (63, _) => b'\n',
        (_, letter @ 0..26) => b'a' + letter,
        _ => b' ',
    }
}

/// A number of bytes within one block.
fn index(within_block: u64) -> usize {
    usize::try_from(within_block).expect("a block is far smaller than the memory")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(pieces: impl Iterator<Item = Bytes>) -> Vec<u8> {
        pieces.flatten().collect()
    }

    #[test]
    fn any_part_agrees_with_the_whole() {
        for size in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5] {
            let contents = Contents::new(7, size, Media::Pdf);
            let whole = collect(contents.all());
            assert_eq!(whole.len() as u64, size);
            for (start, end) in [(0, size), (size / 2, size), (size / 3, size / 2), (size, size)] {
                assert_eq!(
                    collect(contents.part(start..end)),
                    whole[index(start)..index(end)],
                    "{start}..{end} of {size}"
                );
            }
        }
    }

    #[test]
    fn a_pdf_begins_like_one_and_text_is_text() {
        assert!(collect(Contents::new(1, 100, Media::Pdf).all()).starts_with(b"%PDF-1.4\n"));
        let text = collect(Contents::new(1, 1000, Media::Text).all());
        assert!(text.iter().all(|byte| byte.is_ascii_lowercase() || b" \n".contains(byte)));
    }

    #[test]
    fn an_alteration_changes_the_digest_or_the_size_and_nothing_else() {
        let size = 2 * BLOCK + 1;
        let contents = Contents::new(1, size, Media::Pdf);
        let (right, wrong) =
            (collect(contents.all()), collect(contents.altered(Alteration::WrongDigest).all()));
        assert_eq!(right.len(), wrong.len());
        assert_eq!(right.iter().zip(&wrong).filter(|(right, wrong)| right != wrong).count(), 1);
        let longer = collect(contents.altered(Alteration::WrongSize).all());
        assert_eq!(longer.len() as u64, size + SURPLUS);
        assert!(longer.starts_with(&right));
    }

    #[test]
    fn seeds_that_differ_make_bytes_that_differ() {
        assert_ne!(mixed(0, &[1, 2]), mixed(0, &[2, 1]));
        assert_ne!(mixed(0, &[1, 1, 1]), mixed(0, &[1, 1, 2]));
        assert_ne!(mixed(0, &[1]), mixed(1, &[1]));
    }
}
