//! Credentials as the AWS SDK finds them, for `object_store`.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use object_store::{CredentialProvider, Error, Result, aws::AwsCredential};
use tokio::sync::Mutex;

/// How long before they expire credentials are asked for anew: a request may be repeated for three minutes.
const AHEAD: Duration = Duration::from_secs(300);

/// Environment, profiles, SSO, roles of functions and machines: whatever the provider knows. Asked once, and again
/// before what it gave expires.
#[derive(Debug)]
pub(super) struct Credentials {
    provider: SharedCredentialsProvider,
    last: Mutex<Option<(Arc<AwsCredential>, Option<SystemTime>)>>,
}

impl Credentials {
    pub(super) fn new(provider: SharedCredentialsProvider) -> Self {
        Self { provider, last: Mutex::new(None) }
    }
}

#[async_trait::async_trait]
impl CredentialProvider for Credentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> Result<Arc<AwsCredential>> {
        let mut last = self.last.lock().await;
        if let Some((credential, expiry)) = &*last
            && expiry.is_none_or(|expiry| expiry > SystemTime::now() + AHEAD)
        {
            return Ok(credential.clone());
        }
        let found = self.provider.provide_credentials().await;
        let found = found.map_err(|source| Error::Generic { store: "bucket", source: source.into() })?;
        let credential = Arc::new(AwsCredential {
            key_id: found.access_key_id().to_owned(),
            secret_key: found.secret_access_key().to_owned(),
            token: found.session_token().map(str::to_owned),
        });
        *last = Some((credential.clone(), found.expiry()));
        Ok(credential)
    }
}
