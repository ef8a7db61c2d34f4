//! The last resort for a window whose list cannot be had: its identifiers, then each record by itself.

use granary_oai_pmh::{Header, Item, List, Request, Step, Summary, Trouble};

use crate::{error::Error, harvest_run::HarvestRun, page::Page, source::Kind, window::Holds};

/// How many items are fetched between two checkpoints: the lease is renewed by them.
const ITEMS_PER_CHECKPOINT: u64 = 100;

/// How many items are few: to fetch them one by one is no more to ask than to halve their window until one is left.
const FEW: usize = 100;

/// How many identifiers of one page are held, and how many bytes of their headers.
const IDENTIFIERS: usize = 100_000;
const IDENTIFIERS_BYTES: usize = 16 << 20;

/// What a page of identifiers came to.
enum Identifiers {
    /// They, and what follows. A page that is to be asked for again has none.
    Page(Vec<Header>, Step),
    /// They are more than were to be held. The list has not gone on.
    TooMany,
    /// They could not be had; the text says why.
    Lost(String),
}

/// What a header takes up, about.
fn bytes_of(header: &Header) -> usize {
    let texts = header.sets.iter().chain([&header.identifier, &header.datestamp]);
    size_of::<Header>() + texts.map(|text| size_of::<String>() + text.len()).sum::<usize>()
}

impl HarvestRun {
    /// Whether the window in work holds few items: then those that keep a page from being listed are found at once.
    pub(crate) async fn holds(&mut self) -> Result<Holds, Error> {
        // Of that kind, identifiers are what could not be listed.
        let Some(mut list) = self.identifier_list().filter(|_| self.kind != Kind::Eprints3) else {
            return Ok(Holds::Many);
        };
        let mut items = 0;
        while items <= FEW && !self.no_identifiers {
            match self.identifiers(&mut list, FEW).await? {
                Identifiers::Page(headers, Step::Ask | Step::Again) => items += headers.len(),
                Identifiers::Page(headers, Step::Done { .. }) => {
                    return Ok(if items + headers.len() <= FEW { Holds::Few } else { Holds::Many });
                }
                Identifiers::TooMany => return Ok(Holds::Many),
                // It is not asked for them at each halving.
                Identifiers::Page(_, Step::Trouble(_)) | Identifiers::Lost(_) => self.no_identifiers = true,
            }
        }
        Ok(Holds::Many)
    }

    /// The list of the identifiers in the window in work, from its start.
    fn identifier_list(&mut self) -> Option<List> {
        let (prefix, granularity) = (self.list_prefix(), self.run.granularity);
        let selection = self.run.windows.current()?.selection(&prefix, granularity);
        let mut list = List::new(Request::list_identifiers(selection), &self.needs);
        self.source.insist_on_dates(&mut list);
        Some(list)
    }

    /// Fetches the items of the window in work one by one. The granule of one that cannot be had becomes a gap that names
    /// it; the rest is stored. Where identifiers are missing the window does.
    pub(crate) async fn item_by_item(&mut self) -> Result<Option<(Trouble, String)>, Error> {
        let prefix = self.list_prefix();
        let so_far = self.run.so_far();
        let Some(window) = self.run.windows.current() else { return Ok(None) };
        let begun = *window.begun.get_or_insert(so_far);
        let known = window.items_done;
        let Some(mut list) = self.identifier_list() else { return Ok(None) };
        if known == 0 {
            // What an interrupted list has counted is counted again.
            self.run.go_back_to(begun);
        }
        // Why identifiers are missing, if they are.
        let mut lost = None;
        let mut done = 0;
        loop {
            let (headers, step) = match self.identifiers(&mut list, IDENTIFIERS).await? {
                Identifiers::Page(headers, step) => (headers, step),
                Identifiers::TooMany => {
                    lost = Some("a page has more identifiers than can be asked for one by one".to_owned());
                    break;
                }
                Identifiers::Lost(detail) => {
                    lost = Some(detail);
                    break;
                }
            };
            self.run.counts.pages += 1;
            for header in headers {
                if self.context.is_stopped() {
                    return Ok(None);
                }
                done += 1;
                if done <= known {
                    // Before it was interrupted.
                    continue;
                }
                let (identifier, datestamp) = (header.identifier.clone(), header.datestamp.clone());
                if let Some(detail) = self.single_item(header, &prefix).await? {
                    // Its granule is a gap; the rest of the window is had.
                    self.note_unread(&datestamp, &format!("{identifier}: {detail}"));
                }
                if self.run.limited {
                    return Ok(None);
                }
                if let Some(window) = self.run.windows.current() {
                    window.items_done = done;
                }
                if done % ITEMS_PER_CHECKPOINT == 0 {
                    self.checkpoint().await?;
                }
            }
            match step {
                Step::Ask | Step::Again => {}
                Step::Done { .. } => break,
                Step::Trouble(trouble) => {
                    lost = Some(trouble.to_string());
                    break;
                }
            }
        }
        match lost {
            None => {
                self.run.windows.done();
            }
            Some(lost) => self.give_up(&lost),
        }
        Ok(None)
    }

    /// One page of identifiers, and what follows from it, as long as there are no more than `most`.
    async fn identifiers(&mut self, list: &mut List, most: usize) -> Result<Identifiers, Error> {
        let mut page = match self.client.open(list.request()).await {
            Ok(page) => page,
            Err(error) => return self.page_failed(error).await.map(Identifiers::Lost),
        };
        let mut headers = Vec::new();
        let mut bytes = 0;
        let mut summary = Summary::default();
        let failure = loop {
            match page.next().await {
                Ok(None) => break None,
                Ok(Some(item)) => {
                    summary.observe(&item);
                    let Item::Header(header) = item else { continue };
                    bytes += bytes_of(&header);
                    headers.push(header);
                    if headers.len() > most || bytes > IDENTIFIERS_BYTES {
                        return Ok(Identifiers::TooMany);
                    }
                }
                Err(error) => break Some(error),
            }
        };
        let step = match failure {
            None => list.answered(&summary.finish()),
            Some(_) => list.answered(&summary.cut_off()),
        };
        match (step, failure) {
            (Step::Again, _) => Ok(Identifiers::Page(Vec::new(), Step::Again)),
            (Step::Trouble(_), Some(error)) => self.page_failed(error).await.map(Identifiers::Lost),
            (step, _) => Ok(Identifiers::Page(headers, step)),
        }
    }

    /// One item; the text says why it could not be had.
    async fn single_item(&mut self, header: Header, prefix: &str) -> Result<Option<String>, Error> {
        if self.kind == Kind::Eprints3 || header.deleted {
            return self.single_header(header).await.map(|()| None);
        }
        let request = Request::get_record(header.identifier, prefix.to_owned());
        let read = self.read_page(&request).await?;
        if let Some(failure) = read.failure {
            return self.page_failed(failure.into_error()).await.map(Some);
        }
        let page = read.summary.finish();
        Ok(match page.error {
            Some(error) => Some(format!("{}: {error}", request.url(&self.source.url))),
            None if page.items == 0 => Some("the answer to GetRecord has no record".to_owned()),
            None => None,
        })
    }

    async fn single_header(&mut self, header: Header) -> Result<(), Error> {
        let mut done = Page::default();
        self.count_record(&mut done);
        let datestamp = header.datestamp.clone();
        let handled = self.worker().header(header, self.source.url.to_string()).await?;
        self.collect(&datestamp, handled, &mut done).await?;
        self.take_in(done).await
    }
}
