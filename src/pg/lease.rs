//! The lease: who may work on a store.
//!
//! One session of the run holds an advisory lock per store, so stores never queue behind each other and a run that
//! dies gives its stores back at once. The epoch in the move's row keeps out workers that outlive their run.

use std::time::Duration;

use anyhow::{Result, bail};
use xxhash_rust::xxh3::xxh3_64;

use super::client::Client;
use super::failure::ServerResult;
use super::session::{Session, Sessions};
use crate::error::{Exit, Refusal};
use crate::ident::Ident;
use crate::store::StoreKey;

/// How long a resume waits for backends of a dead run to end; the server notices within a second (14+).
const ORPHAN_PATIENCE: Duration = Duration::from_secs(10);

/// The session that holds the stores of this run.
pub struct Lease {
    session: Session,
    run: String,
}

impl Lease {
    /// A lease that holds nothing yet.
    ///
    /// # Errors
    /// The connection's own error.
    pub async fn open(sessions: &Sessions, run: &str) -> Result<Self> {
        Ok(Self { session: sessions.lease().await?, run: run.to_owned() })
    }

    /// The run's id.
    #[must_use]
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The session, for the journal's own bookkeeping, a statement at a time: several stores use it at once.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.session
    }

    /// Takes a store.
    ///
    /// # Errors
    /// A refusal with exit code 6 that says who holds it, where and since when.
    pub async fn take(&self, shared_schema: &Ident, key: &StoreKey) -> Result<()> {
        let lock = lock_number(shared_schema, key);
        let taken: bool =
            self.session.query_one("select pg_catalog.pg_try_advisory_lock($1)", &[&lock]).await.server()?.get(0);
        if taken {
            return Ok(());
        }
        let holder = holder_of(&self.session, lock).await?;
        bail!(
            Refusal::new(format!("another run holds store {key}"))
                .because(holder)
                .hint("wait for it, or `tenantctl status` shows how far it is")
                .exit(Exit::Held)
        );
    }

    /// Gives a store back, so that another run need not wait for this one to end.
    ///
    /// # Errors
    /// The server's error.
    pub async fn give_back(&self, shared_schema: &Ident, key: &StoreKey) -> Result<()> {
        let lock = lock_number(shared_schema, key);
        self.session.execute("select pg_catalog.pg_advisory_unlock($1)", &[&lock]).await.server()?;
        Ok(())
    }

    /// Whether a run still has its lease session.
    async fn is_alive(&self, run: &str) -> Result<bool> {
        let sql = "select exists (select 1 from pg_catalog.pg_stat_activity where application_name = $1)";
        Ok(self.session.query_one(sql, &[&format!("tenantctl/{run}/lease")]).await.server()?.get(0))
    }

    /// Ends what is left of a run whose stores we have taken over: its backends may still be busy in the server.
    ///
    /// # Errors
    /// A refusal that names the backend and the statement that ends it, where we may not end it ourselves.
    pub async fn end_orphans_of(&self, run: &str) -> Result<()> {
        if run == self.run || self.is_alive(run).await? {
            return Ok(()); // a run at work on other stores gave this one back; the epoch keeps its workers out
        }
        let deadline = tokio::time::Instant::now() + ORPHAN_PATIENCE;
        loop {
            let rows = self.session.query(ORPHANS, &[&format!("tenantctl/{run}/")]).await.server()?;
            let Some(row) = rows.first() else { return Ok(()) };
            let pid: i32 = row.get(0);
            if tokio::time::Instant::now() > deadline {
                bail!(
                    Refusal::new(format!("a backend of run {run} is still at work (pid {pid})"))
                        .hint(format!("end it: select pg_terminate_backend({pid})"))
                        .exit(Exit::Held)
                );
            }
            // Without the right to end it, the server's own check ends it soon.
            let _refused = self.session.execute("select pg_catalog.pg_terminate_backend($1)", &[&pid]).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

const ORPHANS: &str = "select pid from pg_catalog.pg_stat_activity
    where starts_with(application_name, $1) and datname = current_database() and pid <> pg_backend_pid()";

const HOLDER: &str = "select a.pid, a.application_name, to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS TZ'), a.usename::text
    from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a using (pid)
    where l.locktype = 'advisory' and l.granted and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
      and l.classid = ($1::int8 >> 32 & 4294967295)::oid and l.objid = ($1::int8 & 4294967295)::oid and l.objsubid = 1";

async fn holder_of(client: &Client, lock: i64) -> Result<String> {
    let Some(row) = client.query_opt(HOLDER, &[&lock]).await.server()? else {
        return Ok("it has just been given back; try again".into());
    };
    let (pid, application, since, role): (i32, String, Option<String>, Option<String>) =
        (row.get(0), row.get(1), row.get(2), row.get(3));
    let run = application.split('/').nth(1).unwrap_or_default().to_owned();
    let recorded =
        client.query_opt("select os_user, host, pid from tenantctl.run where id = $1", &[&run]).await.ok().flatten();
    let since = since.map(|at| format!(" since {at}")).unwrap_or_default();
    Ok(match recorded {
        Some(row) => format!(
            "run {run} of {}@{} (process {}, backend {pid}){since}",
            row.get::<_, String>(0),
            row.get::<_, String>(1),
            row.get::<_, i32>(2)
        ),
        None => format!("`{application}` of role {} (backend {pid}){since}", role.unwrap_or_default()),
    })
}

/// Stores of different shared schemas have different locks.
fn lock_number(shared_schema: &Ident, key: &StoreKey) -> i64 {
    xxh3_64(format!("tenantctl\0{}\0{}", shared_schema.raw(), key.text()).as_bytes()).cast_signed()
}
