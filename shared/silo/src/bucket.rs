//! A bucket as an object store, with conditional writes that can be told to have happened when the answer was lost.

mod connect;
mod credentials;
mod list;
mod upload;

use std::{fmt, ops::Range, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
    aws::AmazonS3,
    client::{HttpError, HttpErrorKind},
    path::Path,
    prefix::PrefixStore,
};

use self::upload::CreateOnlyUpload;
use crate::staging::IfAbsent;

/// How often a request is sent whose answer never came. What the server itself refuses for now (503, 429) is tried
/// again by `object_store`, for up to three minutes.
const ATTEMPTS: u32 = 6;

/// A prefix of a bucket as an [`ObjectStore`]: Amazon S3, or a store that speaks its protocol and honours `If-Match` and
/// `If-None-Match`.
///
/// Requests are `object_store`'s own; two things are added. A conditional write whose answer was lost, or that the
/// store takes for a conflict (409), is sent again; when it then turns out to have lost the race, what is stored is compared:
/// the same bytes mean that it was ours, and that it was done. And a multipart upload with [`IfAbsent`] completes only
/// when nothing has been stored under its name.
///
/// Every write carries its SHA-256, which the store checks. Cheap to clone.
#[derive(Clone)]
pub struct BucketStore {
    inner: Arc<PrefixStore<AmazonS3>>,
    /// The same bucket, without the prefix: for what [`PrefixStore`] does not pass on.
    whole: AmazonS3,
    /// The same, each request with `If-None-Match: *`: completes uploads.
    create_only: AmazonS3,
    prefix: Path,
    /// `s3://bucket/prefix`
    place: String,
    /// Where it is asked, when that is not Amazon.
    endpoint: Option<String>,
}

impl BucketStore {
    /// The path in the bucket.
    fn full(&self, location: &Path) -> Path {
        self.prefix.parts().chain(location.parts()).collect()
    }

    /// A write that lost: unless what is stored is what was to be written.
    async fn won_after_all(&self, location: &Path, payload: &PutPayload) -> Result<Outcome> {
        let got = match self.inner.get(location).await {
            Ok(got) => got,
            Err(Error::NotFound { .. }) => return Ok(Outcome::Nothing),
            Err(error) => return Err(error),
        };
        if got.meta.size != payload.content_length() as u64 {
            return Ok(Outcome::Others);
        }
        let (e_tag, version) = (got.meta.e_tag.clone(), got.meta.version.clone());
        let there = got.bytes().await?;
        if there != Bytes::from(payload.clone()) {
            return Ok(Outcome::Others);
        }
        Ok(Outcome::Ours(PutResult { e_tag, version, extensions: Default::default() }))
    }

    async fn put_conditionally(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        let mut attempt = 0;
        loop {
            let error = match self.inner.put_opts(location, payload.clone(), opts.clone()).await {
                Ok(result) => return Ok(result),
                Err(error) => error,
            };
            attempt += 1;
            match &error {
                Error::AlreadyExists { .. } | Error::Precondition { .. } => {
                    match self.won_after_all(location, &payload).await? {
                        Outcome::Ours(result) => return Ok(result),
                        // In the way was a write that has not happened (409).
                        Outcome::Nothing if opts.mode == PutMode::Create && attempt < ATTEMPTS => {}
                        Outcome::Others | Outcome::Nothing => return Err(error),
                    }
                }
                _ if was_lost(&error) && attempt < ATTEMPTS => {}
                _ => return Err(error),
            }
            tokio::time::sleep(pause(attempt)).await;
        }
    }
}

/// What lies where a conditional write was refused.
enum Outcome {
    /// What was to be written.
    Ours(PutResult),
    /// Something else.
    Others,
    /// Nothing.
    Nothing,
}

/// Whether an answer never came: the request may or may not have been carried out.
fn was_lost(error: &Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<HttpError>() {
            // Nobody to connect to has been tried for minutes by the client below.
            return error.kind() != HttpErrorKind::Connect;
        }
        cause = error.source();
    }
    false
}

/// Calls `request` until it is answered, [`ATTEMPTS`] times at most.
async fn until_answered<T, F: Future<Output = Result<T>>>(mut request: impl FnMut() -> F) -> Result<T> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        match request().await {
            Err(error) if was_lost(&error) && attempt < ATTEMPTS => tokio::time::sleep(pause(attempt)).await,
            result => return result,
        }
    }
}

/// Up to 0.2, 0.4, 0.8, ... seconds, never in step with others.
fn pause(attempt: u32) -> Duration {
    Duration::from_millis(fastrand::u64(0..=(100 << attempt.min(5))))
}

#[async_trait::async_trait]
impl ObjectStore for BucketStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        match opts.mode {
            PutMode::Overwrite => {
                until_answered(|| self.inner.put_opts(location, payload.clone(), opts.clone())).await
            }
            PutMode::Create | PutMode::Update(_) => self.put_conditionally(location, payload, opts).await,
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        if opts.extensions.get::<IfAbsent>().is_none() {
            return self.inner.put_multipart_opts(location, opts).await;
        }
        let upload = CreateOnlyUpload::begin(self, self.full(location), opts).await?;
        Ok(Box::new(upload))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        // Also an answer that there is nothing can be cut off, and is not asked for again by the client below.
        until_answered(|| self.inner.get_opts(location, options.clone())).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        until_answered(|| self.inner.get_ranges(location, ranges)).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.objects(prefix, None)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.objects(prefix, Some(offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.folder_of(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await
    }
}

impl fmt::Display for BucketStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

impl fmt::Debug for BucketStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BucketStore").field(&self.place).finish()
    }
}
