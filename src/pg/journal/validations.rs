//! What the probes of the application saw: an event per validation, so that the ones before it stay to be read. The last
//! one counts.

use std::time::Instant;

use anyhow::Result;
use jiff::Timestamp;
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

/// The server's clock, read once: times of evidence are of one clock, and it need not be asked again for each.
#[derive(Debug)]
pub struct Clock {
    at: Timestamp,
    read: Instant,
}

impl Clock {
    /// Reads it.
    ///
    /// # Errors
    /// The server's error.
    pub async fn read(client: &Client) -> Result<Self> {
        let sql = "select (extract(epoch from clock_timestamp()) * 1000000)::int8";
        let row = client.query_typed_one(sql, &[]).await.server()?;
        Ok(Self { at: Timestamp::from_microsecond(row.get(0))?, read: Instant::now() })
    }

    /// What it shows now, RFC 3339 to the second.
    #[must_use]
    pub fn now(&self) -> String {
        let now = self.at.checked_add(self.read.elapsed()).unwrap_or(self.at);
        now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
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
