//! Shows how a harvest goes on: bars on a terminal, a line now and then elsewhere.

use std::{sync::Arc, time::Duration};

use granary_harvest::Progress;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::task::JoinHandle;

use crate::printer::{Printer, bytes};

/// How often bars move.
const TICK: Duration = Duration::from_millis(100);
/// How often a line is printed where there is no terminal.
const LINE: Duration = Duration::from_secs(10);

/// Shows progress until it is dropped.
pub(crate) struct Watch {
    task: JoinHandle<()>,
    bars: Option<MultiProgress>,
}

impl Watch {
    pub(crate) fn new(printer: Printer, name: &str, progress: Arc<Progress>) -> Self {
        if printer.shows_bars() {
            let bars = MultiProgress::new();
            let records = bars.add(bar("records"));
            let files = bars.add(bar("tasks  "));
            let task = tokio::spawn(async move {
                loop {
                    show(&progress, &records, &files);
                    tokio::time::sleep(TICK).await;
                }
            });
            return Self { task, bars: Some(bars) };
        }
        let name = name.to_owned();
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(LINE).await;
                printer.say(line(&name, &progress));
            }
        });
        Self { task, bars: None }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
        if let Some(bars) = &self.bars {
            let _ = bars.clear();
        }
    }
}

fn bar(name: &'static str) -> ProgressBar {
    let bar = ProgressBar::no_length().with_prefix(name);
    bar.set_style(style("{prefix} {spinner} {human_pos}  {msg}"));
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn show(progress: &Progress, records: &ProgressBar, tasks: &ProgressBar) {
    let known = "{prefix} [{bar:30}] {human_pos}/{human_len}  {eta} left  {msg}";
    let announced = Progress::get(&progress.announced);
    if announced > 0 && records.length().is_none() {
        records.set_style(style(known));
    }
    if announced > 0 {
        records.set_length(announced);
    }
    records.set_position(Progress::get(&progress.records));
    let queued = Progress::get(&progress.queued);
    if queued > 0 && tasks.length().is_none() {
        tasks.set_style(style(known));
    }
    if queued > 0 {
        tasks.set_length(queued);
    }
    tasks.set_position(Progress::get(&progress.settled));
    let failed = Progress::get(&progress.failed);
    let failed = if failed > 0 { format!(", {failed} failed") } else { String::new() };
    let stored = Progress::get(&progress.files);
    tasks.set_message(format!("{stored} files, {}{failed}", bytes(Progress::get(&progress.bytes))));
}

fn line(name: &str, progress: &Progress) -> String {
    let of = match Progress::get(&progress.announced) {
        0 => String::new(),
        announced => format!(" of {announced}"),
    };
    format!(
        "{name}: {} records{of}; {} of {} tasks, {} files, {}; {} failed",
        Progress::get(&progress.records),
        Progress::get(&progress.settled),
        Progress::get(&progress.queued),
        Progress::get(&progress.files),
        bytes(Progress::get(&progress.bytes)),
        Progress::get(&progress.failed),
    )
}
