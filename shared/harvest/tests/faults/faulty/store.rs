//! A store whose operations fail.

use std::{fmt, ops::Range, sync::Arc};

use bytes::Bytes;
use futures::{FutureExt, StreamExt, TryFutureExt, TryStreamExt, stream, stream::BoxStream};
use object_store::{
    CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result, UploadPart,
    path::Path,
};

use super::plan::{Effect, Faults};

/// A real store, and what befalls its operations.
#[derive(Debug)]
pub(crate) struct FaultyStore {
    inner: Arc<dyn ObjectStore>,
    faults: Arc<Faults>,
}

impl FaultyStore {
    pub(crate) fn new(inner: Arc<dyn ObjectStore>, faults: Arc<Faults>) -> Self {
        Self { inner, faults }
    }
}

/// It says that it is where the store is: how large the parts of an upload are depends on it.
impl fmt::Display for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[async_trait::async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let begun = self.faults.begin(Effect::Changes, format!("put {location}")).await?;
        let result = self.inner.put_opts(location, payload, opts).await;
        self.faults.end(&begun, result)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let begun = self.faults.begin(Effect::Changes, format!("begin {location}")).await?;
        let result = self.inner.put_multipart_opts(location, opts).await;
        let inner = self.faults.end(&begun, result)?;
        let (location, faults) = (location.clone(), self.faults.clone());
        Ok(Box::new(FaultyUpload { inner, location, faults }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let begun = self.faults.begin(Effect::Reads, format!("get {location}")).await?;
        let mut got = self.inner.get_opts(location, options).await?;
        if let Err(error) = self.faults.end(&begun, Ok::<_, object_store::Error>(())) {
            // It breaks off: the answer is there, and its bytes do not come.
            got.payload = GetResultPayload::Stream(stream::iter([Err(error)]).boxed());
        }
        Ok(got)
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let begun = self.faults.begin(Effect::Reads, format!("get {location}")).await?;
        let result = self.inner.get_ranges(location, ranges).await;
        self.faults.end(&begun, result)
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let (inner, faults) = (self.inner.clone(), self.faults.clone());
        let deleted = locations.and_then(move |location| {
            let (inner, faults) = (inner.clone(), faults.clone());
            async move {
                let begun = faults.begin(Effect::Changes, format!("delete {location}")).await?;
                let one = stream::iter([Ok(location)]).boxed();
                let result = inner.delete_stream(one).try_collect::<Vec<_>>().await;
                faults.end(&begun, result)
            }
        });
        deleted.map_ok(|deleted| stream::iter(deleted).map(Ok)).try_flatten().boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (faults, listed) = (self.faults.clone(), self.inner.list(prefix));
        let operation = format!("list {}", prefix.cloned().unwrap_or_default());
        let begin = async move {
            let begun = faults.begin(Effect::Reads, operation).await?;
            // What breaks off breaks off at its end: nearly all of it came.
            let end = stream::iter([faults.end(&begun, Ok(()))]).try_filter_map(|()| async { Ok(None) });
            Ok(listed.chain(end))
        };
        begin.try_flatten_stream().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let operation = format!("list {}", prefix.cloned().unwrap_or_default());
        let begun = self.faults.begin(Effect::Reads, operation).await?;
        let result = self.inner.list_with_delimiter(prefix).await;
        self.faults.end(&begun, result)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let begun = self.faults.begin(Effect::Changes, format!("copy {from} {to}")).await?;
        let result = self.inner.copy_opts(from, to, options).await;
        self.faults.end(&begun, result)
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let begun = self.faults.begin(Effect::Changes, format!("rename {from} {to}")).await?;
        let result = self.inner.rename_opts(from, to, options).await;
        self.faults.end(&begun, result)
    }
}

#[derive(Debug)]
struct FaultyUpload {
    inner: Box<dyn MultipartUpload>,
    location: Path,
    faults: Arc<Faults>,
}

#[async_trait::async_trait]
impl MultipartUpload for FaultyUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (faults, operation) = (self.faults.clone(), format!("part of {}", self.location));
        let part = self.inner.put_part(data);
        async move {
            let begun = faults.begin(Effect::Changes, operation).await?;
            let result = part.await;
            faults.end(&begun, result)
        }
        .boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let begun = self.faults.begin(Effect::Changes, format!("put {}", self.location)).await?;
        let result = self.inner.complete().await;
        self.faults.end(&begun, result)
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await
    }
}
