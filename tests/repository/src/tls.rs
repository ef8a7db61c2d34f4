//! HTTPS at the same port, for the quirks that want it. Certificates are made when they are first needed.

use std::sync::{Arc, OnceLock};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::quirk::{Quirk, Quirks};

/// The first byte of a connection that begins with a TLS handshake (RFC 8446, section 5.1).
pub(crate) const HANDSHAKE: u8 = 22;

/// The certificates of one server.
#[derive(Debug, Default)]
pub(crate) struct Tls {
    valid: OnceLock<Identity>,
    expired: OnceLock<Identity>,
}

/// A certificate that is signed by itself, and what shows it to clients.
#[derive(Debug)]
struct Identity {
    pem: String,
    config: Arc<ServerConfig>,
}

impl Tls {
    /// What answers a handshake; `None` when no quirk that is on has anything to do with TLS.
    pub(crate) fn acceptor(&self, quirks: &Quirks) -> Option<TlsAcceptor> {
        let wanted = [Quirk::SelfSignedTls, Quirk::ExpiredTls, Quirk::ToHttps];
        wanted
            .into_iter()
            .any(|quirk| quirks.is_on(quirk))
            .then(|| TlsAcceptor::from(Arc::clone(&self.identity(quirks).config)))
    }

    /// The certificate that clients are shown, in PEM.
    pub(crate) fn certificate(&self, quirks: &Quirks) -> &str {
        &self.identity(quirks).pem
    }

    fn identity(&self, quirks: &Quirks) -> &Identity {
        if quirks.is_on(Quirk::ExpiredTls) {
            self.expired.get_or_init(|| Identity::until(2020))
        } else {
            self.valid.get_or_init(|| Identity::until(2999))
        }
    }
}

impl Identity {
    /// Good for 127.0.0.1 and localhost, from 2010 until the first day of a year.
    fn until(year: i32) -> Self {
        let key = KeyPair::generate().expect("a key can be drawn");
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let mut params = CertificateParams::new(names).expect("both are names that a certificate can have");
        (params.not_before, params.not_after) = (date_time_ymd(2010, 1, 1), date_time_ymd(year, 1, 1));
        let certificate = params.self_signed(&key).expect("a key signs its own certificate");
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| {
                config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key)
            })
            .expect("the key is that of the certificate");
        Self { pem: certificate.pem(), config: Arc::new(config) }
    }
}
