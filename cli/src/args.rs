//! The command line's shape.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use granary_silo::{Identifier, SiloName};

use crate::commands;

/// Mirrors OAI-PMH repositories, records and files, into versioned, self-describing storage.
#[derive(Debug, Parser)]
#[command(name = "granary", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  granary harvest http://eprints.example.org/cgi/oai2    mirror a repository; again: only what changed
  granary harvest                                        update everything
  granary status                                         what there is, and how it stands
  granary ls eprints.example.org | head                  browse
  granary show eprints.example.org oai:example.org:774
  granary queue dead                                     what failed, and why
  granary queue redrive && granary work --drain          try it again
  granary verify                                         read every byte and compare digests
  granary doctor http://eprints.example.org/cgi/oai2     what a repository supports and breaks
  granary serve                                          keep everything current, with a web console
  granary --stack NAME start                             harvest in the cloud, now

Exit codes: 0 done; 1 not finished, run it again to go on; 2 wrong usage or configuration;
3 finished, but something failed for good; 130 interrupted.";

/// Options of every command.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Global {
    /// Where everything is kept: a directory, or s3://BUCKET/PREFIX
    #[arg(long, global = true, env = "GRANARY", value_name = "DIR|S3", default_value = "./granary")]
    pub(crate) granary: String,
    /// The queue: an SQLite file, or the URL of an SQS queue [default: _granary/local/queue.sqlite in the granary]
    #[arg(long, global = true, env = "GRANARY_QUEUE", value_name = "FILE|URL")]
    pub(crate) queue: Option<String>,
    /// Granary and queue of this stack, as deployed with template.yaml
    #[arg(long, global = true, env = "GRANARY_STACK", value_name = "NAME")]
    pub(crate) stack: Option<String>,
    /// The `granary serve` to talk to [default: the one that runs over the granary]; GRANARY_SECRET holds its secret
    #[arg(long, global = true, env = "GRANARY_SERVER", value_name = "URL", conflicts_with = "stack")]
    pub(crate) server: Option<url::Url>,
    /// Print JSON for machines: one document, or one on each line for lists
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say nothing but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more; twice: much more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Whom the staff of a repository can write to: an e-mail address or a URL, sent with every request
    #[arg(long, global = true, env = "GRANARY_CONTACT", value_name = "EMAIL")]
    pub(crate) contact: Option<String>,
    /// How long a server may say nothing before it is asked again: 90s, 2m [default: 60s]
    #[arg(long, global = true, value_name = "SPAN", value_parser = granary_harvest::parse_span)]
    pub(crate) timeout: Option<u64>,
    /// Also fetch from this host, though its address is not public (may be given more than once)
    #[arg(long, global = true, value_name = "HOST")]
    pub(crate) allow_host: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Harvest a repository by its URL, or update silos by name; none named: all
    Harvest(commands::harvest::Harvest),
    /// Work the queue, in as many processes as you start
    Work(commands::work::Work),
    /// Add a source without harvesting it, or change its settings
    Add(commands::add::Add),
    /// List the sources
    Sources,
    /// Forget a source; its silo stays as it is
    Remove {
        /// The silo
        silo: SiloName,
    },
    /// Read the stored metadata again, and queue every file it names that is not stored
    Reprocess(commands::reprocess::Reprocess),
    /// Show sources, runs, queue and totals
    Status {
        /// Only this silo
        silo: Option<SiloName>,
    },
    /// Look into the queue
    Queue(commands::queue::Queue),
    /// List silos, or the objects of one
    Ls {
        /// The silo
        silo: Option<SiloName>,
        /// Only identifiers that begin so
        #[arg(long, value_name = "BEGINNING")]
        prefix: Option<String>,
        /// At most so many
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Show an object: its versions, files and failures, and where they lie
    Show {
        /// The silo
        silo: SiloName,
        /// The object's OAI identifier
        identifier: Identifier,
    },
    /// Write a file's bytes to standard output
    Cat {
        /// The silo
        silo: SiloName,
        /// The object's OAI identifier
        identifier: Identifier,
        /// The file's name
        name: String,
        /// Of this version [default: the newest]
        #[arg(long)]
        version: Option<String>,
    },
    /// Run the schedule, the workers and a web console, until Ctrl-C or SIGTERM
    Serve(commands::serve::Serve),
    /// Start harvests now, and what was paused: of `granary serve` on this machine, or of a stack
    Start(commands::start::Start),
    /// Pause schedule and downloads, or stop single sources; what is in hand is finished, nothing is lost
    Stop(commands::start::Stop),
    /// Show the log of `granary serve`, or of a stack
    Tail(commands::tail::Tail),
    /// Examine an endpoint by its URL, before or after harvesting it, or a granary
    ///
    /// An endpoint is asked about thirty things, one at a time: what it supports, what it breaks, what Granary does about it, and
    /// what a harvest would lose. The report is Markdown, to be sent to the repository's staff. Of a granary: whether its store
    /// keeps its promises, and how its sources and its queue stand.
    ///
    /// Ends with 0 when nothing is lost, 3 when something is, 1 when it cannot be told now, 2 when it is no repository or
    /// no granary.
    Doctor {
        /// The OAI-PMH base URL, or a granary [default: that of --granary]
        #[arg(value_name = "URL|GRANARY")]
        subject: Option<String>,
    },
    /// Read every byte and compare digests; find what is missing, corrupt or unlisted
    Verify {
        /// Only this silo
        silo: Option<SiloName>,
    },
    /// Print shell completions
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write one for each command into a directory
    Man {
        /// The directory
        directory: Option<PathBuf>,
    },
}

/// How a source is harvested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindArg {
    /// Found out at the first run
    Auto,
    /// ListRecords: metadata comes with the list
    Oai,
    /// ListIdentifiers, then each item's EPrints XML
    Eprints3,
}
