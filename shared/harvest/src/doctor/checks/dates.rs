//! Whether lists heed from and until (OAI-PMH 2.0, section 2.7.1): what updates and every recovery rely on.

use chrono::TimeDelta;
use granary_oai_pmh::{Datestamp, ErrorCode, Granularity, Header, Request, Selection};

use crate::clock::now;
use crate::doctor::{
    answer::{Answer, Came},
    asker::Asker,
    checks::lists::everything,
    finding::Finding,
    seen::{Dates, Seen},
};

/// Asks for windows whose contents are known.
pub(crate) async fn check(asker: &mut Asker, seen: &mut Seen) -> Vec<Finding> {
    let stamps = seen.datestamps();
    // In the middle: there is something before it and something behind it that must not come.
    let Some(middle) = stamps.get(stamps.len() / 2).cloned() else { return Vec::new() };
    let mut findings = Vec::new();
    findings.extend(window(asker, seen, &middle).await);
    if seen.granularity() == Granularity::Second {
        findings.push(in_days(asker, seen, &middle).await);
    }
    findings.push(future(asker, seen).await);
    findings
}

fn between(seen: &Seen, from: &Datestamp, until: &Datestamp) -> Request {
    Request::list_identifiers(Selection {
        from: Some(from.clone()),
        until: Some(until.clone()),
        ..everything(seen)
    })
}

/// Asks for one granule that has records.
async fn window(asker: &mut Asker, seen: &mut Seen, middle: &Datestamp) -> Vec<Finding> {
    let answer = match asker.ask(&between(seen, middle, middle)).await {
        Ok(answer) => answer,
        Err(unanswered) => {
            return vec![Finding::untold("window", format!("whether dates are heeded: {unanswered}"))];
        }
    };
    let refused = answer.error_code() == Some(&ErrorCode::BadArgument);
    if refused && seen.granularity() == Granularity::Second {
        return days_instead(asker, seen, middle, &answer).await;
    }
    let (finding, dates) = judge(&answer, middle, seen.granularity());
    seen.dates = dates;
    vec![answer.on(finding)]
}

/// Seconds are refused: asks in days, as a harvest does then.
async fn days_instead(
    asker: &mut Asker,
    seen: &mut Seen,
    middle: &Datestamp,
    refused: &Answer,
) -> Vec<Finding> {
    let day = middle.at(Granularity::Day);
    let found = format!("it promises seconds, and refuses them: {}", refused.described());
    let days = asker.ask(&between(seen, &day, &day)).await;
    let (about, how) =
        ("date_form", "it asks with days, and remembers that; the last day is fetched again each time");
    let Ok(answer) = days else { return vec![refused.on(Finding::untold(about, found))] };
    let (window, dates) = judge(&answer, &day, Granularity::Day);
    seen.dates = dates;
    seen.takes_days_only = answer.came() == Came::Page;
    match answer.came() {
        Came::Page => vec![refused.on(Finding::worked_around(about, found, how)), answer.on(window)],
        _ => vec![answer.on(window)],
    }
}

/// What a list of one granule shows, which has to hold something.
fn judge(answer: &Answer, asked: &Datestamp, granularity: Granularity) -> (Finding, Dates) {
    let about = "window";
    match answer.came() {
        Came::Page => {}
        Came::Error(error) if error.code == ErrorCode::NoRecordsMatch => {
            let found =
                format!("asked for {asked} alone it says noRecordsMatch, and has records of that time");
            let lost = "changed records, when an update asks for a span that the repository takes for empty";
            return (Finding::broken(about, found, lost), Dates::Ignored);
        }
        Came::Error(error) if error.code == ErrorCode::BadArgument => {
            let found =
                format!("asked for {asked} alone it answers {}: it takes no dates", answer.described());
            let how = "it asks without them; each update lists everything, and there is no way round a page that fails";
            return (Finding::worked_around(about, found, how), Dates::Ignored);
        }
        Came::Error(_) | Came::CutOff | Came::Other => {
            let found = format!("asked for {asked} alone it answers {}", answer.described());
            let lost =
                "it can be harvested whole or not at all: no updates, and no way round a page that fails";
            return (Finding::broken(about, found, lost), Dates::Ignored);
        }
    }
    let outside = Outside::of(&answer.page.headers, asked, granularity);
    let found = match outside {
        Outside::Nothing => {
            let found = format!("asked for {asked} alone it gives {} of that time", answer.page.items);
            return (Finding::fine(about, found), Dates::Heeded);
        }
        Outside::Earlier => {
            format!("asked for {asked} alone it gives older records, too: it does not heed from")
        }
        Outside::Later => {
            format!("asked for {asked} alone it gives newer records, too: it does not heed until")
        }
        Outside::Both => {
            format!("asked for {asked} alone it gives older and newer records: it does not heed dates")
        }
    };
    let how = "it keeps what comes, and tells what is new by content; each update lists more than it needs";
    let dates = match outside {
        // What begins late enough can still be divided.
        Outside::Later => Dates::Heeded,
        Outside::Nothing | Outside::Earlier | Outside::Both => Dates::Ignored,
    };
    (Finding::worked_around(about, found, how), dates)
}

/// On which side of a window a list has records that do not belong there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outside {
    Nothing,
    Earlier,
    Later,
    Both,
}

impl Outside {
    fn of(headers: &[Header], asked: &Datestamp, granularity: Granularity) -> Self {
        let stamps =
            || headers.iter().filter_map(Header::datestamp_parsed).map(|stamp| stamp.at(granularity));
        match (stamps().any(|stamp| stamp < *asked), stamps().any(|stamp| stamp > *asked)) {
            (false, false) => Self::Nothing,
            (true, false) => Self::Earlier,
            (false, true) => Self::Later,
            (true, true) => Self::Both,
        }
    }
}

/// A repository of seconds has to take days as well.
async fn in_days(asker: &mut Asker, seen: &Seen, middle: &Datestamp) -> Finding {
    let day = middle.at(Granularity::Day);
    match asker.ask(&between(seen, &day, &day)).await {
        Ok(answer) => answer.on(match answer.came() {
            Came::Page => Finding::fine("days", "it takes dates in days, too"),
            _ => Finding::worked_around(
                "days",
                format!("asked with days it answers {}", answer.described()),
                "it asks with seconds",
            ),
        }),
        Err(unanswered) => Finding::untold("days", format!("whether it takes days: {unanswered}")),
    }
}

/// A window in which there is nothing yet: what an update without news looks like.
async fn future(asker: &mut Asker, seen: &Seen) -> Finding {
    let at = |days| Datestamp::Second(now() + TimeDelta::days(days)).at(seen.granularity());
    match asker.ask(&between(seen, &at(3), &at(4))).await {
        Ok(answer) => answer.on(empty(&answer)),
        Err(unanswered) => {
            Finding::untold("nothing_new", format!("what it says when nothing is new: {unanswered}"))
        }
    }
}

fn empty(answer: &Answer) -> Finding {
    let about = "nothing_new";
    let described = answer.described();
    let asked = "asked for what is not there yet";
    match answer.came() {
        Came::Error(error) if error.code == ErrorCode::NoRecordsMatch && answer.status < 400 => {
            Finding::fine(about, "where there is nothing it says noRecordsMatch")
        }
        Came::Error(error) if error.code == ErrorCode::NoRecordsMatch => Finding::worked_around(
            about,
            format!("where there is nothing it says noRecordsMatch with HTTP status {}", answer.status),
            "it reads the answer before it goes by the status",
        ),
        Came::Error(error) if error.code == ErrorCode::BadArgument => Finding::worked_around(
            about,
            format!("{asked} it answers {described}"),
            "it never asks for the future",
        ),
        Came::Page if answer.page.items == 0 => Finding::worked_around(
            about,
            format!("{asked} it gives an empty list, and does not say noRecordsMatch"),
            "it takes that for an empty list",
        ),
        Came::Page => Finding::worked_around(
            about,
            format!("{asked} it gives {} records", answer.page.items),
            "it keeps what comes, and tells what is new by content; each update lists more than it needs",
        ),
        Came::Error(_) | Came::CutOff | Came::Other => Finding::broken(
            about,
            format!("{asked} it answers {described}, and not noRecordsMatch"),
            "nothing; but an update that finds nothing new may be taken for one that failed, and is tried again",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_of_a_window_tells_which_of_its_ends_is_not_heeded() {
        let asked: Datestamp = "2020-01-02".parse().unwrap();
        let outside = |stamps: &[&str]| {
            let header = |stamp: &&str| Header { datestamp: (*stamp).to_owned(), ..Header::default() };
            let headers: Vec<_> = stamps.iter().map(header).collect();
            Outside::of(&headers, &asked, Granularity::Day)
        };
        assert_eq!(outside(&["2020-01-02T10:00:00Z", ""]), Outside::Nothing);
        assert_eq!(outside(&["2020-01-01"]), Outside::Earlier);
        assert_eq!(outside(&["2020-01-02", "2020-01-03"]), Outside::Later);
        assert_eq!(outside(&["2020-01-01", "2020-01-03"]), Outside::Both);
    }
}
