//! What a harvest would do, found out without writing anything.

use granary_fetch::Fetcher;
use granary_oai_pmh::{ErrorCode, Item, Needs, Next, Request, Selection};
use serde::Serialize;

use crate::{
    endpoint::{Endpoint, client_error},
    error::Error,
    lacking::page_may_say_more,
    record,
    source::{Kind, LandingPages, Source},
    state::Learned,
};

/// What a harvest would begin with.
#[derive(Debug, Clone, Serialize)]
pub struct Preview {
    /// The repository's name.
    pub repository_name: Option<String>,
    /// The silo that would be filled.
    pub silo: String,
    /// The kind that the source is, or turned out to be.
    pub kind: String,
    /// The metadata prefix that would be asked for.
    pub metadata_prefix: String,
    /// Why these.
    pub why: Option<String>,
    /// How many records the repository announces.
    pub announced: Option<u64>,
    /// The first records.
    pub records: Vec<PreviewedRecord>,
}

/// A record of a [`Preview`].
#[derive(Debug, Clone, Serialize)]
pub struct PreviewedRecord {
    /// Its identifier.
    pub identifier: String,
    /// Its datestamp.
    pub datestamp: String,
    /// Whether it is announced as deleted.
    pub deleted: bool,
    /// The URLs of the files that its metadata names; unknown for a kind whose metadata is not in the list.
    pub files: Vec<String>,
    /// The landing page that would be asked for files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub landing_page: Option<String>,
}

/// Asks Identify: whether the source's URL is that of a repository at all.
///
/// # Errors
/// [`Error::NotARepository`] when something else answers, [`Error::Unavailable`] when nothing does.
pub async fn check(fetcher: &Fetcher, source: &Source) -> Result<(), Error> {
    Endpoint::open(fetcher, source, &Needs::new()).await.map(drop)
}

/// Asks the endpoint what a harvest would ask first, and shows up to `limit` records of the first page.
///
/// # Errors
/// What the endpoint says.
pub async fn preview(fetcher: &Fetcher, source: &Source, limit: u64) -> Result<Preview, Error> {
    let endpoint = Endpoint::open(fetcher, source, &Needs::new()).await?;
    let learned = endpoint.learn(fetcher, source, &Learned::default()).await?;
    let granularity = endpoint.granularity();
    let prefix = learned.metadata_prefix.unwrap_or_else(|| "oai_dc".to_owned());
    let kind = learned.kind.unwrap_or(Kind::Oai);
    let selection = Selection {
        metadata_prefix: if kind == Kind::Eprints3 { "oai_dc".to_owned() } else { prefix.clone() },
        from: source.from.as_ref().map(|stamp| stamp.at(granularity)),
        until: source.until.as_ref().map(|stamp| stamp.at(granularity)),
        set: source.sets.first().cloned(),
    };
    let request = match kind {
        Kind::Eprints3 => Request::list_identifiers(selection),
        Kind::Oai | Kind::Auto => Request::list_records(selection),
    };
    let mut preview = Preview {
        repository_name: learned.repository_name,
        silo: source.silo.to_string(),
        kind: serde_json::to_value(kind)
            .ok()
            .and_then(|kind| kind.as_str().map(str::to_owned))
            .unwrap_or_default(),
        metadata_prefix: prefix.clone(),
        why: learned.why,
        announced: None,
        records: Vec::new(),
    };
    let failed = |error| client_error(&endpoint.client, source, error);
    let mut page = endpoint.client.open(&request).await.map_err(failed)?;
    while let Some(item) = page.next().await.map_err(failed)? {
        let (header, metadata) = match item {
            Item::Header(header) => (header, None),
            Item::Record(record) => (record.header, record.metadata),
            Item::Next(Next::More { complete_list_size, .. } | Next::End { complete_list_size, .. }) => {
                preview.announced = complete_list_size;
                continue;
            }
            Item::Error(error) if error.code != ErrorCode::NoRecordsMatch => {
                return Err(endpoint.refused(source, &error.code, &error.text).await);
            }
            _ => continue,
        };
        if (preview.records.len() as u64) < limit {
            let found = metadata.and_then(|bytes| record::find(&header.identifier, &prefix, &bytes).ok());
            let asks = source.landing_pages != LandingPages::Never;
            let page = found.as_ref().filter(|found| asks && page_may_say_more(found));
            let landing_page = page.and_then(|found| found.landing_page.as_ref()).map(ToString::to_string);
            preview.records.push(PreviewedRecord {
                identifier: header.identifier,
                datestamp: header.datestamp,
                deleted: header.deleted,
                files: found.into_iter().flat_map(|found| found.files).map(|file| file.url).collect(),
                landing_page,
            });
        }
    }
    Ok(preview)
}
