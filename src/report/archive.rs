//! What is in the folder of an archived store.

use serde::{Deserialize, Serialize};

/// What an archive holds: its `contents.json`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ArchiveContents {
    /// 1; grows when a reader would have to change.
    pub format: u32,
    /// The store's key.
    pub store: String,
    /// The store's name.
    pub name: Option<String>,
    /// The schema that `load.sql` makes.
    pub schema: String,
    /// The database that it was in.
    pub database: String,
    /// The snapshot at which it was read (`pg_current_snapshot`).
    pub snapshot: String,
    /// `server_version_num`.
    pub server_version: u32,
    /// The version of tenantctl.
    pub tool_version: String,
    /// What `pg_dump --version` says.
    pub pg_dump: String,
    /// The run that made it.
    pub run: String,
    /// Algorithm and version of the digests.
    pub digest_name: String,
    /// Types outside the schema that must be there before it is loaded.
    pub outer_types: Vec<String>,
    /// Foreign keys that lead out of the schema, in `outer_keys.sql`.
    pub outer_key_count: u64,
    /// The tables.
    pub tables: Vec<ArchivedFile>,
}

/// The rows of one table.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ArchivedFile {
    /// The table.
    pub table: String,
    /// Its file, in COPY's text form: a line per row.
    pub file: String,
    /// Lines.
    pub row_count: u64,
    /// `row_count:byte_count:sum` over the lines.
    pub digest: String,
}
