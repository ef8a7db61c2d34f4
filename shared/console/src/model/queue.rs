//! The queue, and who works it.

use granary_silo::SiloName;
use granary_supervisor::{Controls, Sample, Supervisor, Worker};
use serde::Serialize;

use crate::{
    app::App,
    failure::Failure,
    model::{DeadView, DepthView, MessageView, dead, depth, select},
};

/// How many messages are looked at.
const PEEKED: usize = 50;

/// The queue, and who works it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct QueueView {
    /// Nothing where there is no queue that can be asked.
    pub(crate) depth: Option<DepthView>,
    /// The depth in the last hour, the oldest first.
    pub(crate) samples: Vec<Sample>,
    pub(crate) workers: Vec<Worker>,
    /// What is switched off; nothing where nothing runs.
    pub(crate) controls: Option<Controls>,
}

/// The queue, or a silo's part of it.
pub(crate) async fn queue(app: &App, silo: Option<&SiloName>) -> Result<QueueView, Failure> {
    let supervisor = app.console.supervisor.as_ref();
    Ok(QueueView {
        depth: match &app.console.queue {
            Some(queue) => Some(depth(&**queue, silo).await?),
            None => None,
        },
        samples: supervisor.map(Supervisor::samples).unwrap_or_default(),
        workers: supervisor.map(Supervisor::workers).unwrap_or_default(),
        controls: supervisor.map(Supervisor::controls),
    })
}

/// A message that waits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PeekedView {
    /// How often it has been received.
    pub(crate) attempts: u32,
    #[serde(flatten)]
    pub(crate) message: MessageView,
}

/// The first messages, without taking them.
pub(crate) async fn messages(app: &App, silo: Option<&SiloName>) -> Result<Vec<PeekedView>, Failure> {
    let Some(queue) = &app.console.queue else { return Ok(Vec::new()) };
    let peeked = queue.peek(PEEKED, &select(silo)).await?;
    let view = |peeked: granary_queue::Peeked| PeekedView {
        attempts: peeked.attempts,
        message: MessageView::of(peeked.body),
    };
    Ok(peeked.into_iter().map(view).collect())
}

/// What was given up, of a silo or of all.
pub(crate) async fn dead_letters(app: &App, silo: Option<&SiloName>) -> Result<DeadView, Failure> {
    match &app.console.queue {
        Some(queue) => dead(&**queue, silo).await,
        None => Ok(DeadView::default()),
    }
}
