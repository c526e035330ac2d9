//! Makes one connection as libpq makes it: hosts in their order, TLS as asked for, the password read anew.
//!
//! All connections of a run go to one server: a proof that reads here what was written there is none. The first
//! connection chooses it, later ones look for it. What a session's settings are, `session` says.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rand::seq::SliceRandom as _;
use tokio_postgres::config;
use tokio_postgres::{CancelToken, NoTls, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::client::Client;
use super::failure::{ServerResult, server_error};
use super::tls;
use crate::conninfo::{ChannelBinding, ConnInfo, Host, PasswordSource, Secret, SslMode, SslNegotiation, TargetServer};
use crate::error::{Exit, Refusal, ServerError};
use crate::event::{Event, Observer};
use crate::ident::Literal;

/// A server that does not take a cancel request within this is not told.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

/// Which server answers. Its start, to the microsecond, tells it from any other.
const WHO_ANSWERS: &str = "select pg_catalog.pg_is_in_recovery(), current_setting('transaction_read_only') = 'on', \
     extract(epoch from pg_catalog.pg_postmaster_start_time())";

/// How one kind of session is connected.
pub(super) struct Dial {
    pub(super) conninfo: Arc<ConnInfo>,
    pub(super) application_name: String,
    pub(super) settings: Vec<(String, String)>,
    pub(super) calls: Arc<Calls>,
    pub(super) place: Arc<Place>,
    /// Not kept alive: whoever draws on a screen ends with the work, not with the last connection.
    pub(super) observer: Weak<dyn Observer>,
    pub(super) spare: Spare,
}

/// A connection of the kind that was made before anybody borrowed one.
#[derive(Default)]
pub(super) struct Spare(Mutex<Option<Wire>>);

impl Spare {
    pub(super) fn keep(&self, wire: Wire) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(wire);
    }

    pub(super) fn take(&self) -> Option<Wire> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().filter(|wire| !wire.is_closed())
    }
}

/// The server of the run, once there is one.
#[derive(Default)]
pub(super) struct Place(OnceLock<Found>);

struct Found {
    address: String,
    started: String,
}

impl Place {
    /// `host:port`.
    pub(super) fn address(&self) -> String {
        self.0.get().map(|found| found.address.clone()).unwrap_or_default()
    }
}

/// A connection and the task that moves its bytes; both end together.
pub(super) struct Wire {
    client: Client,
    /// Sets what could not be said when it was connected.
    always: String,
    task: tokio::task::JoinHandle<()>,
    canceller: Canceller,
    number: u64,
    calls: Arc<Calls>,
}

impl Wire {
    pub(super) fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// A setting that every borrower shall meet, though the connection was not made with it.
    pub(super) fn set_always(&mut self, name: &str, value: &str) {
        self.always.push_str(&format!("; set {name} = {}", Literal::text(value)));
    }

    /// What sets those, for behind a statement; `reset all` forgets them.
    pub(super) fn always(&self) -> &str {
        &self.always
    }
}

impl Deref for Wire {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for Wire {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
        self.calls.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}

/// Ends the statement in flight of one session.
#[derive(Clone)]
pub struct Canceller {
    token: CancelToken,
    /// The same TLS as the connection's own.
    tls: Option<MakeRustlsConnect>,
}

impl Canceller {
    /// Tells the server; the statement fails with 57014. A session that is gone needs no telling.
    pub async fn cancel(&self) {
        let told = async {
            match &self.tls {
                Some(tls) => self.token.cancel_query(tls.clone()).await,
                None => self.token.cancel_query(NoTls).await,
            }
        };
        let _gone = tokio::time::timeout(CANCEL_TIMEOUT, told).await;
    }
}

/// Connections that are open, so that a signal can end what they do.
#[derive(Default)]
pub(super) struct Calls {
    interrupted: AtomicBool,
    closing: AtomicBool,
    next: AtomicU64,
    open: Mutex<BTreeMap<u64, Canceller>>,
    /// Held while the sessions are told to cancel: what is told late would meet the next statement.
    telling: tokio::sync::Mutex<()>,
}

impl Calls {
    pub(super) async fn interrupt(&self) {
        self.interrupted.store(true, Ordering::SeqCst);
        let _telling = self.telling.lock().await;
        if self.is_closing() {
            return;
        }
        let open: Vec<Canceller> = self.open.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        futures_util::future::join_all(open.iter().map(Canceller::cancel)).await;
    }

    pub(super) async fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        drop(self.telling.lock().await);
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }
}

/// Why a server was not taken.
struct Missed {
    error: anyhow::Error,
    /// As libpq: a server that answered and said no ends the search.
    is_last: bool,
}

impl Missed {
    fn last(error: impl Into<anyhow::Error>) -> Self {
        Self { error: error.into(), is_last: true }
    }

    fn next(error: impl Into<anyhow::Error>) -> Self {
        Self { error: error.into(), is_last: false }
    }
}

impl Dial {
    /// A connection to the run's server.
    ///
    /// # Errors
    /// What kept the last server from being taken, with exit code 5; where there are several, what each had against it.
    pub(super) async fn connect(&self) -> Result<Wire> {
        let begun = Instant::now();
        let wanted: &[TargetServer] = match self.conninfo.target {
            TargetServer::PreferStandby => &[TargetServer::Standby, TargetServer::Any],
            ref one => std::slice::from_ref(one),
        };
        let conninfo = self.conninfo.clone();
        let tls = tokio::task::spawn_blocking(move || tls::connector(&conninfo)).await?;
        let tls = tls.map_err(|error| self.told(error, &[]))?;
        let mut missed = Vec::new();
        for target in wanted {
            match self.first_of_hosts(*target, tls.as_ref(), &mut missed).await {
                Ok(Some(wire)) => {
                    let session = self.application_name.rsplit('/').next().unwrap_or_default();
                    let address = self.place.address();
                    self.notice(&Event::Connected { session, address: &address, elapsed: begun.elapsed() });
                    return Ok(wire);
                }
                Ok(None) => {}
                Err(error) => return Err(self.told(error, &each_of(&missed))),
            }
        }
        let each = each_of(&missed);
        let (_, last) = missed.pop().unwrap_or_else(|| (String::new(), anyhow::anyhow!("no host is named")));
        Err(self.told(last, if each.len() > 1 { &each } else { &[] }))
    }

    fn notice(&self, event: &Event<'_>) {
        if let Some(observer) = self.observer.upgrade() {
            observer.notice(event);
        }
    }

    /// `None`: each was missed, and why stands in the list.
    async fn first_of_hosts(
        &self,
        target: TargetServer,
        tls: Option<&MakeRustlsConnect>,
        missed: &mut Vec<(String, anyhow::Error)>,
    ) -> Result<Option<Wire>> {
        let mut hosts: Vec<&Host> = self.conninfo.hosts.iter().collect();
        if self.conninfo.random_host_order {
            hosts.shuffle(&mut rand::rng());
        }
        let mut password = None;
        for host in hosts {
            // Only a password file tells hosts apart.
            if password.is_none() || matches!(self.conninfo.password_source, PasswordSource::File(_)) {
                password = Some(self.password(host).await?);
            }
            let named = format!("{}:{}", host.name, host.port);
            let addresses = match self.addresses(host).await {
                Ok(addresses) => addresses,
                Err(error) => {
                    self.notice(&Event::HostMissed { address: &named, reason: &said(&error) });
                    missed.push((named, error));
                    continue;
                }
            };
            for address in addresses {
                let secret = password.as_ref().and_then(Option::as_ref);
                match self.try_one(host, address, secret, tls, target).await {
                    Ok(wire) => return Ok(Some(wire)),
                    Err(Missed { error, is_last: true }) => return Err(error),
                    Err(Missed { error, .. }) => {
                        self.notice(&Event::HostMissed { address: &named, reason: &said(&error) });
                        missed.push((named.clone(), error));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Read anew: it may have been rotated. A command may take its time, so others go on meanwhile.
    async fn password(&self, host: &Host) -> Result<Option<Secret>> {
        let (conninfo, host) = (self.conninfo.clone(), host.clone());
        let read = tokio::task::spawn_blocking(move || conninfo.password_for(&host)).await?;
        read.map_err(|error| match error.downcast::<Refusal>() {
            Ok(refusal) => refusal.exit(Exit::Unreachable).into(),
            Err(error) => error.context(tls::refusal("the password cannot be read")),
        })
    }

    /// Looked up here and not by the driver, which would go on to the next address after a wrong password.
    async fn addresses(&self, host: &Host) -> Result<Vec<Option<IpAddr>>> {
        if host.is_socket() || host.address.is_some() {
            return Ok(vec![host.address]);
        }
        let found = self.in_time(tokio::net::lookup_host((host.name.as_str(), host.port))).await?;
        let found = found.map_err(|error| unreachable(format!("looking up {}: {error}", host.name)))?;
        let mut addresses: Vec<_> = found.map(|address| Some(address.ip())).collect();
        addresses.dedup();
        if self.conninfo.random_host_order {
            addresses.shuffle(&mut rand::rng());
        }
        match addresses.is_empty() {
            true => Err(unreachable(format!("{} has no address", host.name)).into()),
            false => Ok(addresses),
        }
    }

    async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, ServerError> {
        match self.conninfo.connect_timeout {
            Some(limit) => tokio::time::timeout(limit, work)
                .await
                .map_err(|_| unreachable(format!("no answer within {} s (connect_timeout)", limit.as_secs_f32()))),
            None => Ok(work.await),
        }
    }

    async fn try_one(
        &self,
        host: &Host,
        address: Option<IpAddr>,
        password: Option<&Secret>,
        tls: Option<&MakeRustlsConnect>,
        target: TargetServer,
    ) -> Result<Wire, Missed> {
        let wire = self.reach(host, address, password, tls).await?;
        let (in_recovery, read_only, started) =
            self.in_time(who_answers(&wire)).await.map_err(Missed::next)?.map_err(Missed::next)?;
        if let Some(found) = self.place.0.get() {
            // A connection of ours may be read-only, so whether the server takes writes is not asked again.
            return match found.started == started {
                true => Ok(wire),
                false => Err(Missed::next(
                    tls::refusal("another server answers than at the beginning of this run")
                        .because(format!("then it was {}; it was restarted, or several share one name", found.address))
                        .hint("run the command again; what is done stays done"),
                )),
            };
        }
        let fits = match target {
            TargetServer::Any | TargetServer::PreferStandby => true,
            TargetServer::ReadWrite => !read_only,
            TargetServer::ReadOnly => read_only,
            TargetServer::Primary => !in_recovery,
            TargetServer::Standby => in_recovery,
        };
        if !fits {
            let kind = if in_recovery { "a standby" } else { "a primary" };
            let writes = if read_only { "takes no writes" } else { "takes writes" };
            return Err(Missed::next(
                tls::refusal(format!("{}:{} is not the kind of server that is wanted", host.name, host.port))
                    .because(format!("it is {kind} and {writes}; target_session_attrs says otherwise")),
            ));
        }
        // Two first connections at once do not happen: `Sessions::open` makes one before any pool.
        let _first = self.place.0.set(Found { address: format!("{}:{}", host.name, host.port), started });
        Ok(wire)
    }

    /// With and without TLS, in the order that `sslmode` has.
    async fn reach(
        &self,
        host: &Host,
        address: Option<IpAddr>,
        password: Option<&Secret>,
        tls: Option<&MakeRustlsConnect>,
    ) -> Result<Wire, Missed> {
        let tls = tls.filter(|_| !host.is_socket());
        let plain = || self.open(host, address, password, config::SslMode::Disable, None);
        match (self.conninfo.ssl_mode, tls) {
            (_, None) => plain().await,
            (SslMode::Disable, _) => plain().await,
            (SslMode::Allow, tls) => match plain().await {
                Err(missed) if is_denied(&missed) => {
                    let second = self.open(host, address, password, config::SslMode::Require, tls).await;
                    // Without TLS in the server the first answer is the one that says something.
                    second.map_err(|second| if second.error.is::<Refusal>() { missed } else { second })
                }
                done => done,
            },
            (SslMode::Prefer, tls) => {
                match self.open(host, address, password, config::SslMode::Prefer, tls).await {
                    // `hostnossl` in pg_hba.conf: the server has TLS, but not for us.
                    Err(missed) if is_denied(&missed) => plain().await.map_err(|_| missed),
                    done => done,
                }
            }
            (_, tls) => self.open(host, address, password, config::SslMode::Require, tls).await,
        }
    }

    async fn open(
        &self,
        host: &Host,
        address: Option<IpAddr>,
        password: Option<&Secret>,
        ssl_mode: config::SslMode,
        tls: Option<&MakeRustlsConnect>,
    ) -> Result<Wire, Missed> {
        let mut config = self.driver_config(host, address);
        config.ssl_mode(ssl_mode);
        if let Some(password) = password {
            config.password(password.reveal());
        }
        let connecting = async {
            match tls {
                Some(tls) => {
                    let (client, connection) = config.connect(tls.clone()).await?;
                    Ok((client, spawn(connection)))
                }
                None => {
                    let (client, connection) = config.connect(NoTls).await?;
                    Ok((client, spawn(connection)))
                }
            }
        };
        let connected = self.in_time(connecting).await.map_err(Missed::next)?;
        let (client, task) = connected.map_err(|error| self.missed(&error))?;
        let canceller = Canceller { token: client.cancel_token(), tls: tls.cloned() };
        let number = self.calls.next.fetch_add(1, Ordering::Relaxed);
        self.calls.open.lock().unwrap_or_else(PoisonError::into_inner).insert(number, canceller.clone());
        let (client, always, calls) = (Client::new(client), String::new(), self.calls.clone());
        Ok(Wire { client, always, task, canceller, number, calls })
    }

    fn driver_config(&self, host: &Host, address: Option<IpAddr>) -> tokio_postgres::Config {
        let conninfo = &self.conninfo;
        let mut config = tokio_postgres::Config::new();
        config.host(&host.name).port(host.port).user(&conninfo.user).dbname(&conninfo.database);
        if let Some(address) = address {
            config.hostaddr(address);
        }
        if let Some(timeout) = conninfo.connect_timeout {
            config.connect_timeout(timeout); // for the cancel requests too
        }
        config.ssl_negotiation(match conninfo.tls.negotiation {
            SslNegotiation::Postgres => config::SslNegotiation::Postgres,
            SslNegotiation::Direct => config::SslNegotiation::Direct,
        });
        config.channel_binding(match conninfo.tls.channel_binding {
            ChannelBinding::Disable => config::ChannelBinding::Disable,
            ChannelBinding::Prefer => config::ChannelBinding::Prefer,
            ChannelBinding::Require => config::ChannelBinding::Require,
        });
        let keepalives = &conninfo.keepalives;
        config.keepalives(keepalives.enabled);
        // Where nothing is said, a server that vanished is noticed within a minute; the system's own two hours are a night.
        config.keepalives_idle(keepalives.idle.unwrap_or(Duration::from_secs(30)));
        config.keepalives_interval(keepalives.interval.unwrap_or(Duration::from_secs(10)));
        config.keepalives_retries(keepalives.count.unwrap_or(3));
        if let Some(timeout) = keepalives.user_timeout {
            config.tcp_user_timeout(timeout);
        }
        config.application_name(&self.application_name);
        // The user's own come first, so that ours win.
        let mut options = conninfo.options.clone().unwrap_or_default();
        for (name, value) in &self.settings {
            options.push_str(&format!(" -c {name}={}", value.replace('\\', "\\\\").replace(' ', "\\ ")));
        }
        if !options.is_empty() {
            config.options(options); // a pooler may refuse even an empty one
        }
        config
    }

    fn missed(&self, error: &tokio_postgres::Error) -> Missed {
        if error.as_db_error().is_some() {
            let said = server_error(error);
            return match said.is(&["57P03"]) {
                true => Missed::next(said), // it starts, or it stops
                false => Missed::last(said),
            };
        }
        match tls::refusal_of(error, &self.conninfo) {
            Some(refusal) => Missed::last(refusal),
            None => Missed::next(server_error(error)),
        }
    }

    /// The error as a person shall read it: where to, what each host had against it, and the way on.
    fn told(&self, error: anyhow::Error, each: &[String]) -> anyhow::Error {
        let message = format!("connecting to {}", self.conninfo.masked_url());
        let error = if each.is_empty() { error } else { error.context(each.join("\n")) };
        if error.chain().any(|cause| cause.is::<Refusal>()) || error.downcast_ref::<Refusal>().is_some() {
            return error.context(message);
        }
        let mut refusal = tls::refusal(message);
        refusal.hint = error.downcast_ref::<ServerError>().and_then(|error| self.hint(error));
        error.context(refusal)
    }

    fn hint(&self, error: &ServerError) -> Option<String> {
        let is_missing = error.message.contains("password missing"); // the driver's own words, without a code
        if error.is(&["28P01"]) || is_missing {
            return Some(match &self.conninfo.password_source {
                PasswordSource::File(_) | PasswordSource::Nowhere if is_missing => {
                    "give the password by PGPASSWORD, ~/.pgpass or [database] password_command".into()
                }
                PasswordSource::Nowhere => {
                    "give the password by PGPASSWORD, ~/.pgpass or [database] password_command".into()
                }
                PasswordSource::Text(_) | PasswordSource::Again(_) => {
                    "the password is that of the connection string: correct it there".into()
                }
                PasswordSource::Command(_) => {
                    "run [database] password_command by hand: its first line must be the password of today".into()
                }
                PasswordSource::File(path) => {
                    format!("look for this host, database and user in {}", path.display())
                }
            });
        }
        if error.is(&["08P01"]) && error.message.contains("startup parameter") {
            return Some("a pooler stands in between: connect to PostgreSQL itself, or let it pass `options`".into());
        }
        None
    }
}

fn each_of(missed: &[(String, anyhow::Error)]) -> Vec<String> {
    let mut each: Vec<String> = missed.iter().map(|(host, error)| format!("{host}: {}", said(error))).collect();
    each.dedup(); // a name with two addresses, and nobody at either
    each
}

/// A context hides what is below it from `Display`.
fn said(error: &anyhow::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    for link in error.chain() {
        texts.push(link.to_string());
        texts.extend(link.downcast_ref::<Refusal>().and_then(|refusal| refusal.because.clone()));
    }
    texts.join(": ")
}

fn unreachable(message: String) -> ServerError {
    ServerError { message, of_connection: true, ..ServerError::default() }
}

/// The server does not want such a connection at all: 28000, as for a line that pg_hba.conf lacks.
fn is_denied(missed: &Missed) -> bool {
    missed.error.downcast_ref::<ServerError>().is_some_and(|error| error.is(&["28000"]))
}

fn spawn(
    connection: impl Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static,
) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let _ended = connection.await; // the statement in flight reports it
    })
}

async fn who_answers(client: &Client) -> Result<(bool, bool, String)> {
    let messages = client.simple_query(WHO_ANSWERS).await.server()?;
    let row = messages.into_iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let row = row.context("the server does not say which one it is")?;
    let text = |index| row.get(index).unwrap_or_default().to_owned();
    Ok((text(0) == "t", text(1) == "t", text(2)))
}
