//! A multipart upload that never replaces an object.

use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use object_store::{
    Error, MultipartId, MultipartUpload, PutMultipartOptions, PutPayload, PutResult, Result, UploadPart,
    aws::AmazonS3,
    multipart::{MultipartStore, PartId},
    path::Path,
};

use super::{BucketStore, until_answered};

/// An upload in parts. Dropped before it is complete, it is aborted, so that its parts are not paid for; the bucket's
/// lifecycle rule removes those of a process that was killed.
pub(super) struct CreateOnlyUpload {
    store: AmazonS3,
    create_only: AmazonS3,
    location: Path,
    id: MultipartId,
    parts: Arc<Mutex<Vec<Option<PartId>>>>,
    is_open: bool,
}

impl CreateOnlyUpload {
    pub(super) async fn begin(
        bucket: &BucketStore,
        location: Path,
        options: PutMultipartOptions,
    ) -> Result<Self> {
        let store = bucket.whole.clone();
        let id = until_answered(|| store.create_multipart_opts(&location, options.clone())).await?;
        let create_only = bucket.create_only.clone();
        Ok(Self { store, create_only, location, id, parts: Arc::default(), is_open: true })
    }

    fn finished_parts(&self) -> Result<Vec<PartId>> {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let whole: Option<Vec<_>> = parts.iter().cloned().collect();
        whole.ok_or_else(|| Error::Generic { store: "bucket", source: "a part was not uploaded".into() })
    }
}

#[async_trait::async_trait]
impl MultipartUpload for CreateOnlyUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let index = {
            let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
            parts.push(None);
            parts.len() - 1
        };
        let (store, location, id) = (self.store.clone(), self.location.clone(), self.id.clone());
        let parts = self.parts.clone();
        async move {
            let part = store.put_part(&location, &id, index, data).await?;
            parts.lock().unwrap_or_else(PoisonError::into_inner)[index] = Some(part);
            Ok(())
        }
        .boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let parts = self.finished_parts()?;
        match self.create_only.complete_multipart(&self.location, &self.id, parts).await {
            Ok(result) => {
                self.is_open = false;
                Ok(result)
            }
            // Something lies there; or this upload was completed by a request whose answer was lost (then the second one
            // does not find it). Who asked compares what is there with what was sent.
            Err(
                error @ (Error::Precondition { .. } | Error::NotFound { .. } | Error::AlreadyExists { .. }),
            ) => Err(Error::AlreadyExists { path: self.location.to_string(), source: error.into() }),
            Err(error) => Err(error),
        }
    }

    async fn abort(&mut self) -> Result<()> {
        self.is_open = false;
        self.store.abort_multipart(&self.location, &self.id).await
    }
}

impl Drop for CreateOnlyUpload {
    fn drop(&mut self) {
        if !self.is_open {
            return;
        }
        // Outside a runtime there is nobody to send the request.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (store, location, id) = (self.store.clone(), self.location.clone(), std::mem::take(&mut self.id));
        runtime.spawn(async move {
            if let Err(error) = store.abort_multipart(&location, &id).await {
                tracing::debug!("an upload to {location} could not be aborted: {error}");
            }
        });
    }
}

impl std::fmt::Debug for CreateOnlyUpload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreateOnlyUpload").field("location", &self.location).finish_non_exhaustive()
    }
}
