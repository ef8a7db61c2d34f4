//! Opens a bucket, and finds out whether it can be relied on.

use std::{sync::Arc, time::Duration};

use aws_types::{SdkConfig, service_config::ServiceConfigKey};
use http::{HeaderMap, HeaderValue, header::IF_NONE_MATCH};
use object_store::{
    Attribute, Attributes, ClientOptions, Error as StoreError, ObjectStore, PutMode, PutOptions, PutPayload,
    UpdateVersion,
    aws::{AmazonS3, AmazonS3Builder, Checksum},
    list::{PaginatedListOptions, PaginatedListStore},
    path::Path,
    prefix::PrefixStore,
};

use super::{BucketStore, credentials::Credentials, until_answered};
use crate::error::Error;

/// Where it is tried whether the store honours conditions.
const PROBE: &str = "_granary/conditional-writes";

/// What the probe says to whoever finds it.
const PROBE_TEXT: &str =
    "Granary tries here, each time it begins to write, whether this store honours conditional writes.\n";

/// An answer that does not begin, or go on, for so long is not waited for.
const SILENCE: Duration = Duration::from_secs(60);

impl BucketStore {
    /// The store in `bucket`, below `prefix` (which may be empty). Region, endpoint (`AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`
    /// or the profile's) and credentials are those of `config`. Asks nothing: that is for [`BucketStore::look`] or
    /// [`BucketStore::probe`].
    ///
    /// # Errors
    /// [`Error::Bucket`] when the names or the configuration cannot be used.
    pub fn new(config: &SdkConfig, bucket: &str, prefix: &str) -> Result<Self, Error> {
        let place = match prefix {
            "" => format!("s3://{bucket}"),
            prefix => format!("s3://{bucket}/{prefix}"),
        };
        let failed = |source| Error::Bucket { place: place.clone(), source };
        let whole = client(config, bucket, ClientOptions::new()).map_err(failed)?;
        let only_new = HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static("*"))]);
        let create_only =
            client(config, bucket, ClientOptions::new().with_default_headers(only_new)).map_err(failed)?;
        let prefix = Path::parse(prefix).map_err(|source| failed(source.into()))?;
        let inner = Arc::new(PrefixStore::new(whole.clone(), prefix.clone()));
        Ok(Self { inner, whole, create_only, prefix, place, endpoint: endpoint(config) })
    }

    /// Makes sure that the bucket is there and can be read. One request.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], [`Error::Denied`], or what else is in the way.
    pub async fn look(&self) -> Result<(), Error> {
        let look = PaginatedListOptions { max_keys: Some(1), ..Default::default() };
        let folder = format!("{}/", self.full(&Path::from("_granary")));
        let list = || self.whole.list_paginated(Some(&folder), look.clone());
        until_answered(list).await.map(drop).map_err(|source| self.in_the_way("list", source))
    }

    /// Makes sure that the store honours conditional writes: to be called before anything is written. Two requests, three the
    /// first time.
    ///
    /// # Errors
    /// [`Error::IgnoresConditions`] when it does not: two writers would overwrite each other unseen. Else as
    /// [`BucketStore::look`].
    pub async fn probe(&self) -> Result<(), Error> {
        let of_nothing = UpdateVersion { e_tag: Some("\"0\"".to_owned()), version: None };
        let (created, updated) =
            tokio::try_join!(self.is_refused(PutMode::Create), self.is_refused(PutMode::Update(of_nothing)))?;
        // The first one ever finds nothing there; the second finds what the first has written.
        let created = created || self.is_refused(PutMode::Create).await?;
        match created && updated {
            true => Ok(()),
            false => Err(Error::IgnoresConditions { place: self.place.clone() }),
        }
    }

    async fn is_refused(&self, mode: PutMode) -> Result<bool, Error> {
        let path = Path::from(PROBE);
        let attributes = Attributes::from_iter([(Attribute::ContentType, "text/plain")]);
        let options = PutOptions { mode, attributes, ..Default::default() };
        let payload = PutPayload::from_static(PROBE_TEXT.as_bytes());
        // Asked below our own layer, which would take the text that lies there for its own success. Asking again is right:
        // what was written unseen is found.
        let put = || self.inner.put_opts(&path, payload.clone(), options.clone());
        match until_answered(put).await {
            Ok(_) => Ok(false),
            // A bucket that is not there is no refusal of the condition.
            Err(source) if is_no_bucket(&source) => Err(self.in_the_way("write", source)),
            Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => Ok(true),
            Err(source) => Err(self.in_the_way("write", source)),
        }
    }

    fn in_the_way(&self, action: &'static str, source: StoreError) -> Error {
        match is_no_bucket(&source) {
            true => Error::NoSuchBucket { place: self.place.clone(), endpoint: self.endpoint.clone() },
            false => Error::store(action, &self.place)(source),
        }
    }
}

/// Only the text of the answer says so.
fn is_no_bucket(error: &StoreError) -> bool {
    error.to_string().contains("<Code>NoSuchBucket</Code>")
}

fn client(config: &SdkConfig, bucket: &str, options: ClientOptions) -> Result<AmazonS3, StoreError> {
    // The TLS of the HTTP client; an error says that it is set already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let options = options
        .with_timeout_disabled()
        .with_read_timeout(SILENCE)
        .with_connect_timeout(Duration::from_secs(10))
        .with_allow_http(true);
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(config.region().map_or("us-east-1", |region| region.as_ref()))
        .with_checksum_algorithm(Checksum::SHA256)
        .with_client_options(options);
    if let Some(provider) = config.credentials_provider() {
        builder = builder.with_credentials(Arc::new(Credentials::new(provider)));
    }
    builder = match endpoint(config) {
        Some(endpoint) => builder.with_endpoint(endpoint),
        // A name with dots would not match Amazon's certificate.
        None => builder.with_virtual_hosted_style_request(!bucket.contains('.')),
    };
    builder.build()
}

/// The endpoint, when it is not Amazon's: of S3 alone, or of all services.
fn endpoint(config: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id("S3")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    let of_s3 = config.service_config().and_then(|services| services.load_config(key));
    of_s3.or_else(|| config.endpoint_url().map(str::to_owned))
}
