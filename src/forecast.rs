//! What a run over stores should take, and what it took: values only.
//!
//! `step/weigh` gathers what is counted, `fleet/forecast` reckons, the journal keeps both, `view` prints them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What should come of moving some stores. The connections that takes are the report's own `connections`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// Stores that are still to be moved.
    pub store_count: u64,
    /// Their rows, counted.
    pub row_count: u64,
    /// Bytes of these rows as COPY sends them, by the width of a sample of each table.
    pub bytes: u64,
    /// From the plan of the first store to the end of the last; none: nothing was measured yet.
    pub seconds: Option<f64>,
    /// Bytes on disk of their schemas: tables, indexes, TOAST, sequences.
    pub disk_bytes: u64,
    /// Bytes of write-ahead log; none: nothing was measured yet.
    pub wal_bytes: Option<u64>,
    /// What so many tables mean for all who use the database.
    pub catalog: CatalogForecast,
    /// Where time and log come from.
    pub rates: RateSource,
    /// After the run: what it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<Measured>,
}

/// What the new schemas mean for the database as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogForecast {
    /// Tables, indexes, sequences and views of one store schema, TOAST included.
    pub relations_per_store: u64,
    /// Bytes by which the catalogs grow.
    pub bytes: u64,
    /// Memory of a server process that touches every table of all these schemas.
    pub backend_bytes: u64,
    /// Locks that a dump of the whole database then holds at once.
    pub dump_locks: u64,
    /// Locks that the server has room for: `max_locks_per_transaction` for each connection.
    pub lock_limit: u64,
    /// `max_locks_per_transaction` that would do; none where today's does.
    pub locks_per_transaction_needed: Option<u64>,
}

/// Where rates come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RateSource {
    /// What was measured.
    pub from: MeasuredBy,
    /// How many stores that were.
    pub store_count: u64,
    /// The largest table among them, in bytes: rows in larger ones may come faster or slower.
    pub largest_table_bytes: u64,
}

/// What was measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasuredBy {
    /// Runs that moved stores.
    Moves,
    /// Rehearsals.
    Rehearsals,
    /// Nothing yet.
    Nothing,
}

/// What a run took.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Stores that came to their end.
    pub store_count: u64,
    /// Their rows.
    pub row_count: u64,
    /// Bytes of these rows as COPY sent them.
    pub bytes: u64,
    /// From the plan of the first to the end of the last, without questions.
    pub seconds: f64,
    /// Bytes on disk of their schemas.
    pub disk_bytes: u64,
    /// By how much the write-ahead log grew, by whoever wrote, without what dropping rehearsals wrote; none on a server
    /// that does not say.
    pub wal_bytes: Option<u64>,
    /// Stores that were worked on at once.
    pub jobs: u64,
    /// Their schemas were dropped again, and they were not switched.
    pub rehearsal: bool,
    /// Seconds of each step, summed over the stores. Those of a wave are copied together: each has the whole time.
    pub steps: BTreeMap<String, f64>,
}

impl Measured {
    /// Seconds of a step.
    #[must_use]
    pub fn step(&self, word: &str) -> f64 {
        self.steps.get(word).copied().unwrap_or(0.0)
    }
}

/// What loading tables took, by the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LoadRate {
    /// Seconds per byte of the larger tables; none where all were small.
    pub seconds_per_byte: Option<f64>,
    /// Bytes of the largest.
    pub largest_table_bytes: u64,
}

/// How much a store is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StoreSize {
    /// Rows.
    pub row_count: u64,
    /// As COPY sends them.
    pub bytes: f64,
    /// In its schema.
    pub disk_bytes: f64,
}

/// What a store schema is made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SchemaShape {
    /// How many indexes each table has.
    pub tables: BTreeMap<String, u64>,
    /// Sequences.
    pub sequence_count: u64,
    /// Views.
    pub view_count: u64,
}

impl SchemaShape {
    /// From the names of a structure's objects: `table orders`, `index orders_pkey on orders`, `sequence orders_id_seq`.
    pub fn of_names<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Self {
        let mut shape = Self::default();
        for name in names.clone() {
            match name.split_once(' ') {
                Some(("table", table)) => drop(shape.tables.insert(table.to_owned(), 0)),
                Some(("sequence", _)) => shape.sequence_count += 1,
                Some(("view", _)) => shape.view_count += 1,
                _ => {}
            }
        }
        for name in names.filter(|name| name.starts_with("index ")) {
            let on = shape.tables.iter_mut().filter(|(table, _)| name.ends_with(&format!(" on {table}")));
            if let Some((_, count)) = on.max_by_key(|(table, _)| table.len()) {
                *count += 1;
            }
        }
        shape
    }

    /// Tables and their indexes.
    #[must_use]
    pub fn table_and_index_count(&self) -> u64 {
        self.tables.len() as u64 + self.tables.values().sum::<u64>()
    }

    /// All relations; a table's TOAST is a table with an index.
    #[must_use]
    pub fn relation_count(&self) -> u64 {
        self.table_and_index_count() + 2 * self.tables.len() as u64 + self.sequence_count + self.view_count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_counted_from_the_names_of_objects() {
        let names = [
            "table orders",
            "table \"Weird on orders\"",
            "column orders.id",
            "index a on orders",
            "index b on orders",
            "index c on \"Weird on orders\"",
            "sequence orders_id_seq",
            "view v",
        ];
        let shape = SchemaShape::of_names(names.into_iter());
        assert_eq!(shape.tables.values().copied().collect::<Vec<_>>(), [1, 2]);
        assert_eq!((shape.table_and_index_count(), shape.relation_count()), (5, 11));
    }
}
