//! TLS as libpq has it, done by rustls: what `sslmode`, `sslrootcert`, `sslcert` and their kin ask for.
//!
//! Reads the files anew for each connection: a client's certificate may live for an hour. Which server is dialled, and
//! whether without TLS where it has none, `dial` decides.

mod certificate;
mod failure;
mod verifier;

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

pub(super) use self::failure::refusal_of;
use self::verifier::{Roots, Verifier};
use crate::conninfo::{ConnInfo, RootCert, SslMode, Tls};
use crate::error::{Exit, Refusal};

/// What servers of 17 and later want to hear where TLS begins at once.
const ALPN: &[u8] = b"postgresql";

/// What makes TLS connections as this connection asks for them; `None` where it never does.
///
/// Blocks while files are read.
///
/// # Errors
/// A refusal with exit code 5 where a file is missing, cannot be read or holds nothing of use.
pub(super) fn connector(conninfo: &ConnInfo) -> Result<Option<MakeRustlsConnect>> {
    if conninfo.ssl_mode == SslMode::Disable || conninfo.hosts.iter().all(crate::conninfo::Host::is_socket) {
        return Ok(None);
    }
    let tls = &conninfo.tls;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let roots = match (conninfo.ssl_mode, &tls.root_cert) {
        (SslMode::Disable | SslMode::Allow | SslMode::Prefer, _) | (SslMode::Require, None) => None,
        (_, Some(RootCert::File(path))) => Some(Arc::new(roots_in(path)?)),
        (_, Some(RootCert::System)) => Some(system_roots()?),
        (mode, None) => return Err(no_roots(mode).into()),
    };
    let check_name = conninfo.ssl_mode == SslMode::VerifyFull;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("preparing TLS")?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier { roots, check_name, algorithms }));
    let mut config = match own_certificate(tls)? {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|error| {
            refusal("the client's certificate cannot be used")
                .because(error.to_string())
                .hint("sslcert and sslkey must belong together")
        })?,
    };
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Some(MakeRustlsConnect::new(config)))
}

/// A refusal of a connection.
pub(super) fn refusal(message: impl Into<String>) -> Refusal {
    Refusal::new(message).exit(Exit::Unreachable)
}

fn no_roots(mode: SslMode) -> Refusal {
    refusal(format!("sslmode={mode} needs root certificates")).because("sslrootcert names none").hint(
        "sslrootcert=FILE names your own certificate authority, sslrootcert=system takes those of the operating system",
    )
}

fn roots_in(path: &Path) -> Result<Roots, Refusal> {
    let certificates = certificates_in(path, "sslrootcert")?;
    Ok(Roots::new(certificates, path.display().to_string()))
}

/// Read once: there are some hundred and fifty, and they do not change within a run.
fn system_roots() -> Result<Arc<Roots>, Refusal> {
    static ROOTS: OnceLock<Arc<Roots>> = OnceLock::new();
    if let Some(roots) = ROOTS.get() {
        return Ok(roots.clone());
    }
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let because = found.errors.first().map_or_else(|| "none were found".to_owned(), ToString::to_string);
        return Err(refusal("the operating system's root certificates cannot be read")
            .because(because)
            .hint("install them (Debian: apt-get install ca-certificates), or name a file: sslrootcert=FILE"));
    }
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found.certs);
    // A public root that is the server's own certificate would be a strange thing; so none is accepted as such.
    let roots = Roots { store, certificates: Vec::new(), origin: "the operating system".to_owned() };
    Ok(ROOTS.get_or_init(|| Arc::new(roots)).clone())
}

fn own_certificate(tls: &Tls) -> Result<Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>, Refusal> {
    let Some(cert) = &tls.cert else { return Ok(None) };
    let chain = certificates_in(cert, "sslcert")?;
    let Some(key) = &tls.key else {
        return Err(refusal(format!("the client's certificate {} has no key", cert.display())).hint("sslkey names it"));
    };
    Ok(Some((chain, key_in(key)?)))
}

fn certificates_in(path: &Path, parameter: &str) -> Result<Vec<CertificateDer<'static>>, Refusal> {
    let text = read(path, parameter)?;
    match CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>() {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(refusal(format!("{} ({parameter}) has no certificate", path.display()))
            .hint("it begins with `-----BEGIN CERTIFICATE-----`")),
        Err(error) => {
            Err(refusal(format!("{} ({parameter}) cannot be understood", path.display())).because(error.to_string()))
        }
    }
}

fn key_in(path: &Path) -> Result<PrivateKeyDer<'static>, Refusal> {
    let text = read(path, "sslkey")?;
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(path, "sslkey", &error))?;
    let mode = metadata.permissions().mode() & 0o777;
    let allowed = if metadata.uid() == 0 { 0o640 } else { 0o600 }; // as libpq: root's key may be shared with a group
    if mode & !allowed & 0o077 != 0 {
        return Err(refusal(format!("the key {} (sslkey) is not used", path.display()))
            .because(format!("its mode is {mode:04o}: group or others may read or write it"))
            .hint(format!("chmod 600 {}", path.display())));
    }
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| {
        let refusal = refusal(format!("{} (sslkey) has no key that can be used", path.display()));
        match String::from_utf8_lossy(&text).contains("ENCRYPTED") {
            true => refusal.because("it is encrypted, and sslpassword is not supported").hint(format!(
                "keep a decrypted one where only you can read it: openssl pkey -in {} -out KEY",
                path.display()
            )),
            false => refusal.because(error.to_string()),
        }
    })
}

fn read(path: &Path, parameter: &str) -> Result<Vec<u8>, Refusal> {
    std::fs::read(path).map_err(|error| unreadable(path, parameter, &error))
}

fn unreadable(path: &Path, parameter: &str, error: &std::io::Error) -> Refusal {
    refusal(format!("{} ({parameter}) cannot be read", path.display())).because(error.to_string())
}
