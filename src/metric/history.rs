//! Earlier readings of the stores: growth and the time of the last write follow from two of them.
//!
//! The server has neither: it counts rows written, and keeps no time of it. A long-lived reader keeps the history in
//! memory, others in a file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Basis, FleetMetrics, Growth, Moment};

/// Readings closer to the one before them are not kept.
const APART: i64 = 3600;
/// Older ones are forgotten: growth is that of the last days, not of the store's whole life.
const KEPT: i64 = 7 * 86_400;
/// Growth between readings that are closer says little of a day.
const LEAST_SECONDS: f64 = 600.0;

/// What is remembered of all stores of a database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// The database that the readings are of.
    #[serde(default)]
    pub database: String,
    #[serde(default)]
    stores: BTreeMap<String, Past>,
}

/// What is remembered of a store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Past {
    /// The oldest first.
    readings: Vec<Reading>,
    rows_written: Option<u64>,
    last_write: Option<Moment>,
}

/// A store's size at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// When.
    pub at: Moment,
    /// Its rows.
    pub rows: u64,
    /// Its bytes.
    pub bytes: u64,
    /// They were those of its last vacuum, not of the disk.
    #[serde(default)]
    pub is_estimate: bool,
}

impl History {
    /// A history as [`History::text`] wrote it; none where the text is something else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The history for a file.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Fills growth and last write of the stores from the readings before, and adds this one.
    pub fn tell(&mut self, fleet: &mut FleetMetrics) {
        if self.database != fleet.database {
            *self = Self { database: fleet.database.clone(), stores: BTreeMap::new() };
        }
        let now = fleet.taken_at;
        for store in &mut fleet.stores {
            let (Some(rows), Some(bytes)) = (store.rows, store.bytes) else {
                self.stores.remove(&store.schema);
                continue;
            };
            let past = self.stores.entry(store.schema.clone()).or_default();
            // Fewer than before: the server's statistics were reset, and nobody knows what came between.
            if let (Some(before), Some(written)) = (past.rows_written, store.rows_written)
                && written > before
            {
                past.last_write = Some(now);
            }
            past.rows_written = store.rows_written;
            store.last_write = past.last_write;
            let reading = Reading { at: now, rows, bytes, is_estimate: fleet.sizes_are_estimates };
            past.readings.retain(|reading| reading.at.0 > now.0 - KEPT && reading.at < now);
            if let Some(first) = past.readings.first().filter(|first| first.at.until(now) >= LEAST_SECONDS) {
                store.growth = Some(growth(first, &reading));
            }
            if past.readings.last().is_none_or(|last| now.0 - last.at.0 >= APART) {
                past.readings.push(reading);
            }
        }
    }
}

fn growth(first: &Reading, last: &Reading) -> Growth {
    let days = first.at.until(last.at) / 86_400.0;
    Growth {
        since: first.at,
        basis: Basis::Reading,
        rows_per_day: (last.rows as f64 - first.rows as f64) / days,
        bytes_per_day: (first.is_estimate == last.is_estimate).then(|| (last.bytes as f64 - first.bytes as f64) / days),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::StoreMetrics;

    fn fleet(at: i64, rows: u64, written: u64) -> FleetMetrics {
        let store = StoreMetrics {
            schema: "store_4".into(),
            rows: Some(rows),
            bytes: Some(rows * 100),
            rows_written: Some(written),
            ..StoreMetrics::default()
        };
        FleetMetrics { taken_at: Moment(at), stores: vec![store], ..FleetMetrics::default() }
    }

    #[test]
    fn two_readings_give_growth_and_the_last_write() {
        let mut history = History::default();
        let told = |history: &mut History, at, rows, written| {
            let mut fleet = fleet(at, rows, written);
            history.tell(&mut fleet);
            fleet.stores.remove(0)
        };
        let first = told(&mut history, 0, 1000, 1000);
        assert_eq!((first.growth, first.last_write), (None, None));
        let second = told(&mut history, 43_200, 1100, 1100);
        let growth = second.growth.unwrap();
        assert_eq!((growth.rows_per_day, growth.bytes_per_day), (200.0, Some(20_000.0)));
        assert_eq!(second.last_write, Some(Moment(43_200)));
        let mut history = History::parse(&history.text()).unwrap();
        let third = told(&mut history, 50_000, 1100, 1100);
        assert_eq!(third.last_write, Some(Moment(43_200)), "nothing was written since");
        let reset = told(&mut history, 60_000, 1100, 5);
        assert_eq!(reset.last_write, Some(Moment(43_200)), "a reset is no write");
        let late = told(&mut history, 30 * 86_400, 1100, 5);
        assert_eq!(late.growth, None, "readings of a month ago say nothing of these days");
    }

    #[test]
    fn another_database_is_another_history() {
        let mut history = History::default();
        history.tell(&mut fleet(0, 1000, 1000));
        let mut other = fleet(43_200, 5, 5);
        other.database = "copy".into();
        history.tell(&mut other);
        assert_eq!(other.stores[0].growth, None);
        assert!(History::parse("tenantctl_up 1").is_none());
    }
}
