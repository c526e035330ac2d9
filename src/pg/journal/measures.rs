//! What runs were forecast to take, what they took, and what that says of the next one.

use anyhow::Result;
use tokio_postgres::types::Json;

use super::record_event;
use crate::forecast::{Forecast, LoadRate, Measured};
use crate::pg::client::Client;
use crate::pg::failure::ServerResult;
use crate::report::{BackedUp, Isolation, Rehearsal};

/// Tables of fewer bytes say more of round trips than of rows.
const LARGE_TABLE_BYTES: i64 = 1 << 20;
/// Runs that are looked at, the newest first.
const RUNS: i64 = 40;

/// Keeps a run's forecast.
///
/// # Errors
/// The server's error.
pub async fn record_forecast(client: &Client, run: &str, forecast: &Forecast) -> Result<()> {
    let sql = "update tenantctl.run set forecast = $2 where id = $1";
    client.execute(sql, &[&run, &Json(forecast)]).await.server()?;
    Ok(())
}

/// A run's forecast, with what it took where it came to its end; none in a journal of version 1.
///
/// # Errors
/// The server's error.
pub async fn forecast_of(client: &Client, run: &str) -> Result<Option<Forecast>> {
    let sql = "select pg_catalog.to_jsonb(r) -> 'forecast' from tenantctl.run r
               where id = $1 and pg_catalog.jsonb_typeof(pg_catalog.to_jsonb(r) -> 'forecast') = 'object'";
    Ok(client.query_opt(sql, &[&run]).await.server()?.map(|row| row.get::<_, Json<Forecast>>(0).0))
}

/// Keeps what a run took.
///
/// # Errors
/// The server's error.
pub async fn record_measured(client: &Client, run: &str, measured: &Measured) -> Result<()> {
    record_event(client, run, None, "measured", measured).await
}

/// What runs took, the newest first.
///
/// # Errors
/// The server's error.
pub async fn measured(client: &Client) -> Result<Vec<Measured>> {
    let sql = "select detail from tenantctl.event where kind = 'measured' order by id desc limit $1";
    Ok(client.query(sql, &[&RUNS]).await.server()?.iter().map(|row| row.get::<_, Json<Measured>>(0).0).collect())
}

/// What loading tables took.
///
/// # Errors
/// The server's error.
pub async fn load_rate(client: &Client) -> Result<LoadRate> {
    let sql =
        "select sum(seconds) filter (where byte_count >= $1) / sum(byte_count) filter (where byte_count >= $1)::float8,
                      coalesce(max(byte_count), 0) from tenantctl.table_run";
    let row = client.query_one(sql, &[&LARGE_TABLE_BYTES]).await.server()?;
    Ok(LoadRate { seconds_per_byte: row.get(0), largest_table_bytes: row.get::<_, i64>(1).unsigned_abs() })
}

/// The objects of a store schema, by the newest move's template; none before the first.
///
/// # Errors
/// The server's error.
pub async fn newest_structure(client: &Client) -> Result<Vec<String>> {
    let sql = "select pg_catalog.jsonb_object_keys(m.blueprint -> 'structure')
               from (select blueprint from tenantctl.move order by id desc limit 1) m";
    Ok(client.query(sql, &[]).await.server()?.iter().map(|row| row.get(0)).collect())
}

/// Keeps what a rehearsal came to.
///
/// # Errors
/// The server's error.
pub async fn record_rehearsal(client: &Client, run: &str, move_id: i64, rehearsal: &Rehearsal) -> Result<()> {
    record_event(client, run, Some(move_id), "rehearsed", rehearsal).await
}

/// What a rehearsal came to, where it came to an end.
///
/// # Errors
/// The server's error.
pub async fn rehearsal_of(client: &Client, move_id: i64) -> Result<Option<Rehearsal>> {
    let sql = "select detail from tenantctl.event where move_id = $1 and kind = 'rehearsed' order by id desc limit 1";
    Ok(client.query_opt(sql, &[&move_id]).await.server()?.map(|row| row.get::<_, Json<Rehearsal>>(0).0))
}

/// Keeps that a store has a backup.
///
/// # Errors
/// The server's error.
pub async fn record_backup(client: &Client, run: &str, move_id: i64, backup: &BackedUp) -> Result<()> {
    record_event(client, run, Some(move_id), "backed_up", backup).await
}

/// The newest backup of a store, and when it was written.
///
/// # Errors
/// The server's error.
pub async fn backup_of(client: &Client, move_id: i64) -> Result<Option<(String, BackedUp)>> {
    let sql = "select to_char(at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), detail
               from tenantctl.event where move_id = $1 and kind = 'backed_up' order by id desc limit 1";
    let found = client.query_opt(sql, &[&move_id]).await.server()?;
    Ok(found.map(|row| (row.get(0), row.get::<_, Json<BackedUp>>(1).0)))
}

/// Keeps what a look at a store's isolation gave.
///
/// # Errors
/// The server's error.
pub async fn record_isolation(client: &Client, run: &str, move_id: i64, isolation: &Isolation) -> Result<()> {
    record_event(client, run, Some(move_id), "isolation", isolation).await
}

/// The newest look at a store's isolation.
///
/// # Errors
/// The server's error.
pub async fn isolation_of(client: &Client, move_id: i64) -> Result<Option<Isolation>> {
    let sql = "select detail from tenantctl.event where move_id = $1 and kind = 'isolation' order by id desc limit 1";
    Ok(client.query_opt(sql, &[&move_id]).await.server()?.map(|row| row.get::<_, Json<Isolation>>(0).0))
}
