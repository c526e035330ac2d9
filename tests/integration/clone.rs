//! Stores that begin as a copy of another store's schema.

use crate::app::three_stores;
use crate::faces::{holds, schema, validator};
use crate::town::Town;

/// Store 4 works in its own schema, where it has gone on since; store 95 has a row in the registry.
fn with_a_source() -> Town {
    let town = three_stores();
    town.run(&["migrate", "--store", "4"]).exits(0);
    town.sql(
        "insert into stores (id, name) values (95, 'Ninety-five');
         insert into store_4.customers (name, email) values ('new', E'tab\there'), ('L''Été', null);
         insert into store_4.orders (customer_id, number) select id, 'later' from store_4.customers where name = 'new';
         insert into store_4.lines (order_id, what) select id, 'later' from store_4.orders where number = 'later';
         select setval('store_4.orders_id_seq', 900000);",
    );
    town
}

/// The rows of both stores, by SQL alone: the same but for the key.
#[track_caller]
fn are_the_same(town: &Town, key: &str) {
    for (table, columns) in [
        ("customers", format!("id, {key}, name, email, referred_by")),
        ("orders", format!("id, {key}, customer_id, number, total, currency")),
        ("lines", "id, order_id, what, quantity".to_owned()),
    ] {
        let theirs = columns.replace(key, "95");
        town.same_rows(
            &format!("select {theirs} from store_4.{table}"),
            &format!("select {columns} from store_95.{table}"),
        );
        assert_ne!(town.value(&format!("select count(*) from store_95.{table}")), "0");
    }
}

const CLONE: [&str; 5] = ["clone", "--store", "4", "--to", "95"];

#[test]
fn a_clone_has_the_rows_of_its_source_with_its_own_key() {
    let town = with_a_source();
    let (theirs, shared) = (town.fingerprint("store_4"), town.fingerprint("public"));
    let machine: Vec<&str> = CLONE.into_iter().chain(["-f", "json"]).collect();
    let made = town.run(&machine).exits(0).json();
    holds(&validator(&schema("report")), &made);
    let store = &made["stores"][0];
    assert_eq!((&made["command"], &store["stage"]), (&"clone".into(), &"switched".into()));
    assert_eq!((&store["schema"], &store["row_count"]), (&"store_95".into(), &(6 + 2 + 12 + 1 + 36 + 1).into()));
    let check = store["checks"].as_array().unwrap().iter().find(|of| of["check"] == "equals_its_source").unwrap();
    assert_eq!(check["verdict"], "pass");
    assert_eq!(check["detail"], "cloned from store 4: 3 of 3 tables equal, 58 rows");
    are_the_same(&town, "store_id");
    assert_eq!(town.fingerprint("store_4"), theirs);
    town.sql("update stores set schema_name = null, database_url = null where id = 95");
    assert_eq!(town.fingerprint("public"), shared, "of the shared schema, only the registry's row was written");
    town.sql("update stores set schema_name = 'store_95' where id = 95");

    // Its next ids meet nobody's: not the shared ones, not its source's, not its own.
    for table in ["customers", "orders", "lines"] {
        let next: i64 = town.value(&format!("select nextval('store_95.{table}_id_seq')")).parse().unwrap();
        for of in ["public", "store_4", "store_95"] {
            let most: i64 = town.value(&format!("select max(id) from {of}.{table}")).parse().unwrap();
            assert!(next > most, "{of}.{table}: {next}");
            let given = town.value(&format!("select last_value from {of}.{table}_id_seq")).parse::<i64>().unwrap();
            assert!(next >= given, "{of}.{table}_id_seq: {next}");
        }
    }
    // What the journal says is the report, in both languages.
    town.run(&["report", "--store", "95"])
        .exits(0)
        .says("equals its source")
        .says("proven: cloned from store 4: 3 of 3");
    let spanish = town.run(&["report", "--store", "95", "--lang", "es"]).exits(0);
    spanish.says("comprobada: clonada de la tienda 4: 3 de 3 tablas");
    let event = "select detail->>'from_store' from tenantctl.event where kind = 'cloned'";
    assert_eq!(town.value(event), "4");
    // Done, it is not done again; and it is a store like any other.
    town.run(&CLONE).exits(0);
    assert_eq!(town.value("select count(*) from tenantctl.event where kind = 'cloned'"), "1");
    town.run(&["verify", "--store", "95", "--live"]).exits(0);
}

#[test]
fn a_clone_that_was_killed_is_gone_on_with() {
    for moment in ["copy_done:orders", "commit_sent", "sequences_set", "verdict_written", "before_switch_commit"] {
        let town = with_a_source();
        let before = (town.fingerprint("store_4"), town.fingerprint("public"));
        town.paused(moment, &CLONE).kill();
        assert_eq!((town.fingerprint("store_4"), town.fingerprint("public")), before, "{moment}");
        if moment == "copy_done:orders" {
            town.all_sessions_end();
            assert_eq!(town.value("select count(*) from store_95.customers"), "0", "all or nothing");
            town.refuses(&["create", "--new", "--store", "95"], 2, &["is being made as a clone of store 4"]);
            town.refuses(&["clone", "--store", "3", "--to", "95"], 2, &["no clone of store 3"]);
        }
        match moment {
            "sequences_set" => town.run(&CLONE),
            _ => town.run(&["resume", "-y"]),
        }
        .exits(0);
        are_the_same(&town, "store_id");
        assert_eq!(town.stage("95"), "switched");
        assert_eq!(town.value("select count(*) from tenantctl.event where kind = 'cloned'"), "1", "{moment}");
        if moment == "sequences_set" {
            town.run(&["reverse", "--store", "95", "--yes"]).exits(0);
            town.run(&["abandon", "--store", "95", "--yes"]).exits(0);
            assert!(!town.has_schema("store_95"));
            assert_eq!((town.fingerprint("store_4"), town.fingerprint("public")), before);
        }
    }
}

#[test]
fn what_cannot_be_a_clone_is_refused() {
    let town = with_a_source();
    let clone =
        |store: &str, to: &str, names: &[&str]| town.refuses(&["clone", "--store", store, "--to", to], 2, names);
    clone("4", "4", &["store 4 cannot be a clone of itself"]);
    clone("3", "95", &["store 3 has no schema of its own", "`tenantctl migrate --store 3` first"]);
    clone("4", "5", &["rows of this store are in the shared schema; it is not new"]);
    clone("4", "96", &["store 96 is not in the registry"]);
    clone("4", "95,5", &["clone makes one store"]);
    clone("x", "95", &["`x` is no store key"]);
    town.run(&["migrate", "--store", "3", "--to", "copied"]).exits(0);
    clone("3", "95", &["store 3 is copied, not switched"]);
    clone("4", "3", &["store 3 has a move already, and it is no clone of store 4"]);
    let spanish = ["clone", "--store", "4", "--to", "3", "--lang", "es"];
    town.run(&spanish).exits(2).says("ya tiene una migración, y no es una clonación de la tienda 4");

    // Nothing is dropped silently: columns and tables that the application got since.
    town.sql("alter table store_4.customers add phone text; update store_4.customers set phone = '1'");
    clone(
        "4",
        "95",
        &["customers: the template lacks column `phone`", "bring schema store_4 and the template together"],
    );
    town.sql("alter table store_4.customers drop phone; alter table store_4.lines alter quantity type bigint");
    clone("4", "95", &["lines: column `quantity` is bigint here and integer in the template"]);
    town.sql("alter table store_4.lines alter quantity type integer; alter table store_4.lines rename to parts");
    clone("4", "95", &["lines: schema store_4 has no such table"]);
    town.sql("alter table store_4.parts rename to lines; create table store_4.extra as select 1 as n");
    // The refused run knew what it was asked for.
    let run = town.value("select id from tenantctl.run order by started_at desc limit 1");
    town.run(&["resume", &run]).exits(0).says("extra").says("schema store_4 has rows in it, which are not copied");
    are_the_same(&town, "store_id");
}

#[test]
fn a_row_that_the_new_store_cannot_have_is_named_and_nothing_is_kept() {
    let town = with_a_source();
    town.sql("alter table store_4.orders drop constraint orders_number_key");
    town.sql("insert into store_4.orders (number) values ('later')");
    town.run(&CLONE).exits(1).says("orders_number_key").says("resume");
    assert_eq!(town.stage("95"), "created");
    town.run(&["abandon", "--store", "95", "--yes"]).exits(0);
    assert!(!town.has_schema("store_95"));

    // What carries another key stays as it is, and is found: no switch.
    town.sql("delete from store_4.orders where customer_id is null");
    town.sql("alter table store_4.customers drop constraint customers_store_id_check");
    town.sql("update store_4.customers set store_id = 5 where name = 'new'");
    town.edit(
        "store_schema.sql",
        "store_id integer not null default {{store_key}} check (store_id = {{store_key}}),\n    name",
        "store_id integer not null default {{store_key}},\n    name",
    );
    town.run(&CLONE).exits(3).says("no rows of other stores").says("customers: 1 rows");
    assert_eq!(town.stage("95"), "copied");
    assert_eq!(town.value("select schema_name is null from stores where id = 95"), "t");
}

#[test]
fn what_is_no_longer_what_was_sent_is_not_switched() {
    let town = with_a_source();
    town.paused("sequences_set", &CLONE).kill();
    town.all_sessions_end();
    town.sql("update store_95.lines set quantity = quantity + 1 where what = 'later'");
    town.run(&CLONE).exits(3).says("equals its source").says("lines: sent");
    assert_eq!(town.stage("95"), "copied");
    town.sql("update store_95.lines set quantity = quantity - 1 where what = 'later'");
    town.paused("verdict_written", &CLONE).kill();
    town.all_sessions_end();
    town.sql("update store_95.orders set total = total + 1 where number = 'later'");
    town.run(&CLONE).exits(3).says("is not what was proven: rows of orders");
    assert_eq!(town.value("select schema_name is null from stores where id = 95"), "t");
}

/// Odd names, generated columns, a key that is part of the way to the parent, and a column that the template widened.
#[test]
fn names_and_columns_of_all_kinds_are_cloned() {
    let town = three_stores();
    town.sql(
        "alter table customers rename store_id to \"Weird \"\"Name\";
         alter table orders rename store_id to \"Weird \"\"Name\";
         alter table lines add shop integer, add number text;
         update lines l set shop = o.\"Weird \"\"Name\", number = o.number from orders o where o.id = l.order_id;
         insert into stores (id, name) values (95, 'Ninety-five')",
    );
    let template = town.read("store_schema.sql").replace("store_id", "\"Weird \"\"Name\"");
    let lines =
        "    shop integer, number text, twice integer generated always as (quantity * 2) stored,\n    what text";
    let customers =
        "    label text generated always as (\"Weird \"\"Name\"::text || '/' || name) stored,\n    email text";
    town.write("store_schema.sql", &template.replace("    what text", lines).replace("    email text", customers));
    town.edit("tenantctl.toml", "tenant_column = \"store_id\"", "tenant_column = 'Weird \"Name'");
    let parent = "parent = \"orders\"";
    town.edit("tenantctl.toml", parent, &format!("{parent}\non = 'shop = Weird \"Name, number = number'"));
    town.run(&["migrate", "--store", "4"]).exits(0);
    town.sql("alter table store_4.lines alter shop type smallint");
    town.run(&CLONE).exits(0).says("cloned from store 4: 3 of 3 tables equal");
    are_the_same(&town, "\"Weird \"\"Name\"");
    assert_eq!(town.value("select string_agg(distinct shop::text, ',') from store_95.lines"), "95");
    assert_eq!(town.value("select count(*) from store_95.lines where twice = quantity * 2"), "36");
    assert_eq!(town.value("select count(*) from store_95.customers where label like '95/%'"), "6");
}

/// Keys that are text, longer than what they replace.
#[test]
fn keys_of_text_are_written_whole_or_not_at_all() {
    let town = Town::with(
        "create table stores (key text primary key, own_schema text);
         create table things (tenant varchar(6) not null, n integer, primary key (tenant, n));
         insert into stores values ('a''b'), ('c\"d'), ('too long');
         insert into things select 'a''b', n from generate_series(1, 7) n",
        "[shared]\ntenant_column = \"tenant\"\n[registry]\ntable = \"stores\"\nkey = \"key\"\nschema_column = \"own_schema\"\n
         [store_schema]\nname = \"s_{key}\"\ntemplate = \"store_schema.sql\"\n[[tables]]\nname = \"things\"\n",
        "create table {{schema}}.things (tenant varchar(6) not null, n integer, primary key (tenant, n));",
    );
    town.run(&["migrate", "--store", "a'b"]).exits(0);
    town.run(&["clone", "--store", "a'b", "--to", "c\"d"]).exits(0);
    assert_eq!(
        town.value("select string_agg(tenant || n, ',' order by n) from \"s_c\"\"d\".things"),
        (1..8).map(|n| format!("c\"d{n}")).collect::<Vec<_>>().join(",")
    );
    town.run(&["clone", "--store", "a'b", "--to", "too long"])
        .exits(1)
        .says("value too long")
        .says("public.things".replace("public", "s_a'b").as_str());
    assert_eq!(town.value("select own_schema is null from stores where key = 'too long'"), "t");
}
