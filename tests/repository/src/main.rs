//! Starts a test repository on a port of 127.0.0.1, and prints the command that harvests it.

use std::{
    io::{self, Write as _},
    num::NonZeroU32,
};

use anyhow::Context as _;
use clap::Parser;
use granary_test_repository::{
    ExportForm, Format, Granularity, Kind, Landing, Names, Quirk, Server, Settings,
};

/// A small OAI-PMH repository with files, to try a harvester on. It ends with Ctrl-C.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// Port of 127.0.0.1; 0 is any free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Number of items
    #[arg(long, value_name = "N", default_value_t = 500)]
    items: u32,
    /// Public files of each item
    #[arg(long, value_name = "N", default_value_t = 2)]
    files: u32,
    /// Records in a page of a list
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    page_size: u32,
    /// Size of each file
    #[arg(long, value_name = "BYTES", default_value_t = 2_000)]
    file_size: u64,
    /// What contents and datestamps are drawn from
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Whether items can be exported as EPrints XML
    #[arg(long, value_enum, default_value_t = Kind::Eprints)]
    kind: Kind,
    /// How fine datestamps are
    #[arg(long, value_enum, default_value_t = Granularity::Second)]
    granularity: Granularity,
    /// Which export URLs there are
    #[arg(long, value_enum, default_value_t = ExportForm::Dataset)]
    export_form: ExportForm,
    /// No odd names, thumbnails, restricted or embargoed documents
    #[arg(long)]
    no_extras: bool,
    /// Whether the files of an item have names of their own
    #[arg(long, value_enum, default_value_t = Names::Distinct)]
    names: Names,
    /// The metadata format that names the files
    #[arg(long, value_enum, default_value_t = Format::OaiDc)]
    format: Format,
    /// What landing pages tell machines [default: eprints; all, where only they name the files]
    #[arg(long, value_enum)]
    landing: Option<Landing>,
    /// Sets in a page of ListSets; without it, all
    #[arg(long, value_name = "N")]
    sets_per_page: Option<NonZeroU32>,
    /// A quirk to switch on; may be given again
    #[arg(long = "quirk", value_name = "NAME")]
    quirks: Vec<Quirk>,
    /// Print the table of quirks, and end
    #[arg(long)]
    list_quirks: bool,
}

impl Options {
    fn settings(&self) -> Settings {
        Settings {
            items: self.items,
            files_per_item: self.files,
            page_size: self.page_size,
            file_size: self.file_size,
            seed: self.seed,
            kind: self.kind,
            granularity: self.granularity,
            export_form: self.export_form,
            extras: !self.no_extras,
            names: self.names,
            format: self.format,
            landing: self.landing.unwrap_or_else(|| landing_of(self.format)),
            sets_per_page: self.sets_per_page,
            quirks: self.quirks.clone(),
        }
    }
}

/// Where only landing pages name the files, they do it in every way.
fn landing_of(format: Format) -> Landing {
    if format == Format::Landing { Landing::All } else { Landing::Eprints }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    if options.list_quirks {
        return list_quirks().context("cannot print the quirks");
    }
    let server = Server::start_at(options.settings(), options.port)
        .await
        .with_context(|| format!("cannot start on port {} of 127.0.0.1", options.port))?;
    announce(&options, &server).context("cannot print the address")?;
    tokio::signal::ctrl_c().await.context("cannot wait for Ctrl-C")?;
    server.stop().await;
    Ok(())
}

/// The command goes to stdout, alone; the rest to stderr.
fn announce(options: &Options, server: &Server) -> io::Result<()> {
    let Options { items, files, .. } = options;
    writeln!(io::stderr(), "{items} items with {files} files each, at {}/ until Ctrl-C", server.url())?;
    let mut stdout = io::stdout();
    writeln!(stdout, "granary harvest {}", server.oai())?;
    stdout.flush()
}

/// A row a quirk: number, name, what it does.
fn list_quirks() -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let width = Quirk::ALL.iter().map(|quirk| quirk.name().len()).max().unwrap_or_default();
    for quirk in Quirk::ALL {
        writeln!(stdout, "{:2}  {:width$}  {}", quirk.number(), quirk.name(), quirk.description())?;
    }
    stdout.flush()
}
