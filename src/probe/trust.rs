//! Whom we trust over HTTPS: the system's certificates, by the TLS that is here already.

use std::sync::{Arc, OnceLock};

use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

/// rustls on ring, with the system's certificates, or those of SSL_CERT_FILE and SSL_CERT_DIR.
#[must_use]
pub fn trust() -> TlsConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder().provider(TlsProvider::Rustls).unversioned_rustls_crypto_provider(provider);
    tls.root_certs(roots()).build()
}

fn roots() -> RootCerts {
    static ROOTS: OnceLock<RootCerts> = OnceLock::new();
    let read = || {
        let found = rustls_native_certs::load_native_certs().certs;
        let certificates = found.iter().map(|certificate| Certificate::from_der(certificate).to_owned());
        RootCerts::Specific(Arc::new(certificates.collect()))
    };
    ROOTS.get_or_init(read).clone()
}
