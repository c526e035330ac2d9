//! What went wrong in a handshake, as a refusal with the way on.

use std::error::Error as StdError;

use rustls::{AlertDescription, CertificateError, Error};

use super::refusal;
use crate::conninfo::{ConnInfo, SslNegotiation};
use crate::error::Refusal;
use crate::pg::failure::words;

/// The refusal, if it was TLS that failed; also where the server's word came only after the handshake.
pub(in crate::pg) fn refusal_of(error: &tokio_postgres::Error, conninfo: &ConnInfo) -> Option<Refusal> {
    for cause in causes(error) {
        if let Some(tls) = cause.downcast_ref::<Error>() {
            return Some(of_rustls(tls, conninfo));
        }
        if cause.to_string() == "server does not support TLS" {
            return Some(
                refusal("the server has no TLS")
                    .because(format!("the connection asks for sslmode={}", conninfo.ssl_mode))
                    .hint("switch it on in the server (ssl = on), or say sslmode=disable where nobody can listen"),
            );
        }
    }
    let is_tls = error.to_string() == "error performing TLS handshake";
    is_tls.then(|| {
        let refusal = refusal("TLS failed").because(words(error));
        match conninfo.tls.negotiation {
            SslNegotiation::Direct => refusal.hint("sslnegotiation=direct needs PostgreSQL 17; leave it out"),
            SslNegotiation::Postgres => refusal,
        }
    })
}

/// The error and its causes. An `io::Error` passes over what it carries when it is asked for its source.
fn causes(error: &tokio_postgres::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    let first: &(dyn StdError + 'static) = error;
    std::iter::successors(Some(first), |cause: &&(dyn StdError + 'static)| {
        let cause: &(dyn StdError + 'static) = *cause;
        let carried = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        carried.map(|carried| carried as &(dyn StdError + 'static)).or_else(|| cause.source())
    })
}

fn of_rustls(error: &Error, conninfo: &ConnInfo) -> Refusal {
    match error {
        Error::InvalidCertificate(CertificateError::Other(other)) => match other.0.downcast_ref::<Refusal>() {
            Some(refusal) => refusal.clone(),
            None => refusal("the server's certificate cannot be used").because(error.to_string()),
        },
        Error::AlertReceived(
            alert @ (AlertDescription::CertificateRequired
            | AlertDescription::HandshakeFailure
            | AlertDescription::AccessDenied
            | AlertDescription::NoCertificate),
        ) if conninfo.tls.cert.is_none() => refusal("the server wants a certificate of the client")
            .because(format!("it said {alert:?}"))
            .hint("sslcert and sslkey name it"),
        Error::AlertReceived(
            alert @ (AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::DecryptError),
        ) => refusal("the server does not accept the client's certificate")
            .because(format!("it said {alert:?}"))
            .hint("sslcert must be signed by the authority in the server's ssl_ca_file, and be valid now"),
        Error::AlertReceived(AlertDescription::NoApplicationProtocol | AlertDescription::ProtocolVersion)
        | Error::PeerIncompatible(_) => refusal("server and client have no kind of TLS in common")
            .because(error.to_string())
            .hint("the server must allow TLS 1.2 or later (ssl_min_protocol_version, ssl_max_protocol_version)"),
        other => refusal("TLS failed").because(other.to_string()),
    }
}
