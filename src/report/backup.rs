//! What a backup holds, and what a command did with one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ErrorReport;

/// The form of backups that this version writes.
pub const BACKUP_FORMAT: u32 = 2;

/// What a backup, or an archive, holds: its `contents.json`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct BackupContents {
    /// [`BACKUP_FORMAT`]; grows when a reader would have to change.
    pub format: u32,
    /// The store's key.
    pub store: String,
    /// The store's name.
    pub name: Option<String>,
    /// The schema that `load.sql` makes.
    pub schema: String,
    /// The database that it was in.
    pub database: String,
    /// When it was begun, RFC 3339.
    pub at: String,
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
    pub tables: Vec<TableFile>,
    /// The SHA-256 of each file but this one and SHA256SUMS, which has it too: so it is known which of them is damaged.
    pub sums: BTreeMap<String, String>,
}

impl BackupContents {
    /// Rows of all tables.
    #[must_use]
    pub fn row_count(&self) -> u64 {
        self.tables.iter().map(|table| table.row_count).sum()
    }
}

/// The rows of one table.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct TableFile {
    /// The table.
    pub table: String,
    /// Its columns, in the order of its lines.
    pub columns: Vec<String>,
    /// Its file, in COPY's text form: a line per row. `.zst` is compressed.
    pub file: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// Lines.
    pub row_count: u64,
    /// `row_count:byte_count:sum` over the lines.
    pub digest: String,
}

/// A backup, and what was done with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BackupReport {
    /// `written`, `checked`, `restored`, `swapped`, `failed`.
    pub deed: String,
    /// The store's key; empty where nothing of it can be read.
    pub store: String,
    /// The store's name.
    pub name: Option<String>,
    /// The schema that it holds; of a restored one, where it is now.
    pub schema: String,
    /// Where the backup is.
    pub place: String,
    /// `folder`, `tar.zst`.
    pub format: String,
    /// When it was begun, RFC 3339.
    pub at: Option<String>,
    /// Bytes that it takes.
    pub bytes: u64,
    /// Its rows.
    pub row_count: u64,
    /// Its tables.
    pub tables: Vec<BackupTable>,
    /// The snapshot at which it was read.
    pub snapshot: Option<String>,
    /// `server_version_num` of the server that it was read from.
    pub server_version: Option<u32>,
    /// Every byte of it was read, and sums, counts and digests are right.
    pub proven: bool,
    /// What is damaged; in no order that means anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damages: Vec<Damage>,
    /// Older backups that were deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deleted: Vec<String>,
    /// `restore --swap`: the schema that the store had before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_as: Option<String>,
    /// What is worth knowing: for people, in English.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// How long it took.
    pub seconds: f64,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorReport>,
}

/// A table of a backup.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct BackupTable {
    /// The table.
    pub table: String,
    /// Its rows.
    pub row_count: u64,
    /// Whether its rows were read and have their digest; none where nobody looked.
    pub digest_equal: Option<bool>,
}

/// What is wrong with a file of a backup.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Damage {
    /// The file.
    pub file: String,
    /// `missing`, `extra`, `changed`, `unreadable`, `rows`, `format`.
    pub kind: String,
    /// For people, in English.
    pub what: String,
}

/// What the journal keeps of a backup, as its event `backed_up`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackedUp {
    /// Where it is.
    pub to: String,
    /// `folder`, `tar.zst`.
    pub format: String,
    /// Bytes that it takes.
    pub bytes: u64,
    /// Its rows.
    pub row_count: u64,
    /// Its tables.
    pub table_count: u64,
    /// The snapshot at which it was read.
    pub snapshot: String,
    /// It was read back after writing: sums, counts and digests are right.
    pub proven: bool,
    /// How long it took.
    pub seconds: f64,
}

/// What a restore came to: the journal's event `restored`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Restored {
    /// The backup.
    pub from: String,
    /// The schema that it is now.
    pub schema: String,
    /// What the schema is called now that had the name before.
    pub kept_as: Option<String>,
}
