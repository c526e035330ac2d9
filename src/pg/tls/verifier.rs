//! Is this the server's certificate? By libpq's rules, with two of rustls' own.
//!
//! As libpq: `verify-ca` asks only who signed it, `verify-full` also for whom, and a self-signed certificate that
//! stands in `sslrootcert` is trusted as the server's own. As rustls: a host's name counts only in subjectAltName, and
//! the common name is not read.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};

use super::certificate::Certificate;
use super::refusal;
use crate::error::Refusal;

/// The certificates that are trusted.
#[derive(Debug)]
pub(super) struct Roots {
    /// As rustls wants them.
    pub(super) store: RootCertStore,
    /// Those that a server may have as its own.
    pub(super) certificates: Vec<CertificateDer<'static>>,
    /// Where they are from, for messages.
    pub(super) origin: String,
}

impl Roots {
    pub(super) fn new(certificates: Vec<CertificateDer<'static>>, origin: String) -> Self {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(certificates.iter().cloned());
        Self { store, certificates, origin }
    }
}

/// Checks as much as was asked for.
#[derive(Debug)]
pub(super) struct Verifier {
    /// None: any certificate will do.
    pub(super) roots: Option<Arc<Roots>>,
    pub(super) check_name: bool,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let checked = match &self.roots {
            None => Ok(()),
            Some(roots) => self.check(roots, certificate, intermediates, host, now),
        };
        // rustls carries our refusal to `failure`, which finds it again.
        let told = |refusal| Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(refusal))));
        checked.map(|()| ServerCertVerified::assertion()).map_err(told)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
            .or_else(|error| self.by_bare_key(message, certificate, signature, error))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
            .or_else(|error| self.by_bare_key(message, certificate, signature, error))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl Verifier {
    fn check(
        &self,
        roots: &Roots,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let name = host.to_str();
        let Some(read) = Certificate::read(certificate) else {
            return Err(refusal(format!("the certificate of {name} cannot be understood")));
        };
        let parsed = ParsedCertificate::try_from(certificate).map_err(|error| unusable(&name, &read, &error))?;
        if roots.certificates.iter().any(|known| known == certificate) {
            dates(&name, &read, now)?; // it is trusted by itself: nobody else vouches for it
        } else {
            verify_server_cert_signed_by_trust_anchor(&parsed, &roots.store, intermediates, now, self.algorithms.all)
                .map_err(|error| untrusted(&name, &read, roots, now, &error))?;
        }
        match self.check_name {
            true => verify_server_name(&parsed, host).map_err(|error| misnamed(&name, &read, &error)),
            false => Ok(()),
        }
    }

    /// webpki reads no certificate of version 1, which `openssl x509 -req` made for decades. Where the certificate is
    /// not checked one may be met, and the server must still prove that it has the key: channel binding relies on it.
    fn by_bare_key(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
        error: Error,
    ) -> Result<HandshakeSignatureValid, Error> {
        let old = Certificate::read(certificate).filter(|read| self.roots.is_none() && read.is_of_version_1());
        let Some(key) = old.and_then(|read| read.key()) else { return Err(error) };
        let schemes = self.algorithms.mapping.iter().filter(|(scheme, _)| *scheme == signature.scheme);
        let proven = schemes
            .flat_map(|(_, algorithms)| algorithms.iter())
            .filter(|algorithm| algorithm.public_key_alg_id().as_ref() == key.algorithm)
            .any(|algorithm| algorithm.verify_signature(&key.bits, message, signature.signature()).is_ok());
        match proven {
            true => Ok(HandshakeSignatureValid::assertion()),
            false => Err(error),
        }
    }
}

fn dates(host: &str, read: &Certificate, now: UnixTime) -> Result<(), Refusal> {
    let (from, until) = read.validity();
    if read.is_expired(now) {
        return Err(refusal(format!("the certificate of {host} has expired"))
            .because(format!("it was valid until {until}"))
            .hint(
                "the server needs a new certificate (ssl_cert_file, then reload); if it has one, look at the clock",
            ));
    }
    if read.is_not_valid_yet(now) {
        return Err(refusal(format!("the certificate of {host} is not valid yet"))
            .because(format!("it is valid from {from}"))
            .hint("look at the clock of this machine"));
    }
    Ok(())
}

fn untrusted(host: &str, read: &Certificate, roots: &Roots, now: UnixTime, error: &Error) -> Refusal {
    if let Err(refusal) = dates(host, read, now) {
        return refusal;
    }
    let issuer = read.issuer();
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            let refusal = refusal(format!("the certificate of {host} comes from no trusted root"))
                .because(format!("its issuer is `{issuer}`; the trusted roots are those of {}", roots.origin));
            match read.is_self_signed() {
                true => refusal.hint("it signed itself: put this very certificate into the file of sslrootcert"),
                false => refusal.hint("sslrootcert must name the certificate authority that signed it"),
            }
        }
        Error::InvalidCertificate(CertificateError::Other(other))
            if other.to_string().contains("CaUsedAsEndEntity") =>
        {
            refusal(format!("the certificate of {host} is one of a certificate authority, not of a server"))
                .because(format!("its issuer is `{issuer}`"))
                .hint("put this very certificate into the file of sslrootcert, or let the server have one of its own")
        }
        other => unusable(host, read, other),
    }
}

fn misnamed(host: &str, read: &Certificate, error: &Error) -> Refusal {
    if !read.names_hosts() {
        return refusal(format!("the certificate of {host} names no host"))
            .because("it has no subjectAltName, and the common name is not read")
            .hint(format!(
                "issue it with subjectAltName={}:{host}; sslmode=verify-ca checks all but the name",
                if host.parse::<std::net::IpAddr>().is_ok() { "IP" } else { "DNS" }
            ));
    }
    let refusal = refusal(format!("the certificate is not for {host}"));
    let refusal = match error {
        Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) => {
            refusal.because(format!("it is for {}", presented.join(", ")))
        }
        other => refusal.because(other.to_string()),
    };
    refusal.hint("connect by a name that it is for (hostaddr=ADDRESS says where that is), or issue it for this one")
}

fn unusable(host: &str, read: &Certificate, error: &Error) -> Refusal {
    let refusal = refusal(format!("the certificate of {host} cannot be used"));
    match read.is_of_version_1() {
        true => refusal
            .because("it is an X.509 certificate of version 1: it has no subjectAltName, so it names no host")
            .hint(format!("issue it with subjectAltName=DNS:{host}; sslmode=require encrypts without a check")),
        false => refusal.because(error.to_string()),
    }
}
