//! How many connections a run may use, and how many stores it therefore takes at a time: a decision over what the server
//! has, and nothing else.

use std::num::NonZeroUsize;

use crate::pg::rights::Capacity;
use crate::report::Connections;

/// Stores that are copied together, at most.
const LARGEST_WAVE: usize = 32;
/// Connections beside those that write: lease, gate, snapshot, readers, and some for others.
const BESIDE: i64 = 8;
/// Of the run itself: lease, gate, snapshot.
const OWN: usize = 3;

/// For so many stores, of which as many as wanted are worked on at once, each with so many tables at once.
#[must_use]
pub fn budget(store_count: usize, wanted: NonZeroUsize, table_jobs: usize, capacity: &Capacity) -> Connections {
    let free = usize::try_from(capacity.free_connections).unwrap_or(0);
    let most = usize::try_from((capacity.max_connections / 4).min(capacity.free_connections - BESIDE)).unwrap_or(1);
    let wave = most.min(LARGEST_WAVE).min(store_count).max(1);
    let fits = |jobs: &usize| used(wave, *jobs, table_jobs) <= free;
    let jobs = (1..=wanted.get().min(wave)).rev().find(fits).unwrap_or(1);
    Connections {
        most: used(wave, jobs, table_jobs),
        free,
        max_connections: usize::try_from(capacity.max_connections).unwrap_or(0),
        wave,
        stores_at_once: jobs,
    }
}

/// Each table that is loaded has a reader and a writer; a pass over a table has a writer for each store of the wave.
fn used(wave: usize, jobs: usize, table_jobs: usize) -> usize {
    OWN + jobs * table_jobs + wave.max(jobs * table_jobs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_leaves_connections_for_others_and_fits_into_what_is_free() {
        let of = |store_count, max_connections, free_connections| {
            let capacity = Capacity {
                free_connections,
                max_connections,
                locks: 1000,
                locks_per_transaction: 64,
                is_standby: false,
                is_read_only: false,
            };
            let found = budget(store_count, NonZeroUsize::new(4).unwrap(), 2, &capacity);
            (found.wave, found.stores_at_once, found.most)
        };
        assert_eq!(of(89, 100, 97), (25, 4, 36));
        assert_eq!(of(89, 400, 390), (32, 4, 43));
        assert_eq!(of(1, 100, 97), (1, 1, 7));
        assert_eq!(of(89, 100, 10), (2, 1, 7), "two stores at once would need eleven");
        assert_eq!(of(89, 20, 3), (1, 1, 7), "more than there are: the plan says so");
    }
}
