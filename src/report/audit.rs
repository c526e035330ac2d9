//! What is wrong in the shared schema, and where its rows are.

use serde::{Deserialize, Serialize};

/// What an audit looked at; what it found stands in the findings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// Stores whose rows were looked for.
    pub store_count: u64,
    /// The snapshot at which all rows were read (`pg_current_snapshot`).
    pub snapshot: String,
    /// The shared tables, in the manifest's order.
    pub tables: Vec<AuditedTable>,
}

/// One shared table that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditedTable {
    /// Its name.
    pub table: String,
    /// How its rows lead to a store.
    pub owner_path: String,
    /// The planner's estimate; -1 where unknown.
    pub row_estimate: i64,
    /// Bytes of its rows, with what is stored out of line.
    pub bytes: u64,
    /// Foreign keys whose rows were looked at.
    pub key_count: u64,
    /// How many faults its rows have; a row may have several.
    pub fault_count: u64,
    /// How long it took.
    pub seconds: f64,
}

/// Where the rows of one shared table are: each of them is counted once.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct BalancedTable {
    /// Its name.
    pub table: String,
    /// All its rows.
    pub row_count: u64,
    /// Rows of switched stores.
    pub switched: u64,
    /// Rows that were loaded for those stores and proven, by the journal.
    pub loaded: u64,
    /// Rows of stores of the registry that are not switched.
    pub waiting: u64,
    /// Rows of stores that the registry lacks.
    pub unknown: u64,
    /// Rows that lead to no store.
    pub nobodys: u64,
    /// Rows that lead to more than one store.
    pub several: u64,
}

impl BalancedTable {
    /// Every row is in exactly one place: in one store schema where its store is switched, else in the shared table only.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let sum = self.switched + self.waiting + self.unknown + self.nobodys;
        sum == self.row_count && self.switched == self.loaded && self.several == 0
    }
}
