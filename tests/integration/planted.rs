//! Faults planted in a store schema: each must be found and named, and a look after its end finds nothing.

use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::town::{Kept, Town};

const STORE: &str = "13";
const SCHEMA: &str = "store_1751273256223";

/// The sample with two tables more that have no key: one that is copied in binary, one as text.
fn town_with_keyless_tables() -> Town {
    static KEPT: OnceLock<Kept> = OnceLock::new();
    KEPT.get_or_init(|| moved_with_keyless_tables().kept()).copy()
}

fn moved_with_keyless_tables() -> Town {
    let town = Town::sample();
    town.sql(
        "create table page_views (store_id integer not null, page text, ms integer);
         create index on page_views (store_id);
         create table channel_uses (store_id integer not null, label text, channels notification_channel[] not null);
         create index on channel_uses (store_id);
         insert into page_views select s, 'page ' || lpad(n::text, 2, '0'), n * 10 from generate_series(12, 14) s, generate_series(1, 20) n;
         insert into page_views select 13, 'page 07', 70; -- a true duplicate
         insert into channel_uses select s, 'use ' || lpad(n::text, 2, '0'), '{web,push}' from generate_series(12, 14) s, generate_series(1, 20) n",
    );
    town.edit(
        "tenantctl.toml",
        "[report]\n",
        "[[tables]]\nname = \"page_views\"\n\n[[tables]]\nname = \"channel_uses\"\n\n[report]\n",
    );
    town.edit(
        "store_schema.sql",
        "-- tenantctl: after the load",
        "create table {{schema}}.page_views (store_id integer not null, page text, ms integer);
         create table {{schema}}.channel_uses (store_id integer not null, label text, channels {{schema}}.notification_channel[] not null);\n
-- tenantctl: after the load",
    );
    town.run(&["migrate", "--store", STORE, "--to", "verified"]).exits(0);
    town
}

/// A fault in one table's rows, and what the report must say of it.
struct Fault {
    table: &'static str,
    sql: String,
    kind: &'static str,
    key: Value,
    columns: Value,
}

impl Town {
    /// Plants behind the application's back: no trigger, no foreign key looks.
    fn plant(&self, sql: &str) {
        self.sql(&format!("set session_replication_role = replica; {}", sql.replace("{S}", SCHEMA)));
    }

    fn verify(&self, code: i32) -> Value {
        self.run(&["verify", "--store", STORE, "--format", "json"]).exits(code).json()["stores"][0].clone()
    }

    /// The value of a query in the store schema.
    fn held(&self, sql: &str) -> String {
        self.value(&sql.replace("{S}", SCHEMA))
    }
}

fn table<'a>(store: &'a Value, name: &str) -> &'a Value {
    let tables = store["tables"].as_array().unwrap();
    tables.iter().find(|table| table["table"] == name).unwrap_or_else(|| panic!("{name} is not in the report"))
}

fn check<'a>(store: &'a Value, name: &str) -> &'a Value {
    let checks = store["checks"].as_array().unwrap();
    checks.iter().find(|check| check["check"] == name).unwrap_or_else(|| panic!("{name} was not checked"))
}

/// Whether a check failed and an item of it names the thing.
#[track_caller]
fn fails_at(store: &Value, name: &str, thing: &str) {
    let check = check(store, name);
    let items = check["items"].as_array().unwrap();
    let named = items.iter().any(|item| item.as_str().unwrap().contains(thing));
    assert!(check["verdict"] == "fail" && named, "`{thing}` is not in {check}");
}

/// Plants the faults, sees that each is named and nothing else is, that no switch comes about, and that `migrate`
/// repairs by loading these tables again.
fn found_named_and_repaired(town: &Town, faults: &[Fault]) -> Value {
    for fault in faults {
        town.plant(&fault.sql);
    }
    let found = town.verify(3);
    assert_eq!(found["outcome"], "differs");
    assert_eq!(found["stage"], "copied", "a difference takes the proof back");
    for fault in faults {
        let table = table(&found, fault.table);
        assert_eq!(table["verdict"], "differs", "{}", fault.table);
        assert_eq!(table["digest_equal"], false, "{}", fault.table);
        let wanted = json!({"kind": fault.kind, "key": fault.key, "columns": fault.columns, "after_switch": false});
        let differences = table["differences"].as_array().unwrap();
        let named = differences.iter().filter(|difference| {
            // Empty fields may be left out.
            ["kind", "key"].iter().all(|field| difference[*field] == wanted[*field])
                && difference.get("columns").unwrap_or(&json!([])) == &wanted["columns"]
                && difference.get("after_switch").unwrap_or(&json!(false)) == &wanted["after_switch"]
        });
        assert_eq!(named.count(), 1, "{wanted}\nis not once in\n{table}");
        let planted = faults.iter().filter(|other| other.table == fault.table).count();
        assert_eq!(table["difference_count"], planted, "{table}");
    }
    for table in found["tables"].as_array().unwrap() {
        let planted = faults.iter().any(|fault| table["table"] == fault.table);
        assert_eq!(table["verdict"] == "differs", planted, "{table}");
    }
    town.run(&["switch", "--store", STORE]).exits(2).says("copied");
    assert_eq!(town.value("select schema_name is null from stores where id = 13"), "t");
    town.run(&["migrate", "--store", STORE, "--to", "verified"]).exits(0);
    town.verify(0);
    town.holds_the_shared_rows(STORE, SCHEMA);
    found
}

/// Where in a table a fault sits.
#[derive(Clone, Copy)]
enum Place {
    First,
    Last,
}

const PLACES: [Place; 2] = [Place::First, Place::Last];

impl Place {
    fn direction(self) -> &'static str {
        match self {
            Self::First => "asc",
            Self::Last => "desc",
        }
    }

    /// A number before, or after, all ids.
    fn beyond(self) -> i32 {
        match self {
            Self::First => -7,
            Self::Last => 99_999_999,
        }
    }
}

/// `users` and `notifications` go as text, the others in binary; `order_items` has a parent.
const KEYED: [&str; 4] = ["users", "notifications", "products", "order_items"];

/// The id of a keyed table's first or last row.
fn id_at(town: &Town, table: &str, place: Place) -> String {
    town.held(&format!("select id from {{S}}.{table} order by id {} limit 1", place.direction()))
}

/// The place of a keyless table's row, and its columns as the report shows them.
fn row_at(town: &Town, table: &str, place: Place) -> (String, Value) {
    let of = |what: &str| {
        town.held(&format!("select {what} from {{S}}.{table} t order by 2, 1 {} limit 1", place.direction()))
    };
    let of = |what: &str| of(&format!("{what}, t::text"));
    (of("ctid"), texts(&of("to_jsonb(t)")))
}

/// JSON with all values as text; an array as PostgreSQL writes it.
fn texts(json: &str) -> Value {
    let mut value: Value = serde_json::from_str(json).unwrap();
    for field in value.as_object_mut().unwrap().values_mut() {
        *field = match &*field {
            Value::String(text) => json!(text),
            Value::Array(list) => {
                json!(format!("{{{}}}", list.iter().map(|item| item.as_str().unwrap()).collect::<Vec<_>>().join(",")))
            }
            other => json!(other.to_string()),
        };
    }
    value
}

fn keyed(table: &'static str, id: &str, kind: &'static str, columns: Value, sql: String) -> Fault {
    Fault { table, sql, kind, key: json!({"id": id}), columns }
}

fn keyless(table: &'static str, kind: &'static str, key: &Value, sql: String) -> Fault {
    Fault { table, sql, kind, key: key.clone(), columns: json!([]) }
}

#[test]
fn a_changed_value_is_found_in_every_kind_of_table() {
    let town = town_with_keyless_tables();
    for place in PLACES {
        let mut faults = Vec::new();
        let changes = [
            ("users", "full_name = overlay(full_name placing 'Ω' from 1)", json!(["full_name"])),
            ("notifications", "channels = '{push}'", json!(["channels"])),
            ("products", "price = price + 0.01", json!(["price"])),
            ("order_items", "quantity = quantity + 1", json!(["quantity", "line_total"])),
            // null is not the empty text, and a time zone away is another time
            ("customers", "notes = case when notes is null then '' end", json!(["notes"])),
            ("whatsapp_logs", "created_at = created_at + interval '1 microsecond'", json!(["created_at"])),
        ];
        for (table, change, columns) in changes {
            let id = id_at(&town, table, place);
            faults.push(keyed(
                table,
                &id,
                "changed",
                columns,
                format!("update {{S}}.{table} set {change} where id = {id}"),
            ));
        }
        for (table, column, value, sql) in [
            ("page_views", "ms", json!("-1"), "ms = -1"),
            ("channel_uses", "channels", json!("{email}"), "channels = '{email}'"),
        ] {
            let (ctid, row) = row_at(&town, table, place);
            let mut other = row.clone();
            other[column] = value;
            faults.push(keyless(
                table,
                "missing",
                &row,
                format!("update {{S}}.{table} set {sql} where ctid = '{ctid}'"),
            ));
            faults.push(keyless(table, "extra", &other, String::from("select 1")));
        }
        found_named_and_repaired(&town, &faults);
    }
}

#[test]
fn a_missing_row_is_found_in_every_kind_of_table() {
    let town = town_with_keyless_tables();
    for place in PLACES {
        let mut faults = Vec::new();
        for table in KEYED {
            let id = id_at(&town, table, place);
            faults.push(keyed(table, &id, "missing", json!([]), format!("delete from {{S}}.{table} where id = {id}")));
        }
        for table in ["page_views", "channel_uses"] {
            let (ctid, row) = row_at(&town, table, place);
            faults.push(keyless(table, "missing", &row, format!("delete from {{S}}.{table} where ctid = '{ctid}'")));
        }
        found_named_and_repaired(&town, &faults);
    }
}

#[test]
fn an_extra_row_is_found_in_every_kind_of_table() {
    let town = town_with_keyless_tables();
    for place in PLACES {
        let id = place.beyond();
        let inserts = [
            (
                "users",
                "insert into {S}.users (id, full_name, email, password_hash) values ($, 'a', 'planted@example.com', '')",
            ),
            (
                "notifications",
                "insert into {S}.notifications (id, user_id, title) overriding system value select $, max(id), '' from {S}.users",
            ),
            ("products", "insert into {S}.products (id, sku, name, price) values ($, 'planted', '', 0)"),
            (
                "order_items",
                "insert into {S}.order_items (id, order_id, line_no, description, quantity, unit_price) select $, max(id), 999, '', 1, 0 from {S}.orders",
            ),
        ];
        let mut faults: Vec<Fault> = inserts
            .map(|(table, sql)| keyed(table, &id.to_string(), "extra", json!([]), sql.replace('$', &id.to_string())))
            .into();
        let page = if id < 0 { "" } else { "zzz" };
        faults.push(keyless(
            "page_views",
            "extra",
            &json!({"store_id": "13", "page": page, "ms": null}),
            format!("insert into {{S}}.page_views values (13, '{page}', null)"),
        ));
        faults.push(keyless(
            "channel_uses",
            "extra",
            &json!({"store_id": "13", "label": page, "channels": "{}"}),
            format!("insert into {{S}}.channel_uses values (13, '{page}', '{{}}')"),
        ));
        found_named_and_repaired(&town, &faults);
    }
}

#[test]
fn a_row_that_stands_twice_is_found_where_no_key_forbids_it() {
    let town = town_with_keyless_tables();
    for place in PLACES {
        let faults = ["page_views", "channel_uses"].map(|table| {
            let (ctid, row) = row_at(&town, table, place);
            keyless(
                table,
                "extra",
                &row,
                format!("insert into {{S}}.{table} select * from {{S}}.{table} where ctid = '{ctid}'"),
            )
        });
        found_named_and_repaired(&town, &faults);
    }
    // Two that are equal on both sides are no difference; one of them gone is.
    let one = json!({"store_id": "13", "page": "page 07", "ms": "70"});
    let sql = "delete from {S}.page_views where ctid = (select max(ctid) from {S}.page_views where page = 'page 07')";
    found_named_and_repaired(&town, &[keyless("page_views", "missing", &one, sql.into())]);
}

#[test]
fn a_row_of_another_store_is_found_in_every_kind_of_table() {
    let town = town_with_keyless_tables();
    let item = town.value(
        "select i.id from order_items i join orders o on o.id = i.order_id where store_id = 14 order by 1 limit 1",
    );
    let product = town.value("select id from products where store_id = 14 order by 1 desc limit 1");
    let user = town.value("select id from users where store_id = 14 order by 1 limit 1");
    let columns = "id, order_id, line_no, product_id, description, quantity, unit_price, discount, options";
    // A foreign row needs its way in: the template's check would refuse it.
    town.plant("alter table {S}.products drop constraint products_store_id_check; alter table {S}.users drop constraint users_store_id_check");
    let faults = [
        keyed(
            "order_items",
            &item,
            "extra",
            json!([]),
            format!(
                "insert into {{S}}.order_items ({columns}) select {columns} from public.order_items where id = {item}"
            ),
        ),
        keyed(
            "products",
            &product,
            "extra",
            json!([]),
            format!(
                "insert into {{S}}.products (id, store_id, sku, name, price) select id, store_id, sku, name, price from public.products where id = {product}"
            ),
        ),
        keyed(
            "users",
            &user,
            "extra",
            json!([]),
            format!(
                "insert into {{S}}.users (id, store_id, full_name, email, password_hash) select id, store_id, full_name, email, password_hash from public.users where id = {user}"
            ),
        ),
        keyless(
            "page_views",
            "extra",
            &json!({"store_id": "14", "page": "page 01", "ms": "10"}),
            "insert into {S}.page_views values (14, 'page 01', 10)".into(),
        ),
        keyless(
            "channel_uses",
            "extra",
            &json!({"store_id": "14", "label": "use 20", "channels": "{web,push}"}),
            "insert into {S}.channel_uses values (14, 'use 20', '{web,push}')".into(),
        ),
    ];
    for fault in &faults {
        town.plant(&fault.sql);
    }
    let found = town.verify(3);
    for fault in &faults {
        let differences = &table(&found, fault.table)["differences"];
        assert_eq!(differences.as_array().unwrap().len(), 1, "{differences}");
        assert_eq!(differences[0]["kind"], "extra");
        assert_eq!(differences[0]["key"], fault.key);
        fails_at(&found, "no_rows_of_other_stores", &format!("{}: 1 rows", fault.table));
    }
    fails_at(&found, "structure_equals_template", "products_store_id_check");
    for fault in &faults {
        let condition = match fault.table {
            "order_items" => format!("id = {item}"),
            _ => "store_id = 14".into(),
        };
        town.plant(&format!("delete from {{S}}.{} where {condition}", fault.table));
    }
    town.plant("alter table {S}.products add constraint products_store_id_check check (store_id = 13); alter table {S}.users add constraint users_store_id_check check (store_id = 13)");
    assert_eq!(town.verify(0)["stage"], "verified");
}

#[test]
fn two_values_that_changed_places_are_found_in_every_kind_of_table() {
    let town = town_with_keyless_tables();
    let mut faults = Vec::new();
    for (table, column) in
        [("users", "full_name"), ("notifications", "title"), ("products", "sku"), ("order_items", "description")]
    {
        let (first, last) = (id_at(&town, table, Place::First), id_at(&town, table, Place::Last));
        let values =
            [&first, &last].map(|id| town.held(&format!("select {column}::text from {{S}}.{table} where id = {id}")));
        // Two rows may say the same; then a swap would be no fault.
        assert_ne!(values[0], values[1], "{table}.{column}");
        // By way of a third value: unique keys look at every step.
        let third = "'third'";
        let set = |value: &str, id: &str| format!("update {{S}}.{table} set {column} = {value} where id = {id}");
        let sql = [
            set(third, &first),
            set(&format!("'{}'", values[0].replace('\'', "''")), &last),
            set(&format!("'{}'", values[1].replace('\'', "''")), &first),
        ];
        faults.push(keyed(table, &first, "changed", json!([column]), sql.join(";")));
        faults.push(keyed(table, &last, "changed", json!([column]), "select 1".into()));
    }
    let first = |row: &str, key: Value, sql: &str| {
        keyless(if row == "p" { "page_views" } else { "channel_uses" }, "missing", &key, sql.into())
    };
    faults.push(first(
        "p",
        json!({"store_id": "13", "page": "page 01", "ms": "10"}),
        "update {S}.page_views set ms = 210 - ms where page in ('page 01', 'page 20')",
    ));
    faults.push(first("p", json!({"store_id": "13", "page": "page 20", "ms": "200"}), "select 1"));
    faults.push(keyless(
        "page_views",
        "extra",
        &json!({"store_id": "13", "page": "page 01", "ms": "200"}),
        "select 1".into(),
    ));
    faults.push(keyless(
        "page_views",
        "extra",
        &json!({"store_id": "13", "page": "page 20", "ms": "10"}),
        "select 1".into(),
    ));
    found_named_and_repaired(&town, &faults);
}

#[test]
fn a_fault_that_is_undone_by_hand_leaves_nothing_to_find() {
    let town = town_with_keyless_tables();
    let id = id_at(&town, "users", Place::First);
    town.plant(&format!("update {{S}}.users set is_active = not is_active where id = {id}"));
    assert_eq!(table(&town.verify(3), "users")["differences"][0]["columns"], json!(["is_active"]));
    town.plant(&format!("update {{S}}.users set is_active = not is_active where id = {id}"));
    let clean = town.verify(0);
    assert_eq!(clean["stage"], "verified");
    assert_eq!(table(&clean, "users")["verdict"], "equal");
    town.run(&["switch", "--store", STORE]).exits(0);
}

#[test]
fn faults_beyond_max_diffs_are_counted_and_not_listed() {
    let town = town_with_keyless_tables();
    town.plant("update {S}.whatsapp_logs set event = event || '!'");
    let ran = town.run(&["verify", "--store", STORE, "--format", "json", "--max-diffs", "3"]).exits(3).json();
    let table = table(&ran["stores"][0], "whatsapp_logs");
    assert_eq!(table["differences"].as_array().unwrap().len(), 3);
    assert_eq!(table["difference_count"], 380);
}

#[test]
fn a_fault_in_the_objects_is_found_by_its_check_and_named() {
    let town = Town::sample();
    let reader = format!("reader_of_{}", town.database);
    town.sql(&format!("create role {reader}"));
    town.edit("tenantctl.toml", "[store_schema]\n", &format!("[store_schema]\nreaders = [\"{reader}\"]\n"));
    town.run(&["migrate", "--store", STORE, "--to", "verified"]).exits(0);
    let stands = town.held("select last_value from {S}.products_id_seq");
    let structure = "structure_equals_template";
    let of_order = "foreign key (order_id) references {S}.orders (id) on delete cascade";
    let faults: &[(&str, &str, &str, &str)] = &[
        (
            "sequences_ahead",
            "products_id_seq",
            "select setval('{S}.products_id_seq', 1)",
            &format!("select setval('{{S}}.products_id_seq', {stands})"),
        ),
        (
            structure,
            "products_tags_idx",
            "drop index {S}.products_tags_idx",
            "create index products_tags_idx on {S}.products using gin (tags)",
        ),
        (
            structure,
            "products_tags_idx",
            "drop index {S}.products_tags_idx; create index products_tags_idx on {S}.products (tags)",
            "drop index {S}.products_tags_idx; create index products_tags_idx on {S}.products using gin (tags)",
        ),
        (structure, "planted_idx", "create index planted_idx on {S}.products (name)", "drop index {S}.planted_idx"),
        (
            structure,
            "orders_stamp_status",
            "alter table {S}.orders disable trigger orders_stamp_status",
            "alter table {S}.orders enable trigger orders_stamp_status",
        ),
        (
            structure,
            "orders_stamp_status",
            "alter table {S}.orders enable always trigger orders_stamp_status",
            "alter table {S}.orders enable trigger orders_stamp_status",
        ),
        (
            "foreign_keys_validated",
            "order_items_order_id_fkey",
            &format!(
                "alter table {{S}}.order_items drop constraint order_items_order_id_fkey; alter table {{S}}.order_items add constraint order_items_order_id_fkey {of_order} not valid"
            ),
            "alter table {S}.order_items validate constraint order_items_order_id_fkey",
        ),
        (
            structure,
            "order_items_order_id_fkey",
            "alter table {S}.order_items drop constraint order_items_order_id_fkey",
            &format!("alter table {{S}}.order_items add constraint order_items_order_id_fkey {of_order}"),
        ),
        (
            structure,
            &reader,
            &format!("revoke select on {{S}}.orders from {reader}"),
            &format!("grant select on {{S}}.orders to {reader}"),
        ),
        (
            structure,
            "products",
            "alter table {S}.products alter stock set default 1",
            "alter table {S}.products alter stock set default 0",
        ),
        (
            structure,
            "email",
            "alter table {S}.users alter email drop not null",
            "alter table {S}.users alter email set not null",
        ),
        (structure, "planted", "alter table {S}.users add planted text", "alter table {S}.users drop planted"),
        (
            structure,
            "touch_conversation",
            "alter function {S}.touch_conversation() rename to touched",
            "alter function {S}.touched() rename to touch_conversation",
        ),
        (
            structure,
            "order_summary",
            "alter view {S}.order_summary rename to order_total",
            "alter view {S}.order_total rename to order_summary",
        ),
        (
            structure,
            "orders",
            "alter table {S}.orders enable row level security",
            "alter table {S}.orders disable row level security",
        ),
        (
            "nothing_points_at_shared",
            "products",
            "alter table {S}.products alter id set default nextval('public.products_id_seq')",
            "alter table {S}.products alter id set default nextval('{S}.products_id_seq')",
        ),
    ];
    for (check, thing, plant, undo) in faults {
        town.sql(&plant.replace("{S}", SCHEMA));
        let found = town.verify(3);
        fails_at(&found, check, thing);
        assert_eq!(found["stage"], "copied", "{thing}");
        town.sql(&undo.replace("{S}", SCHEMA));
    }
    assert_eq!(town.verify(0)["stage"], "verified");
}

#[test]
fn a_plain_column_in_place_of_a_generated_one_is_found_though_its_values_are_equal() {
    let town = Town::sample_at("verified");
    town.plant("alter table {S}.customers alter search_name drop expression");
    let found = town.verify(3);
    fails_at(&found, "structure_equals_template", "search_name");
    assert_eq!(table(&found, "customers")["verdict"], "equal");
    town.run(&["switch", "--store", STORE]).exits(2);
    town.run(&["abandon", "--store", STORE, "--yes"]).exits(0);
    town.run(&["migrate", "--store", STORE, "--to", "verified"]).exits(0);
    town.verify(0);
}

#[test]
fn a_table_that_is_gone_is_told_from_an_empty_one() {
    let town = town_with_keyless_tables();
    town.plant("drop table {S}.page_views; truncate {S}.channel_uses");
    let found = town.verify(3);
    assert_eq!(table(&found, "page_views")["verdict"], "differs");
    assert_eq!(table(&found, "page_views")["row_count"]["target"], Value::Null);
    assert_eq!(table(&found, "channel_uses")["row_count"]["target"], 0);
    fails_at(&found, "structure_equals_template", "page_views");
}
