//! Sets (OAI-PMH 2.0, section 4.6).

use granary_oai_pmh::{ErrorCode, Request, Set};

use crate::doctor::{
    answer::{Answer, Came},
    asker::Asker,
    finding::Finding,
};

/// What Granary does when there is something wrong with sets.
const NOT_NEEDED: &str = "it needs no sets, unless it is asked for some with --set";

/// How many sets are named.
const NAMED: usize = 5;

/// Asks for the first page of sets.
pub(crate) async fn check(asker: &mut Asker) -> Vec<Finding> {
    match asker.ask(&Request::list_sets()).await {
        Ok(answer) => judge(&answer).into_iter().map(|finding| answer.on(finding)).collect(),
        Err(unanswered) => vec![Finding::untold("sets", format!("which sets it has: {unanswered}"))],
    }
}

fn judge(answer: &Answer) -> Vec<Finding> {
    let sets = &answer.page.sets;
    match answer.came() {
        Came::Error(error) if error.code == ErrorCode::NoSetHierarchy => {
            vec![Finding::fine("sets", "it has no sets")]
        }
        Came::Page if sets.is_empty() => vec![Finding::worked_around(
            "sets",
            "it lists no set, and does not say noSetHierarchy",
            "it takes that for no sets",
        )],
        Came::Page => {
            let more = if answer.token().is_some() { ", and more" } else { "" };
            let named: Vec<_> = sets.iter().take(NAMED).map(|set| set.spec.as_str()).collect();
            let count = sets.len();
            let found = format!("{count} sets on the first page{more}: {}", named.join(", "));
            std::iter::once(Finding::fine("sets", found)).chain(odd_specs(sets)).collect()
        }
        Came::Error(_) | Came::CutOff | Came::Other => vec![Finding::worked_around(
            "sets",
            format!("to ListSets it answers {}", answer.described()),
            NOT_NEEDED,
        )],
    }
}

/// A `setSpec` holds unreserved characters of URLs, and colons between them (section 2.6).
fn odd_specs(sets: &[Set]) -> Option<Finding> {
    let is_plain = |spec: &str| {
        !spec.is_empty() && spec.chars().all(|c| c.is_ascii_alphanumeric() || "-_.!~*'():".contains(c))
    };
    let odd: Vec<_> = sets.iter().map(|set| set.spec.as_str()).filter(|spec| !is_plain(spec)).collect();
    let first = odd.first()?;
    Some(Finding::worked_around(
        "set_spec",
        format!("{} setSpecs hold characters that they must not; the first: {first:?}", odd.len()),
        "it encodes them in requests, and stores them as they are",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_specs_that_need_encoding_are_told() {
        let set = |spec: &str| Set { spec: spec.to_owned(), ..Set::default() };
        assert_eq!(odd_specs(&[set("a:b-1"), set("7374617475733D707562")]), None);
        assert!(odd_specs(&[set("a"), set("a b&c")]).unwrap().found.contains("\"a b&c\""));
    }
}
