//! The journeys that go well: one store and several, in one go and step by step, there and back again.

use serde_json::Value;

use crate::app::three_stores;
use crate::town::{Town, connect, finish};

/// The fifteen shared tables of the sample, each with the condition of a store's rows, written by hand.
const TABLES: [(&str, &str); 15] = [
    ("products", "store_id = $"),
    ("customers", "store_id = $"),
    ("orders", "store_id = $"),
    ("auto_responses", "store_id = $"),
    ("order_items", "order_id in (select id from public.orders where store_id = $)"),
    ("conversations", "store_id = $"),
    ("messages", "conversation_id in (select id from public.conversations where store_id = $)"),
    ("users", "store_id = $"),
    ("store_settings", "store_id = $"),
    ("whatsapp_settings", "store_id = $"),
    ("notifications", "store_id = $"),
    ("assignment_rules", "store_id = $"),
    ("customer_history", "customer_id in (select id from public.customers where store_id = $)"),
    ("shopping_cart", "customer_id in (select id from public.customers where store_id = $)"),
    ("whatsapp_logs", "store_id = $"),
];

/// The registry's two columns of a store.
fn registry(town: &Town, store: &str) -> (String, String) {
    let column = |name: &str| town.value(&format!("select {name} from public.stores where id = {store}"));
    (column("schema_name"), column("database_url"))
}

/// Every row of a store is in its schema, said by the report and by SQL that the product did not write.
#[track_caller]
fn has_all_rows(town: &Town, store: &str, report: &Value) {
    let schema = town.value(&format!(
        "select 'store_' || floor(extract(epoch from created_at) * 1000)::int8 from public.stores where id = {store}"
    ));
    assert_eq!(report["schema"], schema.as_str());
    let told = report["tables"].as_array().unwrap();
    assert_eq!(told.len(), 15);
    for ((table, condition), told) in TABLES.iter().zip(told) {
        let condition = condition.replace('$', store);
        town.moved(&format!("public.{table}"), &condition, &format!("{schema}.{table}"));
        let count = town.value(&format!("select count(*) from public.{table} where {condition}"));
        assert_eq!(told["table"], *table);
        assert_eq!(told["row_count"]["source"].to_string(), count);
        assert_eq!(told["row_count"]["target"].to_string(), count);
        assert_eq!((&told["digest_equal"], &told["verdict"]), (&Value::Bool(true), &Value::String("equal".into())));
    }
    let checks = report["checks"].as_array().unwrap();
    assert!(!checks.is_empty() && checks.iter().all(|check| check["verdict"] == "pass"), "{checks:?}");
}

/// What `fingerprint` says, the registry aside.
fn without_registry(fingerprint: &str) -> String {
    fingerprint.lines().filter(|line| !line.starts_with("public.stores ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn one_store_moves_with_proof_and_its_neighbours_stay() {
    let town = Town::sample();
    let before = town.fingerprint("public");
    let others = "select md5(string_agg(s::text, '' order by id)) from public.stores s where id <> 4";
    let neighbours = town.value(others);
    let report = finish(town.with_probes(&["migrate", "--store", "4", "--format", "json"])).exits(0).json();
    let store = &report["stores"][0];
    assert_eq!(report["outcome"], "done");
    assert_eq!(store["stage"], "validated"); // by the probes that come with the sample
    let boxes: Vec<bool> = store["steps"].as_array().unwrap().iter().map(|step| step["done"] == true).collect();
    // The third is the application's features, of which SQL alone says nothing; the sixth is a document that comes along.
    assert_eq!(boxes, [true, true, false, false, false, true, false, false, false]);
    assert_eq!(store["row_count"], 14_907);
    has_all_rows(&town, "4", store);
    assert_eq!(
        registry(&town, "4"),
        ("store_1751248005649".into(), "postgresql://app@db/main?schema=store_1751248005649".into())
    );
    assert_eq!(without_registry(&town.fingerprint("public")), without_registry(&before));
    assert_eq!(town.value(others), neighbours);
    town.all_sessions_end();
}

#[test]
fn the_same_command_again_finds_nothing_to_do() {
    let town = Town::sample_at("switched");
    let schema = town.value("select schema_name from stores where id = 13");
    let before = (town.fingerprint("public"), town.fingerprint(&schema));
    town.run(&["migrate", "--store", "13"]).exits(0).says("already switched");
    assert_eq!((town.fingerprint("public"), town.fingerprint(&schema)), before);
    let again = town.run(&["migrate", "--store", "13", "--format", "json"]).exits(0).json();
    assert_eq!(again["stores"][0]["already_done"], true);
}

#[test]
fn several_stores_move_in_one_run_also_a_big_one_and_a_nearly_empty_inactive_one() {
    let town = Town::sample();
    let before = without_registry(&town.fingerprint("public"));
    let words = ["migrate", "--store", "4,13", "--store", "27", "--store", "93", "--format", "json"];
    let ran = finish(town.with_probes(&words)).exits(0);
    let report = ran.json();
    let stores = report["stores"].as_array().unwrap();
    let keys: Vec<&str> = stores.iter().map(|store| store["store"].as_str().unwrap()).collect();
    assert_eq!(keys, ["4", "13", "27", "93"]);
    for (key, store) in keys.iter().zip(stores) {
        assert_eq!(store["stage"], "validated");
        has_all_rows(&town, key, store);
    }
    assert_eq!(town.value("select count(*) from stores where schema_name is not null"), "4");
    assert_eq!(without_registry(&town.fingerprint("public")), before);
    town.all_sessions_end();
}

#[test]
fn a_move_that_stopped_early_is_switched_next_day() {
    for stage in ["created", "copied", "verified"] {
        let town = three_stores();
        let before = town.fingerprint("public");
        let first = town.run(&["migrate", "--store", "4", "--to", stage, "--format", "json"]).exits(0).json();
        assert_eq!((&first["stores"][0]["stage"], &first["outcome"]), (&stage.into(), &"done".into()));
        assert_eq!(town.fingerprint("public"), before, "nothing is routed before the switch");
        if stage != "verified" {
            town.run(&["switch", "--store", "4"]).exits(2).says(stage).says("--to verified");
            town.run(&["migrate", "--store", "4", "--to", "verified"]).exits(0);
        }
        let last = town.run(&["switch", "--store", "4", "--format", "json"]).exits(0).json();
        assert_eq!(last["stores"][0]["stage"], "switched");
        assert_eq!(registry(&town, "4"), ("store_4".into(), "postgresql://app@db/main?schema=store_4".into()));
        town.three_tables_moved(4, "store_4");
        assert_eq!(registry(&town, "5"), ("NULL".into(), "NULL".into()));
    }
}

#[test]
fn what_the_shared_rows_became_overnight_is_copied_again_before_the_switch() {
    let town = three_stores();
    town.run(&["migrate", "--store", "4", "--to", "verified"]).exits(0);
    town.sql(
        "update orders set total = 77 where id = (select min(id) from orders where store_id = 4);
         delete from lines where id = (select min(l.id) from lines l join orders o on o.id = order_id where store_id = 4);
         insert into lines (order_id, what) select max(id), 'late' from orders where store_id = 4;
         insert into customers (store_id, name) values (4, 'newcomer')",
    );
    let report = town.run(&["switch", "--store", "4", "--format", "json"]).exits(0).json();
    let recopied = report["stores"][0]["evidence"]["switch"]["recopied"].to_string();
    assert!(["orders", "lines", "customers"].iter().all(|table| recopied.contains(table)), "{recopied}");
    town.three_tables_moved(4, "store_4");
    assert_eq!(town.value("select count(*) from store_4.customers where name = 'newcomer'"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_is_open_elsewhere_on_the_server_does_not_hold_up_a_switch() {
    let elsewhere = connect(&Town::with("", "", "").url()).await;
    elsewhere.batch_execute("begin; select pg_current_xact_id()").await.unwrap();
    let town = three_stores(); // all its rows are younger than that transaction
    let report = town.run(&["migrate", "--store", "4", "--format", "json"]).exits(0).json();
    assert_eq!(report["stores"][0]["evidence"]["switch"]["recopied"], serde_json::json!([]));
    town.three_tables_moved(4, "store_4");
    elsewhere.batch_execute("rollback").await.unwrap();
}

#[test]
fn the_steps_one_by_one_come_to_the_same_end() {
    let town = three_stores();
    for (command, stage) in [("create", "created"), ("copy", "copied"), ("verify", "verified"), ("switch", "switched")]
    {
        let report = town.run(&[command, "--store", "4", "--format", "json"]).exits(0).json();
        assert_eq!(report["command"], command);
        assert_eq!(report["stores"][0]["stage"], stage);
        assert_eq!(town.stage("4"), stage);
    }
    town.three_tables_moved(4, "store_4");
    assert_eq!(registry(&town, "4").0, "store_4");
    let once = three_stores();
    once.run(&["migrate", "--store", "4"]).exits(0);
    assert_eq!(town.fingerprint("store_4"), once.fingerprint("store_4"));
}

#[test]
fn a_step_before_its_turn_is_refused_with_the_one_that_is_due() {
    let town = three_stores();
    town.refuses(&["copy", "--store", "4"], 2, &["store 4 has no schema yet", "tenantctl create --store 4"]);
    town.refuses(&["switch", "--store", "4"], 2, &["store 4 is not verified yet", "migrate --to verified --store 4"]);
    town.refuses(&["verify", "--store", "4"], 2, &["store 4 has no copy yet"]);
    town.refuses(&["reverse", "--store", "4", "--yes"], 2, &["store 4 has no move"]);
    town.refuses(&["abandon", "--store", "4", "--yes"], 2, &["store 4 has no move"]);
    town.run(&["create", "--store", "4"]).exits(0);
    town.refuses(&["verify", "--store", "4"], 2, &["store 4 is created", "tenantctl copy --store 4"]);
    town.refuses(&["reverse", "--store", "4", "--yes"], 2, &["store 4 is created, not switched", "abandon"]);
}

#[test]
fn a_reversed_store_has_its_old_registry_values_also_nulls() {
    let town = three_stores();
    town.sql("update stores set schema_name = 'store_four', database_url = 'postgresql://old' where id = 4");
    town.sql("update stores set schema_name = '', database_url = null where id = 5");
    let before = town.fingerprint("public");
    town.run(&["migrate", "--all"]).exits(0);
    assert_eq!(registry(&town, "4"), ("store_four".into(), "postgresql://app@db/main?schema=store_four".into()));
    assert_eq!(registry(&town, "5").0, "store_5");
    for store in ["3", "4", "5"] {
        let report = town.run(&["reverse", "--store", store, "--yes", "--format", "json"]).exits(0).json();
        assert_eq!(report["stores"][0]["stage"], "reversed");
    }
    assert_eq!(registry(&town, "3"), ("NULL".into(), "NULL".into()));
    assert_eq!(registry(&town, "4"), ("store_four".into(), "postgresql://old".into()));
    assert_eq!(registry(&town, "5"), (String::new(), "NULL".into()));
    assert_eq!(town.fingerprint("public"), before);
    assert!(town.has_schema("store_four"), "reverse drops nothing");
    town.all_sessions_end();
}

#[test]
fn going_back_is_refused_while_it_would_lose_what_the_application_wrote() {
    let town = three_stores();
    town.run(&["migrate", "--store", "4"]).exits(0);
    let written = town
        .value("insert into store_4.lines (order_id, what) select max(id), 'after' from store_4.orders returning id");
    let before = (town.fingerprint("public"), town.fingerprint("store_4"));
    let ran = town.run(&["reverse", "--store", "4", "--yes", "--format", "json"]).exits(1).json();
    let tables = ran["stores"][0]["tables"].as_array().unwrap();
    let lines = tables.iter().find(|table| table["table"] == "lines").unwrap();
    assert_eq!(lines["differences"][0]["kind"], "extra");
    assert_eq!(lines["differences"][0]["key"]["id"], written.as_str());
    assert!(tables.iter().filter(|table| table["table"] != "lines").all(|table| table["verdict"] == "equal"));
    town.run(&["reverse", "--store", "4", "--yes"]).exits(1).says("lines (1 rows)").says("--lose-changes");
    assert_eq!((town.fingerprint("public"), town.fingerprint("store_4")), before);
    town.run(&["reverse", "--store", "4", "--yes", "--lose-changes"]).exits(0);
    assert_eq!(registry(&town, "4"), ("NULL".into(), "NULL".into()));
}

#[test]
fn going_back_is_refused_where_somebody_changed_the_registry_since() {
    let town = three_stores();
    town.run(&["migrate", "--store", "4"]).exits(0);
    town.sql("update stores set database_url = 'postgresql://elsewhere' where id = 4");
    town.refuses(&["reverse", "--store", "4", "--yes"], 2, &["the registry's row is not what the switch wrote"]);
    assert_eq!(town.stage("4"), "switched");
}

#[test]
fn a_new_store_gets_its_schema_with_base_data_and_is_switched() {
    let town = Town::sample();
    town.sql("insert into stores (id, name, slug, created_at) values (500, 'L''Étoile \"nueva\"', 'etoile', '2026-01-02 03:04:05.678Z')");
    let before = without_registry(&town.fingerprint("public"));
    let report = town.run(&["create", "--new", "--store", "500", "--format", "json"]).exits(0).json();
    let store = &report["stores"][0];
    assert_eq!((&store["stage"], &store["schema"]), (&"switched".into(), &"store_1767323045678".into()));
    let checks = store["checks"].as_array().unwrap();
    let passed = |name: &str| checks.iter().any(|check| check["check"] == name && check["verdict"] == "pass");
    assert!(passed("structure_equals_template") && passed("foreign_keys_validated") && passed("sequences_ahead"));
    let schema = "store_1767323045678";
    assert_eq!(registry(&town, "500").0, schema);
    assert_eq!(
        town.sql(&format!("select store_id, display_name from {schema}.store_settings")),
        [[Some("500".to_owned()), Some("L'Étoile \"nueva\"".to_owned())]]
    );
    assert_eq!(town.value(&format!("select count(*) from {schema}.auto_responses")), "5");
    assert_eq!(town.value(&format!("select count(*) from {schema}.assignment_rules")), "2");
    assert_eq!(town.value(&format!("select count(*) from {schema}.orders")), "0");
    // Its next id meets no row of the shared schema.
    let free = town.value(&format!(
        "insert into {schema}.customers (full_name, phone) values ('first', '+525512345678')
         returning not exists (select from public.customers c where c.id = {schema}.customers.id)"
    ));
    assert_eq!(free, "t");
    assert_eq!(without_registry(&town.fingerprint("public")), before);
    town.run(&["verify", "--store", "500", "--live"]).exits(0);
}

#[test]
fn base_data_that_writes_outside_the_schema_is_refused() {
    let town = Town::sample();
    let insert =
        "insert into stores (id, name, slug, created_at) values (500, 'Nueva', 'nueva', '2026-01-02 03:04:05.678Z')";
    town.sql(insert);
    let (first, before) = ("-- What a new store starts with.", without_registry(&town.fingerprint("public")));
    let outside =
        "update public.users set email = email; update public.products set name = name where store_id = 13;\n";
    town.edit("base_data.sql", first, &format!("{outside}{first}"));
    let refused = town.run(&["create", "--new", "--store", "500"]).exits(2);
    refused.says("the base data makes or changes rows of public.products, outside the store schema");
    assert_eq!(town.value("select count(*) from tenantctl.move where stage = 'switched'"), "0");
    assert_eq!(without_registry(&town.fingerprint("public")), before);
    town.edit("base_data.sql", outside, "");
    town.run(&["abandon", "--store", "500", "--yes"]).exits(0);
    town.run(&["create", "--new", "--store", "500"]).exits(0);
}

#[test]
fn a_store_that_has_rows_is_not_new() {
    let town = three_stores();
    town.refuses(&["create", "--new", "--store", "4"], 2, &["it is not new", "tenantctl migrate --store 4"]);
}

#[test]
fn an_application_with_other_tables_goes_the_same_road_and_back() {
    let town = Town::with(
        include_str!("../fixtures/clinic.sql"),
        include_str!("../fixtures/clinic.toml"),
        include_str!("../fixtures/clinic_template.sql"),
    );
    let north = "0b5c7e1a-0000-4000-8000-00000000000a";
    let before = town.untouched();
    let plan = town.run(&["plan", "--store", north, "--format", "json"]).exits(0).json();
    let planned = &plan["plans"][0];
    assert_eq!(planned["tables"].as_array().unwrap().len(), 6);
    assert_eq!(town.untouched(), before, "a plan changes nothing");
    assert!(!town.has_schema("tenantctl"), "a plan makes no journal");

    let report = town.run(&["migrate", "--store", north, "--format", "json"]).exits(0).json();
    let store = &report["stores"][0];
    assert_eq!((&store["store"], &store["stage"]), (&north.into(), &"switched".into()));
    assert_eq!(store["schema"], "clinic north_wing");
    let own = format!("clinic_ref = '{north}'");
    let patients = format!("patient_no in (select no from care.patient where {own})");
    let visits = format!("visit in (select id from care.visit v where {patients})");
    let target = "\"clinic north_wing\"";
    let rows = [
        ("patient", own.clone(), 40),
        ("visit", patients.clone(), 80),
        ("prescription", visits.clone(), 160),
        ("room", own.clone(), 3),
        ("booking", format!("(clinic_ref, room) in (select clinic_ref, code from care.room where {own})"), 30),
        ("note", format!("about in (select no from care.patient where {own})"), 40),
    ];
    for (table, condition, count) in &rows {
        town.moved(&format!("care.{table}"), condition, &format!("{target}.{table}"));
        assert_eq!(town.value(&format!("select count(*) from {target}.{table}")), count.to_string(), "{table}");
        let told = store["tables"].as_array().unwrap().iter().find(|told| told["table"] == *table).unwrap();
        assert_eq!(told["row_count"]["target"], *count);
        assert_eq!(told["digest_equal"], true);
    }
    assert_eq!(town.value(&format!("select dbschema from admin.clinic where ref = '{north}'")), "clinic north_wing");
    let text = town.run(&["report"]).exits(0).stdout;
    for word in ["patient", "prescription", "booking", "North Wing", "switched"] {
        assert!(text.contains(word), "{text}");
    }
    for word in ["order", "product", "whatsapp", "store_1751248005649"] {
        assert!(!text.contains(word), "`{word}` is the sample's:\n{text}");
    }
    town.run(&["verify", "--store", north]).exits(0);
    town.run(&["verify", "--store", north, "--live"]).exits(0);
    town.run(&["reverse", "--store", north, "--yes"]).exits(0);
    town.run(&["abandon", "--store", north, "--yes"]).exits(0);
    assert_eq!(town.untouched(), before);
    town.all_sessions_end();
}
