//! Data goes to stdout, talk to stderr: the one place that knows quiet, verbose and JSON.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use serde::Serialize;

use crate::{
    args::Global,
    exit::{self, Exit},
    plain::{Plain, plain},
};

/// How results and messages are printed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    json: bool,
    quiet: bool,
}

/// Buffered standard output, for text.
pub(crate) type Out = BufWriter<Plain<Stdout>>;

impl Printer {
    pub(crate) fn new(global: &Global) -> Self {
        Self { json: global.json, quiet: global.quiet }
    }

    /// Whether there is somebody to watch bars.
    pub(crate) fn shows_bars(self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Standard output, for text.
    pub(crate) fn out() -> Out {
        BufWriter::new(Plain::stdout())
    }

    /// Standard output, for bytes as they are.
    pub(crate) fn raw() -> BufWriter<Stdout> {
        BufWriter::new(io::stdout())
    }

    /// Prints one result: as a line of JSON, or by `text`.
    pub(crate) fn result<T: Serialize>(
        self,
        value: &T,
        text: impl FnOnce(&mut Out) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        let mut out = Self::out();
        self.item(&mut out, value, text)?;
        out.flush()?;
        Ok(())
    }

    /// Prints one item of a list: as a line of JSON, or by `text`.
    pub(crate) fn item<T: Serialize>(
        self,
        out: &mut Out,
        value: &T,
        text: impl FnOnce(&mut Out) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        if self.json {
            serde_json::to_writer(&mut *out, value).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        } else {
            text(out)?;
        }
        Ok(())
    }

    /// Says something to people.
    #[allow(clippy::print_stderr, reason = "this is where it is printed")]
    pub(crate) fn say(self, text: impl std::fmt::Display) {
        if !self.quiet {
            eprintln!("{}", plain(&text.to_string()));
        }
    }

    /// Says what failed, with all causes. A reader of stdout that went away (`| head`) is no failure.
    #[allow(clippy::print_stderr, reason = "this is where it is printed")]
    pub(crate) fn failure(self, error: &anyhow::Error) -> Exit {
        if is_broken_pipe(error) {
            return Exit::Done;
        }
        eprintln!("granary: {}", plain(&granary_harvest::in_full(error.as_ref())));
        let full = error.chain().any(|cause| {
            let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
            matches!(kind, Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
        });
        let exit = exit::of(error);
        if full {
            eprintln!("granary: free some space and run the same command again; nothing is lost");
        } else if exit == Exit::Unfinished {
            eprintln!("granary: run the same command again to go on; nothing is lost");
        }
        exit
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kinds = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    kinds.into_iter().any(|kind| kind == io::ErrorKind::BrokenPipe)
}

/// A number of bytes as people read it.
pub(crate) fn bytes(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}

/// What makes up a number, as it stands behind it: ` (3 restricted, 1 derived)`; nothing when there is nothing.
pub(crate) fn in_brackets<'a>(parts: impl Iterator<Item = (&'a str, u64)>) -> String {
    let parts: Vec<_> =
        parts.filter(|(_, n)| *n > 0).map(|(name, n)| format!("{n} {}", name.replace('_', " "))).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}
