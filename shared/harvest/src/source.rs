//! Sources: what to harvest, and how. One document each, `_granary/sources/<silo>.json`.

use chrono::TimeDelta;
use futures::{StreamExt, stream};
use granary_fetch::{Fetcher, HostPolicy};
use granary_oai_pmh::{Datestamp, List};
use granary_silo::SiloName;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::{error::Error, granary::Granary, transfer::in_full};

/// How many sources are read at once.
const READS_AT_ONCE: usize = 16;

/// How often a source is harvested that does not say.
const EVERY: TimeDelta = TimeDelta::days(1);

/// How a source is harvested.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Found out at the first run.
    #[default]
    Auto,
    /// Records come with their metadata (`ListRecords`).
    Oai,
    /// Items are listed, and each one's EPrints 3 XML is exported.
    Eprints3,
}

/// Whether the files named by metadata are fetched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Files {
    /// All but those derived from others (thumbnails, index codes).
    #[default]
    Originals,
    /// Those too.
    All,
    /// None: metadata only.
    None,
}

/// Whether landing pages are asked for files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LandingPages {
    /// Those of records whose metadata names no files.
    #[default]
    WhereNeeded,
    /// None.
    Never,
}

impl LandingPages {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What the certificate of a source's host has to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// Signed by an authority that the machine trusts.
    #[default]
    Public,
    /// Signed by one of those, or one of these: certificates in PEM, so that every machine has them.
    Authority(String),
    /// Anything: who listens in between is not noticed. Every run warns of it.
    Unchecked,
}

impl Tls {
    fn is_public(&self) -> bool {
        *self == Self::Public
    }
}

/// A source. A failed harvest never changes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The silo that it fills.
    pub silo: SiloName,
    /// The endpoint's base URL.
    pub url: Url,
    /// How it is harvested.
    #[serde(default)]
    pub kind: Kind,
    /// The metadata prefix asked for; found out when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata_prefix: Option<String>,
    /// The template of EPrints export URLs; today's and the one of 2010 are tried when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// The sets to harvest; all records when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<String>,
    /// Only records from this datestamp on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Datestamp>,
    /// Only records up to this datestamp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Datestamp>,
    /// Which files are fetched.
    #[serde(default)]
    pub files: Files,
    /// Which landing pages are asked for files.
    #[serde(default, skip_serializing_if = "LandingPages::is_default")]
    pub landing_pages: LandingPages,
    /// How often a scheduler harvests it, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every_seconds: Option<u64>,
    /// Whom the endpoint's staff can write to, when it is not the granary's usual contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The User-Agent that the endpoint is shown, in place of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// What the certificate of its host has to be.
    #[serde(default, skip_serializing_if = "Tls::is_public")]
    pub tls: Tls,
    /// How far before the watermark a run begins, in seconds: for repositories whose new records have old datestamps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_back_seconds: Option<u64>,
    /// Keys that we do not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Source {
    /// A source with defaults for all that is not asked for.
    pub fn new(silo: SiloName, url: Url) -> Self {
        Self {
            silo,
            url,
            kind: Kind::Auto,
            metadata_prefix: None,
            template: None,
            sets: Vec::new(),
            from: None,
            until: None,
            files: Files::Originals,
            landing_pages: LandingPages::WhereNeeded,
            every_seconds: None,
            contact: None,
            user_agent: None,
            tls: Tls::Public,
            look_back_seconds: None,
            other: Map::new(),
        }
    }

    /// How often a schedule harvests it, counted from beginning to beginning.
    pub fn every(&self) -> TimeDelta {
        let seconds = self.every_seconds.and_then(|seconds| i64::try_from(seconds).ok());
        seconds.and_then(TimeDelta::try_seconds).unwrap_or(EVERY)
    }

    /// Lets a fetcher go to the source's host, and treat it as the source says.
    ///
    /// # Errors
    /// When its certificates cannot be read.
    pub fn admit(&self, fetcher: &Fetcher) -> Result<(), granary_fetch::Error> {
        let Some(host) = self.url.host_str() else { return Ok(()) };
        let tls = match &self.tls {
            Tls::Public => granary_fetch::Tls::Public,
            Tls::Authority(pem) => granary_fetch::Tls::Authority(pem.clone()),
            Tls::Unchecked => granary_fetch::Tls::Unchecked,
        };
        let (contact, user_agent) = (self.contact.clone(), self.user_agent.clone());
        fetcher.adapt(host, &HostPolicy { contact, user_agent, tls })
    }

    /// All that decides what a run asks for, and how.
    pub(crate) fn asked(&self) -> String {
        let Self { kind, metadata_prefix, template, sets, from, until, .. } = self;
        serde_json::json!([kind, metadata_prefix, template, sets, from, until]).to_string()
    }

    /// What the watermark is true of: it says nothing about records that were not asked for.
    pub(crate) fn selection(&self, prefix: &str) -> String {
        let bound = |stamp: &Option<Datestamp>| stamp.as_ref().map_or_else(String::new, ToString::to_string);
        // What was harvested up to an earlier `until` is true up to a later one as well; the windows see to the rest.
        format!("{prefix} {} {}", bound(&self.from), self.sets.join(" "))
    }

    /// Lets a list do without dates, unless the source has some.
    pub(crate) fn insist_on_dates(&self, list: &mut List) {
        if self.from.is_some() || self.until.is_some() {
            list.need_dates();
        }
    }
}

fn path(silo: &SiloName) -> String {
    format!("sources/{silo}.json")
}

impl Granary {
    /// All sources, by silo name. One whose document is corrupt is left out, and an error is logged: it does not keep the
    /// others from being harvested.
    pub async fn sources(&self) -> Result<Vec<Source>, Error> {
        let (sources, corrupt) = self.sources_and_corrupt().await?;
        corrupt.iter().for_each(|error| tracing::error!("{}", in_full(error)));
        Ok(sources)
    }

    /// All sources, by silo name, and what is wrong with the documents of others ([`Error::Document`]).
    pub async fn sources_and_corrupt(&self) -> Result<(Vec<Source>, Vec<Error>), Error> {
        let names = self.names("sources").await?.into_iter().filter_map(|name| name.parse().ok());
        let reads = names.map(|name: SiloName| async move { self.source(&name).await });
        let mut reads = stream::iter(reads.collect::<Vec<_>>()).buffered(READS_AT_ONCE);
        let (mut sources, mut corrupt) = (Vec::new(), Vec::new());
        while let Some(read) = reads.next().await {
            match read {
                Ok(source) => sources.extend(source),
                Err(error @ Error::Document { .. }) => corrupt.push(error),
                Err(error) => return Err(error),
            }
        }
        Ok((sources, corrupt))
    }

    /// One source.
    pub async fn source(&self, silo: &SiloName) -> Result<Option<Source>, Error> {
        Ok(self.read(&path(silo)).await?.map(|document| document.value))
    }

    /// Adds a source, or changes the one of the same silo. Makes the silo.
    ///
    /// # Errors
    /// [`Error::OtherEndpoint`] when the silo belongs to another endpoint: identifiers are unique only inside a silo.
    pub async fn put_source(&self, source: &Source) -> Result<(), Error> {
        loop {
            let known = self.read::<Source>(&path(&source.silo)).await?;
            if let Some(known) = &known
                && known.value.url != source.url
            {
                let silo = source.silo.clone();
                return Err(Error::OtherEndpoint { silo, known: known.value.url.to_string() });
            }
            if known.as_ref().is_some_and(|known| known.value == *source) {
                return Ok(());
            }
            self.create_silo(&source.silo, source.url.as_str()).await?;
            if self.write(&path(&source.silo), source, known.map(|known| known.known())).await?.is_some() {
                return Ok(());
            }
        }
    }

    /// Forgets a source and its run state. Its silo stays, and its reports.
    pub async fn remove_source(&self, silo: &SiloName) -> Result<(), Error> {
        if self.source(silo).await?.is_none() {
            return Err(Error::NoSuchSource(silo.clone()));
        }
        self.delete(&path(silo)).await?;
        self.delete(&crate::state::path(silo)).await
    }
}
