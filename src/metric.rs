//! How the stores are: sizes, growth, work, waits, proofs. Values only.
//!
//! What is unknown is none, and [`FleetMetrics::unknown`] says why. `pg/metrics` asks for them, `step/measure` puts them
//! together, `view` tells them; alert rules compare them by the names of [`NAMES`].

mod history;
mod moment;
mod names;
mod pace;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use history::{History, Reading};
pub use moment::Moment;
pub use names::{FLEET, FleetMetric, Kind, LABELLED, Metric, NAMES, Unit, find};
pub use pace::Pace;

/// All stores at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FleetMetrics {
    /// The server's clock when it was asked.
    pub taken_at: Moment,
    /// How long the questions took, in seconds.
    pub seconds: f64,
    /// The database's name.
    pub database: String,
    /// The shared schema.
    pub shared_schema: String,
    /// Since when the server counts (scans, writes, blocks); none where it was never reset.
    pub counted_since: Option<Moment>,
    /// The sizes are what the last vacuum, analyze or index build of each relation saw, not what is on disk now.
    pub sizes_are_estimates: bool,
    /// The rows were counted, not estimated.
    pub rows_are_exact: bool,
    /// What could not be had, and why.
    pub unknown: Vec<Unknown>,
    /// Each store that was asked for.
    pub stores: Vec<StoreMetrics>,
}

impl FleetMetrics {
    /// The value of a metric for a store; none where it is unknown. See [`find`] for the names.
    #[must_use]
    pub fn value(&self, metric: &Metric, store: &StoreMetrics) -> Option<f64> {
        (metric.of)(store, self.taken_at)
    }

    /// A sum over the stores that have it.
    #[must_use]
    pub fn sum(&self, of: impl Fn(&StoreMetrics) -> Option<u64>) -> u64 {
        self.stores.iter().filter_map(of).sum()
    }

    /// Whether a store of this key was looked at.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.stores.iter().any(|store| store.store == key)
    }

    /// Puts the stores with the largest value first; those without one come last, and equal ones stay as they are.
    pub fn sort_by_most(&mut self, of: impl Fn(&StoreMetrics) -> Option<f64>) {
        let value = |store: &StoreMetrics| of(store).unwrap_or(f64::NEG_INFINITY);
        self.stores.sort_by(|one, other| value(other).total_cmp(&value(one)));
    }

    /// How many stores are at each stage, by its word.
    #[must_use]
    pub fn by_stage(&self) -> BTreeMap<&str, u64> {
        let mut counts = BTreeMap::new();
        self.stores.iter().for_each(|store| *counts.entry(store.stage.as_str()).or_default() += 1);
        counts
    }
}

/// Something that could not be had.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Unknown {
    /// What: `query_seconds`.
    pub what: String,
    /// Why, as a fragment.
    pub why: String,
}

/// One store. Bytes, rows and scans are those of its own schema, so they are none where it has none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StoreMetrics {
    /// Its key.
    pub store: String,
    /// Its name.
    pub name: Option<String>,
    /// Its store schema, named or to be named.
    pub schema: String,
    /// Whether that schema exists.
    pub has_schema: bool,
    /// Its own role, where one was made.
    pub role: Option<String>,
    /// How far its move is; `none` before the first.
    pub stage: String,
    /// When it came to this stage.
    pub stage_since: Option<Moment>,
    /// Whether the application is routed to its own schema.
    pub switched: bool,
    /// What the last look at its rows said.
    pub verdict: Option<Verdict>,
    /// When that was.
    pub verified_at: Option<Moment>,

    /// Tables.
    pub table_count: Option<u64>,
    /// Rows; the server's estimate, unless the fleet's `rows_are_exact`.
    pub rows: Option<u64>,
    /// Row versions that vacuum has yet to remove; an estimate.
    pub dead_rows: Option<u64>,
    /// Bytes of tables, indexes and TOAST together.
    pub bytes: Option<u64>,
    /// Bytes of tables alone.
    pub heap_bytes: Option<u64>,
    /// Bytes of indexes.
    pub index_bytes: Option<u64>,
    /// Bytes that are stored out of line, with their index.
    pub toast_bytes: Option<u64>,
    /// What it grew by.
    pub growth: Option<Growth>,
    /// Rows inserted, updated and deleted since the server counts.
    pub rows_written: Option<u64>,
    /// The latest moment at which the rows written may last have grown: the reading that saw it.
    pub last_write: Option<Moment>,
    /// The newest vacuum of any of its tables, by hand or by itself.
    pub last_vacuum: Option<Moment>,
    /// The newest analyze of any of its tables.
    pub last_analyze: Option<Moment>,

    /// Blocks that were found in the server's cache.
    pub blocks_hit: Option<u64>,
    /// Blocks that had to be read.
    pub blocks_read: Option<u64>,
    /// Scans over an index.
    pub index_scans: Option<u64>,
    /// Scans of whole tables.
    pub sequential_scans: Option<u64>,
    /// The sequence with the smallest share of values left.
    pub sequence: Option<SequenceRoom>,

    /// Connections of its role.
    pub connections: Option<u64>,
    /// Those that are running a statement.
    pub active_connections: Option<u64>,
    /// How long the oldest open transaction of its role is, in seconds.
    pub transaction_seconds: Option<f64>,
    /// Time in statements of its role, in seconds, since the statistics were reset.
    pub query_seconds: Option<f64>,
    /// Statements of its role.
    pub query_calls: Option<u64>,
    /// Sessions that wait for a lock, on its tables or as its role.
    pub lock_waits: Option<u64>,
    /// The longest of these waits, in seconds.
    pub lock_wait_seconds: Option<f64>,

    /// Its newest backup that was proven.
    pub backup: Option<Backup>,
    /// Alerts that fire now.
    #[serde(default)]
    pub alerts: Vec<FiringAlert>,
}

/// A share of two counts, between 0 and 1; none where nothing was counted.
fn share(part: Option<u64>, rest: Option<u64>) -> Option<f64> {
    let (part, rest) = (part? as f64, rest? as f64);
    (part + rest > 0.0).then(|| part / (part + rest))
}

impl StoreMetrics {
    /// The share of blocks that were found in the cache.
    #[must_use]
    pub fn cache_hit_ratio(&self) -> Option<f64> {
        share(self.blocks_hit, self.blocks_read)
    }

    /// The share of scans that went over an index.
    #[must_use]
    pub fn index_use_ratio(&self) -> Option<f64> {
        share(self.index_scans, self.sequential_scans)
    }

    /// The share of row versions that are dead.
    #[must_use]
    pub fn dead_row_ratio(&self) -> Option<f64> {
        share(self.dead_rows, self.rows)
    }
}

/// What the last look at a store's rows said.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every table equal row by row, and no check failed.
    Proven,
    /// A table differs, or a check failed.
    Differs,
    /// Not every table was compared.
    NotVerified,
}

impl Verdict {
    /// The word in JSON and in labels.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Differs => "differs",
            Self::NotVerified => "not_verified",
        }
    }
}

/// What a store grew by, reckoned per day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Growth {
    /// Since when.
    pub since: Moment,
    /// What it is held against.
    pub basis: Basis,
    /// Rows a day; below 0 where it shrinks.
    pub rows_per_day: f64,
    /// Bytes a day; none where the basis has no bytes.
    pub bytes_per_day: Option<f64>,
}

/// What growth is held against.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The rows that the move loaded, by the journal. It has no bytes on disk.
    Move,
    /// An earlier reading.
    Reading,
}

/// A sequence and what is left of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SequenceRoom {
    /// Its name.
    pub sequence: String,
    /// The share of its values that were not given out: 1 is all. The column's type counts too.
    pub left_ratio: f64,
}

/// A backup that was proven.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Backup {
    /// When.
    pub at: Moment,
    /// Where it lies.
    pub to: Option<String>,
    /// Its bytes.
    pub bytes: Option<u64>,
    /// Its rows.
    pub rows: Option<u64>,
}

/// An alert that fires.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct FiringAlert {
    /// The rule's name.
    pub alert: String,
    /// How grave: `warning`, `critical`.
    pub severity: String,
    /// What it says, as a fragment.
    pub says: String,
    /// Since when.
    pub since: Option<Moment>,
}
