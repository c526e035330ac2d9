//! The backup of one store's schema: `tenantctl backup` against `pg_dump -n -Fd` with the same jobs and level.
//!
//! `cargo bench --bench backup -- --rows 1000000 --rounds 3 --jobs 4 --level 3`. pg_dump knows zstd since 16; an older one
//! compresses by gzip, and beside it stands the same dump without compression whose files the `zstd` program then
//! compresses: the same bytes by the same algorithm. `tenantctl` also reads all of it back, which no other here does.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a bench may panic, and prints")]

mod ground;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use ground::{Ground, Taken, flag, tell, time};
use serde_json::json;

fn main() {
    let (rows, rounds, jobs, level) =
        (flag("--rows", 1_000_000), flag("--rounds", 3), flag("--jobs", 4), flag("--level", 3));
    let ground = Ground::start();
    ground.fill(1, rows, true);
    time(&mut ground.tenantctl(&["migrate", "--store", "1", "--yes", "--progress", "none"]));
    ground.sql("vacuum analyze; checkpoint");
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("one");
    let place = place.to_str().unwrap();
    let (jobs, level) = (jobs.to_string(), level.to_string());
    let major: u32 = String::from_utf8(std::process::Command::new("pg_dump").arg("--version").output().unwrap().stdout)
        .unwrap()
        .split_whitespace()
        .find_map(|word| word.split('.').next()?.parse().ok())
        .unwrap();
    let dump = |how: &str| format!("pg_dump -n store_1 -Fd -j {jobs} {how} -f {place}");
    let zstd = format!("{}; ls {place}/*.dat | xargs -P {jobs} -n 1 zstd -q --rm -{level}", dump("-Z 0"));
    let mut by_others: Vec<(&str, String)> = vec![
        ("pg_dump gzip", dump(&format!("-Z {level}"))),
        ("pg_dump plain", dump("-Z 0")),
        ("pg_dump plain, zstd", zstd),
    ];
    if major >= 16 {
        by_others.push(("pg_dump zstd", dump(&format!("-Z zstd:{level}"))));
    }
    let sizes = RefCell::new(BTreeMap::<&str, u64>::new());
    let mut taken = BTreeMap::<&str, Vec<Taken>>::new();
    let clear = || {
        let _none = std::fs::remove_dir_all(place);
        let _none = std::fs::remove_file(format!("{place}.tar.zst"));
    };
    for round in 1..=rounds {
        let told = |name: &'static str, it: Taken| {
            eprintln!("round {round} of {rounds}: {name} {:.2} s, {} KiB", it.time.as_secs_f64(), it.peak_kib);
            let bytes = bytes_of(Path::new(place)) + bytes_of(Path::new(&format!("{place}.tar.zst")));
            sizes.borrow_mut().insert(name, bytes);
            clear();
            it
        };
        for (name, script) in &by_others {
            clear();
            let it = time(&mut ground.shell(script));
            taken.entry(name).or_default().push(told(name, it));
        }
        for (name, to) in [("tenantctl folder", place.to_owned()), ("tenantctl tar.zst", format!("{place}.tar.zst"))] {
            let words = ["backup", "--store", "1", "--to", &to, "--jobs", &jobs, "--progress", "none"];
            let it = time(ground.tenantctl(&words).env("TENANTCTL_BACKUP_LEVEL", &level));
            taken.entry(name).or_default().push(told(name, it));
        }
    }
    let median = |name: &str| {
        let mut times: Vec<f64> = taken[name].iter().map(|it| it.time.as_secs_f64()).collect();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let sizes = sizes.into_inner();
    let all: BTreeMap<&str, _> = taken
        .iter()
        .map(|(name, all)| {
            let seconds: Vec<f64> = all.iter().map(|it| it.time.as_secs_f64()).collect();
            let peak = all.iter().map(|it| it.peak_kib).max();
            (*name, json!({"seconds": seconds, "median": median(name), "bytes": sizes[name], "peak_kib": peak}))
        })
        .collect();
    let ratios: BTreeMap<String, f64> = by_others
        .iter()
        .map(|(name, _)| (format!("tenantctl folder / {name}"), median("tenantctl folder") / median(name)))
        .collect();
    let results = json!({"rows": rows, "jobs": jobs, "level": level, "pg_dump": major, "times": all, "ratios": ratios});
    tell("backup", &ground, results);
}

fn bytes_of(path: &Path) -> u64 {
    if path.is_dir() {
        return std::fs::read_dir(path).unwrap().map(|entry| bytes_of(&entry.unwrap().path())).sum();
    }
    path.metadata().map(|of| of.len()).unwrap_or_default()
}
