//! One big store: `tenantctl` against what a user would do by hand, with and without proof.
//!
//! `cargo bench --bench one_table -- --rows 1000000 --rounds 5`. All rows are in one table of about 200 bytes a row with a
//! jsonb column, a key and two indexes. The pipe only copies it: beside that stands what `tenantctl` itself reports for its
//! load.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a bench may panic, and prints")]

mod ground;

use std::cell::RefCell;
use std::time::Duration;

use ground::{AFTER, Ground, ONE_TABLE, Race, Taken, flag, tell, time};
use serde_json::{Value, json};

fn main() {
    let (rows, rounds) = (flag("--rows", 1_000_000), flag("--rounds", 5));
    let ground = Ground::of(&ONE_TABLE);
    ground.fill(1, rows, true);
    let (before, after) = ONE_TABLE.template.split_once(AFTER).unwrap();
    let of_store = |sql: &str| sql.replace("{{schema}}", "store_1");
    let inserts: String = ONE_TABLE
        .tables
        .iter()
        .map(|(table, rows)| format!("insert into store_1.{table} select * from public.{table} where {rows};\n"))
        .collect();
    let by_hand = format!("create schema store_1;\n{}{inserts}{}analyze;\n", of_store(before), of_store(after));
    let proof: String = ONE_TABLE
        .tables
        .iter()
        .map(|(table, rows)| {
            let (theirs, ours) = (format!("select * from public.{table} where {rows}"), format!("table store_1.{table}"));
            format!(
                "select count(*) from (({theirs} except all {ours}) union all ({ours} except all {theirs})) as differing;\n"
            )
        })
        .collect();
    ground.write("by_hand.sql", &by_hand);
    ground.write("proven.sql", &format!("{by_hand}{proof}"));
    ground.write("pipe.sql", &format!("create schema store_1;\n{}", of_store(before)));
    let pipe = "psql -qX -f pipe.sql
        psql -qXc \"copy (select * from public.messages where store_id = 1) to stdout (format binary)\" |
        psql -qXc \"copy store_1.messages from stdin (format binary)\"";
    let by_psql = |file: &str| time(&mut ground.shell(&format!("psql -qX -v ON_ERROR_STOP=1 -v store=1 -f {file}")));
    let loads = RefCell::new(Vec::new());
    let whole = || {
        let log = tempfile::NamedTempFile::new().unwrap();
        let taken = time(&mut ground.tenantctl(&[
            "migrate",
            "--store",
            "1",
            "--yes",
            "--progress",
            "none",
            "-o",
            &format!("{}.json", log.path().display()),
        ]));
        let report = std::fs::read_to_string(format!("{}.json", log.path().display())).unwrap();
        let report: Value = serde_json::from_str(&report).unwrap();
        let tables = report["stores"][0]["tables"].as_array().unwrap();
        let messages = tables.iter().find(|table| table["table"] == "messages").unwrap();
        loads.borrow_mut().push(messages["seconds"].as_f64().unwrap_or_default());
        taken
    };
    let mut contestants: Vec<(&'static str, &dyn Fn() -> Taken)> = Vec::new();
    let pipe_of_psql = || time(&mut ground.shell(pipe));
    let (plain, proven) = (|| by_psql("by_hand.sql"), || by_psql("proven.sql"));
    contestants.push(("psql COPY | psql COPY", &pipe_of_psql));
    contestants.push(("INSERT … SELECT", &plain));
    contestants.push(("INSERT … SELECT + EXCEPT ALL", &proven));
    contestants.push(("tenantctl migrate", &whole));
    let race = Race::run(&ground, rounds, &contestants);
    let mut loads = loads.into_inner();
    loads.sort_by(f64::total_cmp);
    let load = loads[loads.len() / 2];
    let empty = time(ground.psql().args(["-qXc", "select 1"])).time;
    let mut results = race
        .as_json(&[("tenantctl migrate", "INSERT … SELECT"), ("tenantctl migrate", "INSERT … SELECT + EXCEPT ALL")]);
    let pipe = Duration::from_secs_f64(race.median("psql COPY | psql COPY")).saturating_sub(empty);
    results["copy_alone"] = json!({
        "tenantctl_load_seconds": load,
        "pipe_seconds_without_one_start": pipe.as_secs_f64(),
        "ratio": load / pipe.as_secs_f64(),
    });
    results["rows"] = json!(rows);
    if std::process::Command::new("pgcopydb").arg("--version").output().is_err() {
        results["pgcopydb"] = json!("not installed here, so not measured");
    }
    tell("one_table", &ground, results);
}
