//! The metrics of a store by name, as Prometheus, dashboards and alert rules write them.

use super::{FleetMetrics, Moment, StoreMetrics, Verdict};

/// What a metric is to Prometheus.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// May rise and fall.
    Gauge,
    /// Only rises, until the server's statistics are reset.
    Counter,
}

impl Kind {
    /// Prometheus' word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
        }
    }
}

/// What a value counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// A span of time.
    Seconds,
    /// Seconds since 1970.
    Timestamp,
    /// A share between 0 and 1.
    Ratio,
    /// 0 or 1.
    Flag,
    /// A number of things.
    Count,
}

/// A metric.
pub struct Metric {
    /// `tenantctl_store_bytes`.
    pub name: &'static str,
    /// One line.
    pub help: &'static str,
    /// What it is to Prometheus.
    pub kind: Kind,
    /// What it counts.
    pub unit: Unit,
    /// Whether Prometheus gets it. Ages are for rules only: Prometheus reckons them from the timestamps.
    pub exported: bool,
    /// The value for a store at a moment; none where it is unknown.
    pub of: fn(&StoreMetrics, Moment) -> Option<f64>,
}

/// The metric of this name, with or without `tenantctl_store_` before it.
#[must_use]
pub fn find(name: &str) -> Option<&'static Metric> {
    let bare = name.strip_prefix(PREFIX).unwrap_or(name);
    NAMES.iter().find(|metric| metric.name.strip_prefix(PREFIX) == Some(bare))
}

const PREFIX: &str = "tenantctl_store_";

fn count(value: Option<u64>) -> Option<f64> {
    value.map(|value| value as f64)
}

fn timestamp(at: Option<Moment>) -> Option<f64> {
    at.map(|at| at.0 as f64)
}

fn age(at: Option<Moment>, now: Moment) -> Option<f64> {
    at.map(|at| at.until(now).max(0.0))
}

macro_rules! metrics {
    ($($name:literal $kind:ident $unit:ident $exported:literal $help:literal $of:expr;)*) => {
        &[$(Metric {
            name: concat!("tenantctl_store_", $name),
            help: $help,
            kind: Kind::$kind,
            unit: Unit::$unit,
            exported: $exported,
            of: $of,
        },)*]
    };
}

/// All metrics of a store.
#[rustfmt::skip]
pub const NAMES: &[Metric] = metrics! {
    "switched" Gauge Flag true "1 where the application is routed to the store's own schema" |s, _| Some(f64::from(u8::from(s.switched)));
    "stage_timestamp_seconds" Gauge Timestamp true "When the store came to its stage" |s, _| timestamp(s.stage_since);
    "proven" Gauge Flag true "1 where every table was last seen equal row by row, 0 where one differs or a check failed" |s, _| match s.verdict? {
        Verdict::Proven => Some(1.0),
        Verdict::Differs => Some(0.0),
        Verdict::NotVerified => None,
    };
    "proven_timestamp_seconds" Gauge Timestamp true "When its rows were last compared" |s, _| timestamp(s.verified_at);
    "proven_age_seconds" Gauge Seconds false "How long ago its rows were last compared" |s, now| age(s.verified_at, now);
    "tables" Gauge Count true "Tables of its schema" |s, _| count(s.table_count);
    "rows" Gauge Count true "Rows of its schema, by the server's estimate unless they were counted" |s, _| count(s.rows);
    "dead_rows" Gauge Count true "Row versions that vacuum has yet to remove, by the server's estimate" |s, _| count(s.dead_rows);
    "dead_row_ratio" Gauge Ratio true "Share of row versions that are dead" |s, _| s.dead_row_ratio();
    "bytes" Gauge Bytes true "Bytes of its schema: tables, indexes and TOAST" |s, _| count(s.bytes);
    "heap_bytes" Gauge Bytes true "Bytes of its tables" |s, _| count(s.heap_bytes);
    "index_bytes" Gauge Bytes true "Bytes of its indexes" |s, _| count(s.index_bytes);
    "toast_bytes" Gauge Bytes true "Bytes of its values that are stored out of line" |s, _| count(s.toast_bytes);
    "growth_rows_per_day" Gauge Count true "Rows that it grew by a day, since an earlier reading or its move" |s, _| s.growth.as_ref().map(|growth| growth.rows_per_day);
    "growth_bytes_per_day" Gauge Bytes true "Bytes that it grew by a day, since an earlier reading" |s, _| s.growth.as_ref()?.bytes_per_day;
    "rows_written_total" Counter Count true "Rows inserted, updated and deleted since the server counts" |s, _| count(s.rows_written);
    "last_write_timestamp_seconds" Gauge Timestamp true "The reading that last saw rows written since the one before it" |s, _| timestamp(s.last_write);
    "last_write_age_seconds" Gauge Seconds false "How long ago a reading last saw rows written" |s, now| age(s.last_write, now);
    "last_vacuum_timestamp_seconds" Gauge Timestamp true "The newest vacuum of any of its tables" |s, _| timestamp(s.last_vacuum);
    "last_vacuum_age_seconds" Gauge Seconds false "How long ago a table of it was last vacuumed" |s, now| age(s.last_vacuum, now);
    "last_analyze_timestamp_seconds" Gauge Timestamp true "The newest analyze of any of its tables" |s, _| timestamp(s.last_analyze);
    "last_analyze_age_seconds" Gauge Seconds false "How long ago a table of it was last analyzed" |s, now| age(s.last_analyze, now);
    "blocks_hit_total" Counter Count true "Blocks found in the server's cache" |s, _| count(s.blocks_hit);
    "blocks_read_total" Counter Count true "Blocks that were not in the server's cache" |s, _| count(s.blocks_read);
    "cache_hit_ratio" Gauge Ratio true "Share of blocks found in the server's cache, since the server counts" |s, _| s.cache_hit_ratio();
    "index_scans_total" Counter Count true "Scans over an index" |s, _| count(s.index_scans);
    "sequential_scans_total" Counter Count true "Scans of whole tables" |s, _| count(s.sequential_scans);
    "index_use_ratio" Gauge Ratio true "Share of scans that went over an index, since the server counts" |s, _| s.index_use_ratio();
    "sequence_left_ratio" Gauge Ratio true "Share of values left of the sequence that has the fewest" |s, _| s.sequence.as_ref().map(|room| room.left_ratio);
    "connections" Gauge Count true "Connections of its role" |s, _| count(s.connections);
    "active_connections" Gauge Count true "Connections of its role that run a statement" |s, _| count(s.active_connections);
    "transaction_seconds" Gauge Seconds true "The oldest open transaction of its role" |s, _| s.transaction_seconds;
    "query_seconds_total" Counter Seconds true "Time in statements of its role, by pg_stat_statements" |s, _| s.query_seconds;
    "queries_total" Counter Count true "Statements of its role, by pg_stat_statements" |s, _| count(s.query_calls);
    "lock_waits" Gauge Count true "Sessions that wait for a lock, on its tables or as its role" |s, _| count(s.lock_waits);
    "lock_wait_seconds" Gauge Seconds true "The longest of these waits" |s, _| s.lock_wait_seconds;
    "backup_timestamp_seconds" Gauge Timestamp true "Its newest backup that was proven" |s, _| timestamp(s.backup.as_ref().map(|backup| backup.at));
    "backup_age_seconds" Gauge Seconds false "How old its newest proven backup is" |s, now| age(s.backup.as_ref().map(|backup| backup.at), now);
    "backup_bytes" Gauge Bytes true "Bytes of its newest backup that was proven" |s, _| count(s.backup.as_ref()?.bytes);
    "alerts" Gauge Count true "Alerts of it that fire" |s, _| count(Some(s.alerts.len() as u64));
};

/// A metric of all stores together, a gauge.
pub struct FleetMetric {
    /// `tenantctl_asked_seconds`.
    pub name: &'static str,
    /// One line.
    pub help: &'static str,
    /// The value; none where it is unknown.
    pub of: fn(&FleetMetrics) -> Option<f64>,
}

/// The metrics of all stores together.
pub const FLEET: &[FleetMetric] = &[
    FleetMetric {
        name: "tenantctl_asked_timestamp_seconds",
        help: "When the server was asked, by its own clock",
        of: |fleet| Some(fleet.taken_at.0 as f64),
    },
    FleetMetric {
        name: "tenantctl_asked_seconds",
        help: "How long the questions took",
        of: |fleet| Some(fleet.seconds),
    },
    FleetMetric {
        name: "tenantctl_counted_since_timestamp_seconds",
        help: "When the server's statistics were last reset",
        of: |fleet| timestamp(fleet.counted_since),
    },
    FleetMetric {
        name: "tenantctl_sizes_are_estimates",
        help: "1 where sizes are those of the last vacuum, analyze or index build",
        of: |fleet| Some(f64::from(u8::from(fleet.sizes_are_estimates))),
    },
];

/// Names and help of the metrics that have labels of their own.
pub const LABELLED: &[(&str, &str)] = &[
    ("tenantctl_stores", "Stores by stage"),
    ("tenantctl_store_info", "1; what is known of the store as labels"),
    ("tenantctl_store_alert_firing", "1 for each alert that fires"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_their_unit() {
        for metric in NAMES {
            let name = metric.name;
            assert_eq!(name.ends_with("_total"), metric.kind == Kind::Counter, "{name}");
            assert_eq!(name.contains("bytes"), metric.unit == Unit::Bytes, "{name}");
            assert_eq!(name.ends_with("_ratio"), metric.unit == Unit::Ratio, "{name}");
            assert_eq!(name.ends_with("_timestamp_seconds"), metric.unit == Unit::Timestamp, "{name}");
            assert_eq!(NAMES.iter().filter(|other| other.name == name).count(), 1, "{name}");
            assert!(!metric.help.contains(['\n', '\\']), "{name}");
        }
        assert_eq!(find("bytes").map(|metric| metric.name), Some("tenantctl_store_bytes"));
        assert_eq!(find("tenantctl_store_bytes").map(|metric| metric.name), Some("tenantctl_store_bytes"));
        assert!(find("tenantctl_bytes").is_none());
    }

    #[test]
    fn ages_grow_and_the_unknown_stays_unknown() {
        let store = StoreMetrics { last_vacuum: Some(Moment(100)), ..StoreMetrics::default() };
        let of = |name: &str, now: i64| (find(name).unwrap().of)(&store, Moment(now));
        assert_eq!(of("last_vacuum_age_seconds", 160), Some(60.0));
        assert_eq!(of("last_vacuum_timestamp_seconds", 160), Some(100.0));
        assert_eq!(of("last_vacuum_age_seconds", 90), Some(0.0));
        assert_eq!(of("backup_age_seconds", 160), None);
        assert_eq!(of("dead_row_ratio", 160), None);
        assert_eq!(of("alerts", 160), Some(0.0));
    }
}
