//! Lists of a bucket, page by page: a page whose answer was lost is asked for again.

use futures::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use object_store::{
    Error, ListResult, ObjectMeta, Result,
    list::{PaginatedListOptions, PaginatedListResult, PaginatedListStore},
    path::Path,
};

use super::{BucketStore, until_answered};

/// Where a list stands.
enum Next {
    Page(PaginatedListOptions),
    End,
}

impl BucketStore {
    /// Everything below `prefix`, after `offset`.
    pub(super) fn objects(
        &self,
        prefix: Option<&Path>,
        offset: Option<&Path>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let offset = offset.map(|offset| self.full(offset).to_string());
        let options = PaginatedListOptions { offset, ..Default::default() };
        let pages = self.clone().pages(self.folder(prefix), options);
        let store = self.clone();
        pages
            .map_ok(move |page| {
                let store = store.clone();
                let objects = page.result.objects.into_iter();
                stream::iter(objects.map(move |meta| store.relative_meta(meta)))
            })
            .try_flatten()
            .boxed()
    }

    /// What lies in `prefix` itself.
    pub(super) async fn folder_of(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let options = PaginatedListOptions { delimiter: Some("/".into()), ..Default::default() };
        let mut pages = std::pin::pin!(self.clone().pages(self.folder(prefix), options));
        let mut all =
            ListResult { common_prefixes: Vec::new(), objects: Vec::new(), extensions: Default::default() };
        while let Some(page) = pages.try_next().await? {
            for folder in page.result.common_prefixes {
                all.common_prefixes.push(self.relative(&folder)?);
            }
            for meta in page.result.objects {
                all.objects.push(self.relative_meta(meta)?);
            }
        }
        Ok(all)
    }

    fn pages(
        self,
        folder: Option<String>,
        first: PaginatedListOptions,
    ) -> impl futures::Stream<Item = Result<PaginatedListResult>> + Send + 'static {
        stream::try_unfold((self, folder, Next::Page(first)), async |(store, folder, next)| {
            let Next::Page(options) = next else { return Ok(None) };
            let ask = || store.whole.list_paginated(folder.as_deref(), options.clone());
            let page = until_answered(ask).await?;
            let next = match &page.page_token {
                Some(token) => {
                    Next::Page(PaginatedListOptions { page_token: Some(token.clone()), ..options })
                }
                None => Next::End,
            };
            Ok(Some((page, (store, folder, next))))
        })
    }

    /// The beginning of all keys in a folder.
    fn folder(&self, prefix: Option<&Path>) -> Option<String> {
        let folder = prefix.map_or_else(|| self.prefix.clone(), |prefix| self.full(prefix));
        (!folder.as_ref().is_empty()).then(|| format!("{folder}/"))
    }

    fn relative_meta(&self, meta: ObjectMeta) -> Result<ObjectMeta> {
        Ok(ObjectMeta { location: self.relative(&meta.location)?, ..meta })
    }

    fn relative(&self, full: &Path) -> Result<Path> {
        let rest = full.prefix_match(&self.prefix).map(Iterator::collect);
        rest.ok_or_else(|| Error::Generic {
            store: "bucket",
            source: format!("{full} was listed and is not below {}", self.prefix).into(),
        })
    }
}
