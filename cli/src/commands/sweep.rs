//! What a sweep came to, for people and as an exit code. It is part of `granary harvest`.

use granary_harvest::{Sweep, Swept};

use crate::{exit::Exit, printer::in_brackets};

/// What a sweep came to, in a line: how it ended when not as it should, and its numbers as far as there are any.
pub(crate) fn text(sweep: &Sweep) -> String {
    match (sweep.outcome, sweep.live) {
        (Swept::Complete, _) => numbers(sweep),
        (Swept::Incomplete | Swept::Unavailable, 0) => ended(sweep).to_owned(),
        (Swept::HeldBack | Swept::Incomplete | Swept::Unavailable, _) => {
            format!("{}; {}", ended(sweep), numbers(sweep))
        }
    }
}

/// Why a sweep did not run to its end, if it did not.
pub(crate) fn trouble(sweep: &Sweep) -> Option<String> {
    sweep.detail.as_ref().map(|detail| format!("the sweep was {}: {detail}", ended(sweep)))
}

fn ended(sweep: &Sweep) -> &'static str {
    match sweep.outcome {
        Swept::Complete => "completed",
        Swept::HeldBack => "held back, and nothing is marked",
        Swept::Incomplete => "impossible, and nothing is marked",
        Swept::Unavailable => "cut short",
    }
}

fn numbers(sweep: &Sweep) -> String {
    let parts = [
        ("absent", sweep.absent),
        ("deleted", sweep.deleted),
        ("there_all_the_same", sweep.present),
        ("not_confirmed", sweep.unconfirmed),
    ];
    let Sweep { listed, missing, live, returned, .. } = sweep;
    let parts = in_brackets(parts.into_iter());
    let mut text = format!("{listed} identifiers listed, {missing} of {live} objects missing{parts}");
    if *returned > 0 {
        text.push_str(&format!(", {returned} that were absent are back"));
    }
    text
}

/// The exit code that a sweep asks for.
pub(crate) fn exit(sweep: &Sweep) -> Exit {
    match sweep.outcome {
        Swept::Complete if sweep.unconfirmed == 0 => Exit::Done,
        Swept::Complete | Swept::HeldBack | Swept::Incomplete => Exit::Failed,
        Swept::Unavailable => Exit::Unfinished,
    }
}
