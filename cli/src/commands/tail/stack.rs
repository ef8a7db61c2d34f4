//! The log of a deployed stack, both functions' together.

use std::{
    collections::{BTreeSet, VecDeque},
    io::Write as _,
    time::Duration,
};

use anyhow::Context as _;
use aws_sdk_cloudwatchlogs::Client;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::Tail;
use crate::{
    args::Global,
    exit::Exit,
    printer::{Out, Printer},
    setup,
    stack::Stack,
};

/// How often a log that is followed is asked.
const PAUSE: Duration = Duration::from_secs(2);

/// How far back a log that is followed is asked again: lines come late, and not in order.
const OVERLAP: TimeDelta = TimeDelta::seconds(30);

/// How many lines are remembered as shown.
const REMEMBERED: usize = 20_000;

/// A line of a log.
struct Line {
    id: String,
    time: DateTime<Utc>,
    function: &'static str,
    message: String,
}

pub(super) async fn run(
    global: &Global,
    printer: Printer,
    stack: &Stack,
    command: &Tail,
) -> anyhow::Result<Exit> {
    let stop = setup::stop_on_signal()?;
    let groups =
        [("harvest", stack.output("HarvestLogGroup")?), ("download", stack.output("DownloadLogGroup")?)];
    let client = Client::new(granary_host::aws_config().await);
    let mut out = Printer::out();
    let mut shown = Shown::default();
    let mut from = command.from();
    loop {
        let asked = Utc::now();
        let mut lines = Vec::new();
        for (function, group) in groups {
            lines.extend(read(&client, function, group, from).await?);
        }
        lines.sort_by_key(|line| line.time);
        for line in lines.into_iter().filter(|line| shown.is_new(&line.id)) {
            print(&mut out, global, printer, &line)?;
        }
        out.flush()?;
        from = from.max(asked - OVERLAP);
        if !command.follow || stop.is_cancelled() {
            return Ok(Exit::Done);
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = stop.cancelled() => return Ok(Exit::Done),
        }
    }
}

async fn read(
    client: &Client,
    function: &'static str,
    group: &str,
    from: DateTime<Utc>,
) -> anyhow::Result<Vec<Line>> {
    let request = client.filter_log_events().log_group_name(group).start_time(from.timestamp_millis());
    let mut pages = request.into_paginator().send();
    let mut lines = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.with_context(|| format!("cannot read the log group {group}"))?;
        lines.extend(page.events.unwrap_or_default().into_iter().map(|event| Line {
            id: event.event_id.unwrap_or_default(),
            time: event.timestamp.and_then(DateTime::from_timestamp_millis).unwrap_or_default(),
            function,
            message: event.message.unwrap_or_default(),
        }));
    }
    Ok(lines)
}

/// Which lines have been shown, of the last ones.
#[derive(Default)]
struct Shown {
    ids: BTreeSet<String>,
    order: VecDeque<String>,
}

impl Shown {
    fn is_new(&mut self, id: &str) -> bool {
        if !self.ids.insert(id.to_owned()) {
            return false;
        }
        self.order.push_back(id.to_owned());
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}

fn print(out: &mut Out, global: &Global, printer: Printer, line: &Line) -> anyhow::Result<()> {
    let time = line.time.to_rfc3339_opts(SecondsFormat::Millis, true);
    let event: Option<Value> = serde_json::from_str(&line.message).ok();
    if global.json {
        let message = event.unwrap_or_else(|| line.message.trim_end().into());
        return printer.item(
            out,
            &json!({"time": time, "function": line.function, "event": message}),
            |_| Ok(()),
        );
    }
    match event.as_ref().map(readable) {
        // Numbers for CloudWatch.
        Some(None) if global.verbose == 0 => {}
        Some(Some(text)) => writeln!(out, "{time} {:8} {text}", line.function)?,
        // Lambda's own lines: that an invocation began and ended.
        None if global.verbose == 0 && is_about_invocations(&line.message) => {}
        Some(None) | None => writeln!(out, "{time} {:8} {}", line.function, line.message.trim_end())?,
    }
    Ok(())
}

/// An event of ours as people read it; nothing for one that is not a message.
fn readable(event: &Value) -> Option<String> {
    let event = event.as_object()?;
    let message = event.get("message")?.as_str()?;
    let level = event.get("level").and_then(Value::as_str).unwrap_or("-");
    let mut text = format!("{level:5} {message}");
    for (name, value) in
        event.iter().filter(|(name, _)| !matches!(name.as_str(), "message" | "level" | "timestamp"))
    {
        text.push_str(&format!(
            " {name}={}",
            value.as_str().map_or_else(|| value.to_string(), str::to_owned)
        ));
    }
    Some(text)
}

fn is_about_invocations(message: &str) -> bool {
    ["START RequestId", "END RequestId", "REPORT RequestId", "INIT_START"]
        .iter()
        .any(|start| message.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_shown_as_a_line_and_numbers_are_not() {
        let event =
            json!({"timestamp": "…", "level": "WARN", "message": "given up: gone", "reason": "gone", "n": 3});
        assert_eq!(readable(&event).as_deref(), Some("WARN  given up: gone reason=gone n=3"));
        assert_eq!(readable(&json!({"_aws": {}, "FilesStored": 3})), None);
    }

    #[test]
    fn a_line_is_shown_once() {
        let mut shown = Shown::default();
        assert_eq!(["a", "b", "a"].map(|id| shown.is_new(id)), [true, true, false]);
    }
}
