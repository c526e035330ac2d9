//! After the switch: what the application writes, what must no longer be written, and the way back.

use serde_json::{Value, json};

use crate::town::Town;

const STORE: &str = "13";
const SCHEMA: &str = "store_1751273256223";

fn switched_town() -> Town {
    Town::sample_at("switched")
}

fn live(town: &Town, code: i32) -> Value {
    town.run(&["verify", "--store", STORE, "--live", "--format", "json"]).exits(code).json()["stores"][0].clone()
}

fn table<'a>(store: &'a Value, name: &str) -> &'a Value {
    store["tables"].as_array().unwrap().iter().find(|table| table["table"] == name).unwrap()
}

/// The tables that differ.
fn differing(store: &Value) -> Vec<&str> {
    let tables = store["tables"].as_array().unwrap().iter().filter(|table| table["verdict"] == "differs");
    tables.map(|table| table["table"].as_str().unwrap()).collect()
}

#[test]
fn what_the_application_writes_is_a_difference_to_the_shared_rows_and_none_to_a_nightly_job() {
    let town = switched_town();
    let id = town.value(&format!("select min(id) from {SCHEMA}.products"));
    town.sql(&format!(
        "set session_replication_role = replica; update {SCHEMA}.products set stock = stock + 1 where id = {id}"
    ));
    let report = town.run(&["verify", "--store", STORE, "--format", "json"]).exits(3).json();
    let store = &report["stores"][0];
    assert_eq!(differing(store), ["products"]);
    assert_eq!(
        table(store, "products")["differences"],
        json!([{"kind": "changed", "key": {"id": id}, "columns": ["stock"], "after_switch": true}])
    );
    assert_eq!(store["stage"], "switched", "a look takes no switch back");
    assert!(report["next_steps"].to_string().contains("--live"), "{report}");
    let store = live(&town, 0);
    assert_eq!(table(&store, "products")["verdict"], "untouched");
    assert_eq!(town.stage(STORE), "switched");
}

#[test]
fn rows_that_the_application_adds_and_deletes_are_counted_and_not_judged() {
    let town = switched_town();
    let before = table(&live(&town, 0), "whatsapp_logs")["live_row_count"].as_u64().unwrap();
    town.sql(&format!(
        "insert into {SCHEMA}.whatsapp_logs (event) select 'new' from generate_series(1, 5);
         delete from {SCHEMA}.whatsapp_logs where id = (select min(id) from {SCHEMA}.whatsapp_logs)"
    ));
    assert_eq!(table(&live(&town, 0), "whatsapp_logs")["live_row_count"], before + 4);
    let report = town.run(&["verify", "--store", STORE, "--format", "json"]).exits(3).json();
    let differences = table(&report["stores"][0], "whatsapp_logs")["differences"].as_array().unwrap();
    let kinds: Vec<&str> = differences.iter().map(|difference| difference["kind"].as_str().unwrap()).collect();
    assert_eq!((kinds.iter().filter(|kind| **kind == "extra").count(), kinds.len()), (5, 6), "{differences:?}");
    assert!(differences.iter().all(|difference| difference["after_switch"] == true));
}

#[test]
fn ids_that_the_application_takes_do_not_meet_those_of_other_stores() {
    let town = switched_town();
    let shared = town.value("select max(id) from products").parse::<i64>().unwrap();
    let sql = format!("insert into {SCHEMA}.products (sku, name, price) values ('n', 'n', 1) returning id");
    assert!(town.value(&sql).parse::<i64>().unwrap() > shared + 9_000);
    live(&town, 0);
}

#[test]
fn a_stray_write_to_the_shared_rows_is_found_with_its_key() {
    for (sql, kind) in [
        ("insert into products (id, store_id, sku, name, price) values (555555, 13, 'stray', 'stray', 1)", "changed"),
        (
            "update products set id = 555555 where id = (select max(id) from products where store_id = 13 and not exists (select from order_items i where i.product_id = products.id) and not exists (select from shopping_cart i where i.product_id = products.id))",
            "changed",
        ),
    ] {
        let town = switched_town();
        town.sql(sql);
        let store = live(&town, 3);
        assert_eq!(differing(&store), ["products"], "{sql}");
        let differences = &table(&store, "products")["differences"];
        assert_eq!(differences[0]["key"], json!({"id": "555555"}), "{differences}");
        assert_eq!(differences[0]["kind"], kind);
    }
}

#[test]
fn a_stray_delete_from_the_shared_rows_is_found_with_its_key() {
    let town = switched_town();
    let id = town.value(
        "delete from notifications where id = (select min(id) from notifications where store_id = 13) returning id",
    );
    // The application goes on meanwhile: what it wrote to the same table is no reason to see less.
    town.sql(&format!(
        "update {SCHEMA}.notifications set read_at = now() where id = (select max(id) from {SCHEMA}.notifications)"
    ));
    let store = live(&town, 3);
    assert_eq!(differing(&store), ["notifications"]);
    let differences = &table(&store, "notifications")["differences"];
    assert_eq!(differences.as_array().unwrap().len(), 1, "{differences}");
    assert_eq!(differences[0]["key"], json!({"id": id}));
}

#[test]
fn a_stray_delete_beside_a_stray_insert_is_found_too() {
    let town = switched_town();
    let id = town.value(
        "delete from notifications where id = (select min(id) from notifications where store_id = 13) returning id",
    );
    town.sql("insert into notifications (id, store_id, user_id, title) overriding system value select 555555, 13, min(id), 'stray' from users where store_id = 13");
    let store = live(&town, 3);
    let differences = table(&store, "notifications")["differences"].as_array().unwrap();
    let keys: Vec<&str> = differences.iter().map(|difference| difference["key"]["id"].as_str().unwrap()).collect();
    assert!(keys.contains(&"555555") && keys.contains(&id.as_str()), "{differences:?}");
}

#[test]
fn an_order_that_is_moved_to_the_store_after_its_switch_is_a_stray_write() {
    let town = switched_town();
    town.sql(
        "update orders set store_id = 13, order_number = 'stray', conversation_id = null, customer_id = (select min(id) from customers where store_id = 13)
         where id = (select min(id) from orders where store_id = 14)",
    );
    let store = live(&town, 3);
    assert_eq!(differing(&store), ["orders", "order_items"]);
}

#[test]
fn writes_to_other_stores_are_no_stray_writes() {
    let town = switched_town();
    town.sql(
        "update products set stock = stock + 1 where store_id <> 13; delete from notifications where store_id = 14",
    );
    live(&town, 0);
}

#[test]
fn a_schema_that_is_no_longer_sound_is_found_after_the_switch_too() {
    let town = switched_town();
    for (sql, undo, check) in [
        (
            "drop index {S}.products_tags_idx",
            "create index products_tags_idx on {S}.products using gin (tags)",
            "structure_equals_template",
        ),
        ("select setval('{S}.products_id_seq', 1)", "select setval('{S}.products_id_seq', 1000000)", "sequences_ahead"),
    ] {
        town.sql(&sql.replace("{S}", SCHEMA));
        let store = live(&town, 3);
        let checks = store["checks"].as_array().unwrap();
        let failed: Vec<&Value> = checks.iter().filter(|check| check["verdict"] == "fail").collect();
        assert_eq!(failed.len(), 1, "{failed:?}");
        assert_eq!(failed[0]["check"], check);
        town.sql(&undo.replace("{S}", SCHEMA));
        live(&town, 0);
    }
}

#[test]
fn verify_all_looks_at_switched_stores_as_a_nightly_job_does() {
    let town = switched_town();
    town.run(&["migrate", "--store", "14", "--to", "verified"]).exits(0);
    town.sql(&format!("update {SCHEMA}.products set stock = stock + 1"));
    let report = town.run(&["verify", "--all", "--format", "json"]).exits(0).json();
    let modes: Vec<(&str, &str)> = report["stores"]
        .as_array()
        .unwrap()
        .iter()
        .map(|store| (store["store"].as_str().unwrap(), store["evidence"]["mode"].as_str().unwrap()))
        .collect();
    assert_eq!(modes, [("13", "live"), ("14", "shared")]);
    town.run(&["verify", "--all", "--against", "shared"]).exits(3);
    town.sql("update products set stock = stock + 1 where store_id = 13");
    town.run(&["verify", "--all"]).exits(3);
}

#[test]
fn live_is_refused_before_the_switch() {
    let town = Town::sample_at("verified");
    town.run(&["verify", "--store", STORE, "--live"]).exits(2).says("not switched");
}

#[test]
fn the_way_back_is_refused_while_it_would_lose_rows_and_names_them() {
    let town = switched_town();
    let id = town.value(&format!("select min(id) from {SCHEMA}.products"));
    town.sql(&format!(
        "set session_replication_role = replica; update {SCHEMA}.products set stock = stock + 1 where id = {id};
         insert into {SCHEMA}.whatsapp_logs (id, event) values (555555, 'new')"
    ));
    let registry = town.value("select (schema_name, database_url)::text from stores where id = 13");
    let report = town.run(&["reverse", "--store", STORE, "--yes", "--format", "json"]).exits(1).json();
    let store = &report["stores"][0];
    assert_eq!(differing(store), ["products", "whatsapp_logs"]);
    assert_eq!(table(store, "products")["differences"][0]["key"], json!({"id": id}));
    assert_eq!(table(store, "products")["differences"][0]["columns"], json!(["stock"]));
    assert_eq!(table(store, "whatsapp_logs")["differences"][0]["key"], json!({"id": "555555"}));
    assert!(store["error"]["hint"].as_str().unwrap().contains("--lose-changes"));
    assert_eq!(town.stage(STORE), "switched");
    assert_eq!(town.value("select (schema_name, database_url)::text from stores where id = 13"), registry);

    town.run(&["reverse", "--store", STORE, "--yes", "--lose-changes"]).exits(0);
    assert_eq!(town.stage(STORE), "reversed");
    assert_eq!(town.value("select (schema_name, database_url)::text from stores where id = 13"), "(,)");
    assert_eq!(town.value(&format!("select count(*) from {SCHEMA}.whatsapp_logs where id = 555555")), "1");
}

#[test]
fn the_way_back_is_free_while_nothing_was_written_and_the_store_can_move_again() {
    let town = switched_town();
    town.run(&["reverse", "--store", STORE, "--yes"]).exits(0);
    assert_eq!(town.value("select (schema_name, database_url)::text from stores where id = 13"), "(,)");
    town.run(&["migrate", "--store", STORE]).exits(2).says("abandon");
    town.run(&["abandon", "--store", STORE, "--yes"]).exits(0);
    town.run(&["migrate", "--store", STORE]).exits(0);
    town.holds_the_shared_rows(STORE, SCHEMA);
}

#[test]
fn the_way_back_is_refused_where_somebody_else_changed_the_registry() {
    let town = switched_town();
    town.sql("update stores set database_url = 'postgresql://elsewhere/db' where id = 13");
    town.run(&["reverse", "--store", STORE, "--yes"]).exits(2).says("registry");
    assert_eq!(town.value("select database_url from stores where id = 13"), "postgresql://elsewhere/db");
    assert_eq!(town.stage(STORE), "switched");
}
