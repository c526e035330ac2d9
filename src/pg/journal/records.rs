//! Records of a move: tables, checks, events, and what was made.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;
use tokio_postgres::types::{Json, ToSql, Type};

use crate::digest::DIGEST_NAME;
use crate::ident::Ident;
use crate::pg::client::Client;
use crate::pg::failure::ServerResult;
use crate::report::{Check, CheckVerdict, Difference};

/// A row of `tenantctl.table_run`: what is true of a loaded table.
#[derive(Clone, Debug)]
pub struct TableRun {
    /// The table.
    pub table: Ident,
    /// The snapshot at which its rows were read.
    pub snapshot: String,
    /// Rows read, sent and loaded: the same number, or there would be no row.
    pub row_count: u64,
    /// Bytes as COPY sends them.
    pub byte_count: u64,
    /// `rows:bytes:sum` of the shared rows.
    pub source_digest: String,
    /// `rows:bytes:sum` of the store schema's rows; none before `verify`.
    pub target_digest: Option<String>,
    /// Seconds of its load.
    pub seconds: f64,
    /// `not_verified`, `equal`, `differs`, `stale`.
    pub verdict: String,
    /// Rows that differ.
    pub differences: Vec<Difference>,
    /// How many in all.
    pub difference_count: u64,
}

impl TableRun {
    /// Its rows are to be loaded again, whatever the shared ones are.
    #[must_use]
    pub fn must_be_loaded(&self) -> bool {
        matches!(self.verdict.as_str(), "differs" | "stale")
    }
}

/// Writes that a table is loaded, in the transaction that loaded it.
///
/// # Errors
/// The server's error.
pub async fn record_table(client: &Client, run: &str, move_id: i64, table: &TableRun) -> Result<()> {
    let rows = i64::try_from(table.row_count)?;
    client
        .execute(
            "insert into tenantctl.table_run (move_id, table_name, run_id, snapshot, rows_read, rows_sent, rows_loaded,
                                              byte_count, digest_name, source_digest, seconds)
             values ($1, $2, $3, $4, $5, $5, $5, $6, $7, $8, $9)
             on conflict (move_id, table_name) do update set
                run_id = excluded.run_id, snapshot = excluded.snapshot, rows_read = excluded.rows_read,
                rows_sent = excluded.rows_sent, rows_loaded = excluded.rows_loaded, rows_back = null,
                byte_count = excluded.byte_count, digest_name = excluded.digest_name,
                source_digest = excluded.source_digest, target_digest = null, seconds = excluded.seconds,
                verdict = 'not_verified', differences = null, difference_count = 0,
                loaded_at = clock_timestamp(), verified_at = null",
            &[
                &move_id,
                &table.table.raw(),
                &run,
                &table.snapshot,
                &rows,
                &i64::try_from(table.byte_count)?,
                &DIGEST_NAME,
                &table.source_digest,
                &table.seconds,
            ],
        )
        .await
        .server()?;
    record_event(
        client,
        run,
        Some(move_id),
        "table_loaded",
        &serde_json::json!({"table": table.table.raw(), "row_count": rows, "snapshot": table.snapshot}),
    )
    .await
}

/// Writes what the read-back of a table gave.
///
/// # Errors
/// The server's error.
pub async fn record_verdict(client: &Client, run: &str, move_id: i64, table: &TableRun) -> Result<()> {
    let rows_back = table.target_digest.as_deref().and_then(|digest| digest.split(':').next()?.parse::<i64>().ok());
    client
        .execute(
            "update tenantctl.table_run set run_id = $3, rows_back = $4, target_digest = $5, verdict = $6,
                    differences = $7, difference_count = $8, verified_at = clock_timestamp(),
                    snapshot = $9, source_digest = $10, rows_read = $11, rows_sent = $11, rows_loaded = $11
             where move_id = $1 and table_name = $2",
            &[
                &move_id,
                &table.table.raw(),
                &run,
                &rows_back,
                &table.target_digest,
                &table.verdict,
                &Json(&table.differences),
                &i64::try_from(table.difference_count)?,
                &table.snapshot,
                &table.source_digest,
                &i64::try_from(table.row_count)?,
            ],
        )
        .await
        .server()?;
    Ok(())
}

/// Says of loaded tables that they are true at a new snapshot too: they were proven unchanged.
///
/// # Errors
/// The server's error.
pub async fn keep_tables(client: &Client, run: &str, move_id: i64, tables: &[&str], snapshot: &str) -> Result<()> {
    client
        .execute(
            "update tenantctl.table_run set snapshot = $3 where move_id = $1 and table_name = any($2)",
            &[&move_id, &tables, &snapshot],
        )
        .await
        .server()?;
    let detail = serde_json::json!({"tables": tables, "snapshot": snapshot});
    record_event(client, run, Some(move_id), "tables_kept", &detail).await
}

/// The loaded tables of a move.
///
/// # Errors
/// The server's error.
pub async fn table_runs_of(client: &Client, move_id: i64) -> Result<Vec<TableRun>> {
    let rows = client
        .query(
            "select table_name, snapshot, rows_read, byte_count, source_digest, target_digest, seconds, verdict,
                    differences, difference_count
             from tenantctl.table_run where move_id = $1",
            &[&move_id],
        )
        .await
        .server()?;
    Ok(rows
        .iter()
        .map(|row| TableRun {
            table: Ident::new(row.get::<_, String>(0)),
            snapshot: row.get(1),
            row_count: row.get::<_, i64>(2).unsigned_abs(),
            byte_count: row.get::<_, i64>(3).unsigned_abs(),
            source_digest: row.get(4),
            target_digest: row.get(5),
            seconds: row.get(6),
            verdict: row.get(7),
            differences: row.get::<_, Option<Json<Vec<Difference>>>>(8).map(|Json(list)| list).unwrap_or_default(),
            difference_count: row.get::<_, i64>(9).unsigned_abs(),
        })
        .collect())
}

/// How many rows were loaded for each move; nothing for one without a loaded table.
///
/// # Errors
/// The server's error.
pub async fn rows_loaded(client: &Client) -> Result<BTreeMap<i64, u64>> {
    let sql = "select move_id, sum(rows_loaded)::int8 from tenantctl.table_run group by move_id";
    let rows = client.query(sql, &[]).await.server()?;
    Ok(rows.iter().map(|row| (row.get(0), row.get::<_, i64>(1).unsigned_abs())).collect())
}

/// How many rows of each table were loaded for each move.
///
/// # Errors
/// The server's error.
pub async fn rows_loaded_by_table(client: &Client) -> Result<BTreeMap<(i64, Ident), u64>> {
    let sql = "select move_id, table_name, rows_loaded from tenantctl.table_run";
    let rows = client.query(sql, &[]).await.server()?;
    let loaded = |row: &tokio_postgres::Row| {
        ((row.get(0), Ident::new(row.get::<_, String>(1))), row.get::<_, i64>(2).unsigned_abs())
    };
    Ok(rows.iter().map(loaded).collect())
}

/// Marks tables that are to be loaded again; what was loaded is still known, so that rows of others are told from it.
///
/// # Errors
/// The server's error.
pub async fn forget_tables(client: &Client, move_id: i64, tables: &[Ident]) -> Result<()> {
    let names: Vec<&str> = tables.iter().map(Ident::raw).collect();
    client
        .execute(
            "update tenantctl.table_run set verdict = 'stale'
             where move_id = $1 and table_name = any($2) and verdict <> 'differs'",
            &[&move_id, &names],
        )
        .await
        .server()?;
    Ok(())
}

/// Writes a check.
///
/// # Errors
/// The server's error.
pub async fn record_check(client: &Client, run: &str, move_id: i64, check: &Check) -> Result<()> {
    let verdict = match check.verdict {
        CheckVerdict::Pass => "pass",
        CheckVerdict::Fail => "fail",
        CheckVerdict::NotChecked => "not_checked",
    };
    client
        .execute(
            "insert into tenantctl.\"check\" (move_id, name, run_id, verdict, detail, items)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (move_id, name) do update set run_id = excluded.run_id, verdict = excluded.verdict,
                detail = excluded.detail, items = excluded.items, checked_at = clock_timestamp()",
            &[&move_id, &check.check, &run, &verdict, &check.detail, &Json(&check.items)],
        )
        .await
        .server()?;
    Ok(())
}

/// Forgets the checks of an earlier proof.
///
/// # Errors
/// The server's error.
pub async fn forget_checks(client: &Client, move_id: i64) -> Result<()> {
    client.execute("delete from tenantctl.\"check\" where move_id = $1", &[&move_id]).await.server()?;
    Ok(())
}

/// The checks of a move.
///
/// # Errors
/// The server's error.
pub async fn checks_of(client: &Client, move_id: i64) -> Result<Vec<Check>> {
    let sql =
        "select name, verdict, detail, items from tenantctl.\"check\" where move_id = $1 order by checked_at, name";
    let rows = client.query(sql, &[&move_id]).await.server()?;
    Ok(rows
        .iter()
        .map(|row| Check {
            check: row.get(0),
            verdict: match row.get::<_, &str>(1) {
                "pass" => CheckVerdict::Pass,
                "fail" => CheckVerdict::Fail,
                _ => CheckVerdict::NotChecked,
            },
            detail: row.get(2),
            items: row.get::<_, Json<Vec<String>>>(3).0,
        })
        .collect())
}

/// Appends an event.
///
/// # Errors
/// The server's error.
pub async fn record_event(
    client: &Client,
    run: &str,
    move_id: Option<i64>,
    kind: &str,
    detail: &impl Serialize,
) -> Result<()> {
    let detail = serde_json::to_value(detail)?;
    let sql = "insert into tenantctl.event (run_id, move_id, kind, detail) values ($1, $2, $3, $4)";
    let values: [(&(dyn ToSql + Sync), Type); 4] =
        [(&run, Type::TEXT), (&move_id, Type::INT8), (&kind, Type::TEXT), (&detail, Type::JSONB)];
    client.execute_typed(sql, &values).await.server()?;
    Ok(())
}

/// Where a thing that we made, or took off, is now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ResourceState {
    /// It stands.
    Made,
    /// It is taken off for the load and must come back.
    Off,
    /// It is gone.
    Dropped,
}

impl ResourceState {
    fn word(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Off => "off",
            Self::Dropped => "dropped",
        }
    }
}

/// A row of `tenantctl.resource`.
#[derive(Clone, Debug)]
pub struct Resource {
    /// `schema`, `object`, `unit`, `foreign_key`, `trigger`.
    pub kind: String,
    /// Its name among its kind.
    pub name: String,
    /// What brings it back; of a part, what it is.
    pub definition: Option<String>,
    /// Where it is.
    pub state: ResourceState,
}

impl Resource {
    /// A resource.
    pub fn new(kind: &str, name: impl Into<String>, definition: Option<String>, state: ResourceState) -> Self {
        Self { kind: kind.to_owned(), name: name.into(), definition, state }
    }
}

/// Writes where resources are, in the transaction that put them there.
///
/// # Errors
/// The server's error.
pub async fn record_resource(client: &Client, move_id: i64, resources: &[Resource]) -> Result<()> {
    if resources.is_empty() {
        return Ok(());
    }
    let sql = "insert into tenantctl.resource (move_id, kind, name, definition, state)
               select $1, made.kind, made.name, made.definition, made.state
               from unnest($2::text[], $3::text[], $4::text[], $5::text[]) with ordinality
                    as made (kind, name, definition, state, place) order by made.place
               on conflict (move_id, kind, name) do update set state = excluded.state, changed_at = clock_timestamp(),
                  definition = coalesce(excluded.definition, tenantctl.resource.definition)";
    let kinds: Vec<&str> = resources.iter().map(|resource| resource.kind.as_str()).collect();
    let names: Vec<&str> = resources.iter().map(|resource| resource.name.as_str()).collect();
    let definitions: Vec<Option<&str>> = resources.iter().map(|resource| resource.definition.as_deref()).collect();
    let states: Vec<&str> = resources.iter().map(|resource| resource.state.word()).collect();
    let values: [(&(dyn ToSql + Sync), Type); 5] = [
        (&move_id, Type::INT8),
        (&kinds, Type::TEXT_ARRAY),
        (&names, Type::TEXT_ARRAY),
        (&definitions, Type::TEXT_ARRAY),
        (&states, Type::TEXT_ARRAY),
    ];
    client.execute_typed(sql, &values).await.server()?;
    Ok(())
}

/// The resources of a move, oldest first.
///
/// # Errors
/// The server's error.
pub async fn resources_of(client: &Client, move_id: i64, kind: &str) -> Result<Vec<Resource>> {
    let sql =
        "select kind, name, definition, state from tenantctl.resource where move_id = $1 and kind = $2 order by id";
    let rows = client.query(sql, &[&move_id, &kind]).await.server()?;
    Ok(rows
        .iter()
        .map(|row| Resource {
            kind: row.get(0),
            name: row.get(1),
            definition: row.get(2),
            state: match row.get::<_, &str>(3) {
                "made" => ResourceState::Made,
                "off" => ResourceState::Off,
                _ => ResourceState::Dropped,
            },
        })
        .collect())
}
