//! An endpoint: who it is, and how it is best harvested.

use granary_fetch::{Fetcher, Method};
use granary_finders::{is_eprints3, rank};
use granary_oai_pmh::{
    Client, Datestamp, ErrorCode, Granularity, Header, Identify, Item, MetadataFormat, Needs, Request, Retry,
    Selection,
};
use url::Url;

use crate::{
    error::Error,
    export::{EPRINTS_PREFIX, export_url, templates},
    source::{Kind, Source, Tls},
    state::Learned,
    transfer::in_full,
};

/// The metadata format that every repository has to have (OAI-PMH 2.0, section 3.4).
const OAI_DC: &str = "oai_dc";

/// How many items' exports are tried before a repository is taken for none that exports.
const PROBED_ITEMS: usize = 3;

/// An endpoint that has answered Identify.
pub(crate) struct Endpoint {
    pub(crate) client: Client,
    pub(crate) identify: Identify,
    /// The `responseDate` of its answer.
    pub(crate) response_date: Datestamp,
    /// Where it says that it has moved for good.
    moved_to: Option<Url>,
}

impl Endpoint {
    /// Asks Identify.
    ///
    /// # Errors
    /// [`Error::NotARepository`] when something else answers, [`Error::Unavailable`] when nothing does.
    pub(crate) async fn open(fetcher: &Fetcher, source: &Source, needs: &Needs) -> Result<Self, Error> {
        let client = Client::new(fetcher.clone(), source.url.clone(), needs);
        let answer = match client.ask(&Request::identify()).await {
            Ok(answer) => answer,
            Err(granary_oai_pmh::Error::Refused { error, .. }) => {
                let detail = format!("Identify: {} {}", error.code, error.text);
                return Err(Error::Refused { url: source.url.to_string(), detail });
            }
            Err(error) => return Err(client_error(&client, source, error)),
        };
        let (mut identify, mut response_date) = (None, None);
        for item in answer.items {
            match item {
                Item::Identify(answer) => identify = Some(answer),
                Item::ResponseDate(date) => response_date = date.parse::<Datestamp>().ok(),
                _ => {}
            }
        }
        let identify = identify.ok_or_else(|| Error::Refused {
            url: source.url.to_string(),
            detail: "its answer to Identify has no <Identify>".to_owned(),
        })?;
        // A repository that does not say what time it is has the watermark by our clock.
        let response_date = response_date.unwrap_or_else(|| Datestamp::of(crate::clock::now()));
        Ok(Self { client, identify, response_date, moved_to: answer.moved_to })
    }

    /// What is odd about it, and of the way it is asked, from the start.
    pub(crate) fn warnings(&self, source: &Source) -> Vec<String> {
        let mut warnings = Vec::new();
        if source.tls == Tls::Unchecked {
            warnings.push(
                "the certificate of the endpoint is not checked (--insecure-tls); --check-tls ends that"
                    .to_owned(),
            );
        }
        let base_url = self.identify.base_url.as_deref().map(str::trim).unwrap_or_default();
        if let Some(moved_to) = &self.moved_to {
            warnings.push(format!("{} has moved for good to {moved_to}", source.url));
        } else if !base_url.is_empty() && place(base_url) != place(source.url.as_str()) {
            warnings.push(format!("Identify says that the base URL is {base_url}, and not {}", source.url));
        }
        warnings
    }

    pub(crate) fn granularity(&self) -> Granularity {
        self.identify.granularity.unwrap_or(Granularity::Day)
    }

    pub(crate) fn earliest(&self) -> Datestamp {
        let earliest = self.identify.earliest_datestamp.as_deref().and_then(|stamp| stamp.parse().ok());
        earliest.unwrap_or(Datestamp::Second(chrono::DateTime::UNIX_EPOCH))
    }

    /// Finds out kind, metadata prefix and export template, as far as the source does not say them and they were not
    /// found out before.
    pub(crate) async fn learn(
        &self,
        context: &Fetcher,
        source: &Source,
        known: &Learned,
    ) -> Result<Learned, Error> {
        let mut learned = Learned { repository_name: self.identify.repository_name.clone(), ..known.clone() };
        if holds(source, known) {
            return Ok(learned);
        }
        let formats = self.formats(source).await?;
        let direct = best_format(&formats, source.metadata_prefix.as_deref());
        let exports = match source.kind {
            Kind::Oai => false,
            Kind::Eprints3 => true,
            // EPrints XML says more about files than any other format: digests, and who may see them.
            Kind::Auto => {
                direct.is_none_or(|format| rank(&format.prefix, &format.namespace) < rank("eprints3", ""))
            }
        };
        let export = if exports { self.find_template(context, source).await? } else { Export::None };
        if let Export::At { template, why } = export {
            learned.kind = Some(Kind::Eprints3);
            learned.metadata_prefix =
                Some(source.metadata_prefix.clone().unwrap_or_else(|| EPRINTS_PREFIX.to_owned()));
            learned.template = Some(template);
            learned.why = Some(why);
            return Ok(learned);
        }
        if source.kind == Kind::Eprints3 {
            return Err(Error::Refused {
                url: source.url.to_string(),
                detail: "no item could be exported as EPrints XML; give the form of its export URLs with --template, \
                         or harvest it with --kind oai"
                    .to_owned(),
            });
        }
        let offered = || formats.iter().map(|format| format.prefix.as_str()).collect::<Vec<_>>().join(", ");
        let prefix = match (&source.metadata_prefix, direct) {
            (_, Some(format)) => format.prefix.clone(),
            // Some repositories list no formats at all, or not those that they have.
            (Some(prefix), None) if formats.is_empty() => prefix.clone(),
            (None, None) if formats.is_empty() => OAI_DC.to_owned(),
            (Some(prefix), None) => {
                let detail = format!("it has no metadata prefix {prefix}; it has {}", offered());
                return Err(Error::Refused { url: source.url.to_string(), detail });
            }
            (None, None) => OAI_DC.to_owned(),
        };
        // Where no item could be tried, the next run tries again.
        learned.kind = (export != Export::Unknown).then_some(Kind::Oai);
        let why =
            if source.metadata_prefix.is_some() { "it was asked for" } else { "it says most about files" };
        learned.why = Some(format!("{why} (offered: {})", offered()));
        learned.metadata_prefix = Some(prefix);
        learned.template = None;
        Ok(learned)
    }

    /// The metadata formats. The list is empty if the repository has none, or none can be had and who says which one is wanted needs
    /// none.
    async fn formats(&self, source: &Source) -> Result<Vec<MetadataFormat>, Error> {
        let error = match self.client.formats().await {
            Ok(formats) => return Ok(formats),
            Err(granary_oai_pmh::Error::Refused { .. }) => return Ok(Vec::new()),
            Err(error) => error,
        };
        let answers = !error.is_blocked() && !matches!(error.retry(), Retry::NotBefore(_));
        match (&source.metadata_prefix, answers) {
            (Some(prefix), true) => {
                tracing::warn!(silo = %source.silo, "{prefix} is taken to be there: {}", in_full(&error));
                Ok(Vec::new())
            }
            (None, true) => Err(Error::NoFormats { url: source.url.to_string(), source: Box::new(error) }),
            (_, false) => Err(client_error(&self.client, source, error)),
        }
    }

    /// The first template under which an item's EPrints XML is found. One that was given is taken as it is.
    async fn find_template(&self, fetcher: &Fetcher, source: &Source) -> Result<Export, Error> {
        let base = self.identify.base_url.as_deref().and_then(|url| url.parse().ok());
        let bases: Vec<_> = [Some(&source.url), base.as_ref()].into_iter().flatten().collect();
        let templates = templates(&bases, source.template.as_deref());
        if let (Some(_), Some(template)) = (&source.template, templates.first()) {
            return Ok(Export::At { template: template.clone(), why: "the template was given".to_owned() });
        }
        if templates.is_empty() {
            return Ok(Export::None);
        }
        let prefix = source.metadata_prefix.as_deref().unwrap_or(EPRINTS_PREFIX);
        let headers = self.some_headers(source).await?;
        for header in &headers {
            for template in &templates {
                let Some(url) = export_url(template, &header.identifier, prefix) else { continue };
                let exported = exports_eprints3(fetcher, &url).await;
                if exported.map_err(|error| client_error(&self.client, source, unavailable(&url, error)))? {
                    return Ok(Export::At {
                        template: template.clone(),
                        why: format!("{url} is EPrints XML"),
                    });
                }
            }
        }
        Ok(if headers.is_empty() { Export::Unknown } else { Export::None })
    }

    async fn some_headers(&self, source: &Source) -> Result<Vec<Header>, Error> {
        let selection = Selection {
            metadata_prefix: OAI_DC.to_owned(),
            from: None,
            until: None,
            set: source.sets.first().cloned(),
        };
        let request = Request::list_identifiers(selection);
        // The first of a page that breaks off are as good as any.
        match self.first_headers(&request).await {
            (headers, Some(error)) if headers.is_empty() => match error.retry() {
                // A list that cannot be had now does not say that there is none.
                Retry::Later if source.kind == Kind::Auto => Ok(headers),
                _ => Err(client_error(&self.client, source, error)),
            },
            (headers, _) => Ok(headers),
        }
    }

    async fn first_headers(&self, request: &Request) -> (Vec<Header>, Option<granary_oai_pmh::Error>) {
        let mut headers = Vec::new();
        let mut page = match self.client.open(request).await {
            Ok(page) => page,
            Err(error) => return (headers, Some(error)),
        };
        while headers.len() < PROBED_ITEMS {
            match page.next().await {
                Ok(Some(Item::Header(header))) if !header.deleted => headers.push(header),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => return (headers, Some(error)),
            }
        }
        (headers, None)
    }

    /// What there is, when a prefix was refused.
    pub(crate) async fn refused(&self, source: &Source, code: &ErrorCode, text: &str) -> Error {
        let mut detail = format!("{code} {text}");
        if *code == ErrorCode::CannotDisseminateFormat
            && let Ok(formats) = self.client.formats().await
        {
            let offered: Vec<_> = formats.iter().map(|format| format.prefix.as_str()).collect();
            detail.push_str(&format!("; it has {}", offered.join(", ")));
        }
        Error::Refused { url: source.url.to_string(), detail }
    }
}

/// What has to be alike of two URLs of one endpoint: many have two schemes, or a slash more.
fn place(url: &str) -> &str {
    let url = url.split_once("://").map_or(url, |(_, rest)| rest);
    url.trim_end_matches(['/', '?'])
}

/// Whether there is EPrints XML. HEAD is enough where the server says what it has: the item is then fetched once, by its task.
///
/// # Errors
/// What is temporary: it says nothing about what the repository has.
async fn exports_eprints3(fetcher: &Fetcher, url: &Url) -> Result<bool, granary_fetch::Error> {
    let mut request = granary_fetch::Request::new(url.clone());
    request.method = Method::Head;
    match fetcher.get(request.clone()).await {
        Ok(response) if response.content_type().is_some_and(|media_type| media_type.contains("eprints")) => {
            return Ok(true);
        }
        Err(error) if error.reason() == granary_fetch::Reason::Gone => return Ok(false),
        // A server that knows no HEAD, or does not say what it has, is asked for the item.
        Ok(_) | Err(_) => {}
    }
    request.method = Method::Get;
    request.max_bytes = Some(16 << 20);
    let got = match fetcher.get(request).await {
        Ok(response) => response.bytes().await,
        Err(error) => Err(error),
    };
    match got {
        Ok(bytes) => Ok(is_eprints3(&bytes)),
        Err(error) if error.retry() == Retry::Never => Ok(false),
        Err(error) => Err(error),
    }
}

fn unavailable(url: &Url, source: granary_fetch::Error) -> granary_oai_pmh::Error {
    granary_oai_pmh::Error::Fetch { url: url.clone(), source: Box::new(source) }
}

/// Whether a repository exports its items as EPrints XML.
#[derive(Debug, PartialEq, Eq)]
enum Export {
    /// It does, under this template.
    At { template: String, why: String },
    /// It does not.
    None,
    /// There is no item to try it with.
    Unknown,
}

/// Whether what is known answers what the source asks for.
fn holds(source: &Source, known: &Learned) -> bool {
    let (Some(kind), Some(prefix)) = (known.kind, &known.metadata_prefix) else { return false };
    (source.kind == Kind::Auto || source.kind == kind)
        && source.metadata_prefix.as_ref().is_none_or(|asked| asked == prefix)
        && (kind != Kind::Eprints3 || known.template.is_some())
        && source.template.is_none()
}

/// The format asked for, or the one that says most about files.
fn best_format<'a>(formats: &'a [MetadataFormat], asked: Option<&str>) -> Option<&'a MetadataFormat> {
    match asked {
        Some(asked) => formats.iter().find(|format| format.prefix == asked),
        None => formats
            .iter()
            .filter(|format| rank(&format.prefix, &format.namespace).is_some())
            // The first of equals: `max_by_key` takes the last.
            .rev()
            .max_by_key(|format| rank(&format.prefix, &format.namespace)),
    }
}

/// Tells a page that cannot be had, and why, from an endpoint that cannot be reached.
///
/// # Errors
/// The latter.
pub(crate) async fn page_failed(
    fetcher: &Fetcher,
    client: &Client,
    source: &Source,
    needs: &Needs,
    error: granary_oai_pmh::Error,
) -> Result<String, Error> {
    // A firewall keeps us from all lists, and takes it ill to be asked again.
    let by_firewall = matches!(&error, granary_oai_pmh::Error::Fetch { .. }) && error.is_blocked();
    if by_firewall || matches!(error.retry(), Retry::NotBefore(_)) {
        return Err(client_error(client, source, error));
    }
    tracing::warn!(silo = %source.silo, "{}", in_full(&error));
    match Endpoint::open(fetcher, source, needs).await {
        Ok(_) => Ok(in_full(&error)),
        // It has answered as a repository before: a page for maintenance passes.
        Err(Error::NotARepository { url, source, .. }) => Err(Error::Unavailable { url, source }),
        Err(error) => Err(error),
    }
}

/// The client's error as the host should see it.
pub(crate) fn client_error(client: &Client, source: &Source, error: granary_oai_pmh::Error) -> Error {
    let url = source.url.to_string();
    match error.retry() {
        Retry::NotBefore(until) => Error::NotBefore { silo: source.silo.clone(), until },
        _ if error.is_blocked() => {
            let (advice, user_agent) = (entry_advice(&error), client.user_agent());
            Error::Blocked { url, advice, user_agent, source: Box::new(error) }
        }
        Retry::Later => Error::Unavailable { url, source: Box::new(error) },
        Retry::Never => {
            Error::NotARepository { url, advice: advice(&in_full(&error)), source: Box::new(error) }
        }
    }
}

/// What to do where we are not let in.
fn entry_advice(error: &granary_oai_pmh::Error) -> &'static str {
    match error {
        granary_oai_pmh::Error::Fetch { .. } => {
            "ask the repository's staff to allow its User-Agent, or this address"
        }
        _ => {
            "say with --contact whom the repository's staff can write to, be called otherwise with --user-agent, \
             or ask them to allow it"
        }
    }
}

fn advice(detail: &str) -> &'static str {
    if detail.contains("certificate") {
        "its certificate cannot be trusted; --tls-ca FILE names the authority that signed it, --insecure-tls trusts anything"
    } else {
        "check the URL: the base URL of an EPrints ends in /cgi/oai2, of a DSpace in /oai/request, of an OJS in /oai"
    }
}
