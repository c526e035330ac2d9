//! How time, memory, log and processor time grow with stores and with rows.
//!
//! `cargo bench --bench growth -- --most-stores 1000 --most-rows 10000000`. Stores grow over few rows, rows over one store.
//! Each size is run once: the sizes are a factor of ten apart.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a bench may panic, and prints")]

mod ground;

use std::fs;

use ground::{Ground, flag, tell, time};
use serde_json::{Value, json};

fn main() {
    let (most_stores, most_rows) = (flag("--most-stores", 1_000), flag("--most-rows", 10_000_000));
    let mut sizes: Vec<(u64, u64)> = [10, 90, 1_000].map(|stores| (stores, 120_000)).into();
    sizes.extend([100_000, 1_000_000, 10_000_000].map(|rows| (1, rows)));
    sizes.retain(|(stores, rows)| *stores <= most_stores && *rows <= most_rows);
    let mut results = Vec::new();
    let mut about = None;
    for (stores, rows) in sizes {
        let ground = Ground::start();
        ground.fill(stores, rows, true);
        ground.reset();
        let (log, processor) = (log_position(&ground), processor_time(&ground));
        let taken = time(&mut ground.tenantctl(&["migrate", "--all", "--yes", "--progress", "none"]));
        eprintln!("{stores} stores, {rows} rows: {:.2} s", taken.time.as_secs_f64());
        results.push(json!({
            "stores": stores,
            "rows": rows,
            "seconds": taken.time.as_secs_f64(),
            "peak_kib": taken.peak_kib,
            "wal_bytes": log_position(&ground) - log,
            "server_processor_seconds": processor_time(&ground) - processor,
        }));
        about = Some(ground);
    }
    tell("growth", &about.expect("a size"), Value::from(results));
}

fn log_position(ground: &Ground) -> u64 {
    ground.sql("select (pg_current_wal_lsn() - '0/0')::int8").trim().parse().unwrap()
}

/// What the postmaster's children took that have ended, and those that live; in seconds.
fn processor_time(ground: &Ground) -> f64 {
    let ticks = |pid: &str, fields: &[usize]| -> u64 {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after_name: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        fields.iter().filter_map(|field| after_name.get(field - 3)?.parse::<u64>().ok()).sum()
    };
    let folder = ground.sql("show data_directory");
    let pid_file = fs::read_to_string(format!("{}/postmaster.pid", folder.trim())).unwrap_or_default();
    let postmaster = pid_file.lines().next().unwrap_or_default().to_owned();
    // utime, stime, cutime, cstime of the postmaster; utime and stime of its children (proc(5)).
    let mut sum = ticks(&postmaster, &[14, 15, 16, 17]);
    let children = fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children")).unwrap_or_default();
    sum += children.split_whitespace().map(|child| ticks(child, &[14, 15])).sum::<u64>();
    sum as f64 / 100.0 // USER_HZ is 100 on Linux
}
