//! What the doctor finds: data, for whoever renders it.

use serde::Serialize;

/// How well something stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// As it should be.
    Fine,
    /// Not as it should be, and nothing is lost by it.
    WorkedAround {
        /// What Granary does about it.
        how: String,
    },
    /// Not as it should be, and Granary cannot make up for it.
    Broken {
        /// What is lost by it, and what would help.
        lost: String,
    },
    /// It cannot be told now.
    Untold,
}

/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check that found it: a line of the table of checks.
    pub check: &'static str,
    /// What it is about, in one word that stays the same.
    pub about: &'static str,
    /// What was found, in a sentence.
    pub found: String,
    /// How well that is.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The URL that was asked, or the path that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// The beginning of what was answered: 200 characters at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

impl Finding {
    pub(crate) fn fine(about: &'static str, found: impl Into<String>) -> Self {
        Self::new(about, found.into(), Outcome::Fine)
    }

    pub(crate) fn worked_around(
        about: &'static str,
        found: impl Into<String>,
        how: impl Into<String>,
    ) -> Self {
        Self::new(about, found.into(), Outcome::WorkedAround { how: how.into() })
    }

    pub(crate) fn broken(about: &'static str, found: impl Into<String>, lost: impl Into<String>) -> Self {
        Self::new(about, found.into(), Outcome::Broken { lost: lost.into() })
    }

    pub(crate) fn untold(about: &'static str, found: impl Into<String>) -> Self {
        Self::new(about, found.into(), Outcome::Untold)
    }

    /// The check is filled in by whoever runs it.
    fn new(about: &'static str, found: String, outcome: Outcome) -> Self {
        Self { check: "", about, found, outcome, asked: None, answer: None }
    }

    /// Says what was asked or looked at.
    pub(crate) fn at(mut self, place: impl Into<String>) -> Self {
        self.asked = Some(place.into());
        self
    }
}

/// What all findings come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing will be lost.
    Good,
    /// Something will be, or is.
    Lossy,
    /// It cannot be told now: no answer, or a request to wait.
    Untold,
    /// It is something else: no repository, no granary.
    Wrong,
}

/// What the doctor says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diagnosis {
    /// What was examined: a URL, a directory, `s3://bucket/prefix`.
    pub subject: String,
    /// What all findings come to.
    pub verdict: Verdict,
    /// How many findings are worked around.
    pub worked_around: usize,
    /// How many are broken.
    pub broken: usize,
    /// How many requests were sent, redirects included; absent for a granary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<u64>,
    /// How long it took.
    pub seconds: f64,
    /// When, UTC.
    pub time: String,
    /// What was found, check by check.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// The diagnosis that follows from these findings. `is_wrong`: it is not even what it was taken for.
    pub fn of(
        subject: String,
        findings: Vec<Finding>,
        is_wrong: bool,
        requests: Option<u64>,
        seconds: f64,
    ) -> Self {
        let count = |is: fn(&Outcome) -> bool| findings.iter().filter(|finding| is(&finding.outcome)).count();
        let worked_around = count(|outcome| matches!(outcome, Outcome::WorkedAround { .. }));
        let broken = count(|outcome| matches!(outcome, Outcome::Broken { .. }));
        let untold = count(|outcome| matches!(outcome, Outcome::Untold));
        let verdict = match (is_wrong, broken, untold) {
            (true, ..) => Verdict::Wrong,
            (false, 1.., _) => Verdict::Lossy,
            (false, 0, 1..) => Verdict::Untold,
            (false, 0, 0) => Verdict::Good,
        };
        let time = crate::clock::timestamp();
        Self { subject, verdict, worked_around, broken, requests, seconds, time, findings }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_outweighs_what_cannot_be_told_and_that_what_is_worked_around() {
        let verdict = |findings: &[Finding], is_wrong| {
            Diagnosis::of(String::new(), findings.to_vec(), is_wrong, None, 0.0).verdict
        };
        let (fine, around) = (Finding::fine("a", ""), Finding::worked_around("a", "", ""));
        let (broken, untold) = (Finding::broken("a", "", ""), Finding::untold("a", ""));
        assert_eq!(verdict(&[fine.clone(), around.clone()], false), Verdict::Good);
        assert_eq!(verdict(&[around.clone(), untold.clone()], false), Verdict::Untold);
        assert_eq!(verdict(&[untold, broken, around], false), Verdict::Lossy);
        assert_eq!(verdict(&[fine], true), Verdict::Wrong);
    }

    #[test]
    fn a_finding_is_flat_in_json() {
        let finding = Finding { check: "lists", ..Finding::worked_around("token", "it loops", "it divides") };
        assert_eq!(
            serde_json::to_value(finding).unwrap(),
            serde_json::json!({"check": "lists", "about": "token", "found": "it loops",
                "outcome": "worked_around", "how": "it divides"})
        );
    }
}
