//! Whether the silos open.

use super::Patient;
use crate::{doctor::finding::Finding, transfer::in_full};

pub(super) async fn check(patient: &Patient<'_>) -> Vec<Finding> {
    let silos = match patient.granary.silos().await {
        Ok(silos) => silos,
        Err(error) => {
            return vec![Finding::broken("silos", in_full(&error), "what is stored cannot be found")];
        }
    };
    let mut findings = vec![Finding::fine("silos", format!("{} silos", silos.len()))];
    for silo in silos {
        if let Err(error) = patient.granary.silo(&silo).await {
            let finding = Finding::broken(
                "silo",
                format!("{silo} does not open: {}", in_full(&error)),
                "its objects, until it is mended; it is left as it is",
            );
            findings.push(finding.at(patient.granary.place(silo.as_str())));
        }
    }
    findings
}
