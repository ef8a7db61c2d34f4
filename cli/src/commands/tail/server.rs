//! The log of `granary serve`: asked for while it runs, and read from its files when it does not.

use std::{
    io::{BufReader, Write as _},
    time::Duration,
};

use chrono::{DateTime, SecondsFormat, Utc};
use granary_supervisor::{Line, Log};
use url::form_urlencoded;

use super::Tail;
use crate::{
    args::Global,
    commands::serve::latest_logs,
    exit::{Exit, Misuse},
    printer::{Out, Printer},
    server::Server,
    setup,
};

/// How often a log that is followed is asked.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) async fn run(global: &Global, printer: Printer, command: &Tail) -> anyhow::Result<Exit> {
    let stop = setup::stop_on_signal()?;
    let mut out = Printer::out();
    let granary = match &global.server {
        Some(_) => None,
        None => Some(setup::open(global).await?),
    };
    let Some(mut server) = Server::find(global, granary.as_ref()).await? else {
        let files = granary.and_then(|granary| granary.local()).map(|local| latest_logs(&local.join("log")));
        let files = files.filter(|files| !files.is_empty() && !command.follow);
        let text = "no `granary serve` runs over this granary, and there is no log of one; with --stack it is that of a stack";
        let log = Log::default();
        for file in files.ok_or_else(|| Misuse(text.to_owned()))? {
            log.remember(BufReader::new(file));
        }
        for line in log.since(command.from(), command.silo.as_ref().map(granary_silo::SiloName::as_str)) {
            print(&mut out, printer, &line)?;
        }
        out.flush()?;
        return Ok(Exit::Done);
    };
    let mut from = command.from();
    loop {
        match read(&server, from, command).await {
            Ok(lines) => {
                for line in lines.iter().filter(|line| line.time > from) {
                    print(&mut out, printer, line)?;
                }
                from = lines.last().map_or(from, |line| line.time);
            }
            Err(error) if !command.follow => return Err(error),
            // It may be started again, elsewhere and with another key.
            Err(_) => {
                if let Ok(Some(found)) = Server::find(global, granary.as_ref()).await {
                    server = found;
                }
            }
        }
        out.flush()?;
        if !command.follow || stop.is_cancelled() {
            return Ok(Exit::Done);
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = stop.cancelled() => return Ok(Exit::Done),
        }
    }
}

async fn read(server: &Server, from: DateTime<Utc>, command: &Tail) -> anyhow::Result<Vec<Line>> {
    let lines = server.get(&path(from, command)).await?;
    Ok(serde_json::from_value(lines)?)
}

fn path(from: DateTime<Utc>, command: &Tail) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("since", &from.to_rfc3339_opts(SecondsFormat::Nanos, true));
    if let Some(silo) = &command.silo {
        query.append_pair("silo", silo.as_str());
    }
    format!("api/log?{}", query.finish())
}

fn print(out: &mut Out, printer: Printer, line: &Line) -> anyhow::Result<()> {
    printer.item(out, line, |out| {
        let time = line.time.to_rfc3339_opts(SecondsFormat::Millis, true);
        write!(out, "{time} {:5} {}", line.level, line.message)?;
        for (name, value) in &line.fields {
            match value.as_str() {
                Some(text) => write!(out, " {name}={text}")?,
                None => write!(out, " {name}={value}")?,
            }
        }
        writeln!(out)
    })
}
