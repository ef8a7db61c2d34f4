//! `granary queue`: depth, messages, dead letters.

use std::io::{Read as _, Write as _};

use granary_queue::{DeadLetter, Redrive, Select, Task};
use granary_silo::SiloName;
use serde_json::{Value, json};

use crate::{
    args::Global,
    exit::{Exit, Misuse},
    printer::Printer,
    setup,
};

/// Look into the queue
#[derive(Debug, clap::Args)]
pub(crate) struct Queue {
    #[command(subcommand)]
    command: Option<QueueCommand>,
    /// Only this silo's messages
    #[arg(long, global = true, value_name = "NAME")]
    silo: Option<SiloName>,
}

#[derive(Debug, clap::Subcommand)]
enum QueueCommand {
    /// Print the first messages as they are, without taking them
    Peek {
        /// How many
        #[arg(default_value_t = 10)]
        count: usize,
    },
    /// List the dead letters, each with its reason
    Dead {
        /// At most so many
        #[arg(long, default_value_t = 1000)]
        limit: usize,
        /// Only those with this reason
        #[arg(long)]
        reason: Option<String>,
    },
    /// Put dead letters back into the queue
    Redrive {
        /// Only those with this reason
        #[arg(long, conflicts_with = "ids")]
        reason: Option<String>,
        /// Only these (the numbers that `queue dead` shows)
        ids: Vec<String>,
    },
    /// Put messages into the queue: JSON, one on each line of standard input
    Send,
}

pub(crate) async fn run(global: &Global, printer: Printer, command: Queue) -> anyhow::Result<Exit> {
    let select = command.silo.map_or(Select::All, |silo| Select::Silo(silo.to_string()));
    match command.command {
        None => depth(global, printer, &select).await,
        Some(QueueCommand::Peek { count }) => peek(global, printer, count, &select).await,
        Some(QueueCommand::Dead { limit, reason }) => dead(global, printer, &select, limit, reason).await,
        Some(QueueCommand::Redrive { reason, ids }) => redrive(global, printer, &select, reason, ids).await,
        Some(QueueCommand::Send) => send(global, printer).await,
    }
}

async fn depth(global: &Global, printer: Printer, select: &Select) -> anyhow::Result<Exit> {
    let granary = setup::open(global).await?;
    let depth = match setup::existing_queue(global, &granary).await? {
        Some(queue) => queue.depth(select).await?,
        None => Default::default(),
    };
    let value = json!({
        "waiting": depth.waiting, "delayed": depth.delayed, "in_flight": depth.in_flight, "dead": depth.dead,
    });
    printer.result(&value, |out| {
        writeln!(
            out,
            "{} waiting, {} to be tried later, {} in work, {} dead",
            depth.waiting, depth.delayed, depth.in_flight, depth.dead
        )
    })?;
    Ok(Exit::Done)
}

/// Messages are JSON already, but for what was put there by mistake.
async fn peek(global: &Global, printer: Printer, count: usize, select: &Select) -> anyhow::Result<Exit> {
    let granary = setup::open(global).await?;
    let Some(queue) = setup::existing_queue(global, &granary).await? else { return Ok(Exit::Done) };
    let mut out = Printer::out();
    for message in queue.peek(count, select).await? {
        let value =
            serde_json::from_str::<Value>(&message.body).unwrap_or_else(|_| message.body.clone().into());
        printer.item(&mut out, &value, |out| writeln!(out, "{}", message.body))?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

async fn dead(
    global: &Global,
    printer: Printer,
    select: &Select,
    limit: usize,
    reason: Option<String>,
) -> anyhow::Result<Exit> {
    let granary = setup::open(global).await?;
    let Some(queue) = setup::existing_queue(global, &granary).await? else { return Ok(Exit::Done) };
    let mut out = Printer::out();
    let letters = queue.dead(if reason.is_none() { limit } else { usize::MAX }, select).await?;
    let wanted =
        letters.iter().filter(|letter| reason.as_ref().is_none_or(|reason| *reason == letter.reason));
    for letter in wanted.take(limit) {
        let task = Task::parse(&letter.body).ok();
        printer.item(&mut out, &dead_json(letter, task.as_ref()), |out| {
            let what = task.map_or_else(
                || letter.body.clone(),
                |task| format!("{} {}  {}", task.pid, task.filename, task.url),
            );
            writeln!(out, "{}  {}  {what}\n    {}", letter.id, letter.reason, letter.detail)
        })?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn dead_json(letter: &DeadLetter, task: Option<&Task>) -> Value {
    let message = serde_json::from_str::<Value>(&letter.body).unwrap_or_else(|_| letter.body.clone().into());
    json!({
        "id": letter.id,
        "reason": letter.reason,
        "detail": letter.detail,
        "url": task.map(|task| &task.url),
        "identifier": task.map(|task| &task.pid),
        "silo": task.map(Task::silo_name),
        "attempts": letter.attempts,
        "message": message,
    })
}

async fn redrive(
    global: &Global,
    printer: Printer,
    select: &Select,
    reason: Option<String>,
    ids: Vec<String>,
) -> anyhow::Result<Exit> {
    let granary = setup::open_to_write(global).await?;
    let queue = setup::create_queue(global, &granary).await?;
    let which = match (reason, ids.is_empty()) {
        (Some(reason), _) => Redrive::Reason(reason),
        (None, true) => Redrive::All,
        (None, false) => Redrive::Ids(ids),
    };
    let redriven = queue.redrive(&which, select).await?;
    printer
        .result(&json!({"redriven": redriven}), |out| writeln!(out, "{redriven} put back into the queue"))?;
    if redriven > 0 {
        printer
            .say("whoever works the queue tries them again: a stack's functions, or `granary work --drain`");
    }
    Ok(Exit::Done)
}

async fn send(global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let bodies: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
    for body in &bodies {
        Task::parse(body).map_err(|error| Misuse(format!("{error}: {body}")))?;
    }
    let granary = setup::open_to_write(global).await?;
    let queue = setup::create_queue(global, &granary).await?;
    queue.send_bodies(&bodies).await?;
    let sent = bodies.len();
    printer.result(&json!({"sent": sent}), |out| writeln!(out, "{sent} put into the queue"))?;
    Ok(Exit::Done)
}
