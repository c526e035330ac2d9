//! What libpq users expect of a connection: URL or keywords, service file, PG* variables, `.pgpass`, defaults.
//!
//! Text and environment only: it opens no connection and knows no driver (`pg/session.rs` fills the driver's own
//! configuration from [`ConnInfo`]). Which string comes first (`-d`, environment, file) `config` decides.

mod environment;
mod keyword;
mod mask;
mod parameter;
mod passfile;
mod password;
mod percent;
mod resolve;
mod secret;
mod service;
mod tls;
mod url;

use std::net::IpAddr;
use std::time::Duration;

pub use environment::Environment;
pub use mask::{mask, mask_statement};
pub use parameter::nearest;
pub use password::{PasswordCommand, PasswordSource, ReadAgain};
pub use percent::encode;
pub use resolve::{ConnSources, ConnText};
pub use secret::Secret;
pub use tls::{ChannelBinding, RootCert, SslMode, SslNegotiation, Tls};

use crate::error::Refusal;

/// All that is needed to connect; every value is checked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnInfo {
    /// Servers to try in this order; at least one.
    pub hosts: Vec<Host>,
    /// The role.
    pub user: String,
    /// The database.
    pub database: String,
    /// Where [`ConnInfo::password`] reads the password.
    pub password_source: PasswordSource,
    /// Whether the connection is encrypted, and how much of the certificate is checked.
    pub ssl_mode: SslMode,
    /// Certificates and the way TLS begins.
    pub tls: Tls,
    /// What the user wants to be called; sessions of ours have a name of their own.
    pub application_name: Option<String>,
    /// Startup options, as in `-c work_mem=64MB`.
    pub options: Option<String>,
    /// The longest wait for one host; none: without limit.
    pub connect_timeout: Option<Duration>,
    /// What kind of server is wanted.
    pub target: TargetServer,
    /// Whether hosts are tried in random order.
    pub random_host_order: bool,
    /// How a silent peer is noticed.
    pub keepalives: Keepalives,
    /// The `?schema=` of an object-relational mapper; it says where the application's tables are.
    pub orm_schema: Option<String>,
    /// What was ignored, a sentence each.
    pub warnings: Vec<String>,
}

/// One server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Host {
    /// A name, an address, or the folder of a socket (`/var/run/postgresql`).
    pub name: String,
    /// Where the name need not be looked up; the certificate is still checked against the name.
    pub address: Option<IpAddr>,
    /// The port; for a socket the number in the name of its file.
    pub port: u16,
}

impl Host {
    /// A socket of this machine; `@` begins the name of an abstract one.
    #[must_use]
    pub fn is_socket(&self) -> bool {
        self.name.starts_with(['/', '@'])
    }
}

/// `target_session_attrs`: what kind of server is wanted among several.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum TargetServer {
    /// Any.
    #[default]
    Any,
    /// One that takes writes.
    ReadWrite,
    /// One that does not.
    ReadOnly,
    /// One that is not in recovery.
    Primary,
    /// One that is.
    Standby,
    /// A standby, or any if there is none.
    PreferStandby,
}

/// TCP keepalives; none: the operating system's default.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Keepalives {
    /// Whether they are sent at all.
    pub enabled: bool,
    /// Silence before the first.
    pub idle: Option<Duration>,
    /// Time between two.
    pub interval: Option<Duration>,
    /// How many may be lost.
    pub count: Option<u32>,
    /// How long sent data may stay unacknowledged.
    pub user_timeout: Option<Duration>,
}

/// The keywords of a connection string in any of its forms; a single word is a database's name, as in psql.
fn pairs(text: &str) -> Result<Vec<(String, String)>, Refusal> {
    let text = text.trim();
    if let Some(rest) = url::after_scheme(text) {
        return url::parse(rest);
    }
    let is_name = |c: char| c.is_alphanumeric() || "_-$.".contains(c);
    if !text.is_empty() && text.chars().all(is_name) {
        return Ok(vec![("dbname".to_owned(), text.to_owned())]);
    }
    match text.split_once("://") {
        Some((scheme, _)) if scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+') => {
            Err(Refusal::new(format!("`{scheme}://` begins no URL of PostgreSQL"))
                .hint("write postgresql://user@host:5432/database"))
        }
        _ => keyword::parse(text),
    }
}

/// The `?schema=` of a connection string that can be read, for those who need nothing else of it.
#[must_use]
pub fn orm_schema(text: &str) -> Option<String> {
    pairs(text).ok()?.into_iter().find(|(name, value)| name == "schema" && !value.is_empty()).map(|(_, value)| value)
}
