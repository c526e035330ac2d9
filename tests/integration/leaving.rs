//! A store that leaves: `drop` takes exactly what was made for it.

use crate::app::three_stores;
use crate::faces::{holds, schema, validator};
use crate::town::Town;

fn with_roles() -> Town {
    let town = three_stores();
    let config = town.read("tenantctl.toml");
    town.write("tenantctl.toml", &format!("{config}\n[role]\nname = \"{{database}} {{schema}}\"\nlogin = true\n"));
    town
}

#[test]
fn a_store_that_leaves_takes_its_schema_and_its_role_and_nothing_else() {
    let town = with_roles();
    town.run(&["create", "--store", "5"]).exits(0);
    town.run(&["migrate", "--store", "3,4", "--yes"]).exits(0);
    let roles = format!("select count(*) from pg_roles where rolname like '{} %'", town.database);
    assert_eq!(town.value(&roles), "3");

    // Not before it is switched, not while the registry routes it there, and not unasked.
    town.refuses(&["drop", "--store", "5", "--yes"], 2, &["not switched", "tenantctl abandon --store 5"]);
    town.refuses(&["drop", "--store", "4", "--yes"], 2, &["the registry", "--still-routed"]);
    town.refuses(&["drop", "--store", "4", "--still-routed"], 2, &["drop schema store_4", "--yes"]);

    // What is not ours stays, and so does what hangs on it from outside.
    town.sql("create table store_4.memories (id int)");
    town.refuses(&["drop", "--store", "4", "--still-routed", "--yes"], 2, &["memories"]);
    town.sql("drop table store_4.memories; create view public.watcher as select count(*) as n from store_4.orders");
    town.refuses(&["drop", "--store", "4", "--still-routed", "--yes"], 2, &["watcher", "never cascades"]);
    town.sql("drop view public.watcher");

    // Killed before its COMMIT nothing is gone; the same command again does it.
    let shared = town.fingerprint("public");
    let words = ["drop", "--store", "4", "--still-routed", "--yes", "-f", "json"];
    town.paused("in_abandon", &words).kill();
    assert!(town.has_schema("store_4"));
    assert_eq!(town.stage("4"), "switched");
    let report = town.run(&words).exits(0).json();
    holds(&validator(&schema("report")), &report);
    assert_eq!(report["stores"][0]["findings"][0]["code"], "dropped");
    assert!(!town.has_schema("store_4") && town.has_schema("store_3") && town.has_schema("store_5"));
    assert_eq!((town.value(&roles).as_str(), town.fingerprint("public")), ("2", shared));
    let kinds = "select string_agg(kind, ' ' order by id) from tenantctl.event where move_id = \
                 (select max(id) from tenantctl.move where store_key = '4')";
    assert!(town.value(kinds).ends_with("dropped abandoned"), "{}", town.value(kinds));
    town.run(&["drop", "--store", "4", "--yes"]).exits(2).says("has no move in the journal");

    // The journal is free for a new move, with the rows that never left.
    town.sql("update stores set schema_name = null where id = 4");
    town.run(&["migrate", "--store", "4", "--yes"]).exits(0);
    town.three_tables_moved(4, "store_4");

    // A row that `[registry] where` does not take routes nobody.
    town.sql("update stores set is_active = false where id = 3");
    town.run(&["drop", "--store", "3", "--yes", "--lang", "es"]).exits(0).says("se eliminó");
    assert!(!town.has_schema("store_3"));
}
