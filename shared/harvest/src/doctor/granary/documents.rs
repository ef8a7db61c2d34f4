//! Sources and run states: whether they can be read, and what they say.

use chrono::{DateTime, TimeDelta, Utc};
use granary_silo::SiloName;

use super::Patient;
use crate::{
    clock,
    doctor::finding::Finding,
    lease::Lease,
    state::{Failing, Gap, State},
    transfer::in_full,
};

/// A run that holds its lease for longer is worth a word.
const LONG_RUN: TimeDelta = TimeDelta::days(2);

pub(super) async fn sources(patient: &Patient<'_>) -> Vec<Finding> {
    let names = match patient.granary.names("sources").await {
        Ok(names) => names,
        Err(error) => return vec![Finding::broken("sources", in_full(&error), "no source can be harvested")],
    };
    let mut findings = vec![Finding::fine("sources", format!("{} sources", names.len()))];
    for name in names {
        let place = patient.granary.place(&format!("_granary/sources/{name}.json"));
        let Ok(silo) = name.parse::<SiloName>() else {
            findings.push(
                Finding::broken("source", format!("{name} is no name of a silo"), "it is passed over")
                    .at(place),
            );
            continue;
        };
        if let Err(error) = patient.granary.source(&silo).await {
            findings.push(
                Finding::broken(
                    "source",
                    in_full(&error),
                    "this source is not harvested before it is mended",
                )
                .at(place),
            );
        }
    }
    findings
}

pub(super) async fn states(patient: &Patient<'_>) -> Vec<Finding> {
    let names = match patient.granary.names("state").await {
        Ok(names) => names,
        Err(error) => return vec![Finding::broken("state", in_full(&error), "no run can go on")],
    };
    let mut findings = Vec::new();
    for silo in names.iter().filter_map(|name| name.parse::<SiloName>().ok()) {
        let of_state = match patient.granary.state(&silo).await {
            Ok(state) => judge(&silo, &state, clock::now()),
            Err(error) => vec![Finding::broken(
                "state",
                in_full(&error),
                "this source is not harvested before it is mended",
            )],
        };
        let place = patient.granary.place(&format!("_granary/state/{silo}.json"));
        findings.extend(of_state.into_iter().map(|finding| finding.at(&place)));
    }
    findings
}

/// What a state says that somebody should know.
fn judge(silo: &SiloName, state: &State, now: DateTime<Utc>) -> Vec<Finding> {
    let up_to = match &state.watermark {
        Some(watermark) => format!("{silo} is harvested up to {watermark}"),
        None => format!("{silo} has not been harvested to its end yet"),
    };
    let mut findings = vec![Finding::fine("watermark", up_to)];
    findings.extend(state.lease.as_ref().map(|lease| leased(silo, lease, now)));
    findings.extend(state.failing.as_ref().map(|failing| fails(silo, failing)));
    if let Some(until) = [state.not_before, state.downloads_not_before]
        .into_iter()
        .flatten()
        .max()
        .filter(|until| *until > now)
    {
        findings.push(Finding::worked_around(
            "asks_to_wait",
            format!("the host of {silo} asks to be left alone until {}", clock::format(until)),
            "it waits until then, and goes on",
        ));
    }
    findings.extend(gaps(silo, &state.gaps));
    findings
}

fn leased(silo: &SiloName, lease: &Lease, now: DateTime<Utc>) -> Finding {
    let since = clock::format(lease.since);
    let found = format!("a run of {silo} has the lease since {since} ({})", lease.holder);
    if lease.expires <= now {
        let found = format!("a run of {silo} was cut off; it began at {since} ({})", lease.holder);
        return Finding::worked_around(
            "lease",
            found,
            "its lease has expired: the next run goes on from its checkpoint",
        );
    }
    match now - lease.since > LONG_RUN {
        true => Finding::worked_around(
            "lease",
            found,
            format!(
                "it is renewed all the time; should its holder be dead, it ends at {}",
                clock::format(lease.expires)
            ),
        ),
        false => Finding::fine("lease", found),
    }
}

fn fails(silo: &SiloName, failing: &Failing) -> Finding {
    Finding::broken(
        "failing",
        format!("{silo} cannot be harvested, {} times in a row: {}", failing.times, failing.detail),
        format!("what is new over there; the schedule tries again at {}", clock::format(failing.again)),
    )
}

fn gaps(silo: &SiloName, gaps: &[Gap]) -> Option<Finding> {
    let first = gaps.first()?;
    let end = |stamp: &Option<granary_oai_pmh::Datestamp>| {
        stamp.as_ref().map_or_else(|| "…".to_owned(), ToString::to_string)
    };
    Some(Finding::broken(
        "gaps",
        format!(
            "{silo} has {} gaps; the first, {} to {}: {}",
            gaps.len(),
            end(&first.from),
            end(&first.until),
            first.reason
        ),
        "the records of these windows, until a later run can read them; each run tries",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Outcome;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn outcomes(state: &State) -> Vec<(&'static str, bool)> {
        let findings = judge(&"s".parse().unwrap(), state, at("2026-01-02T00:00:00Z"));
        let odd = findings.into_iter().filter(|finding| finding.outcome != Outcome::Fine);
        odd.map(|finding| (finding.about, matches!(finding.outcome, Outcome::Broken { .. }))).collect()
    }

    #[test]
    fn a_state_without_trouble_is_fine() {
        assert!(outcomes(&State::default()).is_empty());
    }

    #[test]
    fn gaps_and_failures_are_losses_and_leases_and_waits_pass_by_themselves() {
        let lease = |since, expires| {
            let (holder, host) = ("a process".to_owned(), "a machine".to_owned());
            Some(Lease { holder, host, since: at(since), expires: at(expires) })
        };
        let running =
            State { lease: lease("2026-01-01T23:00:00Z", "2026-01-02T00:10:00Z"), ..State::default() };
        assert!(outcomes(&running).is_empty());
        let dead = State { lease: lease("2026-01-01T23:00:00Z", "2026-01-01T23:10:00Z"), ..State::default() };
        assert_eq!(outcomes(&dead), [("lease", false)]);
        let long = State { lease: lease("2025-12-01T00:00:00Z", "2026-01-02T00:10:00Z"), ..State::default() };
        assert_eq!(outcomes(&long), [("lease", false)]);
        let waits = State { not_before: Some(at("2026-01-03T00:00:00Z")), ..State::default() };
        assert_eq!(outcomes(&waits), [("asks_to_wait", false)]);
        let failing = Failing { times: 2, detail: "no".to_owned(), again: at("2026-01-03T00:00:00Z") };
        assert_eq!(outcomes(&State { failing: Some(failing), ..State::default() }), [("failing", true)]);
        let gap = Gap {
            from: None,
            until: None,
            set: None,
            reason: "no".to_owned(),
            time: String::new(),
            in_vain: false,
        };
        assert_eq!(outcomes(&State { gaps: vec![gap], ..State::default() }), [("gaps", true)]);
    }
}
