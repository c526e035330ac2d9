//! Every kind of value arrives as it was: said by the digests, and by SQL that the product did not write.

use std::fmt::Write as _;

use serde_json::Value;

use crate::town::Town;

const FIXTURE: &str = include_str!("../fixtures/hard_values.sql");

/// Tables of the fixture, in its order.
const TABLES: [&str; 21] = [
    "texts",
    "big_text",
    "numbers",
    "times",
    "documents",
    "arrays",
    "ranges",
    "composites",
    "search",
    "bytes",
    "networks",
    "shapes",
    "system_values",
    "generated",
    "keyless",
    "json_keyless",
    "events",
    "animals",
    "dogs",
    "nothing",
    "wide",
];

fn config(tables: &[&str]) -> String {
    let mut config = String::from(
        "[registry]\ntable = \"stores\"\nkey = \"id\"\nschema_column = \"schema_name\"\n
         [store_schema]\nname = \"own_{key}\"\ntemplate = \"store_schema.sql\"\n",
    );
    for table in tables {
        write!(config, "\n[[tables]]\nname = \"{table}\"\n").unwrap();
    }
    config
}

/// The fixture's definitions as a template: names without a schema mean the store schema there.
fn template(script: &str) -> String {
    let statements = script.split(";\n").filter(|statement| {
        let statement = statement.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n");
        statement.trim_start().starts_with("create ") && !statement.contains("create table stores")
    });
    statements.map(|statement| format!("{statement};\n")).collect()
}

/// A table with 1,000 columns, and rows with a value in each third.
fn wide() -> String {
    let columns: Vec<String> = (1..1000).map(|n| format!("c{n} {}", ["integer", "text", "numeric"][n % 3])).collect();
    let values: Vec<String> = (1..1000).map(|n| ["n", "null", "n * 1.10"][n % 3].to_owned()).collect();
    format!(
        "create table wide (store_id integer not null, {});\ninsert into wide select 1 + n % 2, {} from generate_series(1, 20) n;\n",
        columns.join(", "),
        values.join(", ")
    )
}

#[track_caller]
fn all_equal(report: &Value) {
    for table in report["stores"][0]["tables"].as_array().unwrap() {
        assert_eq!((&table["digest_equal"], &table["verdict"]), (&true.into(), &"equal".into()), "{table}");
        assert_eq!(table["row_count"]["source"], table["row_count"]["target"]);
    }
}

#[test]
fn hard_values_are_read_back_equal() {
    let script = format!("{FIXTURE}{}", wide());
    let town = Town::with(&script, &config(&TABLES), &template(&script));
    let before = town.fingerprint("public");
    let report = town.run(&["migrate", "--store", "1", "--to", "verified", "--format", "json"]).exits(0).json();
    all_equal(&report);
    let told = report["stores"][0]["tables"].as_array().unwrap();
    assert_eq!(told.len(), TABLES.len());
    for (table, told) in TABLES.iter().zip(told) {
        assert_eq!(told["table"], *table);
        // An heir's rows are the heir's own; each row is moved once.
        let only = if *table == "animals" { "only " } else { "" };
        let count = town.value(&format!("select count(*) from {only}public.{table} where store_id = 1"));
        assert_eq!(told["row_count"]["target"].to_string(), count, "{table}");
        town.same_rows(
            &format!("select t::text from {only}public.{table} t where store_id = 1"),
            &format!("select t::text from {only}own_1.{table} t"),
        );
        assert_eq!(town.value(&format!("select count(*) from own_1.{table} where store_id <> 1")), "0");
    }
    // ::text may be kinder than the bytes are: zeros behind the point, the sign of zero, spaces in json.
    for (table, columns) in [
        ("numbers", "n::text, scale(n), f::text, r::text, float8send(f)"),
        ("documents", "j::text, md5(j::text), b::text"),
        ("big_text", "length(t), md5(t)"),
        ("times", "tz::text, tt::text, timetz_send(tt), i::text"),
    ] {
        let select = |from: &str| format!("select store_id, id, {columns} from {from}.{table} where store_id = 1");
        town.same_rows(&select("public"), &select("own_1"));
    }
    assert_eq!(town.value("select length(t) from own_1.big_text where id = 1"), "52799999");
    assert_eq!(town.value("select count(*) from own_1.keyless where a = 'twin'"), "3");
    assert_eq!(town.value("select count(*) from only own_1.animals"), "1");
    assert_eq!(
        town.value("select count(*) from own_1.events_2024_one"),
        town.value("select count(*) from public.events_2024_one")
    );
    assert_eq!(town.fingerprint("public"), before);
    town.run(&["verify", "--store", "1"]).exits(0);
    town.run(&["switch", "--store", "1"]).exits(0);
}

#[test]
fn multiranges_are_read_back_equal() {
    let script = "create table stores (id integer primary key, schema_name text);\ninsert into stores values (1);\n
        create type span as range (subtype = float8, multirange_type_name = spans);
        create table multi (store_id integer not null, i int4multirange, d datemultirange, s spans, a int4multirange[]);
        insert into multi values (1, '{}', '{}', '{}', '{}'), (1, '{[1,3),[5,7)}', '{(,2024-01-01),[2025-01-01,)}', '{[-0,0.1],(5,)}', '{\"{[1,2)}\",NULL}'), (1, null, null, null, null);";
    let template = "create type {{schema}}.span as range (subtype = float8, multirange_type_name = {{schema}}.spans);
        create table {{schema}}.multi (store_id integer not null, i int4multirange, d datemultirange, s {{schema}}.spans, a int4multirange[]);";
    let town = Town::with("", "", "");
    if town.value("select current_setting('server_version_num')::int >= 140000") != "t" {
        return; // PostgreSQL 13 has none
    }
    let town = Town::with(script, &config(&["multi"]), template);
    let report = town.run(&["migrate", "--store", "1", "--format", "json"]).exits(0).json();
    all_equal(&report);
    town.moved("public.multi", "store_id = 1", "own_1.multi");
}

#[test]
fn xml_is_compared_by_its_bytes() {
    let probe = Town::with("", "", "");
    if probe.value("select setting from pg_config() where name = 'CONFIGURE'").contains("--with-libxml") {
        let script = r#"create table stores (id integer primary key, schema_name text); insert into stores values (1);
            create table pages (store_id integer not null, x xml);
            insert into pages values (1, '<a  b="1"/>'), (1, '<a b="1"></a>'), (1, 'text &amp; <b>ñ</b>'), (1, null), (1, '<?xml version="1.0" encoding="UTF-8"?><z/>')"#;
        let town = Town::with(
            script,
            &config(&["pages"]),
            "create table {{schema}}.pages (store_id integer not null, x xml);",
        );
        let report = town.run(&["migrate", "--store", "1", "--to", "verified", "--format", "json"]).exits(0).json();
        all_equal(&report);
        town.moved("public.pages", "store_id = 1", "own_1.pages");
        town.sql("update own_1.pages set x = '<a b=\"1\"/>' where x::text = '<a  b=\"1\"/>'");
        town.run(&["verify", "--store", "1"]).exits(3).says("pages");
    }
}

#[test]
fn a_table_without_columns_belongs_to_nobody() {
    let script = "create table stores (id integer primary key, schema_name text); insert into stores values (1);
        create table empty (); insert into empty default values; create table t (store_id integer); insert into t values (1)";
    let town = Town::with(script, &config(&["t"]), "create table {{schema}}.t (store_id integer);");
    town.run(&["migrate", "--store", "1"]).exits(0);
    let tables = town.run(&["tables", "--format", "json"]).exits(0).json();
    let empty = tables["tables"].as_array().unwrap().iter().find(|table| table["table"] == "empty").unwrap();
    assert_eq!(empty["class"], "common");
}

#[test]
fn only_what_carries_oids_or_has_no_binary_form_is_read_as_text() {
    let script = format!("{FIXTURE}{}", wide());
    let town = Town::with(&script, &config(&TABLES), &template(&script));
    let plan = town.run(&["plan", "--store", "1", "--format", "json"]).exits(0).json();
    for table in plan["plans"][0]["tables"].as_array().unwrap() {
        let name = table["table"].as_str().unwrap();
        // an empty tsquery has no binary form that PostgreSQL takes back
        let text_only = matches!(name, "arrays" | "ranges" | "composites" | "search");
        assert_eq!(table["format"] == "text", text_only, "{table}");
    }
}

#[test]
fn a_partition_that_is_listed_beside_its_table_is_refused() {
    let script = format!("{FIXTURE}{}", wide());
    let town = Town::with(&script, &config(&[&TABLES[..], &["events_2023"]].concat()), &template(&script));
    town.refuses(&["migrate", "--store", "1"], 2, &["`events_2023` is a partition of `events`", "list `events` alone"]);
}
