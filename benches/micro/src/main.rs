//! Does one piece of work, for a program that looks on: `callgrind`, or a clock.
#![allow(clippy::print_stdout, reason = "standard output is what it is for")]

use std::{error::Error, io::Write};

use granary_micro::{manifest, page, parse, read_bare, read_manifest, write_manifest};

const USAGE: &str = "granary-micro page RECORDS | manifest VERSIONS: writes one to standard output
granary-micro parse FILE | bare FILE: reads a page, as a harvest does, or with quick-xml alone
granary-micro rewrite FILE: reads and writes a manifest, a hundred times";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [what, of] = arguments.as_slice() else { return Err(USAGE.into()) };
    let mut out = std::io::stdout().lock();
    match what.as_str() {
        "page" => out.write_all(page(of.parse()?).as_bytes())?,
        "manifest" => out.write_all(&manifest(of.parse()?))?,
        "parse" => writeln!(out, "{} records", parse(&std::fs::read(of)?)?)?,
        "bare" => writeln!(out, "{} events", read_bare(&std::fs::read(of)?)?)?,
        "rewrite" => {
            let bytes = std::fs::read(of)?;
            let mut size = 0;
            for _ in 0..100 {
                size += write_manifest(&read_manifest(&bytes)?)?.len();
            }
            writeln!(out, "{size} bytes")?;
        }
        _ => return Err(USAGE.into()),
    }
    Ok(())
}
