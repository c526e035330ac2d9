//! What stores do between two looks.

use super::{FleetMetrics, StoreMetrics};

/// What a store did, per second; none where it cannot be told, such as after a reset of the statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pace {
    /// Rows inserted, updated and deleted.
    pub written: Option<f64>,
    /// Bytes that it grew by; below 0 where it shrank.
    pub grown: Option<f64>,
    /// Blocks that were asked for, in the cache or not.
    pub blocks: Option<f64>,
    /// Seconds of statements of its role: 1 is one connection always at work.
    pub busy: Option<f64>,
}

impl FleetMetrics {
    /// What each store did since an earlier look, so many seconds ago; in the order of the stores.
    #[must_use]
    pub fn paces(&self, before: &Self, seconds: f64) -> Vec<Pace> {
        let earlier: std::collections::BTreeMap<&str, &StoreMetrics> =
            before.stores.iter().map(|store| (store.store.as_str(), store)).collect();
        let pace = |store: &StoreMetrics| {
            let Some(earlier) = earlier.get(store.store.as_str()).filter(|_| seconds > 0.0) else {
                return Pace::default();
            };
            let counted = |of: fn(&StoreMetrics) -> Option<u64>| {
                let (now, then) = (of(store)?, of(earlier)?);
                now.checked_sub(then).map(|more| more as f64 / seconds)
            };
            Pace {
                written: counted(|store| store.rows_written),
                // Sizes of the disk and those of the last vacuum are not to be held against each other.
                grown: store
                    .bytes
                    .zip(earlier.bytes)
                    .filter(|_| self.sizes_are_estimates == before.sizes_are_estimates)
                    .map(|(now, then)| (now as f64 - then as f64) / seconds),
                blocks: counted(|store| Some(store.blocks_hit? + store.blocks_read?)),
                busy: store
                    .query_seconds
                    .zip(earlier.query_seconds)
                    .map(|(now, then)| (now - then) / seconds)
                    .filter(|busy| *busy >= 0.0),
            }
        };
        self.stores.iter().map(pace).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Moment;

    #[test]
    fn a_reset_or_a_new_store_has_no_pace() {
        let store = |key: &str, written: u64, bytes: u64| StoreMetrics {
            store: key.into(),
            rows_written: Some(written),
            bytes: Some(bytes),
            ..StoreMetrics::default()
        };
        let fleet = |stores| FleetMetrics { taken_at: Moment(0), stores, ..FleetMetrics::default() };
        let before = fleet(vec![store("4", 100, 8192), store("5", 100, 8192)]);
        let after = fleet(vec![store("6", 9, 9), store("5", 3, 0), store("4", 120, 16_384)]);
        let paces = after.paces(&before, 2.0);
        assert_eq!(paces[0], Pace::default());
        assert_eq!((paces[1].written, paces[1].grown), (None, Some(-4096.0)));
        assert_eq!((paces[2].written, paces[2].grown), (Some(10.0), Some(4096.0)));
    }
}
