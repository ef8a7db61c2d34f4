//! Identify: whether there is a repository, and what it says of itself (OAI-PMH 2.0, section 4.2).

use chrono::{DateTime, TimeDelta, Utc};
use granary_fetch::{Reason, Retry};
use granary_oai_pmh::{Datestamp, DeletedRecord, Granularity, Identify, Request};
use url::Url;

use crate::clock::{self, now};
use crate::doctor::{
    answer::{Answer, Came, Unanswered, shown},
    asker::Asker,
    finding::Finding,
    seen::Seen,
};

/// How far the repository's clock may be from ours before it is worth a word.
const CLOCK_MAY_DIFFER: TimeDelta = TimeDelta::minutes(5);

/// Asks who it is.
pub(crate) async fn check(asker: &mut Asker, seen: &mut Seen) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut result = asker.ask(&Request::identify()).await;
    if let Ok(answer) = &result
        && let Some(base) = lost_arguments(answer)
    {
        findings.push(answer.on(Finding::worked_around(
            "redirect",
            format!("the endpoint has moved to {}, and the redirect drops the arguments", shown(&base)),
            "it brings them along; better harvest the new URL",
        )));
        asker.base = base;
        result = asker.ask(&Request::identify()).await;
    }
    if result.as_ref().is_ok_and(|answer| answer.page.identify.is_none() && fails_compressed(answer))
        && let Ok(plain) = asker.ask_plainly(&Request::identify()).await
        && plain.page.identify.is_some()
    {
        asker.fetcher.note_bad_compression(asker.base.host_str().unwrap_or_default());
        seen.fails_compressed = true;
        findings.push(plain.on(compression_breaks(&result)));
        result = Ok(plain);
    }
    let answer = match result {
        Ok(answer) if answer.page.identify.is_some() => answer,
        other => {
            findings.push(no_identify(asker, seen, other));
            return findings;
        }
    };
    if let Some(identify) = &answer.page.identify {
        findings.extend(says(identify, &asker.base, now()).into_iter().map(|finding| answer.on(finding)));
        findings.push(answer.on(clock_of(&answer)));
        seen.identify = Some(identify.clone());
    }
    seen.greeting = Some(answer);
    findings
}

/// Where a redirect has led that lost the verb on the way.
fn lost_arguments(answer: &Answer) -> Option<Url> {
    let is_redirected = answer.arrived != answer.url;
    let is_bare = answer.arrived.query().is_none_or(str::is_empty);
    (is_redirected && is_bare && answer.page.identify.is_none()).then(|| answer.arrived.clone())
}

/// Whether the answer may be better when it need not be compressed.
fn fails_compressed(answer: &Answer) -> bool {
    answer.status >= 500 || answer.is_gzip() || matches!(answer.came(), Came::CutOff)
}

fn compression_breaks(first: &Result<Answer, Unanswered>) -> Finding {
    let what = match first {
        Ok(answer) => answer.described(),
        Err(unanswered) => unanswered.to_string(),
    };
    Finding::worked_around(
        "compression",
        format!("asked with Accept-Encoding: gzip it answers {what}; asked with identity it answers"),
        "it asks for plain bytes, and remembers that",
    )
}

/// What it means that nobody says who it is.
fn no_identify(asker: &Asker, seen: &mut Seen, result: Result<Answer, Unanswered>) -> Finding {
    match result {
        Err(unanswered) => unreached(&unanswered).at(shown(&Request::identify().url(&asker.base))),
        Ok(answer) => {
            let finding = refused(&answer);
            seen.is_wrong = finding.about == "not_a_repository";
            answer.on(finding)
        }
    }
}

fn unreached(unanswered: &Unanswered) -> Finding {
    let text = unanswered.to_string();
    let Unanswered::Failed(error) = unanswered else { return Finding::untold("unreachable", text) };
    match (error.reason(), error.retry()) {
        (Reason::Blocked, _) => blocked(&text),
        (_, Retry::NotBefore(until)) => Finding::untold(
            "asks_to_wait",
            format!("{text}; nothing is asked before {}", clock::format(until)),
        ),
        _ if text.contains("certificate") => Finding::broken(
            "certificate",
            text,
            "nothing can be harvested: only what has a certificate that can be trusted is believed; the staff of the \
             repository can renew it, and have to send the intermediate certificates along",
        ),
        (Reason::RedirectLoop, _) => Finding::broken(
            "redirect",
            text,
            "nothing can be harvested; the staff of the repository can mend its redirects",
        ),
        (Reason::Refused, _) => Finding::broken("refused", text, "nothing can be harvested from there"),
        _ => Finding::untold("unreachable", text),
    }
}

fn blocked(text: &str) -> Finding {
    Finding::broken(
        "blocked",
        text.to_owned(),
        "nothing can be harvested; ask the repository's staff to let this User-Agent or this address through, and name \
         a contact with --contact",
    )
}

fn refused(answer: &Answer) -> Finding {
    match (answer.status, answer.came()) {
        (401 | 403 | 407 | 451, _) => {
            blocked(&format!("it answers HTTP {}: it does not let us in", answer.status))
        }
        (408 | 429 | 500..=599, _) | (_, Came::CutOff) => {
            Finding::untold("failing", format!("it answers {}", answer.described()))
        }
        (_, Came::Other) if answer.is_gzip() => Finding::broken(
            "compression",
            "it sends gzip without saying so, also when asked for plain bytes",
            "nothing can be read; the staff of the repository can mend its Content-Encoding header",
        ),
        (_, Came::Error(_) | Came::Page | Came::Other) => Finding::broken(
            "not_a_repository",
            format!("to Identify it answers {}", answer.described()),
            "this is no base URL of an OAI-PMH repository; that of an EPrints ends in /cgi/oai2, of a DSpace in \
             /oai/request or /server/oai/request, of an OJS in /oai",
        ),
    }
}

/// What it says of itself, and what is odd in it.
fn says(identify: &Identify, base: &Url, now: DateTime<Utc>) -> Vec<Finding> {
    let name = identify.repository_name.as_deref().unwrap_or("a repository without a name");
    let version = identify.protocol_version.as_deref().unwrap_or("an unknown version");
    let mails = match identify.admin_emails.join(", ") {
        mails if mails.is_empty() => "no address".to_owned(),
        mails => mails,
    };
    let mut findings = vec![Finding::fine(
        "repository",
        format!("{name}; OAI-PMH {version}; {}; its staff: {mails}", granularity(identify.granularity)),
    )];
    findings.extend(version_is_odd(identify.protocol_version.as_deref()));
    findings.extend(base_url(identify.base_url.as_deref(), base));
    findings.push(deletions(identify.deleted_record));
    findings.push(earliest(identify.earliest_datestamp.as_deref(), now));
    if identify.granularity.is_none() {
        findings.push(Finding::worked_around(
            "granularity",
            "it does not say how fine its datestamps are",
            "it asks with days, which every repository has to take",
        ));
    }
    if identify.admin_emails.is_empty() {
        findings.push(Finding::worked_around(
            "admin_email",
            "it names no adminEmail, which the protocol demands",
            "it needs none; there is nobody to send this report to",
        ));
    }
    findings
}

fn granularity(granularity: Option<Granularity>) -> &'static str {
    match granularity {
        Some(Granularity::Second) => "datestamps in seconds",
        Some(Granularity::Day) => "datestamps in days: each update fetches the last day again",
        None => "datestamps of an unknown granularity",
    }
}

fn version_is_odd(version: Option<&str>) -> Option<Finding> {
    match version.map(str::trim) {
        Some("2.0") => None,
        Some(old) if old.starts_with('1') => Some(Finding::broken(
            "protocol_version",
            format!("it speaks OAI-PMH {old}, which ended in 2002"),
            "what differs from 2.0 cannot be read",
        )),
        other => Some(Finding::worked_around(
            "protocol_version",
            format!("its protocolVersion is {:?}", other.unwrap_or_default()),
            "it takes it for 2.0",
        )),
    }
}

fn base_url(said: Option<&str>, base: &Url) -> Option<Finding> {
    let same = |said: &str| {
        let trim = |url: &str| {
            url.trim()
                .trim_start_matches("https://")
                .trim_start_matches("http://")
                .trim_end_matches('/')
                .to_owned()
        };
        trim(said) == trim(base.as_str())
    };
    match said {
        Some(said) if same(said) => None,
        said => Some(Finding::worked_around(
            "base_url",
            format!("it says that its base URL is {:?}, and not {}", said.unwrap_or_default(), shown(base)),
            "it goes on asking where it was told to",
        )),
    }
}

fn deletions(deleted_record: Option<DeletedRecord>) -> Finding {
    match deleted_record {
        Some(DeletedRecord::Persistent) => {
            Finding::fine("deleted_record", "it announces deleted records, and keeps that for ever")
        }
        Some(DeletedRecord::Transient) => Finding::worked_around(
            "deleted_record",
            "it announces deleted records for a while only",
            "it learns of them when it harvests often enough, or sweeps (--sweep); nothing stored is removed",
        ),
        Some(DeletedRecord::No) => Finding::worked_around(
            "deleted_record",
            "it does not announce deleted records",
            "it keeps what was deleted over there; `granary harvest SILO --sweep` finds and marks it",
        ),
        None => Finding::worked_around(
            "deleted_record",
            "it does not say whether it announces deleted records",
            "it heeds those that are announced",
        ),
    }
}

fn earliest(said: Option<&str>, now: DateTime<Utc>) -> Finding {
    let odd =
        |found: String| Finding::worked_around("earliest_datestamp", found, "it asks for what is older, too");
    match said.map(|said| (said, said.parse::<Datestamp>())) {
        None => odd("it names no earliestDatestamp".to_owned()),
        Some((said, Err(_))) => odd(format!("its earliestDatestamp is no date: {said:?}")),
        Some((said, Ok(earliest))) if earliest > Datestamp::Second(now) => {
            odd(format!("its earliestDatestamp is in the future: {said}"))
        }
        Some((said, Ok(_))) => Finding::fine("earliest_datestamp", format!("its records begin at {said}")),
    }
}

/// How the repository's clock stands to ours.
fn clock_of(answer: &Answer) -> Finding {
    let how = "windows end at the repository's own time, never at ours";
    match (answer.clock_ahead(), answer.page.response_date.as_deref()) {
        (Some(ahead), _) if ahead.abs() <= CLOCK_MAY_DIFFER => {
            Finding::fine("clock", "its clock agrees with ours")
        }
        (Some(ahead), _) if ahead > TimeDelta::zero() => Finding::worked_around(
            "clock",
            format!("its clock is ahead of ours by {}", span(ahead)),
            format!("{how}; a time that is more than a day ahead is not believed"),
        ),
        (Some(ahead), _) => {
            Finding::worked_around("clock", format!("its clock is behind ours by {}", span(-ahead)), how)
        }
        (None, said) => Finding::worked_around(
            "clock",
            match said {
                Some(said) => format!("its responseDate is no time in UTC: {said:?}"),
                None => "its answers have no responseDate".to_owned(),
            },
            "it reads it as well as it can, or goes by its own clock",
        ),
    }
}

/// A span as people say it.
fn span(span: TimeDelta) -> String {
    match (span.num_days(), span.num_hours(), span.num_minutes()) {
        (0, 0, minutes) => format!("{minutes} minutes"),
        (0, hours, _) => format!("{hours} hours"),
        (days, ..) => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Outcome;

    fn base() -> Url {
        Url::parse("http://x.org/cgi/oai2").unwrap()
    }

    fn good() -> Identify {
        Identify {
            repository_name: Some("X".to_owned()),
            base_url: Some("https://x.org/cgi/oai2/".to_owned()),
            protocol_version: Some("2.0".to_owned()),
            admin_emails: vec!["a@x.org".to_owned()],
            earliest_datestamp: Some("2010-01-01".to_owned()),
            deleted_record: Some(DeletedRecord::Persistent),
            granularity: Some(Granularity::Second),
            ..Identify::default()
        }
    }

    fn odd(identify: &Identify) -> Vec<&'static str> {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let findings = says(identify, &base(), now);
        findings.into_iter().filter(|finding| finding.outcome != Outcome::Fine).map(|f| f.about).collect()
    }

    #[test]
    fn a_repository_that_says_all_and_nothing_odd_is_fine() {
        assert!(odd(&good()).is_empty());
    }

    #[test]
    fn what_is_odd_in_identify_is_told_each_by_itself() {
        let check = |change: fn(&mut Identify), about: &str| {
            let mut identify = good();
            change(&mut identify);
            assert_eq!(odd(&identify), [about]);
        };
        check(|identify| identify.protocol_version = None, "protocol_version");
        check(|identify| identify.protocol_version = Some("1.1".to_owned()), "protocol_version");
        check(|identify| identify.base_url = Some("http://y.org/oai".to_owned()), "base_url");
        check(|identify| identify.deleted_record = Some(DeletedRecord::No), "deleted_record");
        check(|identify| identify.earliest_datestamp = Some("2999-01-01".to_owned()), "earliest_datestamp");
        check(|identify| identify.earliest_datestamp = Some("long ago".to_owned()), "earliest_datestamp");
        check(|identify| identify.granularity = None, "granularity");
        check(|identify| identify.admin_emails.clear(), "admin_email");
    }
}
