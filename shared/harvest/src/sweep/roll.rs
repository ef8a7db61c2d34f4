//! The roll of a repository: all identifiers of a source's selection, however long ago they changed.

use granary_fetch::Fetcher;
use granary_oai_pmh::{
    Client, Datestamp, Granularity, Header, Item, Needs, Request, Step, Summary, Trouble, Warning,
};
use granary_silo::{Identifier, Manifest};

use crate::{
    clock,
    endpoint::page_failed,
    error::Error,
    listing::FAILURES_IN_A_ROW,
    page::Failure,
    source::Source,
    sweep::listed::{Listed, TooMany},
    window::{Holds, Verdict, Window, Windows},
};

/// What is listed, as it comes in.
pub(crate) struct Roll {
    fetcher: Fetcher,
    client: Client,
    source: Source,
    prefix: String,
    granularity: Granularity,
    earliest: Datestamp,
    latest: Datestamp,
    needs: Needs,
    windows: Windows,
    failures: u32,
    listed: Listed,
    warnings: Vec<Warning>,
}

/// What is known of an endpoint that is to be asked.
pub(crate) struct Asked {
    pub(crate) client: Client,
    pub(crate) prefix: String,
    pub(crate) granularity: Granularity,
    pub(crate) earliest: Datestamp,
    pub(crate) response_date: Datestamp,
    pub(crate) needs: Needs,
}

/// What a page came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Called {
    /// There may be more.
    Page,
    /// All is listed.
    Whole,
    /// It cannot be listed, for this reason.
    Incomplete(String),
}

/// How an object of the silo stands in the roll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is live and listed.
    Listed,
    /// It is live, should be listed, and is not.
    Missing,
    /// It is absent, and listed again.
    Back,
    /// It is not among those that the roll says anything about: deleted or absent already, or not of the selection.
    Aside,
}

/// What was read of a page.
struct Read {
    summary: Summary,
    headers: Vec<Header>,
    /// Why an identifier cannot be told, if one cannot.
    unread: Option<String>,
    failure: Option<Failure>,
}

impl Roll {
    pub(crate) fn new(fetcher: &Fetcher, source: &Source, asked: Asked) -> Self {
        let Asked { client, prefix, granularity, earliest, response_date, needs } = asked;
        // Up to the source's end; without one, up to now by the clock that is ahead.
        let now = Datestamp::of(clock::now()).max(response_date);
        let latest = source
            .until
            .as_ref()
            .map(|until| until.last_at(granularity))
            .map_or(now.clone(), |until| until.min(now));
        Self {
            windows: Windows::plan(source.from.as_ref(), Some(&latest), &source.sets),
            fetcher: fetcher.clone(),
            source: source.clone(),
            client,
            prefix,
            granularity,
            earliest,
            latest,
            needs,
            failures: 0,
            listed: Listed::default(),
            warnings: Vec::new(),
        }
    }

    /// How many identifiers are listed as not deleted.
    pub(crate) fn len(&self) -> u64 {
        self.listed.len()
    }

    /// What was odd about the lists.
    pub(crate) fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Asks for the next page.
    ///
    /// As in a harvest, a window whose list breaks off or loops is begun again or halved. But there are no gaps: what cannot be
    /// listed in the end, or ends short of its announced size, leaves the roll incomplete.
    ///
    /// # Errors
    /// When the endpoint cannot be reached, or asks to wait.
    pub(crate) async fn next_page(&mut self) -> Result<Called, Error> {
        let Some(window) = self.windows.current() else {
            self.listed.sort();
            return Ok(Called::Whole);
        };
        let list = window.list(&self.prefix, self.granularity, &self.needs, Request::list_identifiers);
        self.source.insist_on_dates(list);
        let request = list.request().clone();
        let read = read(&self.client, &request).await;
        if let Err(error) = self.enter(&read.headers) {
            return Ok(Called::Incomplete(error.to_string()));
        }
        if let Some(detail) = read.unread {
            return Ok(Called::Incomplete(detail));
        }
        let page = match &read.failure {
            None => read.summary.finish(),
            Some(failure) if failure.may_be_a_mishap() => read.summary.cut_off(),
            Some(_) => read.summary.unanswered(),
        };
        let Some(window) = self.windows.current() else { return Ok(Called::Whole) };
        let list = window.list(&self.prefix, self.granularity, &self.needs, Request::list_identifiers);
        let step = list.answered(&page);
        if let Some(need) = list.take_found() {
            need.learn(&mut self.needs);
            self.granularity = need.granularity().unwrap_or(self.granularity);
        }
        match step {
            Step::Ask | Step::Again => Ok(Called::Page),
            Step::Done { warnings } => {
                self.failures = 0;
                self.warnings.extend(warnings);
                self.windows.done();
                Ok(Called::Page)
            }
            Step::Trouble(trouble) => self.trouble(&trouble, &request, read.failure).await,
        }
    }

    fn enter(&mut self, headers: &[Header]) -> Result<(), TooMany> {
        let granularity = self.granularity;
        if let Some(window) = self.windows.current() {
            let outside = headers.iter().filter(|header| window.excludes(&header.datestamp, granularity));
            window.outside += outside.count() as u64;
        }
        // One that is announced as deleted is not there; should the harvest have missed that, it is asked for.
        for header in headers.iter().filter(|header| !header.deleted) {
            // What is no identifier for a silo is none of its objects'.
            if let Ok(identifier) = header.identifier.parse() {
                self.listed.insert(&identifier)?;
            }
        }
        Ok(())
    }

    async fn trouble(
        &mut self,
        trouble: &Trouble,
        request: &Request,
        failure: Option<Failure>,
    ) -> Result<Called, Error> {
        let detail = match failure {
            Some(failure) => {
                page_failed(&self.fetcher, &self.client, &self.source, &self.needs, failure.into_error())
                    .await?
            }
            None => format!("{}: {trouble}", request.url(&self.source.url)),
        };
        self.failures += 1;
        let is_final = match trouble {
            // A harvest sees whether the halves are whole. Here, that something is missing must not become a mark.
            Trouble::Short { .. } | Trouble::Refused(_) => true,
            Trouble::BadToken
            | Trouble::Loop
            | Trouble::BeginsAgain
            | Trouble::Failed(_)
            | Trouble::CutOff => {
                self.failures >= FAILURES_IN_A_ROW
                    || self.windows.current().is_some_and(|window| window.is_heedless())
            }
        };
        if is_final {
            return Ok(Called::Incomplete(detail));
        }
        let verdict =
            self.windows.trouble(trouble, Holds::Many, self.granularity, &self.earliest, &self.latest);
        Ok(match verdict {
            Verdict::Restarted | Verdict::Halved => Called::Page,
            Verdict::ItemByItem | Verdict::GivenUp => Called::Incomplete(detail),
        })
    }

    /// How an object stands, once all is listed. One that was harvested from other sets or dates than the source's is no longer
    /// asked for: the roll says nothing about it.
    pub(crate) fn judge(&self, identifier: &Identifier, manifest: &Manifest) -> Standing {
        let record = manifest.latest_record();
        let is_listed = || self.listed.contains(identifier);
        if record.is_some_and(|record| record.absent) {
            return if is_listed() { Standing::Back } else { Standing::Aside };
        }
        if !manifest.is_live() {
            return Standing::Aside;
        }
        if is_listed() {
            Standing::Listed
        } else if self.covers_sets(manifest) && self.covers(&datestamp(manifest)) {
            Standing::Missing
        } else {
            Standing::Aside
        }
    }

    /// Whether the source's dates include this one; one that cannot be read is taken to be included.
    pub(crate) fn covers(&self, datestamp: &str) -> bool {
        let span = Window::new(self.source.from.clone(), Some(self.latest.clone()), None);
        !span.excludes(datestamp, self.granularity)
    }

    /// Whether the object is in one of the source's sets: a set holds those below it (OAI-PMH 2.0, section 2.6).
    fn covers_sets(&self, manifest: &Manifest) -> bool {
        let of_2010 = || {
            let sets = manifest.metadata.get("setSpec").and_then(|sets| sets.as_array());
            sets.into_iter().flatten().filter_map(|set| set.as_str().map(str::to_owned)).collect()
        };
        let sets: Vec<String> = manifest.latest_record().map_or_else(of_2010, |record| record.sets.clone());
        let asked = &self.source.sets;
        let within = |set: &String, asked: &String| {
            set.strip_prefix(asked.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        };
        asked.is_empty() || sets.iter().any(|set| asked.iter().any(|asked| within(set, asked)))
    }
}

/// The datestamp of the newest version. RecordSilo left the `Z` out.
fn datestamp(manifest: &Manifest) -> String {
    let of_2010 = || Some(format!("{}Z", manifest.version_dates.get(manifest.latest()?)?));
    let stamp = manifest.latest_record().and_then(|record| record.datestamp.clone());
    stamp.or_else(of_2010).unwrap_or_default()
}

/// Reads a page of identifiers.
async fn read(client: &Client, request: &Request) -> Read {
    let mut read = Read { summary: Summary::default(), headers: Vec::new(), unread: None, failure: None };
    let mut page = match client.open(request).await {
        Ok(page) => page,
        Err(error) => {
            read.failure = Some(Failure::NoAnswer(error));
            return read;
        }
    };
    loop {
        match page.next().await {
            Ok(None) => return read,
            Ok(Some(item)) => {
                read.summary.observe(&item);
                match item {
                    Item::Header(header) => read.headers.push(header),
                    Item::Broken(broken) if broken.header.identifier.is_empty() => {
                        read.unread = Some(format!("{}: {}", page.url(), broken.reason));
                    }
                    Item::Broken(broken) => read.headers.push(broken.header),
                    Item::Record(record) => read.headers.push(record.header),
                    Item::ResponseDate(_)
                    | Item::Request { .. }
                    | Item::Identify(_)
                    | Item::Format(_)
                    | Item::Set(_)
                    | Item::Error(_)
                    | Item::Next(_) => {}
                }
            }
            Err(error) => {
                read.failure = Some(Failure::BreaksOff(error));
                return read;
            }
        }
    }
}
