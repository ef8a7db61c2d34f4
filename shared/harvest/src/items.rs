//! The last resort for a window whose list cannot be had: its identifiers, then each record by itself.

use granary_oai_pmh::{Header, Item, List, Request, Step, Summary, Trouble};

use crate::{error::Error, harvest_run::HarvestRun, listing::Page, source::Kind, transfer::in_full};

/// How many items are fetched between two checkpoints: the lease is renewed by them.
const ITEMS_PER_CHECKPOINT: u64 = 100;

/// How many of the lost items a gap names.
const LOST_NAMED: usize = 20;

impl HarvestRun {
    /// Fetches the items of the window in work one by one. What cannot be had is named in the gap that the window then becomes;
    /// the rest is stored.
    pub(crate) async fn item_by_item(&mut self) -> Result<Option<(Trouble, String)>, Error> {
        let (prefix, granularity) = (self.list_prefix(), self.run.granularity);
        let so_far = self.run.so_far();
        let Some(window) = self.run.windows.current() else { return Ok(None) };
        let begun = *window.begun.get_or_insert(so_far);
        let mut list = List::new(Request::list_identifiers(window.selection(&prefix, granularity)));
        // What an interrupted try has counted is counted again.
        self.run.go_back_to(begun);
        let mut lost = Vec::new();
        let mut done = 0;
        loop {
            let (headers, step) = match self.identifiers(&mut list).await? {
                Ok(page) => page,
                Err(detail) => {
                    lost.push(detail);
                    break;
                }
            };
            self.run.counts.pages += 1;
            for header in headers {
                if self.context.stop.is_cancelled() {
                    return Ok(None);
                }
                let identifier = header.identifier.clone();
                let failed = self.single_item(header, &prefix).await?;
                lost.extend(failed.map(|detail| format!("{identifier}: {detail}")));
                if self.run.limited {
                    return Ok(None);
                }
                done += 1;
                if done % ITEMS_PER_CHECKPOINT == 0 {
                    self.checkpoint().await?;
                }
            }
            match step {
                Step::Ask => {}
                Step::Done { .. } => break,
                Step::Trouble(trouble) => {
                    lost.push(trouble.to_string());
                    break;
                }
            }
        }
        if lost.is_empty() {
            self.run.windows.done();
        } else {
            let more = lost.len().saturating_sub(LOST_NAMED);
            lost.truncate(LOST_NAMED);
            lost.extend((more > 0).then(|| format!("and {more} more")));
            self.give_up(&lost.join("; "));
        }
        Ok(None)
    }

    /// One page of identifiers, and what follows from it; or why it could not be had.
    async fn identifiers(&mut self, list: &mut List) -> Result<Result<(Vec<Header>, Step), String>, Error> {
        let mut page = match self.client.open(list.request()).await {
            Ok(page) => page,
            Err(error) => return self.page_failed(error).await.map(Err),
        };
        let mut headers = Vec::new();
        let mut summary = Summary::default();
        let failure = loop {
            match page.next().await {
                Ok(None) => break None,
                Ok(Some(item)) => {
                    summary.observe(&item);
                    if let Item::Header(header) = item {
                        headers.push(header);
                    }
                }
                Err(error) => break Some(in_full(&error)),
            }
        };
        let step = match failure {
            None => list.answered(&summary.finish()),
            Some(_) => list.answered(&summary.cut_off()),
        };
        Ok(Ok((headers, step)))
    }

    /// One item; the text says why it could not be had.
    async fn single_item(&mut self, header: Header, prefix: &str) -> Result<Option<String>, Error> {
        if self.kind == Kind::Eprints3 || header.deleted {
            return self.single_header(header).await.map(|()| None);
        }
        let request = Request::get_record(header.identifier, prefix.to_owned());
        let (summary, failure) = self.read_page(&request).await?;
        let page = summary.finish();
        Ok(match (failure, page.error) {
            (Some(failure), _) => Some(failure),
            (None, Some(error)) => Some(error.to_string()),
            (None, None) if page.items == 0 => Some("the answer to GetRecord has no record".to_owned()),
            (None, None) => None,
        })
    }

    async fn single_header(&mut self, header: Header) -> Result<(), Error> {
        let mut done = Page::default();
        self.count_record(&mut done);
        let handled = self.worker().header(header, self.source.url.to_string()).await;
        self.collect(Ok(handled), &mut done).await?;
        self.queue_tasks(&mut done.tasks).await?;
        self.run.counts.add(&done.counts);
        Ok(())
    }
}
