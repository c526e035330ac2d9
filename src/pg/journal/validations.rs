//! What the probes of the application saw: an event per validation, so that the ones before it stay to be read. The last
//! one counts.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tokio_postgres::types::Json;

use super::record_event;
use crate::pg::client::Client;
use crate::pg::failure::ServerResult;
use crate::report::ProbeReport;

/// The event's detail.
#[derive(Deserialize, Serialize)]
struct Validation {
    probes: Vec<ProbeReport>,
}

/// Keeps what the probes saw; in the transaction that changes the stage.
///
/// # Errors
/// The server's error.
pub async fn record_validation(client: &Client, run: &str, move_id: i64, probes: &[ProbeReport]) -> Result<()> {
    record_event(client, run, Some(move_id), "probed", &Validation { probes: probes.to_vec() }).await
}

/// The server's time, RFC 3339: times of evidence are of one clock.
///
/// # Errors
/// The server's error.
pub async fn now(client: &Client) -> Result<String> {
    let sql = "select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";
    Ok(client.query_one(sql, &[]).await.server()?.get(0))
}

/// What they saw last. What was seen before the store was proven, or switched, says nothing of it now.
///
/// # Errors
/// The server's error.
pub async fn validation_of(client: &Client, move_id: i64) -> Result<Vec<ProbeReport>> {
    let sql = "select e.detail from tenantctl.event e join tenantctl.move m on m.id = e.move_id
               where e.move_id = $1 and e.kind = 'probed' and e.at >= coalesce(m.switched_at, m.verified_at)
               order by e.id desc limit 1";
    let row = client.query_opt(sql, &[&move_id]).await.server()?;
    Ok(row.map(|row| row.get::<_, Json<Validation>>(0).0.probes).unwrap_or_default())
}
