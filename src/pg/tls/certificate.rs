//! What rustls does not tell of a certificate: its dates, its names in words, and the key of a very old one.

use rustls::pki_types::{CertificateDer, UnixTime};
use x509_cert::Version;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::SubjectAltName;

/// A certificate, read.
pub(super) struct Certificate(x509_cert::Certificate);

/// A public key with its algorithm, both as they stand in the certificate.
pub(super) struct BareKey {
    /// The content of the AlgorithmIdentifier, without the SEQUENCE around it.
    pub(super) algorithm: Vec<u8>,
    pub(super) bits: Vec<u8>,
}

impl Certificate {
    /// `None` where it is no certificate at all.
    pub(super) fn read(der: &CertificateDer<'_>) -> Option<Self> {
        x509_cert::Certificate::from_der(der).ok().map(Self)
    }

    /// Version 1 has no extensions: no names of hosts, and no word on what it is for.
    pub(super) fn is_of_version_1(&self) -> bool {
        self.0.tbs_certificate.version == Version::V1
    }

    pub(super) fn is_self_signed(&self) -> bool {
        self.0.tbs_certificate.issuer == self.0.tbs_certificate.subject
    }

    pub(super) fn issuer(&self) -> String {
        self.0.tbs_certificate.issuer.to_string()
    }

    /// Whether it names hosts where they are looked for.
    pub(super) fn names_hosts(&self) -> bool {
        matches!(self.0.tbs_certificate.get::<SubjectAltName>(), Ok(Some(_)))
    }

    /// From when and until when, as RFC 3339 has it.
    pub(super) fn validity(&self) -> (String, String) {
        let validity = &self.0.tbs_certificate.validity;
        (validity.not_before.to_string(), validity.not_after.to_string())
    }

    pub(super) fn is_expired(&self, now: UnixTime) -> bool {
        now.as_secs() > self.0.tbs_certificate.validity.not_after.to_unix_duration().as_secs()
    }

    pub(super) fn is_not_valid_yet(&self, now: UnixTime) -> bool {
        now.as_secs() < self.0.tbs_certificate.validity.not_before.to_unix_duration().as_secs()
    }

    pub(super) fn key(&self) -> Option<BareKey> {
        let key = &self.0.tbs_certificate.subject_public_key_info;
        let mut algorithm = key.algorithm.oid.to_der().ok()?;
        algorithm.extend(key.algorithm.parameters.to_der().ok()?);
        Some(BareKey { algorithm, bits: key.subject_public_key.as_bytes()?.to_vec() })
    }
}
