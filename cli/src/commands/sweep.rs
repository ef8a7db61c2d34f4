//! What a sweep came to, for people and as an exit code. It is part of `granary harvest`.

use granary_harvest::{Sweep, Swept};

use crate::exit::Exit;

/// Why a sweep did not run to its end, if it did not.
pub(crate) fn trouble(sweep: &Sweep) -> Option<String> {
    sweep.detail.as_ref().map(|detail| format!("the sweep was {}: {detail}", sweep.outcome))
}

/// The exit code that a sweep asks for.
pub(crate) fn exit(sweep: &Sweep) -> Exit {
    match sweep.outcome {
        Swept::Complete if sweep.unconfirmed == 0 => Exit::Done,
        Swept::Complete | Swept::HeldBack | Swept::Incomplete => Exit::Failed,
        Swept::Unavailable => Exit::Unfinished,
    }
}
