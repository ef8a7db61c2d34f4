//! What SQS answers when it does not do what it was asked.

use aws_sdk_sqs::error::{BuildError, ProvideErrorMetadata};

use crate::error::Error;

/// Names an error by what can be done about it.
pub(super) fn failed<E>(action: &'static str, url: &str) -> impl FnOnce(E) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let url = url.to_owned();
    move |error| {
        let code = error.code().unwrap_or_default().to_owned();
        let source = error.into();
        match code.rsplit('.').next().unwrap_or_default() {
            "QueueDoesNotExist" | "NonExistentQueue" | "InvalidAddress" => Error::NoSuchQueue { url },
            "AccessDenied"
            | "AccessDeniedException"
            | "InvalidSecurity"
            | "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "SignatureDoesNotMatch" => Error::Denied { action, url, source },
            _ => Error::Sqs { action, url, source },
        }
    }
}

/// A request that could not be built: a field that SQS wants is missing.
pub(super) fn incomplete(url: &str) -> impl FnOnce(BuildError) -> Error {
    let url = url.to_owned();
    move |source| Error::Sqs { action: "build a request for", url, source: source.into() }
}
