//! Metadata formats, and how a harvest would take the records (OAI-PMH 2.0, section 4.4).

use std::time::Duration;

use granary_finders::rank;
use granary_oai_pmh::{ErrorCode, MetadataFormat, Request};
use granary_silo::SiloName;
use tokio::time::timeout;

use crate::{
    doctor::{
        answer::{Answer, Came},
        asker::Asker,
        finding::Finding,
        seen::Seen,
    },
    endpoint::Endpoint,
    error::Error,
    source::{Kind, Source},
    state::Learned,
    transfer::in_full,
};

/// The longest that finding out how to harvest may take.
const LONGEST: Duration = Duration::from_secs(90);

/// How often it is tried.
const TRIES: u32 = 3;

/// Asks which formats there are, and finds out what a harvest would do.
pub(crate) async fn check(asker: &mut Asker, seen: &mut Seen) -> Vec<Finding> {
    let result = asker.ask(&Request::list_metadata_formats()).await;
    // A harvest would read it again, to its end, if it has one.
    let has_no_end = result.as_ref().is_ok_and(|answer| matches!(answer.came(), Came::CutOff));
    let mut findings: Vec<_> = match result {
        Ok(answer) => judge(&answer).into_iter().map(|finding| answer.on(finding)).collect(),
        Err(unanswered) => vec![Finding::untold("formats", format!("which formats it has: {unanswered}"))],
    };
    if has_no_end {
        return findings;
    }
    match learn(asker).await {
        Ok(learned) => {
            findings.push(chosen(&learned));
            seen.learned = Some(learned);
        }
        Err(detail) => findings.push(detail),
    }
    findings
}

fn judge(answer: &Answer) -> Vec<Finding> {
    match answer.came() {
        Came::Page => offered(&answer.page.formats),
        Came::Error(error) if error.code == ErrorCode::NoMetadataFormats => offered(&[]),
        Came::Error(_) | Came::CutOff | Came::Other => {
            vec![Finding::untold(
                "formats",
                format!("to ListMetadataFormats it answers {}", answer.described()),
            )]
        }
    }
}

/// What is said of the formats.
fn offered(formats: &[MetadataFormat]) -> Vec<Finding> {
    if formats.is_empty() {
        return vec![Finding::worked_around(
            "formats",
            "it lists no metadata format",
            "it asks for oai_dc, which every repository has to have",
        )];
    }
    let described = |format: &MetadataFormat| match rank(&format.prefix, &format.namespace) {
        Some(rank) => format!("{} (may name files: rank {rank})", format.prefix),
        None => format.prefix.clone(),
    };
    let all: Vec<_> = formats.iter().map(described).collect();
    let mut findings = vec![Finding::fine("formats", format!("its formats: {}", all.join(", ")))];
    if !formats.iter().any(|format| format.prefix == "oai_dc") {
        findings.push(Finding::worked_around(
            "oai_dc",
            "it does not list oai_dc, which the protocol demands",
            "it takes one of the others",
        ));
    }
    findings
}

/// What a harvest decides at its first run, decided by the same code.
async fn learn(asker: &mut Asker) -> Result<Learned, Finding> {
    let failed = |detail: String| Finding::untold("kind", format!("how to harvest it: {detail}"));
    let silo: SiloName = SiloName::from_host(asker.base.host_str().unwrap_or_default(), asker.base.port())
        .map_err(|error| failed(error.to_string()))?;
    let source = Source::new(silo, asker.base.clone());
    for attempt in 1.. {
        let learning = async {
            let endpoint = Endpoint::open(&asker.fetcher, &source, &asker.needs()).await?;
            endpoint.learn(&asker.fetcher, &source, &Learned::default()).await
        };
        let error = match timeout(LONGEST.min(asker.time_left()), learning).await {
            Ok(Ok(learned)) => return Ok(learned),
            Ok(Err(error)) => error,
            Err(_) => return Err(failed("it was not to be found out in time".to_owned())),
        };
        let may_pass =
            matches!(error, Error::Unavailable { .. } | Error::NoFormats { .. } | Error::NotBefore { .. });
        if !may_pass || attempt >= TRIES {
            return Err(failed(in_full(&error)));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Err(failed("it was not tried".to_owned()))
}

fn chosen(learned: &Learned) -> Finding {
    let why = learned.why.as_deref().unwrap_or("nothing better is known");
    let prefix = learned.metadata_prefix.as_deref().unwrap_or("oai_dc");
    let found = match (learned.kind, &learned.template) {
        (Some(Kind::Eprints3), Some(template)) => {
            format!("it is an EPrints: each item is taken as EPrints XML from {template} ({why})")
        }
        _ => format!("records are taken with ListRecords in the format {prefix} ({why})"),
    };
    Finding::fine("kind", found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Outcome;

    fn format(prefix: &str) -> MetadataFormat {
        MetadataFormat { prefix: prefix.to_owned(), ..MetadataFormat::default() }
    }

    #[test]
    fn a_repository_without_the_format_that_all_must_have_is_told_so() {
        let about = |formats: &[MetadataFormat]| {
            let odd = offered(formats).into_iter().filter(|finding| finding.outcome != Outcome::Fine);
            odd.map(|finding| finding.about).collect::<Vec<_>>()
        };
        assert_eq!(about(&[]), ["formats"]);
        assert_eq!(about(&[format("mets")]), ["oai_dc"]);
        assert!(about(&[format("oai_dc"), format("mets")]).is_empty());
    }
}
