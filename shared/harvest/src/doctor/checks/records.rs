//! Records with their metadata: the first page of ListRecords, and one record by itself (OAI-PMH 2.0, sections 4.5 and 4.1).

use granary_oai_pmh::{ErrorCode, Request};

use crate::{
    doctor::{
        answer::{Answer, Came, shown},
        asker::Asker,
        checks::lists::{everything, headers},
        finding::Finding,
        page::joined,
        seen::Seen,
    },
    source::Kind,
};

/// What Granary does when ListRecords is of no use, where items are exported.
const EXPORTED: &str = "it needs no ListRecords here: it exports each item";

/// Asks for records.
pub(crate) async fn check(asker: &mut Asker, seen: &mut Seen) -> Vec<Finding> {
    let request = Request::list_records(everything(seen));
    let mut findings: Vec<Finding> = match asker.ask(&request).await {
        Ok(answer) => {
            let found = judge(seen, &answer).into_iter().map(|finding| answer.on(finding)).collect();
            seen.records = Some(answer);
            found
        }
        Err(unanswered) => {
            let finding = match unanswered.may_pass() {
                true => Finding::untold("records", format!("the first page of records: {unanswered}")),
                false => of_page(seen, &unanswered.to_string()),
            };
            vec![finding.at(shown(&request.url(&asker.base)))]
        }
    };
    findings.extend(one(asker, seen).await);
    findings
}

/// A page of records that cannot be had.
fn of_page(seen: &Seen, what: &str) -> Finding {
    let found = format!("the first page of records: {what}");
    match seen.kind() {
        Kind::Eprints3 => Finding::worked_around("records", found, EXPORTED),
        Kind::Oai | Kind::Auto => Finding::broken(
            "records",
            found,
            "it divides the list by date down to the single record, and asks for those by themselves; what cannot be had \
             even so is lost until the repository mends it, and named as a gap",
        ),
    }
}

fn judge(seen: &Seen, answer: &Answer) -> Vec<Finding> {
    let page = &answer.page;
    match answer.came() {
        Came::Page => {}
        Came::Error(error) if error.code == ErrorCode::NoRecordsMatch => {
            return vec![Finding::fine("records", "it holds no records")];
        }
        Came::CutOff if answer.is_too_much() => {
            let found =
                format!("the first page of records is more than is read here: {}", answer.described());
            return vec![Finding::untold("records", found)];
        }
        Came::CutOff if page.items > 0 => {
            let found = format!(
                "the first page of records breaks off behind {} of them: {}",
                page.items,
                answer.described()
            );
            let how = "it keeps those that came whole, and divides the list by date for the others";
            return vec![Finding::worked_around("records", found, how)];
        }
        Came::Error(_) | Came::CutOff | Came::Other => {
            return vec![of_page(seen, &format!("it answers {}", answer.described()))];
        }
    }
    let size = answer.bytes / page.items.max(1);
    let found = format!(
        "{} records on the first page, {} of them deleted; {size} bytes each",
        page.items, page.deleted
    );
    let mut findings = vec![Finding::fine("records", found)];
    if seen.kind() != Kind::Eprints3 {
        findings.extend(headers(answer));
    }
    if page.mended > 0 {
        findings.push(Finding::worked_around(
            "mended",
            format!("{} of {} are no good XML: {}", page.mended, page.items, joined(&page.mended_how)),
            "it mends them, stores them mended, and notes what it did",
        ));
    }
    findings
}

/// One record by itself: how what cannot be listed is got.
async fn one(asker: &mut Asker, seen: &mut Seen) -> Option<Finding> {
    let answers = [&seen.records, &seen.first];
    let mut headers = answers.into_iter().flatten().flat_map(|answer| &answer.page.headers);
    let identifier = headers.find(|header| !header.deleted)?.identifier.clone();
    let request = Request::get_record(identifier.clone(), seen.list_prefix());
    let answer = match asker.ask(&request).await {
        Ok(answer) => answer,
        Err(unanswered) => {
            return Some(Finding::untold("get_record", format!("one record by itself: {unanswered}")));
        }
    };
    let is_it = answer.page.headers.iter().any(|got| got.identifier == identifier);
    let finding = match (is_it, answer.came()) {
        (true, Came::Page) => Finding::fine("get_record", "a record can be had by itself"),
        _ => Finding::worked_around(
            "get_record",
            format!("asked for {identifier} by itself it answers {}", answer.described()),
            "it needs that only where a list fails",
        ),
    };
    let finding = answer.on(finding);
    seen.single = Some(answer);
    Some(finding)
}
