//! `/metrics`: numbers in Prometheus' text format, version 0.0.4.

use std::fmt::Write as _;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use granary_harvest::Progress;
use granary_supervisor::{Supervisor, Worker, WorkerState};

use crate::{
    app::App,
    failure::Failure,
    model::{self, SourceView, depth},
};

/// The type of a metric.
#[derive(Debug, Clone, Copy)]
enum Type {
    Counter,
    Gauge,
}

/// A text of metrics.
#[derive(Default)]
struct Text(String);

impl Text {
    /// A metric with its values, each with its labels.
    fn metric(&mut self, name: &str, kind: Type, help: &str, values: &[(Vec<(&str, &str)>, f64)]) {
        let kind = match kind {
            Type::Counter => "counter",
            Type::Gauge => "gauge",
        };
        // Writing to a String does not fail.
        let _ = writeln!(self.0, "# HELP granary_{name} {help}\n# TYPE granary_{name} {kind}");
        for (labels, value) in values {
            let labels: Vec<_> =
                labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            let _ = writeln!(self.0, "granary_{name}{labels} {value}");
        }
    }
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

pub(crate) async fn metrics(State(app): State<App>) -> Result<Response, Failure> {
    let mut text = Text::default();
    let version = vec![("version", env!("CARGO_PKG_VERSION"))];
    text.metric("info", Type::Gauge, "The program.", &[(version, 1.0)]);
    if let Some(queue) = &app.console.queue {
        let depth = depth(&**queue, None).await?;
        let states = [
            ("waiting", depth.waiting),
            ("delayed", depth.delayed),
            ("in_flight", depth.in_flight),
            ("dead", depth.dead),
        ];
        let values = states.map(|(state, number)| (vec![("state", state)], number as f64));
        text.metric("queue_messages", Type::Gauge, "Messages of the queue.", &values);
    }
    if let Some(supervisor) = &app.console.supervisor {
        of_process(&mut text, supervisor);
    }
    of_sources(&mut text, &model::sources(&app).await?);
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text.0).into_response())
}

fn of_process(text: &mut Text, supervisor: &Supervisor) {
    let workers = supervisor.workers();
    let state = |worker: &Worker| match worker.state {
        WorkerState::Running => "running",
        WorkerState::Paused => "paused",
        WorkerState::Waiting { .. } => "waiting",
    };
    let values = ["running", "paused", "waiting"].map(|wanted| {
        let number = workers.iter().filter(|worker| state(worker) == wanted).count();
        (vec![("state", wanted)], number as f64)
    });
    text.metric("workers", Type::Gauge, "Workers of this process.", &values);
    let crashes: u32 = workers.iter().map(|worker| worker.crashes).sum();
    let help = "Crashes of workers since this process began.";
    text.metric("worker_crashes_total", Type::Counter, help, &[(Vec::new(), f64::from(crashes))]);
    let progress = &supervisor.context().progress;
    for (name, help, number) in [
        ("tasks_settled_total", "Tasks settled since this process began.", &progress.settled),
        ("files_stored_total", "Files stored since this process began.", &progress.files),
        ("bytes_received_total", "Bytes received since this process began.", &progress.bytes),
        ("tasks_failed_total", "Tasks that failed for good since this process began.", &progress.failed),
    ] {
        text.metric(name, Type::Counter, help, &[(Vec::new(), Progress::get(number) as f64)]);
    }
}

fn of_sources(text: &mut Text, sources: &[SourceView]) {
    let mut gauge = |name: &str, help: &str, number: &dyn Fn(&SourceView) -> Option<f64>| {
        let value = |source| Some((vec![("silo", source_name(source))], number(source)?));
        let values: Vec<_> = sources.iter().filter_map(value).collect();
        text.metric(name, Type::Gauge, help, &values);
    };
    let flag = |is_so: bool| Some(f64::from(u8::from(is_so)));
    gauge("source_running", "Whether a run of the source is in hand.", &|source| {
        flag(source.standing.is_moving())
    });
    gauge("source_failing", "How often the source has failed since its last finished run.", &|source| {
        Some(source.failing.as_ref().map_or(0.0, |failing| f64::from(failing.times)))
    });
    gauge("source_gaps", "Spans of the source that could not be harvested.", &|source| {
        Some(source.gaps.len() as f64)
    });
    gauge("source_last_run_end_timestamp_seconds", "When the last finished run ended.", &|source| {
        let ended = chrono::DateTime::parse_from_rfc3339(&source.last_run.as_ref()?.ended).ok()?;
        Some(ended.timestamp() as f64)
    });
    gauge("source_last_run_records", "Records of the last finished run.", &|source| {
        Some(source.last_run.as_ref()?.counts.records as f64)
    });
    gauge("source_last_run_files", "Files stored by the last finished run.", &|source| {
        Some(source.last_run.as_ref()?.counts.files as f64)
    });
    gauge("source_last_run_failed", "What failed for good in the last finished run.", &|source| {
        Some(source.last_run.as_ref()?.counts.failed as f64)
    });
    gauge("source_run_records", "Records of the run in progress.", &|source| {
        Some(source.run.as_ref()?.counts.records as f64)
    });
    gauge("source_run_files", "Files stored by the run in progress.", &|source| {
        Some(source.run.as_ref()?.counts.files as f64)
    });
}

fn source_name(source: &SourceView) -> &str {
    source.silo.as_str()
}
