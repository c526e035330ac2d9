//! Lines of lists: tables, stores, runs, settings.

use serde::{Deserialize, Serialize};

/// A table of the shared schema and what becomes of it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct TableClass {
    /// Its name.
    pub table: String,
    /// `owned`, `common`, `ignored`, `undecided`, `registry`.
    pub class: String,
    /// How its rows lead to a store.
    pub owner_path: Option<String>,
    /// Why it has this class.
    pub why: String,
    /// The planner's estimate; -1 where unknown.
    pub row_estimate: i64,
    /// Bytes with indexes and TOAST.
    pub bytes: u64,
}

/// A store of the registry.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct StoreLine {
    /// Its key.
    pub store: String,
    /// Its name.
    pub name: Option<String>,
    /// Its store schema, named or to be named.
    pub schema: String,
    /// `none` before the first move; `rehearsal` of one that was no move.
    pub stage: String,
    /// Whether `[registry] where` takes it into `--all`.
    pub in_all: bool,
    /// Rows that were copied; none where nothing was.
    pub row_count: Option<u64>,
    /// Bytes of its schema; none where there is none.
    pub bytes: Option<u64>,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunLine {
    /// Its id.
    pub run: String,
    /// The command line, secrets masked.
    pub command_line: String,
    /// Who: `user@host`.
    pub who: String,
    /// When it began, RFC 3339.
    pub started: String,
    /// When it ended; none: unfinished.
    pub ended: Option<String>,
    /// `done`, `failed`, …; `running` or `unfinished` where it did not end.
    pub outcome: String,
    /// Where it runs and somebody paused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<PausedLine>,
    /// Its stores with the stage of each.
    pub stores: Vec<StoreLine>,
}

/// Who paused a run.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct PausedLine {
    /// RFC 3339.
    pub since: String,
    /// `user@host`.
    pub by: String,
}

/// A key of the configuration.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// `shared.schema`.
    pub key: String,
    /// Its value, secrets masked.
    pub value: String,
    /// `flag`, `environment NAME`, `profile NAME`, `file PATH:LINE`, `default`.
    pub origin: String,
}
