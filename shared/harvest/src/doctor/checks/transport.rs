//! How answers come: redirects, encryption, compression, speed, and whether they come at once.

use std::time::Duration;

use granary_oai_pmh::Request;

use crate::doctor::{
    answer::{Answer, shown},
    asker::Asker,
    finding::Finding,
    seen::Seen,
};

/// How long an answer may take before it is worth a word.
const SLOW: Duration = Duration::from_secs(10);

/// What the answer to Identify showed, and how the endpoint compresses.
pub(crate) async fn check(asker: &mut Asker, seen: &mut Seen) -> Vec<Finding> {
    let mut findings: Vec<_> = seen.greeting.iter().flat_map(arrival).collect();
    findings.extend(compression(asker, seen).await);
    findings
}

/// Where the answer came from.
fn arrival(answer: &Answer) -> Vec<Finding> {
    let (asked, arrived) = (&answer.url, &answer.arrived);
    let redirect = (asked != arrived).then(|| {
        let target = endpoint_of(arrived);
        let found = match answer.moved_permanently {
            true => format!("the endpoint has moved for good to {target}"),
            false => format!("the endpoint redirects to {target}"),
        };
        Finding::worked_around("redirect", found, "it follows each time; better harvest the new URL")
    });
    let encryption = match arrived.scheme() {
        "https" => "it answers over HTTPS, with a certificate that is trusted",
        _ => "it answers over HTTP, unencrypted",
    };
    redirect.into_iter().chain([Finding::fine("encryption", encryption)]).map(|f| answer.on(f)).collect()
}

fn endpoint_of(url: &url::Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    shown(&url)
}

/// Whether its answers can be read, compressed or not. Nothing when Identify has shown that they cannot.
async fn compression(asker: &mut Asker, seen: &Seen) -> Option<Finding> {
    let host = asker.base.host_str().unwrap_or_default();
    if asker.fetcher.compresses_badly(host) {
        return (!seen.fails_compressed).then(|| {
            Finding::worked_around(
                "compression",
                "it says that it compresses its answers, and what comes cannot be decompressed",
                "it asks for plain bytes, and remembers that",
            )
        });
    }
    Some(match asker.ask_plainly(&Request::identify()).await {
        Ok(answer) if answer.is_gzip() => answer.on(Finding::worked_around(
            "compression",
            "it compresses its answers unasked",
            "it decompresses what is compressed, whatever is said of it",
        )),
        Ok(answer) if answer.page.identify.is_none() => answer.on(Finding::worked_around(
            "compression",
            format!("asked for plain bytes it answers {}", answer.described()),
            "it takes compressed answers",
        )),
        Ok(_) => Finding::fine("compression", "compressed or not, its answers can be read"),
        Err(unanswered) => Finding::untold("compression", format!("asked for plain bytes: {unanswered}")),
    })
}

/// What went wrong at first, and how long answers took.
pub(crate) async fn steadiness(asker: &mut Asker) -> Vec<Finding> {
    let mut findings = Vec::new();
    let requests = asker.requests();
    match asker.mishaps.first() {
        None => findings.push(Finding::fine("mishaps", "each request was answered at once")),
        Some((url, what)) => findings.push(
            Finding::worked_around(
                "mishaps",
                format!(
                    "{} of {requests} requests had to be sent again; the first: {what}",
                    asker.mishaps.len()
                ),
                "it waits as long as it is asked to, and asks again",
            )
            .at(shown(url)),
        ),
    }
    if let Some((took, url)) = &asker.slowest {
        let found = format!("the slowest answer took {:.1} seconds", took.as_secs_f64());
        let finding = match *took > SLOW {
            true => {
                Finding::worked_around("speed", found, "it waits for a minute for each piece of an answer")
            }
            false => Finding::fine("speed", found),
        };
        findings.push(finding.at(shown(url)));
    }
    findings
}
