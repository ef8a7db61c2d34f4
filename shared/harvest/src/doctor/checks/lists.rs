//! The first page of identifiers (OAI-PMH 2.0, section 4.3), and what is odd in headers.

use std::collections::HashSet;

use granary_oai_pmh::{Datestamp, ErrorCode, Header, Next, Request, Selection};

use crate::{
    doctor::{
        answer::{Answer, Came, Unanswered, shown},
        asker::Asker,
        finding::Finding,
        page::joined,
        seen::Seen,
    },
    source::Kind,
};

/// Asks for the first page.
pub(crate) async fn check(asker: &mut Asker, seen: &mut Seen) -> Vec<Finding> {
    let request = Request::list_identifiers(everything(seen));
    match asker.ask(&request).await {
        Ok(answer) => {
            let findings = judge_first(seen, &answer).into_iter().map(|finding| answer.on(finding)).collect();
            seen.first = Some(answer);
            findings
        }
        Err(unanswered) => vec![unlisted(seen, &unanswered).at(shown(&request.url(&asker.base)))],
    }
}

/// A list of all records.
pub(crate) fn everything(seen: &Seen) -> Selection {
    Selection { metadata_prefix: seen.list_prefix(), ..Selection::default() }
}

fn unlisted(seen: &Seen, unanswered: &Unanswered) -> Finding {
    let found = format!("the first page of identifiers: {unanswered}");
    match seen.kind() {
        Kind::Oai if !unanswered.may_pass() => {
            Finding::worked_around("identifiers", found, "it takes ListRecords")
        }
        Kind::Oai | Kind::Eprints3 | Kind::Auto => Finding::untold("identifiers", found),
    }
}

fn judge_first(seen: &Seen, answer: &Answer) -> Vec<Finding> {
    let described = answer.described();
    match answer.came() {
        Came::Page => {}
        Came::Error(error) if error.code == ErrorCode::NoRecordsMatch => {
            return vec![Finding::fine("identifiers", "it holds no records")];
        }
        Came::CutOff if answer.is_too_much() => {
            let found =
                format!("the first page of identifiers is more than is read here: {}", answer.described());
            return vec![Finding::untold("identifiers", found)];
        }
        Came::CutOff if answer.page.items > 0 => {
            let found = format!("the first page of identifiers breaks off: {described}");
            return vec![Finding::worked_around("identifiers", found, in_parts())];
        }
        Came::Error(_) | Came::CutOff | Came::Other => {
            let found = format!("to ListIdentifiers it answers {described}");
            return vec![match seen.kind() {
                Kind::Oai => Finding::worked_around("identifiers", found, "it takes ListRecords"),
                Kind::Eprints3 | Kind::Auto => {
                    Finding::broken("identifiers", found, "without a list nothing can be harvested")
                }
            }];
        }
    }
    let page = &answer.page;
    let of = match page.next.as_ref().and_then(Next::complete_list_size) {
        Some(size) => format!("{size} in all, as it announces"),
        None if answer.token().is_some() => "how many there are in all it does not say".to_owned(),
        None => "that is all".to_owned(),
    };
    let found =
        format!("{} identifiers on the first page, {} of them deleted; {of}", page.items, page.deleted);
    let mut findings = vec![Finding::fine("identifiers", found)];
    // Elsewhere the records themselves are listed, and judged then.
    if seen.kind() == Kind::Eprints3 {
        findings.extend(headers(answer));
    }
    findings.extend(older_than_earliest(seen, answer));
    findings
}

/// What is odd in the headers of a page.
pub(crate) fn headers(answer: &Answer) -> Vec<Finding> {
    let page = &answer.page;
    let mut findings = Vec::new();
    if page.broken > 0 {
        findings.push(Finding::broken(
            "unusable",
            format!("{} of {} on the page cannot be used: {}", page.broken, page.items, joined(&page.broken_because)),
            "these are put into quarantine as they came, and named in each report until the repository mends them",
        ));
    }
    if page.without_datestamp() > 0 {
        findings.push(Finding::worked_around(
            "without_datestamp",
            format!("{} of {} on the page have no datestamp", page.without_datestamp(), page.items),
            "it tells their versions apart by content",
        ));
    }
    let (listed, different) = (page.headers.len(), identifiers(answer).len());
    if different < listed {
        findings.push(Finding::worked_around(
            "listed_twice",
            format!("{} of {listed} on the page are listed more than once", listed - different),
            "it makes one object of them, with all their sets",
        ));
    }
    findings
}

fn identifiers(answer: &Answer) -> HashSet<&str> {
    answer.page.headers.iter().map(|header| header.identifier.as_str()).collect()
}

fn older_than_earliest(seen: &Seen, answer: &Answer) -> Option<Finding> {
    let earliest = seen.identify.as_ref()?.earliest_datestamp.as_deref()?.parse::<Datestamp>().ok()?;
    let granularity = earliest.granularity();
    let stamps = answer.page.headers.iter().filter_map(Header::datestamp_parsed);
    let oldest = stamps.map(|stamp| stamp.at(granularity)).min().filter(|oldest| *oldest < earliest)?;
    Some(Finding::worked_around(
        "earliest_datestamp",
        format!("its earliestDatestamp is {earliest}, and a record is of {oldest}"),
        "it asks for what is older, too",
    ))
}

/// What Granary does with a list that cannot be read in one piece.
pub(crate) fn in_parts() -> String {
    "it divides the list by date until it can be read; what cannot even then is a gap, named and tried again by each run"
        .to_owned()
}
