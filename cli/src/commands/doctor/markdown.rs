//! A diagnosis as a report in Markdown, which reads well as plain text too.

use std::io::{self, Write};

use granary_harvest::doctor::{Diagnosis, Finding, Outcome, Verdict};

/// What was examined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Endpoint,
    Granary,
}

/// Whether findings with this outcome belong into a section.
type Belongs = fn(&Outcome) -> bool;

/// The sections, what matters most first.
const SECTIONS: [(&str, Belongs); 4] = [
    ("Something is lost", |outcome| matches!(outcome, Outcome::Broken { .. })),
    ("Not as it should be, and worked around", |outcome| matches!(outcome, Outcome::WorkedAround { .. })),
    ("Cannot be told now", |outcome| matches!(outcome, Outcome::Untold)),
    ("Fine", |outcome| *outcome == Outcome::Fine),
];

/// Writes the report: the verdict, then what is lost, what is worked around, what cannot be told, and what is fine.
pub(crate) fn write(out: &mut impl Write, diagnosis: &Diagnosis, subject: Subject) -> io::Result<()> {
    writeln!(out, "# {}\n", diagnosis.subject)?;
    writeln!(out, "{}\n", verdict(diagnosis, subject))?;
    writeln!(out, "{}", made(diagnosis))?;
    for (title, belongs) in SECTIONS {
        let mut findings = diagnosis.findings.iter().filter(|finding| belongs(&finding.outcome)).peekable();
        if findings.peek().is_some() {
            writeln!(out, "\n## {title}")?;
        }
        findings.try_for_each(|finding| item(out, finding))?;
    }
    Ok(())
}

fn verdict(diagnosis: &Diagnosis, subject: Subject) -> String {
    let Diagnosis { worked_around, broken, .. } = diagnosis;
    let around = match worked_around {
        0 => "nothing has to be worked around".to_owned(),
        n => format!("{} worked around", things(*n)),
    };
    match (diagnosis.verdict, subject) {
        (Verdict::Good, Subject::Endpoint) => format!("Granary can harvest this repository; {around}."),
        (Verdict::Good, Subject::Granary) => format!("This granary keeps what it promises; {around}."),
        (Verdict::Lossy, Subject::Endpoint) => {
            format!(
                "A harvest of this repository would lose something: {} broken; {around}.",
                things(*broken)
            )
        }
        (Verdict::Lossy, Subject::Granary) => {
            format!("In this granary {} broken; {around}.", things(*broken))
        }
        (Verdict::Untold, _) => "It cannot be told now how this stands; ask again later.".to_owned(),
        (Verdict::Wrong, Subject::Endpoint) => "This is no OAI-PMH repository.".to_owned(),
        (Verdict::Wrong, Subject::Granary) => "This is no granary.".to_owned(),
    }
}

fn things(count: usize) -> String {
    match count {
        1 => "one thing is".to_owned(),
        count => format!("{count} things are"),
    }
}

fn made(diagnosis: &Diagnosis) -> String {
    let program = concat!("Granary ", env!("CARGO_PKG_VERSION"));
    let requests =
        diagnosis.requests.map(|requests| format!(", with {requests} requests")).unwrap_or_default();
    format!("Examined by {program} at {}, in {:.1} seconds{requests}.", diagnosis.time, diagnosis.seconds)
}

fn item(out: &mut impl Write, finding: &Finding) -> io::Result<()> {
    let is_fine = finding.outcome == Outcome::Fine;
    writeln!(out, "{}- {}: {}.", if is_fine { "" } else { "\n" }, finding.check, plain(&finding.found))?;
    match &finding.outcome {
        // What is fine needs no proof.
        Outcome::Fine => return Ok(()),
        Outcome::WorkedAround { how } => writeln!(out, "  What Granary does: {how}.")?,
        Outcome::Broken { lost } => writeln!(out, "  What is lost: {lost}.")?,
        Outcome::Untold => {}
    }
    if let Some(asked) = &finding.asked {
        writeln!(out, "  Asked: <{}>", plain(asked))?;
    }
    if let Some(answer) = &finding.answer {
        writeln!(out, "  Answered: `{}`", plain(answer).replace('`', "'"))?;
    }
    Ok(())
}

/// Text of others, without what would leave its line or move a terminal's cursor.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
