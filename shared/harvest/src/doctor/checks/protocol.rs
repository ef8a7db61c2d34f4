//! How errors are told, and whether POST is taken (OAI-PMH 2.0, sections 3.1.1 and 3.6).

use granary_fetch::Method;
use granary_oai_pmh::{ErrorCode, Request, Token, Verb};

use crate::doctor::{
    answer::{Answer, Came, shown},
    asker::Asker,
    finding::Finding,
    seen::Seen,
};

/// A verb and a token that no repository knows.
const NO_VERB: &str = "GranaryDoctor";
const NO_TOKEN: &str = "granary-doctor-asks-with-a-token-that-is-none";

/// Asks what is wrong, and how that is answered.
pub(crate) async fn check(asker: &mut Asker, seen: &mut Seen) -> Vec<Finding> {
    let mut findings = vec![bad_verb(asker).await];
    if seen.first.as_ref().is_some_and(|first| first.token().is_some()) {
        findings.extend(bad_token(asker).await);
    }
    findings.push(post(asker).await);
    findings
}

async fn bad_verb(asker: &mut Asker) -> Finding {
    let mut url = Request::identify().url(&asker.base);
    let query = url.query().unwrap_or_default().replace("verb=Identify", &format!("verb={NO_VERB}"));
    url.set_query(Some(&query));
    match asker.ask_url(url.clone()).await {
        Ok(answer) => answer.on(match answer.came() {
            Came::Error(error) if error.code == ErrorCode::BadVerb && answer.status < 400 => {
                Finding::fine("bad_verb", "a wrong verb is answered badVerb")
            }
            _ => Finding::worked_around(
                "bad_verb",
                format!("a wrong verb is answered {}, and not badVerb", answer.described()),
                "it never sends one",
            ),
        }),
        Err(unanswered) => {
            Finding::untold("bad_verb", format!("how it answers a wrong verb: {unanswered}")).at(shown(&url))
        }
    }
}

async fn bad_token(asker: &mut Asker) -> Option<Finding> {
    let request = Request::resume(Verb::ListIdentifiers, &Token::new(NO_TOKEN)?);
    Some(match asker.ask(&request).await {
        Ok(answer) => answer.on(judge_token(&answer)),
        Err(unanswered) => {
            Finding::untold("bad_token", format!("how it answers a wrong token: {unanswered}"))
        }
    })
}

fn judge_token(answer: &Answer) -> Finding {
    let about = "bad_token";
    match answer.came() {
        Came::Error(error) if error.code == ErrorCode::BadResumptionToken && answer.status < 400 => {
            Finding::fine(about, "a wrong token is answered badResumptionToken")
        }
        Came::Page if answer.page.items > 0 => Finding::worked_around(
            about,
            format!("a wrong token is answered with a list of {}", answer.page.items),
            "it sees by the records when a list begins again",
        ),
        Came::Page => Finding::worked_around(
            about,
            "a wrong token is answered with an empty list, as if that were the end",
            "it compares what came with what was announced; where nothing is announced, a token that expires is not noticed",
        ),
        Came::Error(_) | Came::CutOff | Came::Other => Finding::worked_around(
            about,
            format!("a wrong token is answered {}, and not badResumptionToken", answer.described()),
            "it never takes a failure for the end of a list",
        ),
    }
}

async fn post(asker: &mut Asker) -> Finding {
    if let Some(refused) = &asker.refused {
        return refused.on(Finding::worked_around(
            "post",
            format!("to GET it answers {}; it takes POST", refused.described()),
            "it asks with POST, and remembers that",
        ));
    }
    let url = Request::identify().url(&asker.base);
    match asker.ask_by(Method::Post, &url).await {
        Ok(answer) if answer.page.identify.is_some() => Finding::fine("post", "it takes POST"),
        Ok(answer) => answer.on(Finding::worked_around(
            "post",
            format!("to POST it answers {}", answer.described()),
            "it asks with GET",
        )),
        Err(unanswered) if unanswered.may_pass() => {
            Finding::untold("post", format!("whether it takes POST: {unanswered}"))
        }
        Err(unanswered) => {
            Finding::worked_around("post", format!("to POST: {unanswered}"), "it asks with GET")
        }
    }
}
