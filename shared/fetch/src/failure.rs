//! What a failure of the HTTP client means.

use std::{error::Error as StdError, io};

use url::Url;

use crate::{
    error::Error,
    guard::{NotPublic, redacted},
};

/// What it means that a request failed before its answer began.
pub(crate) fn failure(url: &Url, source: reqwest::Error) -> Error {
    // Its own text repeats the URL, with what it may hold.
    let source = source.without_url();
    let url = redacted(url);
    if let Some(not_public) = causes(&source).find_map(|cause| cause.downcast_ref::<NotPublic>()) {
        return Error::Refused { url, why: not_public.to_string() };
    }
    if causes(&source).any(is_about_a_certificate) {
        Error::Certificate { url, source }
    } else if causes(&source).any(has_too_many_headers) {
        Error::HeadersTooLong { url, source }
    } else if source.is_timeout() {
        Error::Timeout { url, source }
    } else {
        Error::Unreachable { url, source }
    }
}

/// Whether a body failed to be decompressed, and not to arrive: the client calls both an error of decoding.
pub(crate) fn is_bad_compression(error: &reqwest::Error) -> bool {
    // What the connection says is wrapped in an error of hyper. What the decoder says is not.
    let Some(first) = causes(error).find(|cause| !cause.is::<reqwest::Error>()) else { return false };
    let has_more_than_it_says = || first.to_string().contains("after body has been decompressed");
    !error.is_timeout() && (first.is::<io::Error>() || has_more_than_it_says())
}

fn is_about_a_certificate(error: &(dyn StdError + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)))
}

/// More than a hundred headers, or 400 kB of them. What says so has no name outside of hyper.
fn has_too_many_headers(error: &(dyn StdError + 'static)) -> bool {
    error.to_string().contains("message head is too large")
}

/// An error and all its causes.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        // An I/O error does not show what it wraps as its source, but only the source of that.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| error.source())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_io_errors_wrap_is_a_cause_at_any_depth() {
        let innermost = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let error = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, innermost));
        assert_eq!(causes(&error).count(), 3);
        assert!(causes(&error).any(is_about_a_certificate));
        assert!(!causes(&io::Error::other("no")).any(is_about_a_certificate));
    }
}
