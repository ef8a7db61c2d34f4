//! What a sweep would find, without asking for single records and without writing anything.

use futures::StreamExt;
use granary_fetch::Fetcher;
use granary_silo::{Identifier, SiloName};
use serde::Serialize;

use crate::{
    endpoint::Endpoint,
    error::Error,
    granary::Granary,
    source::{Kind, Source},
    sweep::{
        MaxAbsent,
        roll::{Asked, Called, Roll},
        survey::{self, Survey},
    },
};

/// What a sweep would find.
#[derive(Debug, Clone, Serialize)]
pub struct Rehearsal {
    /// The silo.
    pub silo: SiloName,
    /// Why the repository cannot be swept; the rest then says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
    /// Identifiers that the repository lists as not deleted.
    pub listed: u64,
    /// Live objects that should be among them.
    pub live: u64,
    /// Those of them that are not: each would be asked for, and marked if the repository does not know it.
    pub missing: Vec<Identifier>,
    /// Absent objects that are listed again: they would be fetched.
    pub returned: Vec<Identifier>,
    /// Whether so many may be missing.
    pub allowed: bool,
}

/// Lists the identifiers of a source, and holds its silo against them.
///
/// # Errors
/// When the endpoint cannot be reached, or there is no such silo.
pub async fn rehearse(
    granary: &Granary,
    fetcher: &Fetcher,
    source: &Source,
    brake: MaxAbsent,
) -> Result<Rehearsal, Error> {
    let silo = granary.silo(&source.silo).await?;
    let state = granary.state(&source.silo).await?;
    let endpoint = Endpoint::open(fetcher, source, &state.learned.needs).await?;
    let learned = endpoint.learn(fetcher, source, &state.learned).await?;
    let prefix = match learned.kind {
        Some(Kind::Oai) => learned.metadata_prefix,
        Some(Kind::Eprints3 | Kind::Auto) | None => None,
    };
    let asked = Asked {
        client: endpoint.client.clone(),
        prefix: prefix.unwrap_or_else(|| "oai_dc".to_owned()),
        granularity: learned
            .needs
            .iter()
            .find_map(|need| need.granularity())
            .unwrap_or_else(|| endpoint.granularity()),
        earliest: endpoint.earliest(),
        response_date: endpoint.response_date.clone(),
        needs: learned.needs,
    };
    let mut roll = Roll::new(fetcher, source, asked);
    let incomplete = loop {
        match roll.next_page().await? {
            Called::Page => {}
            Called::Whole => break None,
            Called::Incomplete(detail) => break Some(detail),
        }
    };
    let mut survey = Survey::default();
    if incomplete.is_none() {
        let mut objects = std::pin::pin!(survey::objects(&silo));
        while let Some(object) = objects.next().await {
            survey.take(object, &roll, None)?;
        }
    }
    survey.missing.sort();
    Ok(Rehearsal {
        silo: source.silo.clone(),
        allowed: incomplete.is_none() && brake.allows(survey.missing.len() as u64, survey.live, roll.len()),
        incomplete,
        listed: roll.len(),
        live: survey.live,
        missing: survey.missing,
        returned: survey.back,
    })
}
