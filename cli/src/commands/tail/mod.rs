//! `granary tail`: the log, as it was and as it is written.

mod server;
mod stack;

use chrono::{DateTime, TimeDelta, Utc};
use granary_harvest::parse_span;
use granary_silo::SiloName;

use crate::{
    args::Global,
    exit::{Exit, Misuse},
    printer::Printer,
    stack::Stack,
};

/// Show the log of `granary serve`, or of a stack
#[derive(Debug, clap::Args)]
pub(crate) struct Tail {
    /// Go on as new lines come, until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    /// From so long ago on: 30m, 12h, 1d
    #[arg(long, value_name = "SPAN", default_value = "1h", value_parser = parse_span)]
    since: u64,
    /// Only what concerns this silo
    #[arg(long, value_name = "NAME")]
    silo: Option<SiloName>,
}

impl Tail {
    /// Where to begin.
    fn from(&self) -> DateTime<Utc> {
        let since = i64::try_from(self.since).ok().and_then(TimeDelta::try_seconds);
        since.and_then(|since| Utc::now().checked_sub_signed(since)).unwrap_or_default()
    }
}

pub(crate) async fn run(
    global: &Global,
    printer: Printer,
    stack: Option<Stack>,
    command: &Tail,
) -> anyhow::Result<Exit> {
    match stack {
        Some(_) if command.silo.is_some() => {
            Err(Misuse("--silo selects from the log of `granary serve`, not from that of a stack".to_owned())
                .into())
        }
        Some(stack) => stack::run(global, printer, &stack, command).await,
        None => server::run(global, printer, command).await,
    }
}
