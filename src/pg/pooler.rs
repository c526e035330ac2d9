//! What a pooler asks of the server, and what a client sees through one.
//!
//! Which stores have an entry, and what a leak means, `step/pooler` and `step/leaktest` say.

mod visit;

use anyhow::Result;
pub use visit::{Landing, Mark, Visitor};

use super::Client;
use super::failure::ServerResult;

/// The server's connections, as the poolers of all stores find them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Room {
    /// `max_connections`.
    pub max_connections: i64,
    /// Kept for superusers and, since 16, for roles that have `pg_use_reserved_connections`.
    pub reserved: i64,
    /// Connections of neither the stores' roles nor ours.
    pub others: i64,
    /// The database's own limit, and the connections to it of neither the stores' roles nor ours; none: it has no limit.
    pub of_database: Option<(i64, i64)>,
}

/// Asks for it; `roles` are those of the stores.
///
/// # Errors
/// The server's error.
pub async fn room(client: &Client, roles: &[&str]) -> Result<Room> {
    let row = client.query_one(include_str!("sql/pooler_room.sql"), &[&roles]).await.server()?;
    let limit: Option<i64> = row.get(3);
    Ok(Room {
        max_connections: row.get(0),
        reserved: row.get(1),
        others: row.get(2),
        of_database: limit.map(|limit| (limit, row.get(4))),
    })
}
