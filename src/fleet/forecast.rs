//! Reckons what moving stores should take: values in, values out.
//!
//! A store costs a fixed time (plan, schema, keys, proof), its rows a time by their bytes, and the switch comes one store
//! after the other. Each is measured where the journal has it; what it cannot have yet is a constant here, with its reason.

use crate::forecast::{CatalogForecast, Forecast, LoadRate, Measured, MeasuredBy, RateSource, SchemaShape, StoreSize};

/// What several stores at once gain over one after the other, where only single ones were measured: one store waits for
/// round trips while another works, what is asked of every store is planned once, and a wave is switched in one
/// transaction. On two cores it was 2.2 for the sample, whose template is tried for each store, and 4 to 6 for one that is
/// tried once for all.
const GAIN: f64 = 3.0;
/// The same for what their bytes take: 1.8 over an index, 3 where the pass spares a scan for each store.
const GAIN_OF_BYTES: f64 = 2.0;
/// Bytes of a table that several connections load, so that one store is at work as several are: those gain nothing more.
const BYTES_FOR_SEVERAL: u64 = 128 << 20;
/// A row that is loaded is also read back, and its keys and indexes are made: so much more than the load alone.
const WHOLE_PER_LOAD: f64 = 2.5;
/// Seconds per byte of a load where no table was large enough to measure: 40 MB/s.
const LOAD_SECONDS_PER_BYTE: f64 = 1.0 / 40e6;
/// A switch proves once more what `verify` proved, and looks for changes: so much of that step's time.
const SWITCH_PER_VERIFY: f64 = 0.9;
/// Write-ahead log per byte of rows, at most: the rows and their indexes.
const WAL_PER_BYTE: f64 = 2.5;
/// The part of what was measured that the bytes may account for: were it all, nothing would be left for the stores.
const SHARE_OF_BYTES: f64 = 0.8;
/// Bytes by which the catalogs grow for a relation: 79 MB for 87 schemas of the sample's shape. Half of it is what each
/// plan's trial of the template leaves when it rolls back; VACUUM makes it free, not smaller.
const CATALOG_BYTES_PER_RELATION: u64 = 8_100;
/// Memory of a server process for a table or index that it touched: 53 MB after a query over every table of 88 schemas.
const BACKEND_BYTES_PER_RELATION: u64 = 9_100;

/// Samples that are looked at, the newest first.
const SAMPLES: usize = 5;

/// What is known before the run.
#[derive(Clone, Debug)]
pub struct Known<'a> {
    /// The stores that are still to be moved.
    pub stores: &'a [StoreSize],
    /// What a store schema is made of.
    pub shape: &'a SchemaShape,
    /// Runs that were measured, the newest first.
    pub measured: &'a [Measured],
    /// What loading tables took.
    pub load: LoadRate,
    /// Whether the road ends with the switch.
    pub switches: bool,
    /// Tables and sequences of the database now.
    pub lockable: u64,
    /// Locks that the server has room for.
    pub lock_limit: u64,
    /// `max_locks_per_transaction`.
    pub locks_per_transaction: u64,
}

/// Seconds of a store, of a byte, and of a switch.
struct Rates {
    per_store: f64,
    per_byte: f64,
    per_switch: f64,
    /// Bytes of log of a store, and of a byte.
    wal: Option<(f64, f64)>,
    source: RateSource,
}

/// Reckons.
#[must_use]
pub fn forecast(known: &Known<'_>) -> Forecast {
    let count = known.stores.len() as u64;
    let bytes: f64 = known.stores.iter().map(|store| store.bytes).sum();
    let rates = rates(known);
    let seconds = rates.as_ref().filter(|_| count > 0).map(|rates| {
        let switch = if known.switches { rates.per_switch } else { 0.0 };
        count as f64 * (rates.per_store + switch) + bytes * rates.per_byte
    });
    let wal = rates.as_ref().and_then(|rates| rates.wal);
    Forecast {
        store_count: count,
        row_count: known.stores.iter().map(|store| store.row_count).sum(),
        bytes: whole(bytes),
        seconds,
        disk_bytes: whole(known.stores.iter().map(|store| store.disk_bytes).sum()),
        wal_bytes: wal.map(|(per_store, per_byte)| whole(count as f64 * per_store + bytes * per_byte)),
        catalog: catalog(known, count),
        rates: match rates {
            Some(rates) => rates.source,
            None => RateSource { from: MeasuredBy::Nothing, store_count: 0, largest_table_bytes: 0 },
        },
        actual: None,
    }
}

/// None where nothing was measured.
fn rates(known: &Known<'_>) -> Option<Rates> {
    let several = known.stores.len() > 1;
    let is_alike = |of: &&Measured| (of.store_count > 1) == several;
    // Rows that were moved as these will be count before rehearsals, and so do as many at once.
    let ranked = [(false, true), (true, true), (false, false), (true, false)];
    let chosen = ranked.into_iter().find_map(|(rehearsal, alike)| {
        let fits = |of: &&Measured| of.rehearsal == rehearsal && is_alike(of) == alike && of.store_count > 0;
        let samples: Vec<&Measured> = known.measured.iter().filter(fits).take(SAMPLES).collect();
        (!samples.is_empty()).then_some((samples, rehearsal, alike))
    });
    let (samples, rehearsal, alike) = chosen?;
    let sum = |what: fn(&Measured) -> f64| samples.iter().map(|of| what(of)).sum::<f64>();
    let (stores, bytes) = (sum(|of| of.store_count as f64), sum(|of| of.bytes as f64));
    let work = sum(|of| (of.seconds - of.step("switch") - dropping(of)).max(0.0));
    let load = known.load.seconds_per_byte.unwrap_or(LOAD_SECONDS_PER_BYTE) * WHOLE_PER_LOAD;
    let mut per_byte = if bytes > 0.0 { load.min(SHARE_OF_BYTES * work / bytes) } else { load };
    let mut per_store = (work - per_byte * bytes) / stores;
    let switched = sum(|of| of.step("switch"));
    let mut per_switch = match switched > 0.0 {
        true => switched / stores,
        false => SWITCH_PER_VERIFY * sum(|of| of.step("verify") / at_once(of)) / stores,
    };
    if !alike {
        let gain_of_bytes = if known.load.largest_table_bytes < BYTES_FOR_SEVERAL { GAIN_OF_BYTES } else { 1.0 };
        let times = |gain: f64| if several { 1.0 / gain } else { gain };
        per_store *= times(GAIN);
        per_switch *= times(GAIN);
        per_byte *= times(gain_of_bytes);
    }
    let logged: Vec<&&Measured> = samples.iter().filter(|of| of.wal_bytes.is_some()).collect();
    let wal = logged.iter().filter_map(|of| of.wal_bytes).sum::<u64>() as f64;
    let (wal_bytes, wal_stores) =
        logged.iter().fold((0.0, 0.0), |(bytes, stores), of| (bytes + of.bytes as f64, stores + of.store_count as f64));
    // What the catalogs grow by is logged at least, also where the rows of one large store hide it.
    let least = (known.shape.relation_count() * CATALOG_BYTES_PER_RELATION) as f64;
    let wal_per_byte = if wal_bytes > 0.0 { WAL_PER_BYTE.min(SHARE_OF_BYTES * wal / wal_bytes) } else { WAL_PER_BYTE };
    Some(Rates {
        per_store,
        per_byte,
        per_switch,
        wal: (wal_stores > 0.0).then(|| (((wal - wal_per_byte * wal_bytes) / wal_stores).max(least), wal_per_byte)),
        source: RateSource {
            from: if rehearsal { MeasuredBy::Rehearsals } else { MeasuredBy::Moves },
            store_count: whole(stores),
            largest_table_bytes: known.load.largest_table_bytes,
        },
    })
}

/// What a rehearsal's last step took of the whole; in part while other stores were still proven.
fn dropping(of: &Measured) -> f64 {
    of.step("abandon").min(0.5 * of.seconds)
}

fn at_once(of: &Measured) -> f64 {
    of.store_count.min(of.jobs).max(1) as f64
}

fn catalog(known: &Known<'_>, count: u64) -> CatalogForecast {
    let shape = known.shape;
    let relations = shape.relation_count();
    // A dump locks every table, and reads every sequence under a lock that it keeps.
    let dump_locks = known.lockable + count * (shape.tables.len() as u64 + shape.sequence_count);
    let slots = known.lock_limit / known.locks_per_transaction.max(1);
    CatalogForecast {
        relations_per_store: relations,
        bytes: count * relations * CATALOG_BYTES_PER_RELATION,
        backend_bytes: count * shape.table_and_index_count() * BACKEND_BYTES_PER_RELATION,
        dump_locks,
        lock_limit: known.lock_limit,
        locks_per_transaction_needed: (dump_locks > known.lock_limit)
            .then(|| dump_locks.div_ceil(slots.max(1)).next_power_of_two()),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size that no disk has is cut to one")]
fn whole(value: f64) -> u64 {
    value.max(0.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known<'a>(stores: &'a [StoreSize], shape: &'a SchemaShape, measured: &'a [Measured]) -> Known<'a> {
        Known {
            stores,
            shape,
            measured,
            load: LoadRate { seconds_per_byte: Some(1e-7), largest_table_bytes: 50_000_000 },
            switches: true,
            lockable: 100,
            lock_limit: 6400,
            locks_per_transaction: 64,
        }
    }

    fn stores(count: usize, bytes: f64) -> Vec<StoreSize> {
        vec![StoreSize { row_count: 10, bytes, disk_bytes: 2.0 * bytes }; count]
    }

    fn near(value: Option<f64>, expected: f64) {
        assert!(value.is_some_and(|value| (value / expected - 1.0).abs() < 0.05), "{value:?}, not {expected}");
    }

    fn moved(store_count: u64, bytes: u64, seconds: f64, switch: f64) -> Measured {
        let steps = [("switch".to_owned(), switch), ("verify".to_owned(), 0.2)].into();
        Measured {
            store_count,
            bytes,
            seconds,
            jobs: 4,
            wal_bytes: Some(store_count * 1_000_000),
            steps,
            ..Measured::default()
        }
    }

    #[test]
    fn nothing_measured_is_no_time_but_all_the_rest() {
        let shape = SchemaShape::of_names(["table a", "index i on a", "sequence s"].into_iter());
        let stores = stores(1000, 100.0);
        let forecast = forecast(&known(&stores, &shape, &[]));
        assert_eq!((forecast.seconds, forecast.wal_bytes), (None, None));
        assert_eq!((forecast.row_count, forecast.bytes, forecast.disk_bytes), (10_000, 100_000, 200_000));
        assert_eq!((forecast.catalog.dump_locks, forecast.catalog.locks_per_transaction_needed), (2100, None));
        assert_eq!(forecast.rates.from, MeasuredBy::Nothing);
    }

    #[test]
    fn small_and_large_stores_are_reckoned_apart() {
        let shape = SchemaShape::default();
        let measured = [moved(20, 20_000, 12.0, 2.0)];
        near(forecast(&known(&stores(80, 1000.0), &shape, &measured)).seconds, 48.0);
        // 2 GB at 2.5 times a tenth of a microsecond per byte, beside two stores.
        near(forecast(&known(&stores(2, 1e9), &shape, &measured)).seconds, 501.2);
    }

    #[test]
    fn a_rehearsal_tells_of_the_move_without_its_last_step_and_with_a_switch() {
        let steps = [("verify".to_owned(), 0.2), ("abandon".to_owned(), 0.5)].into();
        let rehearsal =
            Measured { store_count: 1, seconds: 2.0, jobs: 4, rehearsal: true, steps, ..Measured::default() };
        let one = forecast(&known(&stores(1, 1.0), &SchemaShape::default(), std::slice::from_ref(&rehearsal)));
        near(one.seconds, 1.5 + 0.2 * SWITCH_PER_VERIFY);
        assert_eq!(one.rates.from, MeasuredBy::Rehearsals);
        let many = forecast(&known(&stores(10, 1.0), &SchemaShape::default(), std::slice::from_ref(&rehearsal)));
        near(many.seconds, 10.0 * (1.5 + 0.2 * SWITCH_PER_VERIFY) / GAIN);
        // A run that moved stores is better.
        let both = [rehearsal, moved(2, 0, 3.0, 1.0)];
        let better = forecast(&known(&stores(10, 1.0), &SchemaShape::default(), &both));
        near(better.seconds, 15.0);
        assert_eq!(better.rates.from, MeasuredBy::Moves);
    }

    #[test]
    fn bytes_gain_from_many_at_once_unless_one_store_has_several_connections_at_work() {
        let rehearsal = Measured {
            store_count: 1,
            bytes: 10_000_000,
            seconds: 3.0,
            wal_bytes: Some(15_000_000),
            rehearsal: true,
            ..Measured::default()
        };
        let (shape, stores) = (SchemaShape::default(), stores(9, 10_000_000.0));
        let mut known = known(&stores, &shape, std::slice::from_ref(&rehearsal));
        known.switches = false;
        // A quarter of a microsecond per byte is 2.5 s of the 3, and more than the bytes may account for: 2.4.
        let many = forecast(&known);
        near(many.seconds, 9.0 * 0.6 / GAIN + 9.0 * 2.4 / GAIN_OF_BYTES);
        near(many.wal_bytes.map(|bytes| bytes as f64), 9.0 * 15e6);
        known.load.largest_table_bytes = 300_000_000;
        near(forecast(&known).seconds, 9.0 * 0.6 / GAIN + 9.0 * 2.4);
    }

    #[test]
    fn a_dump_that_would_want_more_locks_says_how_many() {
        let shape = SchemaShape::of_names(["table a", "table b", "sequence s"].into_iter());
        let stores = stores(3000, 1.0);
        let catalog = forecast(&known(&stores, &shape, &[])).catalog;
        assert_eq!((catalog.dump_locks, catalog.locks_per_transaction_needed), (9100, Some(128)));
    }
}
