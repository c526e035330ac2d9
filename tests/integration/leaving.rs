//! A store that leaves: `drop` takes exactly what was made for it, `archive` keeps it in a folder that plain `psql` loads.

use std::process::Command;

use crate::app::three_stores;
use crate::faces::{holds, schema, validator};
use crate::running::Person;
use crate::town::{Town, sql_at};

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
    town.run(&["drop", "--store", "3", "--yes", "--lang", "es"])
        .exits(0)
        .says("la tienda salió: su esquema se eliminó")
        .says("se eliminó el esquema store_3");
    assert!(!town.has_schema("store_3"));
}

/// Every row of every table of the schema, and where its sequences stand.
fn rows_of(url: &str, schema: &str) -> Vec<String> {
    let tables = ["customers", "orders", "lines"].map(|table| {
        format!("select coalesce(string_agg(t::text, ' | ' order by t::text), '') from {schema}.{table} t")
    });
    let sequences = format!(
        "select string_agg(sequencename || ' ' || last_value, ' | ' order by sequencename) from pg_sequences where schemaname = '{schema}'"
    );
    tables.iter().chain([&sequences]).map(|sql| sql_at(url, sql)[0][0].clone().unwrap_or_default()).collect()
}

#[test]
fn an_archive_is_loaded_by_plain_psql_with_every_row_and_only_then_the_schema_goes() {
    let town = with_roles();
    town.run(&["migrate", "--store", "4", "--yes"]).exits(0);
    town.sql(
        r"insert into store_4.customers (store_id, name, email) values (4, E'tab\t nl\n back\\ \\. ñandú', null), (4, '\N', '');
          update stores set is_active = false where id = 4",
    );
    let leftovers = || {
        std::fs::read_dir(town.folder.path()).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir()).count()
    };
    let before = leftovers();

    // Fetched servers come without a `pg_dump`; then there is no archive, and nothing is dropped.
    let asked = town.run(&["archive", "--store", "4", "--to", "kept"]).exits(2);
    if asked.stderr.contains("no pg_dump of PostgreSQL") {
        assert!(std::env::var_os("TENANTCTL_PG_BIN").is_some(), "install the server's own client: {}", asked.stderr);
        town.refuses(&["archive", "--store", "4", "--to", "kept", "--yes"], 2, &["no pg_dump of PostgreSQL"]);
        assert!(town.has_schema("store_4") && leftovers() == before);
        return;
    }
    town.refuses(&["archive", "--store", "4", "--to", "kept"], 2, &["--yes"]);
    town.refuses(&["archive", "--store", "4", "--to", "nowhere/kept", "--yes"], 2, &["there is no folder"]);
    town.refuses(&["archive", "--store", "4", "--to", ".", "--yes"], 2, &["is there already"]);

    // What does not load is no archive, and then nothing is dropped.
    town.sql("comment on constraint orders_currency_fkey on store_4.orders is 'of a key that is left out'");
    town.run(&["archive", "--store", "4", "--to", "kept", "--yes"]).exits(1).says("to prove it");
    assert!(town.has_schema("store_4") && leftovers() == before);
    town.sql("comment on constraint orders_currency_fkey on store_4.orders is null");

    // Somebody writes after the snapshot: the archive stands, and the schema too.
    let person = Person::at(&town.url());
    person.does("begin; update store_4.customers set name = 'late' where id = 2");
    let words = ["archive", "--store", "4", "--to", "early", "--yes", "--lock-timeout", "60s"];
    let running = town.start(&words);
    town.wait_for_lock_queue("store_4.customers");
    person.does("commit");
    running.end().exits(1).says("changed since the archive was written");
    assert!(town.has_schema("store_4") && town.folder.path().join("early/load.sql").exists());
    town.sql(
        "alter table store_4.orders add constraint orders_currency_fkey foreign key (currency) references currencies",
    );
    let before = before + 1;

    let rows = rows_of(&town.url(), "store_4");
    let report = town.run(&["archive", "--store", "4", "--to", "kept", "--yes", "-f", "json"]).exits(0).json();
    holds(&validator(&schema("report")), &report);
    assert!(!town.has_schema("store_4") && leftovers() == before + 1);

    let contents: serde_json::Value = serde_json::from_str(&town.read("kept/contents.json")).unwrap();
    let counts: u64 =
        contents["tables"].as_array().unwrap().iter().map(|table| table["row_count"].as_u64().unwrap()).sum();
    assert_eq!((counts, &contents["outer_key_count"]), (6 + 12 + 36 + 2, &1.into()), "{contents}");
    assert!(town.read("kept/outer_keys.sql").contains("REFERENCES public.currencies"));
    assert!(report["stores"][0]["findings"][0]["message"].as_str().unwrap().starts_with("3 tables with 56 rows"));

    let other = format!("{}_elsewhere", town.database);
    town.sql(&format!("create database {other}"));
    let url = town.url().replace(&format!("/{}", town.database), &format!("/{other}"));
    let mut psql = Command::new("psql");
    psql.args(["-X", "-q", "-d", &url, "-f", "load.sql"]).current_dir(town.folder.path().join("kept"));
    let loaded = psql.output().unwrap();
    assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
    assert_eq!(rows_of(&url, "store_4"), rows);
    let keys =
        "select count(*) from pg_constraint where connamespace = 'store_4'::regnamespace and contype in ('p', 'f')";
    assert_eq!(sql_at(&url, keys)[0][0].as_deref(), Some("6"), "three primary keys, three foreign keys inside");
}
