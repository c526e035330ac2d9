//! Runs: one row per invocation.

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use tokio_postgres::types::{Json, ToSql, Type};

use super::moves::MoveKind;
use crate::pg::client::Client;
use crate::stage::Stage;

use crate::error::{Exit, Refusal};
use crate::pg::failure::ServerResult;
use crate::pg::session::Facts;
use crate::report::{Outcome, Report};

/// What a run was asked to do, so that `resume` can go on with it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct RecordedErrand {
    /// The keys of its stores.
    pub stores: Vec<String>,
    /// The last stage.
    pub until: Stage,
    /// `switch --by-hand`.
    pub by_hand: bool,
    /// Rows or none.
    pub kind: MoveKind,
    /// `--register --name`: the name of the store whose row is still to be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub register: Option<String>,
    /// `clone --store`: the key of the store whose rows the new one begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clone_of: Option<String>,
}

/// A row of `tenantctl.run`.
#[derive(Clone, Debug)]
pub struct RunRow {
    /// Its id.
    pub id: String,
    /// The command.
    pub command: String,
    /// The command line, secrets masked.
    pub command_line: String,
    /// `user@host`.
    pub who: String,
    /// RFC 3339.
    pub started: String,
    /// RFC 3339; none: it did not end.
    pub ended: Option<String>,
    /// How it ended.
    pub outcome: Option<String>,
    /// What it was asked to do; none for runs that cannot be gone on with.
    pub errand: Option<RecordedErrand>,
}

const COLUMNS: &str = "id, command, command_line, os_user || '@' || host,
    to_char(started_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),
    to_char(ended_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), outcome, errand";

fn run_row(row: &Row) -> RunRow {
    RunRow {
        id: row.get(0),
        command: row.get(1),
        command_line: row.get(2),
        who: row.get(3),
        started: row.get(4),
        ended: row.get(5),
        outcome: row.get(6),
        errand: row.get::<_, Option<Json<RecordedErrand>>>(7).map(|Json(errand)| errand),
    }
}

/// What is known of a run when it begins.
#[derive(Clone, Debug)]
pub struct NewRun<'a> {
    /// Its id.
    pub id: &'a str,
    /// The command.
    pub command: &'a str,
    /// The command line, secrets masked.
    pub command_line: &'a str,
    /// Who runs it.
    pub os_user: &'a str,
    /// Where.
    pub host: &'a str,
    /// What it was asked to do; none for runs that cannot be gone on with.
    pub errand: Option<&'a RecordedErrand>,
}

/// Writes the run's row.
///
/// # Errors
/// The server's error.
pub async fn begin_run(client: &Client, run: &NewRun<'_>, facts: &Facts) -> Result<()> {
    let pid = std::process::id().cast_signed();
    let sql = "insert into tenantctl.run (id, command, command_line, tool_version, os_user, host, pid, role_name,
                                           database_name, database_oid, system_identifier, errand)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let values: [(&(dyn ToSql + Sync), Type); 12] = [
        (&run.id, Type::TEXT),
        (&run.command, Type::TEXT),
        (&run.command_line, Type::TEXT),
        (&env!("CARGO_PKG_VERSION"), Type::TEXT),
        (&run.os_user, Type::TEXT),
        (&run.host, Type::TEXT),
        (&pid, Type::INT4),
        (&facts.role, Type::TEXT),
        (&facts.database, Type::TEXT),
        (&facts.database_oid, Type::OID),
        (&facts.system_identifier, Type::TEXT),
        (&run.errand.map(Json), Type::JSONB),
    ];
    client.execute_typed(sql, &values).await.server()?;
    Ok(())
}

/// Writes how the run ended, with its report.
///
/// # Errors
/// The server's error.
pub async fn end_run(client: &Client, run: &str, exit: Exit, report: &Report) -> Result<()> {
    let json = serde_json::to_value(report)?;
    client
        .execute(
            "update tenantctl.run set ended_at = clock_timestamp(), outcome = $2, exit_code = $3, report = $4 where id = $1",
            &[&run, &Outcome::of(exit).word(), &i32::from(exit.code()), &json],
        )
        .await
        .server()?;
    Ok(())
}

/// The newest runs.
///
/// # Errors
/// The server's error.
pub async fn runs(client: &Client, limit: i64) -> Result<Vec<RunRow>> {
    let sql = format!("select {COLUMNS} from tenantctl.run order by started_at desc, id limit $1");
    Ok(client.query(&sql, &[&limit]).await.server()?.iter().map(run_row).collect())
}

/// The runs that may be unfinished, however old: those that did not end, or ended otherwise than well.
///
/// # Errors
/// The server's error.
pub async fn runs_not_done(client: &Client) -> Result<Vec<RunRow>> {
    let sql = format!(
        "select {COLUMNS} from tenantctl.run where outcome is null or outcome not in ('done', 'refused')
         order by started_at desc, id"
    );
    Ok(client.query(&sql, &[]).await.server()?.iter().map(run_row).collect())
}

/// The run of this id or prefix.
///
/// # Errors
/// A refusal where none or several begin so.
pub async fn run_of(client: &Client, prefix: &str) -> Result<RunRow> {
    let sql = format!("select {COLUMNS} from tenantctl.run where starts_with(id, $1) order by started_at desc limit 2");
    let rows = client.query(&sql, &[&prefix.to_lowercase()]).await.server()?;
    match rows.as_slice() {
        [row] => Ok(run_row(row)),
        [] => bail!(Refusal::new(format!("no run begins with `{prefix}`")).hint("`tenantctl status` lists the runs")),
        _ => bail!(Refusal::new(format!("several runs begin with `{prefix}`")).hint("give more digits")),
    }
}

/// Whether sessions of this run are connected.
///
/// # Errors
/// The server's error.
pub async fn is_at_work(client: &Client, run: &str) -> Result<bool> {
    let row = client
        .query_one(
            "select exists (select 1 from pg_catalog.pg_stat_activity where starts_with(application_name, $1))",
            &[&format!("tenantctl/{run}/")],
        )
        .await
        .server()?;
    Ok(row.get(0))
}

/// Somebody paused a run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Paused {
    /// RFC 3339.
    pub since: String,
    /// `user@host`.
    pub by: String,
}

/// Pauses a run: it begins nothing new until somebody lets it go on.
///
/// # Errors
/// The server's error.
pub async fn pause_run(client: &Client, run: &str, by: &str) -> Result<()> {
    super::record_event(client, run, None, "paused", &serde_json::json!({ "by": by })).await
}

/// Lets a paused run go on.
///
/// # Errors
/// The server's error.
pub async fn unpause_run(client: &Client, run: &str, by: &str) -> Result<()> {
    super::record_event(client, run, None, "continued", &serde_json::json!({ "by": by })).await
}

/// Whether a run is paused.
///
/// # Errors
/// The server's error.
pub async fn paused_of(client: &Client, run: &str) -> Result<Option<Paused>> {
    let sql = "select kind, to_char(at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), detail ->> 'by'
               from tenantctl.event where move_id is null and run_id = $1 and kind in ('paused', 'continued')
               order by id desc limit 1";
    let last = client.query_opt(sql, &[&run]).await.server()?;
    let last = last.filter(|row| row.get::<_, &str>(0) == "paused");
    Ok(last.map(|row| Paused { since: row.get(1), by: row.get::<_, Option<String>>(2).unwrap_or_default() }))
}
