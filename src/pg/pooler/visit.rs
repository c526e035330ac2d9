//! A client like the application's, through whatever stands before the server; and the mark that it leaves in its
//! session, so that others can look for it.
//!
//! Asks in simple queries only: a named statement is itself state that a pooler may give to somebody else. A mark is set
//! in one message, which is one transaction to a pooler, so all of it is in one server process.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use crate::conninfo::ConnInfo;
use crate::pg::Client;
use crate::pg::dial::Wire;
use crate::pg::failure::ServerResult;
use crate::pg::session::Sessions;

/// What a mark is made of, in the order of the columns of `SEES`.
const KINDS: [&str; 6] =
    ["SET", "SET search_path", "SET ROLE", "prepared statements", "temporary tables", "session advisory locks"];

/// A client.
pub struct Visitor(Wire);

/// Where a client lands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Landing {
    /// `current_user`.
    pub role: String,
    /// `current_schema()`; none where nothing of its search_path is there.
    pub schema: Option<String>,
    /// The server process.
    pub pid: i32,
}

/// Something that no other session has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Mark(u64);

impl Mark {
    /// A new one.
    #[must_use]
    pub fn new() -> Self {
        Self(rand::random::<u64>() >> 2)
    }

    fn name(self) -> String {
        format!("tenantctl_mark_{:016x}", self.0)
    }

    /// The two numbers of its advisory lock.
    fn lock(self) -> (u64, u64) {
        (self.0 >> 31 & 0x7fff_ffff, self.0 & 0x7fff_ffff)
    }

    fn filled(self, sql: &str) -> String {
        let (class, object) = self.lock();
        sql.replace("{mark}", &self.name())
            .replace("{class}", &class.to_string())
            .replace("{object}", &object.to_string())
    }

    /// Whether some session has it, asked of the server itself.
    ///
    /// # Errors
    /// The server's error.
    pub async fn is_there(self, client: &Client) -> Result<bool> {
        let sql = "select exists (select from pg_catalog.pg_locks where locktype = 'advisory'
                     and classid::int8 = $1 and objid::int8 = $2 and objsubid = 2)";
        let (class, object) = self.lock();
        let numbers = (class.cast_signed(), object.cast_signed());
        Ok(client.query_one(sql, &[&numbers.0, &numbers.1]).await.server()?.get(0))
    }

    /// Whether it is gone, or goes within a moment: the server learns a little later that a client left.
    ///
    /// # Errors
    /// The server's error.
    pub async fn goes(self, client: &Client) -> Result<bool> {
        for _ in 0..60 {
            if !self.is_there(client).await? {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(false)
    }
}

impl Default for Mark {
    fn default() -> Self {
        Self::new()
    }
}

/// A role that may make no temporary tables leaves the rest.
const LEAVE: &str = "
    do $do$ begin create temp table {mark} (); exception when insufficient_privilege then null; end $do$;
    prepare {mark} as select 1;
    select set_config('tenantctl.mark', '{mark}', false), set_config('role', session_user, false),
           set_config('search_path', '{mark}', false), pg_catalog.pg_advisory_lock({class}, {object});
    select pg_catalog.pg_backend_pid()";

const SEES: &str = "
    select pg_catalog.pg_backend_pid(),
      coalesce(current_setting('tenantctl.mark', true) = '{mark}', false),
      current_setting('search_path') = '{mark}',
      coalesce(current_setting('tenantctl.mark', true) = '{mark}', false) and current_setting('role') <> 'none',
      exists (select from pg_catalog.pg_prepared_statements where name = '{mark}'),
      exists (select from pg_catalog.pg_class where relname = '{mark}' and relnamespace = pg_catalog.pg_my_temp_schema()),
      exists (select from pg_catalog.pg_locks where locktype = 'advisory' and pid = pg_catalog.pg_backend_pid()
                and classid = {class} and objid = {object} and objsubid = 2)";

/// Takes the mark off where it is, and nothing else.
const WIPE: &str = "
    do $do$ begin
      if current_setting('tenantctl.mark', true) = '{mark}' then
        reset role; reset search_path; reset tenantctl.mark;
        drop table if exists pg_temp.{mark};
        execute 'deallocate {mark}';
        perform pg_catalog.pg_advisory_unlock({class}, {object});
      end if;
    end $do$";

impl Visitor {
    /// Connects.
    ///
    /// # Errors
    /// The connection's own error.
    pub async fn enter(sessions: &Sessions, conninfo: &ConnInfo) -> Result<Self> {
        Ok(Self(sessions.visit(conninfo).await?))
    }

    /// Where it is now.
    ///
    /// # Errors
    /// The server's error.
    pub async fn landing(&self) -> Result<Landing> {
        let row = self.last_row("select current_user, current_schema(), pg_catalog.pg_backend_pid()").await?;
        Ok(Landing {
            role: row.get(0).unwrap_or_default().to_owned(),
            schema: row.get(1).map(str::to_owned),
            pid: pid(&row, 2)?,
        })
    }

    /// Leaves the mark; the server process that has it.
    ///
    /// # Errors
    /// The server's error.
    pub async fn leave(&self, mark: Mark) -> Result<i32> {
        pid(&self.last_row(&mark.filled(LEAVE)).await?, 0)
    }

    /// The server process that answers, and what it has of the mark: `SET`, `temporary tables`, …
    ///
    /// # Errors
    /// The server's error.
    pub async fn sees(&self, mark: Mark) -> Result<(i32, Vec<&'static str>)> {
        let row = self.last_row(&mark.filled(SEES)).await?;
        let seen = (1..).zip(KINDS).filter(|(column, _)| row.get(*column) == Some("t")).map(|(_, kind)| kind);
        Ok((pid(&row, 0)?, seen.collect()))
    }

    /// Takes the mark off, if the server process that answers has it.
    ///
    /// # Errors
    /// The server's error.
    pub async fn wipe(&self, mark: Mark) -> Result<()> {
        Ok(self.0.simple_query(&mark.filled(WIPE)).await.server().map(drop)?)
    }

    async fn last_row(&self, sql: &str) -> Result<SimpleQueryRow> {
        let messages = self.0.simple_query(sql).await.server()?;
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        rows.last().context("the server gave no row")
    }
}

fn pid(row: &SimpleQueryRow, column: usize) -> Result<i32> {
    row.get(column).unwrap_or_default().parse().context("reading the number of the server process")
}
