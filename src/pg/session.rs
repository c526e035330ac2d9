//! Connections with manners: every setting that a copy or a proof depends on is pinned when the session starts.
//!
//! Knows how to connect, to hand out readers and writers, and to cancel them all. Knows no table and no store.

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use deadpool::managed::{self, Object, Pool, PoolError, QueueMode};

pub use super::client::{Client, Transaction};
pub use super::dial::Canceller;
use super::dial::{Calls, Dial, Place, Spare, Wire};
use super::failure::ServerResult;
use crate::conninfo::{ConnInfo, PasswordSource, Secret};
use crate::error::{Exit, Refusal};
use crate::event::Observer;
use crate::ident::Ident;

/// The oldest PostgreSQL that has what the engine needs (`pg_current_snapshot`, xid8).
const OLDEST_VERSION: u32 = 130_000;

/// Settings of every session, each with its reason. `lock_timeout` is added from the configuration.
const MANNERS: &[(&str, &str)] = &[
    ("statement_timeout", "0"),                   // a copy takes as long as it takes
    ("idle_in_transaction_session_timeout", "0"), // the snapshot's holder sits idle by design
    ("jit", "off"),                               // compiling a catalog question costs a hundred times its run
    ("row_security", "off"),                      // an error instead of silently missing rows
    ("search_path", ""),                          // every name is qualified
    ("TimeZone", "UTC"),                          // text forms must be the same on both sides …
    ("DateStyle", "ISO"),
    ("IntervalStyle", "postgres"),
    ("extra_float_digits", "3"),
    ("bytea_output", "hex"),
    ("xmloption", "content"),              // … and xml fragments must be readable again
    ("standard_conforming_strings", "on"), // `ident::Literal` relies on it
    ("client_encoding", "UTF8"),
    ("default_transaction_isolation", "read committed"),
    ("default_transaction_deferrable", "off"),
];

/// Settings that came later; an unknown startup option is FATAL.
const LATER_MANNERS: &[(u32, &str, &str)] = &[
    (140_000, "idle_session_timeout", "0"),
    (140_000, "client_connection_check_interval", "1s"), // a killed client's backend ends within a second
    (170_000, "transaction_timeout", "0"),
];

/// Settings on which nothing that we say of bytes depends. Not checked: over a Unix socket the server says 0 for the
/// keepalives.
const COMFORTS: &[(&str, &str)] = &[
    ("plan_cache_mode", "force_generic_plan"), // planning a catalog question takes longer than answering it
    ("tcp_keepalives_idle", "30"),             // a peer that vanished without a word is noticed within a minute
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "3"),
];

/// What makes a used connection a new one: also the open transaction and the advisory locks of the last borrower.
/// `begin` first, so that `rollback` meets a transaction and the server's log stays quiet; where one is open already or
/// aborted, the connection says so and is not used again.
const RECYCLE: &str = "begin; rollback; close all; set session authorization default; reset all; unlisten *; \
     select pg_advisory_unlock_all(); discard temp; discard sequences";

/// Connections beyond this many of one kind wait for one to come back.
const POOL_SIZE: usize = 64;

/// One connection from a pool.
pub struct Session(Object<Dial>);

impl Session {
    /// Closes the connection instead of giving it back; for one whose COPY failed.
    pub fn discard(self) {
        drop(Object::take(self.0));
    }

    /// Ends what the server may still be sending, and closes the connection: after an error in the middle of a stream.
    pub async fn abandon(self) {
        self.canceller().cancel().await;
        self.discard();
    }

    /// What ends a statement of this session from outside.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        self.0.canceller()
    }
}

impl Deref for Session {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.0
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.0
    }
}

/// How the password of a role is known.
#[derive(Clone, Debug)]
pub enum Known {
    /// It is this one.
    Password(Secret),
    /// It may stand in a password file.
    File(PathBuf),
    /// Nobody said.
    Nothing,
}

/// All connections of one run.
pub struct Sessions {
    readers: Pool<Dial>,
    writers: Pool<Dial>,
    leases: Pool<Dial>,
    calls: Arc<Calls>,
    facts: Facts,
}

/// What the first connection told.
#[derive(Clone, Debug)]
pub struct Facts {
    /// `server_version_num`.
    pub server_version: u32,
    /// The database's name.
    pub database: String,
    /// Its oid.
    pub database_oid: u32,
    /// The role that we are.
    pub role: String,
    /// `host:port` of the server that answered.
    pub address: String,
    /// The cluster's system identifier, where the role may read it.
    pub system_identifier: Option<String>,
}

impl Sessions {
    /// Connects once, looks at the server, and prepares the pools; `run` names the sessions in `pg_stat_activity`, and
    /// the observer, as long as it is there, is told of each connection.
    ///
    /// # Errors
    /// The connection's own error, a server that is too old, a pooler that swallows settings or shares sessions out.
    pub async fn open(
        conninfo: &ConnInfo,
        run: &str,
        lock_timeout: Duration,
        observer: &Arc<dyn Observer>,
    ) -> Result<Self> {
        let calls = Arc::new(Calls::default());
        let (conninfo, place) = (Arc::new(conninfo.clone()), Arc::new(Place::default()));
        let dial = |role: &str, settings: Vec<(String, String)>| Dial {
            conninfo: conninfo.clone(),
            application_name: format!("tenantctl/{run}/{role}"),
            settings,
            calls: calls.clone(),
            place: place.clone(),
            observer: Arc::downgrade(observer),
            spare: Spare::default(),
        };
        let owned = |settings: &[(&str, &str)]| -> Vec<(String, String)> {
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let mut settings = owned(MANNERS);
        settings.push(("lock_timeout".into(), format!("{}ms", lock_timeout.as_millis())));
        let comforts = owned(COMFORTS);
        let first = dial("writer", [settings.clone(), comforts.clone()].concat());
        let mut client = first.connect().await?;
        let facts = facts(&client, place.address()).await?;
        if facts.server_version < OLDEST_VERSION {
            bail!(Refusal::new(format!(
                "the server is PostgreSQL {}; tenantctl needs 13",
                facts.server_version / 10_000
            )));
        }
        check_manners(&client, &settings, &first.application_name).await?;
        for (since, name, value) in LATER_MANNERS {
            if facts.server_version >= *since {
                settings.push(((*name).to_owned(), (*value).to_owned()));
                client.set_always(name, value);
            }
        }
        settings.extend(comforts);
        let mut reading = settings.clone();
        reading.push(("default_transaction_read_only".into(), "on".into())); // a mistake must not be able to write
        let sessions = Self {
            readers: pool(dial("reader", reading))?,
            writers: pool(dial("writer", settings.clone()))?,
            leases: pool(dial("lease", settings))?,
            calls,
            facts,
        };
        check_own_backend(&client, &*sessions.reader().await?).await?;
        sessions.writers.manager().spare.keep(client);
        Ok(sessions)
    }

    /// What is known of server and database.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// How all of them connect.
    pub(super) fn conninfo(&self) -> &ConnInfo {
        &self.writers.manager().conninfo
    }

    /// A session that cannot write.
    ///
    /// # Errors
    /// The connection's own error.
    pub async fn reader(&self) -> Result<Session> {
        self.take(&self.readers).await
    }

    /// A session that can write.
    ///
    /// # Errors
    /// The connection's own error.
    pub async fn writer(&self) -> Result<Session> {
        self.take(&self.writers).await
    }

    /// A session that can write, also after a signal: to learn how a commit ended.
    ///
    /// # Errors
    /// The connection's own error.
    pub async fn writer_at_last(&self) -> Result<Session> {
        lend(&self.writers).await
    }

    /// The session that holds the run's advisory locks.
    ///
    /// # Errors
    /// The connection's own error.
    pub async fn lease(&self) -> Result<Session> {
        self.take(&self.leases).await
    }

    /// A session of another role; none where its password is not known and ours is needed too.
    ///
    /// # Errors
    /// The connection's own error: the login may be refused.
    pub(super) async fn login(&self, role: &Ident, known: &Known) -> Result<Option<Wire>> {
        self.check()?;
        let of_writers = self.writers.manager();
        let mut conninfo = (*of_writers.conninfo).clone();
        let ours = std::mem::replace(&mut conninfo.password_source, PasswordSource::Nowhere);
        conninfo.user = role.raw().to_owned();
        conninfo.password_source = match (known, ours) {
            (Known::Password(password), _) => PasswordSource::Text(password.clone()),
            (Known::File(path), _) => PasswordSource::File(path.clone()),
            (Known::Nothing, file @ PasswordSource::File(_)) => file,
            (Known::Nothing, PasswordSource::Nowhere) => PasswordSource::Nowhere,
            (Known::Nothing, _) => return Ok(None),
        };
        // Where we need no password ourselves the role may need none either; else a guess only fills the server's log.
        let needs_none = (*of_writers.conninfo).password()?.is_none();
        if conninfo.password()?.is_none() && !(needs_none && matches!(known, Known::Nothing)) {
            return Ok(None);
        }
        let dial = Dial {
            conninfo: Arc::new(conninfo),
            application_name: of_writers.application_name.replace("/writer", "/isolation"),
            settings: of_writers.settings.clone(),
            calls: self.calls.clone(),
            place: of_writers.place.clone(),
            observer: of_writers.observer.clone(),
            spare: Spare::default(),
        };
        dial.connect().await.map(Some)
    }

    /// A session of a client that is not ours, through whatever stands before the server: with no setting of ours.
    ///
    /// # Errors
    /// The connection's own error.
    pub(super) async fn visit(&self, conninfo: &ConnInfo) -> Result<Wire> {
        self.check()?;
        let of_writers = self.writers.manager();
        let dial = Dial {
            conninfo: Arc::new(conninfo.clone()),
            application_name: of_writers.application_name.replace("/writer", "/visitor"),
            settings: Vec::new(),
            calls: self.calls.clone(),
            place: Arc::new(Place::default()), // it may lead elsewhere; where, the catalogs of the other side tell
            observer: of_writers.observer.clone(),
            spare: Spare::default(),
        };
        dial.connect().await
    }

    async fn take(&self, pool: &Pool<Dial>) -> Result<Session> {
        self.check()?;
        lend(pool).await
    }

    /// Ends everything: statements in flight are cancelled, later ones are not begun. Returns when all were told.
    pub async fn interrupt(&self) {
        self.calls.interrupt().await;
    }

    /// The work has ended: what is left to do, such as writing how it ended, is no longer cancelled. Returns when nobody is
    /// being told to cancel any more.
    pub async fn close(&self) {
        self.calls.close().await;
    }

    /// Whether the work has ended.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.calls.is_closing()
    }

    /// Whether a signal came.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.calls.is_interrupted()
    }

    /// Stops between two units of work when a signal came.
    ///
    /// # Errors
    /// A refusal with exit code 130.
    pub fn check(&self) -> Result<()> {
        match self.is_interrupted() && !self.is_closing() {
            true => Err(Refusal::new("interrupted").exit(Exit::Interrupted).into()),
            false => Ok(()),
        }
    }
}

fn pool(dial: Dial) -> Result<Pool<Dial>> {
    // What came back last is lent first: it has kept what it was asked.
    Ok(Pool::builder(dial).max_size(POOL_SIZE).queue_mode(QueueMode::Lifo).build()?)
}

async fn lend(pool: &Pool<Dial>) -> Result<Session> {
    match pool.get().await {
        Ok(object) => Ok(Session(object)),
        Err(PoolError::Backend(error)) => Err(error), // as `dial` tells it
        Err(other) => bail!("taking a connection: {other}"),
    }
}

impl managed::Manager for Dial {
    type Type = Wire;
    type Error = anyhow::Error;

    async fn create(&self) -> Result<Wire> {
        match self.spare.take() {
            Some(wire) if renew(&wire).await.is_ok() => Ok(wire),
            _ => self.connect().await,
        }
    }

    async fn recycle(&self, wire: &mut Wire, _: &managed::Metrics) -> managed::RecycleResult<anyhow::Error> {
        if wire.is_closed() {
            return Err(managed::RecycleError::message("the connection is closed"));
        }
        renew(wire).await.map_err(managed::RecycleError::Backend)
    }
}

async fn renew(wire: &Wire) -> Result<()> {
    let sql = format!("{RECYCLE}{}", wire.always());
    wire.simple_query(&sql).await.server()?;
    Ok(())
}

/// Asked without a named statement, which a pooler may keep for another client.
async fn facts(client: &Client, address: String) -> Result<Facts> {
    let row = client
        .query_typed_one(
            "select current_setting('server_version_num')::int4, current_database()::text, current_user::text,
                    (select oid from pg_catalog.pg_database where datname = current_database())",
            &[],
        )
        .await
        .server()?;
    let system_identifier = client
        .query_typed_one("select system_identifier::text from pg_catalog.pg_control_system()", &[])
        .await
        .ok()
        .map(|row| row.get(0)); // a right that not every role has; the journal only notes it
    Ok(Facts {
        server_version: row.get::<_, i32>(0).unsigned_abs(),
        database: row.get(1),
        role: row.get(2),
        database_oid: row.get(3),
        address,
        system_identifier,
    })
}

/// A pooler may swallow startup options; then nothing that we say of bytes would be true.
async fn check_manners(client: &Client, settings: &[(String, String)], application_name: &str) -> Result<()> {
    let rows = client.query_typed("select lower(name), setting from pg_catalog.pg_settings", &[]).await.server()?;
    let shown: std::collections::HashMap<String, String> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let asked = settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in asked.chain([("application_name", application_name)]) {
        let setting = shown.get(&name.to_lowercase()).map(String::as_str).unwrap_or_default();
        let bare = value.strip_suffix("ms").unwrap_or(value); // pg_settings shows times in milliseconds
        if setting != bare && !(name == "DateStyle" && setting.starts_with(value)) && setting.trim_matches('"') != bare
        {
            bail!(
                Refusal::new(format!("the session does not keep `{name} = {value}`"))
                    .because(format!("the server shows `{setting}`; a pooler in between may swallow startup options"))
                    .hint("connect to PostgreSQL itself, or through a pooler in session mode that passes `options`")
            );
        }
    }
    Ok(())
}

/// A pooler in transaction mode lends a server process for one transaction only: locks and settings of a session would be
/// anybody's. One that takes turns shows itself when the same client asks again; one that lends what came back last gives
/// the first client's process to the second.
async fn check_own_backend(first: &Client, second: &Client) -> Result<()> {
    let before = backend(first, "").await?;
    let again = backend(first, "").await?;
    let held = backend(second, "begin; ").await?;
    // Where the pooler has only that one, asking once more would wait for it.
    let is_own = before == again && before != held && before == backend(first, "").await?;
    second.simple_query("rollback").await.server()?;
    match is_own {
        true => Ok(()),
        false => bail!(
            Refusal::new("a pooler in transaction mode stands between us and the server")
                .because("from one transaction to the next another process of the server answers")
                .hint("connect to PostgreSQL itself, or through a pooler in session mode that passes `options`")
        ),
    }
}

/// The server process that answers.
async fn backend(client: &Client, begin: &str) -> Result<Option<String>> {
    let sql = format!("{begin}select pg_catalog.pg_backend_pid()");
    let messages = client.simple_query(&sql).await.server()?;
    Ok(messages.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    }))
}
