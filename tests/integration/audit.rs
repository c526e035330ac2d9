//! `audit`: everything that is wrong in a town is found in one pass for all stores, and nothing in a town that is sound.

use serde_json::{Value, json};

use crate::app::three_stores;
use crate::faces::{holds, schema, validator};
use crate::town::{Town, finish};

/// A town where everything is wrong; the template makes nothing, so that a plan has only rows to speak of.
fn town_of_faults() -> Town {
    Town::with(include_str!("../fixtures/audit.sql"), include_str!("../fixtures/audit.toml"), "select 1;\n")
}

fn findings(document: &Value) -> Vec<Value> {
    document["findings"].as_array().unwrap().clone()
}

/// What a finding says, its words aside: code, table, count, keys, and each store with its rows and those that refer to
/// its rows.
fn facts(finding: &Value) -> Value {
    let stores = finding["stores"].as_array().cloned().unwrap_or_default();
    let stores: Vec<Value> = stores
        .iter()
        .map(|store| json!([store["store"], store["count"], store["referred_to"].as_u64().unwrap_or(0)]))
        .collect();
    json!([finding["code"], finding["table"], finding["count"], finding["keys"], stores])
}

fn customer(number: u32) -> String {
    format!("00000000-0000-0000-0000-0000000000{number:02}")
}

fn expected() -> Vec<Value> {
    let (foreign, unlisted) = ("refers_to_foreign_row", "unclassified_table");
    vec![
        json!(["no_owner", "Kunden", 2, [customer(91), customer(92)], []]),
        json!([
            "unknown_store",
            "Kunden",
            3,
            [customer(93), customer(94), customer(95)],
            [["gone", 2, 0], ["lost", 1, 0]]
        ]),
        json!([foreign, "Kunden", 1, [customer(1)], [["B b", 1, 0], ["a", 0, 1]]]),
        json!([
            foreign,
            "Weird Name",
            3,
            ["(2, 7)", "(10, 7)", "(11, 7)"],
            [["B b", 1, 1], ["a", 2, 1], ["ñ'x", 0, 1]]
        ]),
        json!(["refers_to_unowned_row", "Weird Name", 1, ["(12, 7)"], [["a", 1, 0]]]),
        json!(["not_looked_at", "Weird Name", null, null, []]),
        json!(["broken_check", "Weird Name", 1, ["(13, 7)"], [["a", 1, 0]]]),
        json!(["no_parent", "líneas", 1, ["31"], []]),
        json!(["owner_paths_disagree", "líneas", 1, ["32"], [["B b", 1, 0], ["a", 1, 0]]]),
        json!(["dangling_reference", "líneas", 2, ["33", "34"], [["B b", 1, 0], ["a", 1, 0]]]),
        json!(["no_parent", "memo", 3, ["3", "4", "5"], []]),
        json!(["several_stores", "memo", 1, ["2"], [["B b", 1, 0], ["a", 1, 0]]]),
        json!(["no_condition", "coupons", 1, ["4"], []]),
        json!(["several_stores", "coupons", 1, ["3"], [["a", 1, 0], ["ñ'x", 1, 0]]]),
        json!([foreign, "coupons", 1, ["2"], [["B b", 1, 0], ["a", 0, 1]]]),
        json!([foreign, "journal a", 1, ["(a, 2)"], [["B b", 0, 1], ["a", 1, 0]]]),
        json!(["cascade_into_common", "keepsake", null, null, []]),
        json!([unlisted, "labels", 2, ["1", "2"], [["B b", 1, 0], ["a", 1, 0]]]),
        json!([
            "referred_to_from_outside",
            "Reports.deep",
            3,
            ["(0,1)", "(0,2)", "(0,3)"],
            [["B b", 1, 0], ["a", 2, 0]]
        ]),
        json!([unlisted, "prints", 1, ["1"], [["a", 1, 0]]]),
    ]
}

/// Each in any order: findings stand as the catalogs list what they are about.
#[track_caller]
fn are_equal(mut found: Vec<Value>, mut expected: Vec<Value>) {
    found.sort_by_key(Value::to_string);
    expected.sort_by_key(Value::to_string);
    let (found, expected) = (json!(found), json!(expected));
    assert_eq!(found, expected, "found:\n{found:#}\nexpected:\n{expected:#}");
}

#[test]
fn every_fault_is_found_with_its_count_its_keys_and_its_stores() {
    let town = town_of_faults();
    let before = [town.fingerprint("Shared Town"), town.fingerprint("admin"), town.fingerprint("Reports")];
    let document = town.run(&["audit", "-f", "json", "-o", "a.xml", "-o", "a.html", "-o", "a.txt"]).exits(3).json();
    holds(&validator(&schema("report")), &document);
    let (unindexed, found): (Vec<Value>, Vec<Value>) =
        findings(&document).into_iter().partition(|finding| finding["code"] == "no_index");
    are_equal(found.iter().map(facts).collect(), expected());
    let paths: Vec<&str> = unindexed.iter().map(|finding| finding["table"].as_str().unwrap()).collect();
    assert_eq!(paths, ["Kunden", "Weird Name", "líneas", "memo", "coupons"]);
    let cost = &unindexed[2]["cost"];
    let size =
        town.value(r#"select pg_table_size('"Shared Town".líneas') + pg_table_size('"Shared Town"."Weird Name"')"#);
    assert_eq!((cost["bytes"].to_string(), &cost["store_count"]), (size, &3.into()));
    let hint = r#"create index concurrently on "Shared Town"."líneas" ("no", "part"); create index concurrently on "Shared Town"."Weird Name" ("order")"#;
    assert_eq!(unindexed[2]["hint"], hint);
    assert_eq!(document["audit"]["store_count"], 3);

    let junit = town.read("a.xml");
    assert!(junit.contains("<testsuite name=\"audit\" tests=\"11\" failures=\"9\" errors=\"0\""), "{junit}");
    assert!(
        junit.contains("name=\"table Reports.deep\"") && junit.contains("keys: (2, 7), (10, 7), (11, 7)"),
        "{junit}"
    );
    let text = town.read("a.txt");
    assert!(text.contains("stores: a (2 out, 1 in), B b (1 out, 1 in), ñ'x (1 in)"), "{text}");
    assert!(text.contains("✗ 6 faults") && text.contains("✓ sound"), "{text}");
    assert!(town.read("a.html").contains("<h1>Audit of the shared schema · 3 stores</h1>"));

    // A role that may only read, and not everywhere.
    let role = format!("looker_{}", town.database);
    town.sql(&format!(
        r#"create role {role} login; grant usage on schema admin, "Shared Town" to {role};
           grant select on all tables in schema admin, "Shared Town" to {role}"#
    ));
    let mut command = town.command(&["audit", "-f", "json"]);
    command.env("DATABASE_URL", town.url().replace("postgres@", &format!("{role}@")));
    let mut found = findings(&finish(command).exits(3).json());
    found.retain(|finding| finding["code"] != "no_index");
    let mut readable = expected();
    readable.retain(|finding| finding[1] != "Reports.deep");
    readable.push(json!(["referred_to_from_outside", "Reports.deep", null, null, []]));
    are_equal(found.iter().map(facts).collect(), readable);
    assert_eq!([town.fingerprint("Shared Town"), town.fingerprint("admin"), town.fingerprint("Reports")], before);
    town.sql(&format!("drop owned by {role}; drop role {role}"));

    // Only what is about one store, and who stands on the other side.
    let mut found = findings(&town.run(&["audit", "--store", "ñ'x", "-f", "json"]).exits(3).json());
    found.retain(|finding| finding["count"].as_u64() > Some(0));
    let of_one = vec![
        json!(["refers_to_foreign_row", "Weird Name", 1, ["(10, 7)"], [["a", 1, 0], ["ñ'x", 0, 1]]]),
        json!(["several_stores", "coupons", 1, ["3"], [["a", 1, 0], ["ñ'x", 1, 0]]]),
    ];
    are_equal(found.iter().map(facts).collect(), of_one);

    as_the_plans_say(&town, &document);

    corrected(&town);
    let ran = town.run(&["audit"]).exits(0).says("✓ nothing is wrong: 7 tables and 6 foreign keys looked at");
    assert!(ran.stdout.contains("[no_index]") && ran.stdout.contains("[cascade_into_common]"), "{}", ran.stdout);
    let ran = town.run(&["audit", "--lang", "es", "-f", "markdown"]).exits(0);
    assert!(ran.stdout.contains("## ✅ Nada está mal: se revisaron 7 tablas y 6 llaves foráneas"), "{}", ran.stdout);
}

/// What an audit says of all stores at once, each store's plan says of that store: both ways of asking agree.
#[track_caller]
fn as_the_plans_say(town: &Town, audit: &Value) {
    for store in ["a", "B b", "ñ'x"] {
        let plan = town.run(&["plan", "--store", store, "-f", "json"]).exits(2).json();
        let counted = |code: &str, table: &str| -> u64 {
            let of = findings(&plan).into_iter().filter(|finding| finding["code"] == code && finding["table"] == table);
            of.map(|finding| finding["count"].as_u64().unwrap()).sum()
        };
        for table in ["Kunden", "Weird Name", "líneas", "coupons", "journal a"] {
            let (mut out, mut back) = (0, 0);
            for finding in findings(audit).iter().filter(|finding| finding["table"] == table) {
                let is_out = finding["code"] == "refers_to_foreign_row" || finding["code"] == "refers_to_unowned_row";
                for part in finding["stores"].as_array().into_iter().flatten().filter(|part| part["store"] == store) {
                    out += if is_out { part["count"].as_u64().unwrap() } else { 0 };
                    back += if is_out { part["referred_to"].as_u64().unwrap_or(0) } else { 0 };
                }
            }
            let said = (counted("refers_to_foreign_row", table), counted("referred_to_by_foreign_row", table));
            assert_eq!(said, (out, back), "store {store}, table {table}: {plan:#}");
        }
    }
}

/// The same town, mended by its people.
fn corrected(town: &Town) {
    town.sql(
        r#"set search_path = "Shared Town";
           drop table labels, prints cascade; drop table "Reports".deep;
           update coupons set para = null where id = 2; delete from coupons where id in (3, 4);
           delete from memo where id > 1;
           delete from líneas where id > 30;
           delete from "Weird Name" where part = 7;
           update "Kunden" set "invited by" = null where id = '00000000-0000-0000-0000-000000000001';
           update journal set customer = null where id = 2;
           delete from "Kunden" where "order" is null or "order" in ('gone', 'lost')"#,
    );
}

#[test]
fn a_sound_town_is_told_so_whatever_its_keys_are() {
    let town = three_stores();
    let document = town.run(&["audit", "-f", "json"]).exits(0).json();
    assert_eq!((&document["outcome"], &findings(&document).len()), (&"done".into(), &0), "{document:#}");
    // Both sides of the key name the store: it cannot cross, and is looked at all the same.
    town.sql(
        "alter table customers add unique (store_id, id);
         alter table orders add foreign key (store_id, customer_id) references customers (store_id, id)",
    );
    town.run(&["audit", "--except", "5"]).exits(0).says("· 2 stores").says("4 foreign keys");

    let town = Town::with(
        include_str!("../fixtures/clinic.sql"),
        include_str!("../fixtures/clinic.toml"),
        include_str!("../fixtures/clinic_template.sql"),
    );
    town.run(&["audit"]).exits(0).says("✓ nothing is wrong");
    town.sql(
        "alter table care.patient drop constraint patient_clinic_ref_fkey;
         update care.patient set clinic_ref = '0b5c7e1a-0000-4000-8000-00000000000c' where no = 2",
    );
    let document = town.run(&["audit", "-f", "json"]).exits(3).json();
    let unknown = |table: &str, count: u32, keys: &Value| {
        let stores = [json!(["0b5c7e1a-0000-4000-8000-00000000000c", count, 0])];
        json!(["unknown_store", table, count, keys, stores])
    };
    let visits = town.sql("select id from care.visit where patient_no = 2 order by id");
    let visits = json!(visits.iter().map(|row| row[0].clone()).collect::<Vec<_>>());
    let found: Vec<Value> = findings(&document).iter().map(facts).collect();
    assert!(found.contains(&unknown("patient", 1, &json!(["2"]))), "{document:#}");
    assert!(found.contains(&unknown("visit", 2, &visits)), "{document:#}");
    assert!(
        found.iter().any(|finding| finding[0] == "unknown_store" && finding[1] == "prescription" && finding[2] == 4)
    );
}
