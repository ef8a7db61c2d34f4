//! Text that a repository sent does not control the terminal on which it is shown.

use std::io::{self, IsTerminal, Stdout, Write};

/// Passes bytes on. On their way to a terminal, control characters (C0 but newline and tab, DEL, C1) become question marks: an escape
/// sequence in a title could rename the window or paint over what was said. Files and pipes get everything as it is.
#[derive(Debug)]
pub(crate) struct Plain<W> {
    to: W,
    is_terminal: bool,
    /// The last byte, which says what the next one means: C1 in UTF-8 is C2 80 to C2 9F.
    last: u8,
    bytes: Vec<u8>,
}

impl Plain<Stdout> {
    /// Standard output.
    pub(crate) fn stdout() -> Self {
        let to = io::stdout();
        let is_terminal = to.is_terminal();
        Self { to, is_terminal, last: 0, bytes: Vec::new() }
    }
}

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_terminal {
            return self.to.write(bytes);
        }
        self.bytes.clear();
        for byte in bytes {
            self.bytes.push(shown(self.last, *byte));
            self.last = *byte;
        }
        self.to.write_all(&self.bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// A byte as a terminal may have it, behind the byte before it.
fn shown(last: u8, byte: u8) -> u8 {
    match byte {
        b'\n' | b'\t' => byte,
        0..0x20 | 0x7F => b'?',
        // Together with C2 an inverted question mark.
        0x80..0xA0 if last == 0xC2 => 0xBF,
        _ => byte,
    }
}

/// A line for people as a terminal may have it.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|char| if char.is_control() && !matches!(char, '\n' | '\t') { '?' } else { char })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(is_terminal: bool, pieces: &[&[u8]]) -> Vec<u8> {
        let mut plain = Plain { to: Vec::new(), is_terminal, last: 0, bytes: Vec::new() };
        pieces.iter().for_each(|piece| plain.write_all(piece).unwrap());
        plain.to
    }

    #[test]
    fn no_escape_sequence_reaches_a_terminal() {
        let evil: &[&[u8]] =
            &["a\x1b]0;owned\x07\tb\u{7f}\r\n".as_bytes(), &[0xC2], &[0x9B], "31m é 木".as_bytes()];
        assert_eq!(written(true, evil), "a?]0;owned?\tb??\n¿31m é 木".as_bytes());
    }

    #[test]
    fn letters_with_the_bytes_of_control_characters_stay() {
        let text = "\u{101b}\u{9b8}ÀÀ\u{17f} ∂";
        assert_eq!(written(true, &[text.as_bytes()]), text.as_bytes());
        assert_eq!(plain(text), text);
    }

    #[test]
    fn a_pipe_gets_everything_as_it_is() {
        let evil = "a\x1b[2J\u{9b}".as_bytes();
        assert_eq!(written(false, &[evil]), evil);
    }
}
