//! The application's table of stores: none, half filled, filled, one column only, elsewhere, stubborn.

use crate::app::three_stores;
use crate::town::Town;

/// `[registry]` and what of it may be left out.
fn without_registry(town: &Town) {
    let text = town.read("tenantctl.toml");
    let (before, rest) = text.split_once("[registry]").unwrap();
    let (_, after) = rest.split_once("[store_schema]").unwrap();
    town.write("tenantctl.toml", &format!("{before}[store_schema]{after}"));
}

fn schema_and_url(town: &Town, store: u32) -> (String, String) {
    let column = |name: &str| town.value(&format!("select {name} from stores where id = {store}"));
    (column("schema_name"), column("database_url"))
}

#[test]
fn without_a_registry_the_road_ends_at_verified_and_the_url_is_told() {
    let town = three_stores();
    without_registry(&town);
    town.sql("insert into customers (store_id, name) values (5, 'x')");
    let before = town.fingerprint("public");
    let stores = town.run(&["stores", "--format", "json"]).exits(0).json();
    let keys: Vec<&str> =
        stores["store_list"].as_array().unwrap().iter().map(|s| s["store"].as_str().unwrap()).collect();
    assert_eq!(keys, ["3", "4", "5"], "the tenant columns name the stores");
    let text = town.run(&["migrate", "--store", "4"]).exits(0).stdout;
    assert!(text.contains("verified") && text.contains("postgresql://app@db/main?schema=store_4"), "{text}");
    assert!(text.contains("switch --store 4 --by-hand"), "{text}");
    assert_eq!(town.stage("4"), "verified");
    town.three_tables_moved(4, "store_4");
    town.refuses(&["switch", "--store", "4"], 2, &["postgresql://app@db/main?schema=store_4", "--by-hand"]);
    let report = town.run(&["switch", "--store", "4", "--by-hand", "--format", "json"]).exits(0).json();
    assert_eq!(report["stores"][0]["stage"], "switched");
    assert_eq!(report["stores"][0]["evidence"]["switch"]["by_hand"], true);
    assert_eq!(town.fingerprint("public"), before, "the registry is not written to by hand");
    town.refuses(&["migrate", "--store", "9"], 2, &["store 9 has no row in any shared table"]);
    town.run(&["reverse", "--store", "4", "--yes"]).exits(0);
    assert_eq!(town.stage("4"), "reversed");
    assert_eq!(town.fingerprint("public"), before);
}

#[test]
fn a_registry_without_both_columns_is_switched_by_hand_too() {
    let town = three_stores();
    town.edit("tenantctl.toml", "schema_column = \"schema_name\"\n", "");
    town.edit("tenantctl.toml", "url_column = \"database_url\"\n", "");
    let before = town.fingerprint("public");
    town.run(&["migrate", "--store", "4"]).exits(0).says("--by-hand").says("Four");
    assert_eq!(town.stage("4"), "verified");
    town.run(&["switch", "--store", "4", "--by-hand"]).exits(0);
    assert_eq!(town.fingerprint("public"), before);
}

#[test]
fn a_schema_that_the_registry_names_already_is_the_one_that_is_made() {
    let town = three_stores();
    town.sql("update stores set schema_name = 'Shop \"four\"' where id = 4");
    let plan = town.run(&["plan", "--store", "4"]).exits(0).stdout;
    assert!(plan.contains("the registry already names schema `Shop \"four\"`"), "{plan}");
    let report = town.run(&["migrate", "--store", "4,5", "--format", "json"]).exits(0).json();
    assert_eq!(
        (&report["stores"][0]["schema"], &report["stores"][1]["schema"]),
        (&"Shop \"four\"".into(), &"store_5".into())
    );
    let notes = report["stores"][0]["findings"].to_string();
    assert!(notes.contains("schema_reserved"), "{notes}");
    assert!(!report["stores"][1]["findings"].to_string().contains("schema_reserved"));
    town.three_tables_moved(4, "\"Shop \"\"four\"\"\"");
    assert_eq!(
        schema_and_url(&town, 4),
        ("Shop \"four\"".into(), "postgresql://app@db/main?schema=Shop%20%22four%22".into())
    );
}

#[test]
fn a_filled_registry_is_written_over_and_restored() {
    let town = three_stores();
    town.sql("update stores set schema_name = 'store_' || id, database_url = 'postgresql://old/' || id");
    let before = town.fingerprint("public");
    town.run(&["migrate", "--all"]).exits(0);
    assert_eq!(schema_and_url(&town, 5), ("store_5".into(), "postgresql://app@db/main?schema=store_5".into()));
    for store in ["3", "4", "5"] {
        town.run(&["reverse", "--store", store, "--yes"]).exits(0);
    }
    assert_eq!(town.fingerprint("public"), before);
}

#[test]
fn a_registry_with_one_of_the_two_columns_gets_that_one() {
    for (left_out, expected) in [
        ("url_column = \"database_url\"\n", ("store_4", "NULL")),
        ("schema_column = \"schema_name\"\n", ("NULL", "postgresql://app@db/main?schema=store_4")),
    ] {
        let town = three_stores();
        town.edit("tenantctl.toml", left_out, "");
        let before = town.fingerprint("public");
        town.run(&["migrate", "--store", "4"]).exits(0);
        let (schema, url) = schema_and_url(&town, 4);
        assert_eq!((schema.as_str(), url.as_str()), expected);
        assert_eq!(town.stage("4"), "switched");
        town.run(&["reverse", "--store", "4", "--yes"]).exits(0);
        assert_eq!(town.fingerprint("public"), before);
    }
}

#[test]
fn a_registry_in_another_schema_with_other_types_is_written_to() {
    let town = three_stores();
    town.sql(
        "create schema \"the office\"; create type \"the office\".state as enum ('old', 'new');
         create table \"the office\".shops (code varchar(10) primary key, label varchar(40), dsn varchar(200), place name);
         insert into \"the office\".shops select id, name from stores; alter table customers drop constraint customers_store_id_fkey;
         alter table orders drop constraint orders_store_id_fkey; drop table stores",
    );
    let text = town.read("tenantctl.toml");
    let (before, rest) = text.split_once("[registry]").unwrap();
    let (_, after) = rest.split_once("[store_schema]").unwrap();
    let registry = "[registry]\ntable = '\"the office\".shops'\nkey = \"code\"\nname = \"label\"\nschema_column = \"place\"\nurl_column = \"dsn\"\n\n";
    town.write("tenantctl.toml", &format!("{before}{registry}[store_schema]{after}"));
    let office = town.fingerprint("the office");
    town.run(&["migrate", "--store", "4"]).exits(0);
    assert_eq!(
        town.value("select place || ' ' || dsn from \"the office\".shops where code = '4'"),
        "store_4 postgresql://app@db/main?schema=store_4"
    );
    town.three_tables_moved(4, "store_4");
    town.run(&["reverse", "--store", "4", "--yes"]).exits(0);
    assert_eq!(town.fingerprint("the office"), office);
}

#[test]
fn a_registry_that_changes_what_is_written_is_refused_and_nothing_is_switched() {
    for (body, what) in [
        ("new.schema_name := upper(new.schema_name); return new;", "schema_name"),
        ("new.database_url := old.database_url; return new;", "database_url"),
        ("return null;", "stores"),
    ] {
        let town = three_stores();
        town.run(&["migrate", "--store", "4", "--to", "verified"]).exits(0);
        town.sql(&format!(
            "create function stubborn() returns trigger language plpgsql as $$ begin {body} end $$;
             create trigger stubborn before update on stores for each row execute function stubborn()"
        ));
        let before = town.untouched();
        let ran = town.run(&["switch", "--store", "4"]).says("switching store 4").says(what);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert_eq!(town.untouched(), before);
        assert_eq!(town.stage("4"), "verified");
        assert_eq!(schema_and_url(&town, 4), ("NULL".into(), "NULL".into()));
        town.all_sessions_end();
        town.sql("drop trigger stubborn on stores");
        town.run(&["switch", "--store", "4"]).exits(0);
    }
}

#[test]
fn a_registry_that_a_later_column_fails_for_keeps_its_first_one_too() {
    let town = three_stores();
    town.sql("alter table stores add constraint short check (length(database_url) < 10)");
    town.run(&["migrate", "--store", "4"]).exits(1).says("short");
    assert_eq!(schema_and_url(&town, 4), ("NULL".into(), "NULL".into()), "both or none");
    assert_eq!(town.stage("4"), "verified");
}

#[test]
fn a_registry_with_two_rows_of_one_store_is_refused() {
    let town = three_stores();
    town.sql("alter table customers drop constraint customers_store_id_fkey; alter table orders drop constraint orders_store_id_fkey; alter table stores drop constraint stores_pkey; insert into stores (id, name) values (4, 'Four again')");
    let before = town.untouched();
    let ran = town.run(&["migrate", "--store", "4"]).says("2 rows of store 4");
    assert_eq!(ran.code, 2, "{ran:?}");
    assert_eq!(town.untouched(), before);
}
