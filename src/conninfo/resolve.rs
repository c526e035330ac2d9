//! Merges the sources and gives every parameter its meaning.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::environment::Environment;
use super::parameter::{Gathered, Given, variables};
use super::password::{PasswordCommand, PasswordSource, ReadAgain};
use super::secret::Secret;
use super::tls::{ChannelBinding, RootCert, SslMode, SslNegotiation, Tls};
use super::{ConnInfo, Host, Keepalives, TargetServer, service};
use crate::error::Refusal;

/// The connection string that `config` chose.
#[derive(Clone)]
pub struct ConnText {
    /// A URL, keywords, or the name of a database.
    pub text: String,
    /// Who said it, for messages: `-d`, `[database] url`.
    pub origin: String,
    /// Where relative paths in it start.
    pub folder: PathBuf,
    /// Reads the text anew, where it refers to files or variables.
    pub again: Option<ReadAgain>,
}

impl fmt::Debug for ConnText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnText").field("text", &super::mask(&self.text)).field("origin", &self.origin).finish()
    }
}

/// What comes before PG* variables and defaults.
#[derive(Clone, Debug, Default)]
pub struct ConnSources {
    /// The connection string, if there is one.
    pub text: Option<ConnText>,
    /// Used where the connection string has no password.
    pub password_command: Option<PasswordCommand>,
    /// Used where the connection string has no `connect_timeout`; whole seconds or less.
    pub connect_timeout: Option<Duration>,
}

impl ConnInfo {
    /// Merges the sources key by key: connection string, `[database]`, service file, PG* variables, defaults.
    ///
    /// # Errors
    /// Refuses what cannot be read, an unknown parameter or value, and a service that does not exist.
    pub fn resolve(sources: &ConnSources, env: &Environment) -> Result<Self, Refusal> {
        let mut all = Gathered::default();
        let here = &env.current_folder;
        if let Some(given) = sources.text.as_ref().filter(|given| !given.text.trim().is_empty()) {
            let pairs = super::pairs(&given.text).map_err(|refusal| from(refusal, &given.origin))?;
            all.add(pairs, &given.origin, &given.folder)?;
        }
        let again = sources.text.as_ref().and_then(|given| given.again.clone());
        let text_password = all.get("password").map(|given| match again {
            Some(again) => PasswordSource::Again(again),
            None => PasswordSource::Text(Secret::new(&given.value)),
        });
        let text_timeout = all.get("connect_timeout").is_some();
        add_service(&mut all, env)?;
        for (variable, name) in variables() {
            if let Some(value) = env.filled(variable) {
                all.add(vec![(name.to_owned(), value.to_owned())], variable, here)?;
            }
        }

        let user = all.text("user").or_else(|| env.os_user.clone()).ok_or_else(|| {
            Refusal::new("no database user is given, and the operating system's user has no name")
                .hint("put it into the URL, postgresql://user@host/database, or set PGUSER")
        })?;
        let password_source = text_password
            .or_else(|| sources.password_command.clone().map(PasswordSource::Command))
            .unwrap_or_else(|| other_password(&all, env));
        let connect_timeout = match sources.connect_timeout {
            Some(timeout) if !text_timeout => Some(timeout).filter(|timeout| !timeout.is_zero()),
            _ => connect_timeout(&all)?,
        };
        let (ssl_mode, tls) = tls(&all, env)?;
        let hosts = hosts(&all, env)?;
        if !hosts.iter().all(Host::is_socket) {
            all.warnings.extend(unchecked(ssl_mode, &tls, &all));
        }
        Ok(Self {
            hosts,
            database: all.text("dbname").unwrap_or_else(|| user.clone()),
            user,
            password_source,
            ssl_mode,
            tls,
            application_name: all.text("application_name"),
            options: all.text("options"),
            connect_timeout,
            target: choice(&all, "target_session_attrs", TARGETS)?.unwrap_or_default(),
            random_host_order: choice(&all, "load_balance_hosts", BALANCING)?.unwrap_or_default(),
            keepalives: keepalives(&all)?,
            orm_schema: all.orm_schema.filter(|schema| !schema.is_empty()),
            warnings: all.warnings,
        })
    }
}

/// Waiting for a host for longer than this hides that it is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

const TARGETS: &[(&str, TargetServer)] = &[
    ("any", TargetServer::Any),
    ("read-write", TargetServer::ReadWrite),
    ("read-only", TargetServer::ReadOnly),
    ("primary", TargetServer::Primary),
    ("standby", TargetServer::Standby),
    ("prefer-standby", TargetServer::PreferStandby),
];
const BALANCING: &[(&str, bool)] = &[("disable", false), ("random", true)];
const NEGOTIATIONS: &[(&str, SslNegotiation)] =
    &[("postgres", SslNegotiation::Postgres), ("direct", SslNegotiation::Direct)];
const BINDINGS: &[(&str, ChannelBinding)] =
    &[("disable", ChannelBinding::Disable), ("prefer", ChannelBinding::Prefer), ("require", ChannelBinding::Require)];

fn from(refusal: Refusal, origin: &str) -> Refusal {
    Refusal { message: format!("{} ({origin})", refusal.message), ..refusal }
}

/// As in libpq, a service outweighs the variables, but PGSERVICE may name it.
fn add_service(all: &mut Gathered, env: &Environment) -> Result<(), Refusal> {
    let Some(name) = all.text("service").or_else(|| env.filled("PGSERVICE").map(str::to_owned)) else { return Ok(()) };
    let named_file = all.get("servicefile").map(path_of);
    let named_file = named_file.or_else(|| env.filled("PGSERVICEFILE").map(|path| env.current_folder.join(path)));
    let (path, pairs) = service::find(&name, named_file, env)?;
    let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
    all.add(pairs, &format!("service {name} of {}", path.display()), &folder)
}

fn path_of(given: &Given) -> PathBuf {
    given.folder.join(&given.value)
}

fn other_password(all: &Gathered, env: &Environment) -> PasswordSource {
    if let Some(password) = all.text("password") {
        return PasswordSource::Text(Secret::new(password));
    }
    let file = all.get("passfile").map(path_of);
    match file.or_else(|| env.home.as_ref().map(|home| home.join(".pgpass"))) {
        Some(path) => PasswordSource::File(path),
        None => PasswordSource::Nowhere,
    }
}

fn hosts(all: &Gathered, env: &Environment) -> Result<Vec<Host>, Refusal> {
    let list = |name: &str| -> Vec<String> {
        all.text(name).map(|text| text.split(',').map(|piece| piece.trim().to_owned()).collect()).unwrap_or_default()
    };
    let (names, addresses, ports) = (list("host"), list("hostaddr"), list("port"));
    let count = names.len().max(addresses.len()).max(1);
    let mismatch = |what: &str, number: usize| {
        Refusal::new(format!("the connection has {count} hosts and {number} {what}"))
            .hint(format!("give as many {what} as hosts, separated by commas"))
    };
    if !addresses.is_empty() && !names.is_empty() && names.len() != addresses.len() {
        return Err(mismatch("addresses (hostaddr)", addresses.len()));
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(mismatch("ports", ports.len()));
    }
    (0..count)
        .map(|index| {
            let address = match addresses.get(index).filter(|text| !text.is_empty()) {
                Some(text) => Some(text.parse::<IpAddr>().map_err(|_| bad(all, "hostaddr", "an IP address"))?),
                None => None,
            };
            let name = names.get(index).filter(|name| !name.is_empty()).cloned();
            let name = name.or_else(|| address.map(|address| address.to_string())).unwrap_or_else(|| {
                env.socket_folder.as_ref().map_or_else(|| "localhost".to_owned(), |path| path.display().to_string())
            });
            let port = match ports.get(index).or(ports.first()).filter(|text| !text.is_empty()) {
                Some(text) => text.parse().ok().filter(|port| *port > 0),
                None => Some(5432),
            };
            Ok(Host { name, address, port: port.ok_or_else(|| bad(all, "port", "a number from 1 to 65535"))? })
        })
        .collect()
}

fn tls(all: &Gathered, env: &Environment) -> Result<(SslMode, Tls), Refusal> {
    let given_mode = match all.get("sslmode") {
        Some(given) => Some(given.value.parse::<SslMode>().map_err(|()| {
            let refusal = bad(all, "sslmode", "disable, allow, prefer, require, verify-ca or verify-full");
            match given.value.as_str() {
                "no-verify" => refusal.hint("`require` encrypts without a check of the certificate"),
                _ => refusal,
            }
        })?),
        None => None,
    };
    let root_cert = match all.get("sslrootcert") {
        Some(given) if given.value == "system" => Some(RootCert::System),
        Some(given) => Some(RootCert::File(path_of(given))),
        None => {
            let usual = env.home.as_ref().map(|home| home.join(".postgresql/root.crt"));
            usual.filter(|path| path.exists()).map(RootCert::File)
        }
    };
    // anybody can get a certificate from a public root: only the name in it says who is there
    let ssl_mode = match (&root_cert, given_mode) {
        (Some(RootCert::System), None) => SslMode::VerifyFull,
        (Some(RootCert::System), Some(mode)) if mode != SslMode::VerifyFull => {
            return Err(Refusal::new(format!("sslmode `{mode}` is too weak for sslrootcert=system"))
                .hint("write sslmode=verify-full"));
        }
        (_, mode) => mode.unwrap_or_default(),
    };
    let negotiation = choice(all, "sslnegotiation", NEGOTIATIONS)?.unwrap_or_default();
    if negotiation == SslNegotiation::Direct && ssl_mode < SslMode::Require {
        return Err(Refusal::new(format!("sslmode `{ssl_mode}` is too weak for sslnegotiation=direct"))
            .hint("write sslmode=require or stronger"));
    }
    // as libpq: what lies in the usual place is used where nothing else is named
    let usual = |name: &str| env.home.as_ref().map(|home| home.join(".postgresql").join(name)).filter(|it| it.exists());
    let cert = all.get("sslcert").map(path_of).or_else(|| usual("postgresql.crt"));
    let key = all.get("sslkey").map(path_of).or_else(|| usual("postgresql.key"));
    let tls = Tls {
        root_cert,
        cert,
        key,
        negotiation,
        channel_binding: choice(all, "channel_binding", BINDINGS)?.unwrap_or_default(),
    };
    Ok((ssl_mode, tls))
}

/// What a reader of the connection string may believe and is not so.
fn unchecked(ssl_mode: SslMode, tls: &Tls, all: &Gathered) -> Option<String> {
    match (ssl_mode, &tls.root_cert, all.get("sslrootcert")) {
        (SslMode::Require, None, _) => Some(
            "sslmode=require without sslrootcert encrypts, but does not check who answers; \
             sslmode=verify-full with sslrootcert=FILE or sslrootcert=system does"
                .to_owned(),
        ),
        (SslMode::Disable | SslMode::Allow | SslMode::Prefer, _, Some(given)) => Some(format!(
            "sslrootcert ({}) is not used with sslmode={ssl_mode}; sslmode=verify-full checks who answers",
            given.origin
        )),
        _ => None,
    }
}

fn connect_timeout(all: &Gathered) -> Result<Option<Duration>, Refusal> {
    match number(all, "connect_timeout")? {
        None => Ok(Some(CONNECT_TIMEOUT)),
        Some(seconds) => Ok(u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs)),
    }
}

fn keepalives(all: &Gathered) -> Result<Keepalives, Refusal> {
    let positive = |name| -> Result<Option<u32>, Refusal> {
        let value = number(all, name)?;
        value.filter(|n| *n != 0).map(|n| u32::try_from(n).map_err(|_| bad(all, name, "a number from 0"))).transpose()
    };
    let seconds = |name| -> Result<Option<Duration>, Refusal> {
        Ok(positive(name)?.map(|seconds| Duration::from_secs(seconds.into())))
    };
    Ok(Keepalives {
        enabled: number(all, "keepalives")? != Some(0),
        idle: seconds("keepalives_idle")?,
        interval: seconds("keepalives_interval")?,
        count: positive("keepalives_count")?,
        user_timeout: positive("tcp_user_timeout")?.map(|millis| Duration::from_millis(millis.into())),
    })
}

fn number(all: &Gathered, name: &str) -> Result<Option<i64>, Refusal> {
    match all.get(name) {
        Some(given) => given.value.trim().parse().map(Some).map_err(|_| bad(all, name, "a whole number")),
        None => Ok(None),
    }
}

fn choice<T: Copy>(all: &Gathered, name: &str, known: &[(&str, T)]) -> Result<Option<T>, Refusal> {
    let Some(given) = all.get(name) else { return Ok(None) };
    match known.iter().find(|(word, _)| *word == given.value) {
        Some((_, value)) => Ok(Some(*value)),
        None => {
            let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
            Err(bad(all, name, &format!("one of {}", words.join(", "))))
        }
    }
}

fn bad(all: &Gathered, name: &str, want: &str) -> Refusal {
    let (value, origin) = all.get(name).map_or(("", ""), |given| (given.value.as_str(), given.origin.as_str()));
    Refusal::new(format!("connection parameter {name} is `{value}` ({origin})")).hint(format!("it is {want}"))
}

#[cfg(test)]
mod tests;
