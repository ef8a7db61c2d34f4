//! The table of checks of an endpoint.

use futures::{FutureExt, future::BoxFuture};
use granary_fetch::Fetcher;
use tokio::time::Instant;
use url::Url;

use super::{
    answer::shown,
    asker::Asker,
    checks::{dates, files, formats, identify, lists, protocol, records, sets, tokens, transport},
    finding::{Diagnosis, Finding},
    seen::Seen,
};

/// Asks, and says what it has found.
type Check = for<'a> fn(&'a mut Asker, &'a mut Seen) -> BoxFuture<'a, Vec<Finding>>;

/// All checks, in the order in which they are made: later ones need what earlier ones have seen.
const CHECKS: &[(&str, Check)] = &[
    ("identify", |asker, seen| identify::check(asker, seen).boxed()),
    ("transport", |asker, seen| transport::check(asker, seen).boxed()),
    ("formats", |asker, seen| formats::check(asker, seen).boxed()),
    ("sets", |asker, _| sets::check(asker).boxed()),
    ("lists", |asker, seen| lists::check(asker, seen).boxed()),
    ("dates", |asker, seen| dates::check(asker, seen).boxed()),
    ("tokens", |asker, seen| tokens::check(asker, seen).boxed()),
    ("records", |asker, seen| records::check(asker, seen).boxed()),
    ("errors", |asker, seen| protocol::check(asker, seen).boxed()),
    ("files", |asker, seen| files::check(asker, seen).boxed()),
    ("steadiness", |asker, _| transport::steadiness(asker).boxed()),
];

/// Asks the endpoint at `url` about thirty things, one at a time, and says what it supports and breaks, and what a harvest
/// of it would lose. Writes nothing.
///
/// Whatever it answers, that costs a bounded number of requests, some minutes, and the memory of one record. `fetcher`
/// tries each request once (the doctor tries again itself, and tells of it), and trusts the host of `url`.
pub async fn examine(fetcher: &Fetcher, url: &Url) -> Diagnosis {
    let begun = Instant::now();
    let mut asker = Asker::new(fetcher.clone(), url.clone());
    let mut seen = Seen::default();
    let mut findings = Vec::new();
    for (name, check) in CHECKS {
        let found = check(&mut asker, &mut seen).await;
        findings.extend(found.into_iter().map(|finding| Finding { check: name, ..finding }));
        // Who does not say who it is, is not asked anything else.
        if seen.identify.is_none() {
            break;
        }
        if let Some(why) = asker.has_ended() {
            let finding = Finding::untold("not_asked", format!("the rest was not asked: {why}"));
            findings.push(Finding { check: "steadiness", ..finding });
            break;
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    Diagnosis::of(shown(url), findings, seen.is_wrong, Some(asker.requests()), seconds)
}
