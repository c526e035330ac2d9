//! Asks the server what presses on it, and the journal whether the run is paused: one question.
//!
//! Whether that is too much, and who waits for it to pass, `step/gate` decides.

use anyhow::Result;

use super::failure::ServerResult;
use super::journal::Paused;
use super::session::Client;
use crate::config::ThrottleSettings;

const PRESSURE: &str = include_str!("sql/pressure.sql");

/// What the server says of itself at one moment. What was not asked for, or cannot be seen, is none.
#[derive(Clone, Debug, Default)]
pub struct Pressure {
    /// The server's clock, RFC 3339.
    pub now: String,
    /// The same in seconds since 1970.
    pub clock: f64,
    /// How far the worst replica is behind, in seconds.
    pub lag: Option<f64>,
    /// There are replicas whose lag this role may not see.
    pub lag_is_hidden: bool,
    /// Client backends of the database that are at work, without ours.
    pub active: Option<i64>,
    /// There are backends of which this role may not see whether they are at work.
    pub active_is_hidden: bool,
    /// Where the WAL stands, in bytes.
    pub wal: Option<i64>,
    /// Backends of others that wait for a lock held by one of ours that is at work.
    pub lock_waits: i64,
    /// Somebody paused the run.
    pub paused: Option<Paused>,
}

/// Asks.
///
/// # Errors
/// The server's error.
pub async fn pressure(client: &Client, run: &str, limits: &ThrottleSettings) -> Result<Pressure> {
    let ours = format!("tenantctl/{run}/");
    let (lag, active, wal) = (limits.max_lag.is_some(), limits.max_active.is_some(), limits.max_wal_rate.is_some());
    let row = client.query_one(PRESSURE, &[&run, &ours, &lag, &active, &wal]).await.server()?;
    let since: Option<String> = row.get(8);
    Ok(Pressure {
        now: row.get(0),
        clock: row.get(1),
        lag: row.get(2),
        lag_is_hidden: row.get(3),
        active: row.get(4),
        active_is_hidden: row.get(5),
        wal: row.get(6),
        lock_waits: row.get(7),
        paused: since.map(|since| Paused { since, by: row.get::<_, Option<String>>(9).unwrap_or_default() }),
    })
}
