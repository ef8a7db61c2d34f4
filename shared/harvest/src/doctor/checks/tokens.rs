//! Lists from page to page: resumption tokens (OAI-PMH 2.0, section 3.5).

use chrono::{DateTime, Utc};
use granary_oai_pmh::{Datestamp, ErrorCode, Granularity, Header, Next, Request, Selection, Verb};

use crate::{
    clock::now,
    doctor::{
        answer::{Answer, Came, shown},
        asker::Asker,
        checks::lists::{everything, in_parts},
        finding::Finding,
        seen::{Dates, Seen},
    },
};

/// How many pages of one list are asked for.
const PAGES: usize = 4;

/// Follows the list for some pages, and to the first trouble.
pub(crate) async fn check(asker: &mut Asker, seen: &mut Seen) -> Vec<Finding> {
    let Some(first) = seen.first.take() else { return Vec::new() };
    let mut pages = vec![first];
    let mut findings = Vec::new();
    while pages.len() < PAGES
        && let Some(last) = pages.last()
        && let Some(Next::More { token, .. }) = &last.page.next
    {
        let url = Request::resume(Verb::ListIdentifiers, token).url(&asker.base);
        let mut page = match asker.ask_url(url.clone()).await {
            Ok(page) => page,
            Err(unanswered) => {
                let found = format!("page {}: {unanswered}", pages.len() + 1);
                findings.push(troubled(seen, "page", found).at(shown(&url)));
                break;
            }
        };
        if wants_prefix(&page)
            && let Some(with) = asked_with_prefix(asker, seen, &page).await
        {
            findings.push(page.on(Finding::worked_around(
                "prefix_with_token",
                "it refuses a token without metadataPrefix beside it, which the protocol forbids",
                "it sends both, and remembers that",
            )));
            page = with;
        }
        let is_second_try = asker.mishaps.iter().any(|(asked, _)| *asked == page.url);
        let odd = on_page(seen, &pages, &page, is_second_try);
        let ends = odd.as_ref().is_some_and(|odd| odd.ends_list);
        findings.extend(odd.map(|odd| page.on(odd.finding)));
        pages.push(page);
        if ends {
            break;
        }
    }
    findings.dedup_by_key(|finding| finding.about);
    if let Some(first) = pages.first() {
        findings.extend(token(first, now()).into_iter().map(|finding| first.on(finding)));
    }
    findings.extend(short(&pages));
    findings.extend(forgets_selection(asker, seen, &pages).await);
    seen.first = pages.into_iter().next();
    findings
}

fn wants_prefix(answer: &Answer) -> bool {
    answer.error_code() == Some(&ErrorCode::BadArgument)
}

/// The same page asked for with the prefix beside the token, if that is an answer.
async fn asked_with_prefix(asker: &mut Asker, seen: &Seen, refused: &Answer) -> Option<Answer> {
    let mut url = refused.url.clone();
    let query = format!("{}&metadataPrefix={}", url.query().unwrap_or_default(), seen.list_prefix());
    url.set_query(Some(&query));
    let answer = asker.ask_url(url).await.ok()?;
    (answer.came() == Came::Page).then_some(answer)
}

/// Something odd on a page.
struct Odd {
    finding: Finding,
    /// Whether the list cannot be followed any further.
    ends_list: bool,
}

/// What is odd on the page that follows those before.
fn on_page(seen: &Seen, before: &[Answer], page: &Answer, is_second_try: bool) -> Option<Odd> {
    let number = before.len() + 1;
    let goes_on = |finding| Some(Odd { finding, ends_list: false });
    let ends = |finding| Some(Odd { finding, ends_list: true });
    match page.came() {
        Came::Page if page.page.items == 0 && page.token().is_some() => goes_on(Finding::worked_around(
            "empty_page",
            format!("page {number} is empty, and has a token"),
            "it goes on, for some empty pages, and not for ever",
        )),
        Came::Page if repeats(before, page) => ends(troubled(
            seen,
            "loop",
            format!("page {number} is an earlier page over again: the list goes round in circles"),
        )),
        Came::Page
            if page.token().is_some() && before.last().is_some_and(|last| last.token() == page.token()) =>
        {
            goes_on(Finding::worked_around(
                "same_token",
                format!("page {number} has the token of the page before, and other records"),
                "it tells a loop by what is on a page, not by its token",
            ))
        }
        Came::Page => None,
        Came::Error(error) => ends(match error.code {
            ErrorCode::NoRecordsMatch => Finding::worked_around(
                "token_to_nothing",
                format!("page {number} is noRecordsMatch: there was a token where the list had ended"),
                "it takes that for the end, when as many came as were announced",
            ),
            ErrorCode::BadResumptionToken if is_second_try => troubled(
                seen,
                "single_use_token",
                format!(
                    "the first answer to the token of page {number} failed, and then it is refused: a token is good once"
                ),
            ),
            ErrorCode::BadResumptionToken => troubled(
                seen,
                "token_refused",
                format!("the token of page {number} is refused at once: {}", page.described()),
            ),
            _ => troubled(seen, "page", format!("page {number}: it answers {}", page.described())),
        }),
        Came::CutOff | Came::Other => {
            ends(troubled(seen, "page", format!("page {number}: it answers {}", page.described())))
        }
    }
}

fn repeats(before: &[Answer], page: &Answer) -> bool {
    page.page.items > 0 && before.iter().any(|earlier| earlier.page.fingerprint() == page.page.fingerprint())
}

/// A list that cannot be followed: lost, unless it can be taken in parts.
fn troubled(seen: &Seen, about: &'static str, found: String) -> Finding {
    match seen.dates {
        Dates::Heeded | Dates::Unknown => Finding::worked_around(about, found, in_parts()),
        Dates::Ignored => Finding::broken(
            about,
            found,
            "what comes behind it in the list: it could be divided by date, but dates are not heeded",
        ),
    }
}

/// What the first page's token says.
fn token(first: &Answer, now: DateTime<Utc>) -> Vec<Finding> {
    let Some(Next::More { token, complete_list_size, cursor, expires }) = &first.page.next else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let told = |what: Option<String>| what.unwrap_or_else(|| "not told".to_owned());
    findings.push(Finding::fine(
        "token",
        format!(
            "{} to a page; completeListSize {}, cursor {}, expirationDate {}",
            first.page.items,
            told(complete_list_size.map(|size| size.to_string())),
            told(cursor.map(|cursor| cursor.to_string())),
            told(expires.clone()),
        ),
    ));
    if complete_list_size.is_some_and(|size| size <= first.page.items) {
        findings.push(Finding::worked_around(
            "complete_list_size",
            "its completeListSize is that of the page, not of the list",
            "it does not believe it",
        ));
    }
    let expires = expires.as_deref().and_then(|expires| expires.parse::<Datestamp>().ok());
    if expires.is_some_and(|expires| expires.at(Granularity::Second) < Datestamp::Second(now)) {
        findings.push(Finding::worked_around(
            "expiration_date",
            "its tokens have expired when they are given",
            "it takes that for a hint only, and asks with them",
        ));
    }
    if token.as_str().chars().any(|c| "+ &%".contains(c) || !c.is_ascii()) {
        findings.push(Finding::fine(
            "token_characters",
            "its tokens hold characters that mean something in URLs, and are encoded once, as the protocol has it",
        ));
    }
    findings
}

/// Whether the second page of a list still has the dates that were asked for: a window that ends with the second page's
/// first record has a second page, on which nothing newer may be.
async fn forgets_selection(asker: &mut Asker, seen: &Seen, pages: &[Answer]) -> Option<Finding> {
    let [_, second, ..] = pages else { return None };
    if seen.dates != Dates::Heeded || second.came() != Came::Page {
        return None;
    }
    let granularity = seen.granularity();
    let stamps = |answer: &Answer| -> Vec<Datestamp> {
        let stamps = answer.page.headers.iter().filter_map(Header::datestamp_parsed);
        stamps.map(|stamp| stamp.at(granularity)).collect()
    };
    let until = stamps(second).first().cloned()?;
    let window = Selection { until: Some(until.clone()), ..everything(seen) };
    let first = asker.ask(&Request::list_identifiers(window)).await.ok()?;
    let Some(Next::More { token, .. }) = &first.page.next else { return None };
    let next = asker.ask(&Request::resume(Verb::ListIdentifiers, token)).await.ok()?;
    let forgets = stamps(&next).iter().any(|stamp| *stamp > until)
        && stamps(&first).iter().all(|stamp| *stamp <= until);
    forgets.then(|| {
        next.on(Finding::worked_around(
            "forgets_selection",
            format!("from its second page on a list forgets that it was to end at {until}"),
            "it keeps what comes, and tells what is new by content; each update lists more than it needs",
        ))
    })
}

/// Whether a list that was followed to its end is as long as announced.
fn short(pages: &[Answer]) -> Option<Finding> {
    let (first, last) = (pages.first()?, pages.last()?);
    let has_ended = last.token().is_none() && last.came() == Came::Page;
    let announced = first.page.next.as_ref().and_then(Next::complete_list_size).filter(|_| has_ended)?;
    let came: u64 = pages.iter().map(|page| page.page.items).sum();
    (came < announced).then(|| {
        Finding::worked_around(
            "short_list",
            format!("the list ended after {came} of {announced} announced"),
            "it divides the list by date, to see whether more come; if not, that is a gap",
        )
    })
}
