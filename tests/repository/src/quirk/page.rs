//! The fourth stage: the entries of a page, and where the list goes on.

use crate::oai::{Code, Draft, Entry, Listing, Next, OaiError};

use super::{BAD_ITEM, Hook, Quirks, concerns};

type Answer = Result<(), OaiError>;

/// Changes a page before it is written, or replaces it by an error.
pub(crate) fn change(quirks: &Quirks, draft: &mut Draft) -> Answer {
    quirks.hooks().try_for_each(|(hook, _)| {
        let Hook::Page(change) = hook else { return Ok(()) };
        change(draft)
    })
}

pub(super) fn empty_token(draft: &mut Draft) -> Answer {
    if draft.is_last() {
        draft.next = Next::Bare("");
    }
    Ok(())
}

pub(super) fn blank_token(draft: &mut Draft) -> Answer {
    if draft.is_last() {
        draft.next = Next::Bare("\n   ");
    }
    Ok(())
}

pub(super) fn repeat(draft: &mut Draft) -> Answer {
    if draft.at.after > 0 {
        draft.next = Next::More(draft.at.clone());
    }
    Ok(())
}

pub(super) fn repeat_under_new_token(draft: &mut Draft) -> Answer {
    if draft.at.after > 0 {
        draft.next = Next::More(draft.at.turned());
    }
    Ok(())
}

pub(super) fn restart_at_end(draft: &mut Draft) -> Answer {
    if draft.is_last() {
        let mut first = draft.at.turned();
        (first.after, first.cursor) = (0, 0);
        draft.next = Next::More(first);
    }
    Ok(())
}

/// A turned token leads to the empty page, whose token leads on.
pub(super) fn empty_between(draft: &mut Draft) -> Answer {
    if draft.at.turn > 0 {
        let mut onwards = draft.at.clone();
        onwards.turn = 0;
        draft.entries.clear();
        draft.next = Next::More(onwards);
    } else if let Next::More(next) = &mut draft.next {
        *next = next.turned();
    }
    Ok(())
}

pub(super) fn empty_for_ever(draft: &mut Draft) -> Answer {
    if draft.is_last() {
        draft.next = Next::More(draft.end().turned());
    }
    Ok(())
}

pub(super) fn end_with_the_second(draft: &mut Draft) -> Answer {
    if draft.at.after > 0 {
        draft.next = Next::Empty;
    }
    Ok(())
}

pub(super) fn no_records_at_end(draft: &mut Draft) -> Answer {
    if draft.at.turn > 0 {
        return Err(Code::NoRecordsMatch.because("no more records"));
    }
    if draft.is_last() && !draft.entries.is_empty() {
        draft.next = Next::More(draft.end().turned());
    }
    Ok(())
}

pub(super) fn forget_selection(draft: &mut Draft) -> Answer {
    if let Next::More(next) = &mut draft.next {
        (next.filter.from, next.filter.until, next.filter.set) = (None, None, None);
    }
    Ok(())
}

pub(super) fn nameless_error(draft: &mut Draft) -> Answer {
    if draft.at.listing == Listing::Records && draft.entries.iter().any(|entry| entry.number == BAD_ITEM) {
        return Err(Code::InternalException.because("java.lang.NullPointerException"));
    }
    Ok(())
}

pub(super) fn leave_out(draft: &mut Draft) -> Answer {
    draft.entries.retain(|entry| !concerns(entry.number));
    Ok(())
}

pub(super) fn once_per_set(draft: &mut Draft) -> Answer {
    let entries = std::mem::take(&mut draft.entries);
    for entry in entries {
        for set in entry.sets.clone() {
            draft.entries.push(Entry { sets: vec![set], ..entry.clone() });
        }
    }
    Ok(())
}
