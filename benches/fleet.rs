//! Many stores: `tenantctl migrate --all` against a shell loop of `psql`, with and without proof.
//!
//! `cargo bench --bench fleet -- --stores 90 --rows 120000 --rounds 5 [--no-index]`. The loop does for each store what the
//! template says: tables, `INSERT … SELECT`, keys and indexes, counts; in one `psql` a store.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a bench may panic, and prints")]

mod ground;

use ground::{AFTER, FIRST_STORE, Ground, Race, SHOP, flag, has, tell, time};
use serde_json::json;

fn main() {
    let (stores, rows, rounds) = (flag("--stores", 90), flag("--rows", 120_000), flag("--rounds", 5));
    let indexed = !has("--no-index");
    let ground = Ground::start();
    ground.fill(stores, rows, indexed);
    let of_store = |sql: &str| sql.replace("{{schema}}", "store_:store");
    let (before, after) = SHOP.template.split_once(AFTER).unwrap();
    let (mut inserts, mut counts, mut proofs) = (String::new(), String::new(), String::new());
    for (table, rows) in SHOP.tables {
        let theirs = format!("select * from public.{table} where {rows}");
        let ours = format!("table store_:store.{table}");
        inserts.push_str(&format!("insert into store_:store.{table} {theirs};\n"));
        counts.push_str(&format!(
            "select (select count(*) from ({theirs}) t) = (select count(*) from store_:store.{table});\n"
        ));
        proofs.push_str(&format!(
            "select count(*) from (({theirs} except all {ours}) union all ({ours} except all {theirs})) as differing;\n"
        ));
    }
    let by_hand = format!("create schema store_:store;\n{}{inserts}{}{counts}", of_store(before), of_store(after));
    ground.write("by_hand.sql", &by_hand);
    ground.write("proven.sql", &format!("{by_hand}{proofs}"));
    let last = u64::from(FIRST_STORE) + stores - 1;
    let by_loop = |file: &str| {
        let each = format!("psql -qX -v ON_ERROR_STOP=1 -v store=$store -f {file} > /dev/null");
        time(&mut ground.shell(&format!("for store in $(seq {FIRST_STORE} {last}); do {each}; done")))
    };
    let (plain, proven) = (|| by_loop("by_hand.sql"), || by_loop("proven.sql"));
    let whole = || time(&mut ground.tenantctl(&["migrate", "--all", "--yes", "--progress", "none"]));
    let race = Race::run(
        &ground,
        rounds,
        &[("loop of psql", &plain), ("loop of psql + EXCEPT ALL", &proven), ("tenantctl migrate --all", &whole)],
    );
    let mut results = race.as_json(&[
        ("tenantctl migrate --all", "loop of psql"),
        ("tenantctl migrate --all", "loop of psql + EXCEPT ALL"),
    ]);
    results["stores"] = json!(stores);
    results["rows"] = json!(rows);
    results["index_on_owner_paths"] = json!(indexed);
    tell("fleet", &ground, results);
}
