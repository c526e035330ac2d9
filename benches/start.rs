//! How long the program takes to start, and `status` with many stores in the journal.
//!
//! `cargo bench --bench start -- --stores 1000 --rounds 20`. The journal is filled by planning and creating three stores
//! and repeating their rows.

#![allow(clippy::unwrap_used, reason = "a bench may panic")]

mod ground;

use ground::{Ground, Taken, flag, tell, time};
use serde_json::json;

fn main() {
    let (stores, rounds) = (flag("--stores", 1_000), flag("--rounds", 20));
    let ground = Ground::start();
    ground.fill(stores, 8 * stores, true);
    time(&mut ground.tenantctl(&["create", "--store", "1,2,3", "--yes", "--progress", "none"]));
    let columns = ground.sql(
        "select string_agg(quote_ident(attname), ', ') from pg_attribute
         where attrelid = 'tenantctl.move'::regclass and attnum > 0 and not attisdropped
           and attname not in ('id', 'store_key', 'store_schema')",
    );
    let columns = columns.trim();
    ground.sql(&format!(
        "insert into tenantctl.move (store_key, store_schema, {columns})
         select key::text, 'store_' || key, {columns} from tenantctl.move, generate_series(4, {stores}) key
         where store_key = '1'"
    ));
    let median = |args: &[&str]| {
        let mut taken: Vec<Taken> = (0..rounds).map(|_| time(&mut ground.tenantctl(args))).collect();
        taken.sort_by_key(|taken| taken.time);
        let middle = taken[taken.len() / 2];
        json!({ "seconds": middle.time.as_secs_f64(), "peak_kib": taken.iter().map(|taken| taken.peak_kib).max() })
    };
    let results = json!({
        "tenantctl --version": median(&["--version"]),
        "tenantctl status": median(&["status"]),
        "tenantctl stores": median(&["stores"]),
        "stores": stores,
    });
    tell("start", &ground, results);
}
