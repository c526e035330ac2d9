//! The entries of a pooler, and the connections that they may take.

use serde::{Deserialize, Serialize};

/// Entries of a pooler, and the connections that they take.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct PoolerReport {
    /// `pgbouncer`, `pgdog`.
    pub software: String,
    /// How it lends server connections: `session`, `transaction`.
    pub mode: String,
    /// The server, as the pooler reaches it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// Server connections of one entry, in each process of the pooler.
    pub pool_size: u32,
    /// Processes of the pooler.
    pub processes: u32,
    /// Connections that all entries together may open.
    pub needed: u64,
    /// Connections that the server has for them.
    pub room: u64,
    /// The server's setting.
    pub max_connections: u64,
    /// Kept by the server for superusers and the like.
    pub reserved: u64,
    /// Used by neither these roles nor tenantctl.
    pub others: u64,
    /// The database's own limit; none: it has none.
    pub database_limit: Option<u64>,
    /// The connections to this database that are used by neither these roles nor tenantctl; 0 where it has no limit.
    pub database_others: u64,
    /// Whether what is needed is there.
    pub fits: bool,
    /// The file that was written; none: it is the text.
    pub file: Option<String>,
    /// The entries.
    pub entries: Vec<PoolerEntry>,
}

/// The entry of a store.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct PoolerEntry {
    /// The store's key.
    pub store: String,
    /// The store's name.
    pub name: Option<String>,
    /// The store schema.
    pub schema: String,
    /// The role that everybody has who asks for the entry.
    pub role: String,
    /// What clients ask for.
    pub entry: String,
}
