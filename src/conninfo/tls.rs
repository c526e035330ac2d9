//! What was asked of TLS; carried, not done: `pg` makes the connection.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// `sslmode` (manual, 32.19.3).
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum SslMode {
    /// Never encrypted.
    Disable,
    /// Encrypted if the server insists.
    Allow,
    /// Encrypted if the server can.
    #[default]
    Prefer,
    /// Always encrypted; with a root certificate also [`SslMode::VerifyCa`], as libpq has it.
    Require,
    /// And the certificate must come from a known root.
    VerifyCa,
    /// And it must be for this host.
    VerifyFull,
}

const MODES: &[(SslMode, &str)] = &[
    (SslMode::Disable, "disable"),
    (SslMode::Allow, "allow"),
    (SslMode::Prefer, "prefer"),
    (SslMode::Require, "require"),
    (SslMode::VerifyCa, "verify-ca"),
    (SslMode::VerifyFull, "verify-full"),
];

impl FromStr for SslMode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        MODES.iter().find(|(_, name)| *name == text).map(|(mode, _)| *mode).ok_or(())
    }
}

impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MODES.iter().find(|(mode, _)| mode == self).map_or("", |(_, name)| name))
    }
}

/// `sslrootcert`: which roots are trusted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RootCert {
    /// Those of the operating system.
    System,
    /// Those in a file of PEM certificates.
    File(PathBuf),
}

/// `sslnegotiation`: how TLS begins.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SslNegotiation {
    /// Asked for in PostgreSQL's protocol first.
    #[default]
    Postgres,
    /// At once (server 17 and later).
    Direct,
}

/// `channel_binding`: whether the password's proof is tied to the TLS connection.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ChannelBinding {
    /// Never.
    Disable,
    /// Where both sides can.
    #[default]
    Prefer,
    /// Always.
    Require,
}

/// What was asked of TLS besides [`SslMode`].
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tls {
    /// `sslrootcert`, else `~/.postgresql/root.crt` where it exists.
    pub root_cert: Option<RootCert>,
    /// `sslcert`, the client's certificate.
    pub cert: Option<PathBuf>,
    /// `sslkey`, its key.
    pub key: Option<PathBuf>,
    /// `sslnegotiation`.
    pub negotiation: SslNegotiation,
    /// `channel_binding`.
    pub channel_binding: ChannelBinding,
}
