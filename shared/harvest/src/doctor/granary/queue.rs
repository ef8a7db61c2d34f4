//! The queue: whether it opens, how deep it is, and what is dead in it.

use std::collections::BTreeMap;

use granary_queue::{DeadLetter, Depth, Queue, Select};

use super::Patient;
use crate::{doctor::finding::Finding, transfer::in_full};

/// How many dead letters are looked at.
const LOOKED_AT: usize = 1000;

pub(super) async fn check(patient: &Patient<'_>) -> Vec<Finding> {
    match patient.queue {
        Ok(None) => vec![Finding::fine("queue", "there is no queue yet; the first harvest makes one")],
        Ok(Some(queue)) => look(queue.as_ref()).await,
        Err(why) => vec![Finding::broken(
            "queue",
            why.clone(),
            "nothing can be downloaded before it opens; what was waiting in it is found again by `granary reprocess`",
        )],
    }
}

async fn look(queue: &dyn Queue) -> Vec<Finding> {
    let failed = |error: granary_queue::Error| {
        vec![Finding::broken("queue", in_full(&error), "nothing can be downloaded")]
    };
    let depth = match queue.depth(&Select::All).await {
        Ok(depth) => depth,
        Err(error) => return failed(error),
    };
    let mut findings = vec![waiting(&depth)];
    if depth.dead > 0 {
        match queue.dead(LOOKED_AT, &Select::All).await {
            Ok(letters) => findings.push(dead(&depth, &letters)),
            Err(error) => findings.extend(failed(error)),
        }
    }
    findings
}

fn waiting(depth: &Depth) -> Finding {
    let Depth { waiting, delayed, in_flight, .. } = depth;
    Finding::fine(
        "queue",
        format!("it opens; {waiting} wait, {delayed} are to be tried later, {in_flight} are in work"),
    )
}

/// What is dead, by reason, the most frequent first.
fn dead(depth: &Depth, letters: &[DeadLetter]) -> Finding {
    let mut reasons = BTreeMap::<&str, usize>::new();
    letters.iter().for_each(|letter| *reasons.entry(&letter.reason).or_default() += 1);
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let reasons: Vec<_> = reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    Finding::broken(
        "dead_letters",
        format!("{} dead letters: {}", depth.dead, reasons.join(", ")),
        "these files; `granary queue dead` names them, `granary queue redrive` tries them again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_letters_are_counted_by_reason() {
        let letter = |reason: &str| DeadLetter {
            id: String::new(),
            body: String::new(),
            reason: reason.to_owned(),
            detail: String::new(),
            attempts: 1,
            died: chrono::DateTime::UNIX_EPOCH,
        };
        let letters = [letter("blocked"), letter("gone"), letter("gone")];
        let depth = Depth { dead: 3, ..Depth::default() };
        assert_eq!(dead(&depth, &letters).found, "3 dead letters: 2 gone, 1 blocked");
    }
}
