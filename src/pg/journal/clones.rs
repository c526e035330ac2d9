//! What was loaded into a store that begins as a copy of another: an event, in the transaction that loaded it.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tokio_postgres::types::Json;

use super::record_event;
use crate::ident::Ident;
use crate::pg::client::Client;
use crate::pg::failure::ServerResult;
use crate::plan::Format;

/// The event's detail.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Cloned {
    /// The key of the store that was copied.
    pub from_store: String,
    /// Its store schema.
    pub from_schema: Ident,
    /// The snapshot at which all its rows were read.
    pub snapshot: String,
    /// Its tables, in the manifest's order.
    pub tables: Vec<ClonedTable>,
}

/// One table of it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ClonedTable {
    /// Its name.
    pub table: Ident,
    /// Rows counted, sent and loaded: the same number.
    pub row_count: u64,
    /// Bytes as COPY sends them.
    pub byte_count: u64,
    /// `rows:bytes:sum` of what was sent, with the new store's key.
    pub digest: String,
    /// The columns that the digest speaks of, in their order.
    pub columns: Vec<Ident>,
    /// COPY's format, on which it depends.
    pub format: Format,
}

impl Cloned {
    /// Rows of all tables.
    #[must_use]
    pub fn row_count(&self) -> u64 {
        self.tables.iter().map(|table| table.row_count).sum()
    }
}

/// Keeps what was loaded.
///
/// # Errors
/// The server's error.
pub async fn record_cloned(client: &Client, run: &str, move_id: i64, cloned: &Cloned) -> Result<()> {
    record_event(client, run, Some(move_id), "cloned", cloned).await
}

/// What was loaded; none before it is.
///
/// # Errors
/// The server's error.
pub async fn cloned_of(client: &Client, move_id: i64) -> Result<Option<Cloned>> {
    let sql = "select detail from tenantctl.event where move_id = $1 and kind = 'cloned' order by id desc limit 1";
    Ok(client.query_opt(sql, &[&move_id]).await.server()?.map(|row| row.get::<_, Json<Cloned>>(0).0))
}
