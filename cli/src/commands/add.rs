//! `granary add`: adds a source without harvesting it. Its options are `harvest`'s too.

use granary_harvest::{Files, Granary, Kind, LandingPages, Source, Tls, parse_span};
use granary_silo::SiloName;
use serde_json::json;
use std::{io::Write as _, path::PathBuf};
use url::Url;

use crate::{
    args::{Global, KindArg},
    exit::{Exit, Misuse},
    printer::Printer,
    setup,
};

/// Add a source without harvesting it, or change its settings
#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// The OAI-PMH base URL
    url: String,
    #[command(flatten)]
    options: SourceOptions,
}

/// What a source is and how it is harvested; kept with the source.
#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
pub(crate) struct SourceOptions {
    /// The name of the silo [default: the host's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) silo: Option<SiloName>,
    /// How it is harvested
    #[arg(long, value_enum)]
    pub(crate) kind: Option<KindArg>,
    /// The metadata format [default: the one that says most about files]
    #[arg(long, value_name = "PREFIX")]
    pub(crate) metadata_prefix: Option<String>,
    /// The form of EPrints export URLs, relative to the repository's export path or whole: `%(pid)s` is the number at the
    /// end of the identifier, `%(prefix)s` the metadata prefix
    #[arg(long)]
    pub(crate) template: Option<String>,
    /// Only this set (may be given more than once)
    #[arg(long, value_name = "SPEC")]
    pub(crate) set: Vec<String>,
    /// Only records from this day or second on
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Option<granary_oai_pmh::Datestamp>,
    /// Only records up to this day or second
    #[arg(long, value_name = "DATE")]
    pub(crate) until: Option<granary_oai_pmh::Datestamp>,
    /// Metadata only, no files
    #[arg(long)]
    pub(crate) no_files: bool,
    /// Files too, after all: undoes an earlier --no-files
    #[arg(long, conflicts_with = "no_files")]
    pub(crate) files: bool,
    /// Also files derived from others: thumbnails, index codes
    #[arg(long, conflicts_with = "no_files")]
    pub(crate) derived_files: bool,
    /// Do not ask landing pages for the files that metadata does not name
    #[arg(long, conflicts_with = "no_files")]
    pub(crate) no_landing_pages: bool,
    /// Ask them after all: undoes an earlier --no-landing-pages
    #[arg(long, conflicts_with_all = ["no_files", "no_landing_pages"])]
    pub(crate) landing_pages: bool,
    /// How often it is to be harvested by a scheduler: 30m, 12h, 1d
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    pub(crate) every: Option<u64>,
    /// Begin so much earlier than where the last run ended: for repositories whose new records have old datestamps
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    pub(crate) look_back: Option<u64>,
    /// The User-Agent that the repository is shown, in place of Granary's own
    #[arg(long, value_name = "TEXT")]
    pub(crate) user_agent: Option<String>,
    /// Trust the certificates in this file (PEM) for the repository's host; they are kept with the source
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_ca: Option<PathBuf>,
    /// Trust whatever certificate the repository's host has; every run warns of it
    #[arg(long, conflicts_with = "tls_ca")]
    pub(crate) insecure_tls: bool,
    /// Trust the usual authorities after all: undoes an earlier --tls-ca or --insecure-tls
    #[arg(long, conflicts_with_all = ["tls_ca", "insecure_tls"])]
    pub(crate) check_tls: bool,
}

impl SourceOptions {
    /// The source of a URL: the one that is there with these options, or a new one.
    pub(crate) async fn source(
        &self,
        granary: Option<&Granary>,
        url: &str,
        global: &Global,
    ) -> anyhow::Result<Source> {
        let url = parse_url(url)?;
        let known = match granary {
            Some(granary) => granary.sources().await?,
            None => Vec::new(),
        };
        let same = |source: &&Source| {
            source.url == url && self.silo.as_ref().is_none_or(|silo| *silo == source.silo)
        };
        let mut source = match known.iter().find(same) {
            Some(source) => source.clone(),
            None => {
                let silo = match &self.silo {
                    Some(silo) => silo.clone(),
                    None => SiloName::from_host(url.host_str().unwrap_or_default(), url.port())
                        .map_err(|error| Misuse(format!("{error}; name the silo with --silo")))?,
                };
                Source::new(silo, url)
            }
        };
        self.apply(&mut source, global);
        source.tls = self.tls(source.tls)?;
        if let (Some(from), Some(until)) = (&source.from, &source.until)
            && from > until
        {
            return Err(Misuse(format!("nothing lies between --from {from} and --until {until}")).into());
        }
        Ok(source)
    }

    fn apply(&self, source: &mut Source, global: &Global) {
        if let Some(kind) = self.kind {
            source.kind = match kind {
                KindArg::Auto => Kind::Auto,
                KindArg::Oai => Kind::Oai,
                KindArg::Eprints3 => Kind::Eprints3,
            };
        }
        let replace = |to: &mut Option<String>, from: &Option<String>| {
            if from.is_some() {
                to.clone_from(from);
            }
        };
        replace(&mut source.metadata_prefix, &self.metadata_prefix);
        replace(&mut source.template, &self.template);
        replace(&mut source.contact, &global.contact);
        replace(&mut source.user_agent, &self.user_agent);
        if !self.set.is_empty() {
            source.sets.clone_from(&self.set);
        }
        source.from = self.from.clone().or(source.from.take());
        source.until = self.until.clone().or(source.until.take());
        source.every_seconds = self.every.or(source.every_seconds);
        source.look_back_seconds = self.look_back.or(source.look_back_seconds);
        if self.no_files {
            source.files = Files::None;
        } else if self.derived_files {
            source.files = Files::All;
        } else if self.files {
            source.files = Files::Originals;
        }
        if self.no_landing_pages {
            source.landing_pages = LandingPages::Never;
        } else if self.landing_pages {
            source.landing_pages = LandingPages::WhereNeeded;
        }
    }

    fn tls(&self, known: Tls) -> anyhow::Result<Tls> {
        if let Some(path) = &self.tls_ca {
            let failed = |error| Misuse(format!("cannot read {}: {error}", path.display()));
            return Ok(Tls::Authority(std::fs::read_to_string(path).map_err(failed)?));
        }
        Ok(match (self.insecure_tls, self.check_tls) {
            (true, _) => Tls::Unchecked,
            (false, true) => Tls::Public,
            (false, false) => known,
        })
    }

    /// Whether any of them was given.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn parse_url(text: &str) -> anyhow::Result<Url> {
    let url = Url::parse(text).map_err(|error| Misuse(format!("{text} is no URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(Misuse(format!("{text} is not an http or https URL")).into());
    }
    Ok(url)
}

pub(crate) async fn run(global: &Global, printer: Printer, command: &Add) -> anyhow::Result<Exit> {
    let granary = setup::create(global).await?;
    let source = command.options.source(Some(&granary), &command.url, global).await?;
    granary.put_source(&source).await?;
    let value = json!({"silo": source.silo, "url": source.url});
    printer.result(&value, |out| writeln!(out, "{}: {}", source.silo, source.url))?;
    match &global.stack {
        None => printer.say(format_args!("`granary harvest {}` harvests it", source.silo)),
        Some(_) => {
            printer.say(format_args!("the next tick harvests it; `granary start {}` at once", source.silo));
        }
    }
    Ok(Exit::Done)
}
