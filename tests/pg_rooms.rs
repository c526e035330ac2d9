//! The rooms of `pg` against a real server. One server for the run, one database for each test.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tenantctl::ident::{Ident, QualifiedTable};
use tenantctl::pg::Client;
use tenantctl::pg::catalog::*;
use tenantctl::pg::compare::{self, Side};
use tenantctl::pg::failure::ServerResult;
use tenantctl::pg::structure::{differences, structure_of};
use tenantctl::plan::Structure;
use tenantctl::report::{Difference, DifferenceKind};
use tenantctl::server::{Server, ServerOptions};
use tenantctl::store::KeyFamily;
use tenantctl::table::{Table, TypeKind};
use tokio_postgres::NoTls;

const OPTIONS: &str = "-c search_path= -c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres \
    -c extra_float_digits=3 -c bytea_output=hex -c standard_conforming_strings=on -c jit=off";

/// The port of the one server of this run; its watchdog ends it with the process.
fn port() -> u16 {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(&ServerOptions::default()).unwrap()).port()
}

async fn connect(database: &str) -> Client {
    let config = format!("host=127.0.0.1 port={} user=postgres dbname={database} options='{OPTIONS}'", port());
    let (client, connection) = tokio_postgres::connect(&config, NoTls).await.unwrap();
    tokio::spawn(connection);
    Client::new(client)
}

/// A database of one's own, with a second connection to it.
async fn database() -> (Client, Client) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("d{}", NEXT.fetch_add(1, Ordering::Relaxed));
    connect("postgres").await.batch_execute(&format!("create database {name}")).await.unwrap();
    (connect(&name).await, connect(&name).await)
}

fn id(name: &str) -> Ident {
    Ident::new(name)
}

fn ids(names: &[&str]) -> Vec<Ident> {
    names.iter().map(|name| id(name)).collect()
}

async fn run(client: &Client, sql: &str) {
    if let Err(error) = client.batch_execute(sql).await.server() {
        panic!("{error:?}");
    }
}

async fn town(client: &Client, schema: &str) {
    run_since(client, &include_str!("pg_rooms.sql").replace("{{schema}}", &id(schema).to_string())).await;
}

async fn major(client: &Client) -> i32 {
    let sql = "select current_setting('server_version_num')::int4 / 10000";
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// Runs a script without the lines that end in `-- since` a later major than this server's.
async fn run_since(client: &Client, script: &str) {
    let major = major(client).await;
    let known =
        |line: &&str| line.split_once("-- since ").is_none_or(|(_, since)| since.parse::<i32>().unwrap() <= major);
    run(client, &script.lines().filter(known).collect::<Vec<_>>().join("\n")).await;
}

async fn structure(client: &Client, schema: &str) -> Structure {
    run(client, "begin").await;
    let structure = structure_of(client, &id(schema)).await.unwrap();
    run(client, "commit").await;
    structure
}

#[tokio::test]
async fn an_error_keeps_all_that_the_server_said() {
    let (client, _) = database().await;
    town(&client, "s").await;
    let sql = "insert into s.orders (store_id, status) values (4, 'paid'), (4, 'paid')";
    run(&client, sql).await;
    let error = client.execute("insert into s.orders (id, store_id) values (1, 4)", &[]).await.server().unwrap_err();
    assert!(error.is(&["23505"]), "{error:?}");
    assert_eq!(error.table.as_deref(), Some("orders"));
    assert_eq!(error.constraint.as_deref(), Some("orders_pkey"));
    let error = client.execute("select nonsense", &[]).await.server().unwrap_err();
    assert_eq!(error.position, Some(8));
    let error = client.batch_execute("do $$ begin perform nope(); end $$").await.server().unwrap_err();
    assert!(error.context.as_deref().unwrap().contains("PL/pgSQL"), "{error:?}");
    let refused = tokio_postgres::connect("host=127.0.0.1 port=1 user=x", NoTls).await.map(drop).server().unwrap_err();
    assert!(refused.message.contains("refused") && refused.sqlstate.is_none(), "{}", refused.message);
    assert!(refused.is_connection());
}

#[tokio::test]
async fn tables_are_as_the_catalogs_say() {
    let (client, _) = database().await;
    town(&client, "Weird \"Town\"").await;
    let tables = tables_of(&client, &id("Weird \"Town\"")).await.unwrap();
    let by_name: BTreeMap<&str, &Table> = tables.iter().map(|table| (table.name.table.raw(), table)).collect();
    let names: Vec<_> = by_name.keys().copied().collect();
    assert_eq!(
        names,
        [
            "Weird \"Name\"",
            "bookings",
            "events",
            "events_2026",
            "logs",
            "notes",
            "order",
            "orders",
            "pairs",
            "special_notes",
            "ñandú"
        ]
    );
    let orders = by_name["orders"];
    assert_eq!(orders.key, ids(&["id"]));
    let column = |name: &str| orders.column(&id(name)).unwrap();
    assert!(column("id").has_default && column("id").not_null && column("total_with_tax").generated);
    let status = &column("status").type_name;
    assert_eq!((status.kind, status.user_defined), (TypeKind::Enum, true));
    assert_eq!(status.labels, ["new", "paid", "it's \"sent\""]);
    assert_eq!(status.sql, "\"Weird \"\"Town\"\"\".status");
    let amount = &column("amount").type_name;
    assert_eq!(
        (amount.base_oid, amount.base_modifier, amount.modifier, amount.kind),
        (1700, 786_438, -1, TypeKind::Base)
    );
    assert!(!amount.user_defined && amount.sql.ends_with(".price"));
    assert!(column("rate").has_default, "a domain's default");
    for (name, kind, user_defined) in [
        ("tags", TypeKind::Container, false),
        ("history", TypeKind::Container, true),
        ("place", TypeKind::Container, true),
        ("span", TypeKind::Container, false),
        ("own_span", TypeKind::Container, true),
        ("prices", TypeKind::Container, true),
        ("boxed", TypeKind::Container, true),
        ("body", TypeKind::Base, false),
    ] {
        let found = &column(name).type_name;
        assert_eq!((found.kind, found.user_defined), (kind, user_defined), "{name}");
    }
    if major(&client).await >= 14 {
        let found = &column("own_spans").type_name;
        assert_eq!((found.kind, found.user_defined), (TypeKind::Container, true));
    }
    assert_eq!(by_name["logs"].key, []);
    assert_eq!(by_name["pairs"].key, ids(&["b", "a"]));
    assert_eq!(by_name["Weird \"Name\""].key, ids(&["sélect", "a.b"]));
    assert!(by_name["events"].is_partitioned && !by_name["events"].is_partition && by_name["events_2026"].is_partition);
    assert!(
        !by_name["notes"].is_partitioned
            && by_name["special_notes"].parents == ids(&["notes"])
            && by_name["notes"].row_security
    );
    assert_eq!(orders.row_estimate, -1);
    run(&client, "insert into \"Weird \"\"Town\"\"\".orders (store_id) values (1), (2); analyze").await;
    let again = tables_of(&client, &id("Weird \"Town\"")).await.unwrap();
    assert_eq!(again.iter().find(|table| table.name.table.raw() == "orders").unwrap().row_estimate, 2);
}

#[tokio::test]
async fn keys_sequences_and_objects() {
    let (client, _) = database().await;
    town(&client, "s").await;
    run(&client, "create schema t; create table t.x (order_id bigint constraint to_s references s.orders);").await;
    // It only names the schema; its key is between others.
    run(
        &client,
        "create table t.y (id bigint primary key);
         create table t.named (k oid, x bigint constraint elsewhere references t.y)
         partition by list ((case when k = 's'::regnamespace then 1 end))",
    )
    .await;
    let keys = foreign_keys_touching(&client, &id("s")).await.unwrap();
    let names: Vec<_> = keys.iter().map(|key| (key.table.raw(), key.name.raw(), key.validated)).collect();
    let expected = [
        ("s.events".to_owned(), "events_order_id_fkey", true),
        ("s.order".to_owned(), "line of order", true),
        ("t.x".to_owned(), "to_s", true),
    ];
    assert_eq!(names, expected);
    assert_eq!(
        (&keys[1].columns, &keys[1].parent_columns),
        (&ids(&["order store", "order id"]), &ids(&["store_id", "id"]))
    );

    let key_type = async |table: &str, column: &str| {
        key_type_of(&client, &QualifiedTable::new(id("s"), id(table)), &id(column)).await
    };
    let found = key_type("orders", "store_id").await.unwrap().unwrap();
    assert_eq!((found.sql.as_str(), found.family), ("s.store_no", KeyFamily::Integer));
    let found = key_type("pairs", "code").await.unwrap().unwrap();
    assert_eq!((found.sql.as_str(), found.family), ("character varying", KeyFamily::Text));
    assert_eq!(key_type("pairs", "u").await.unwrap().unwrap().family, KeyFamily::Uuid);
    assert_eq!(key_type("pairs", "gone").await.unwrap(), None);
    let refusal = key_type("orders", "amount").await.unwrap_err();
    assert!(refusal.downcast_ref::<tenantctl::error::Refusal>().unwrap().because.as_deref().unwrap().contains("price"));

    let unique = unique_keys_of(&client, &id("s")).await.unwrap();
    let of = |table: &str| unique.iter().filter(|(of, _)| *of == id(table)).map(|(_, key)| key).collect::<Vec<_>>();
    let by_name: BTreeMap<&str, &UniqueKey> = of("pairs").into_iter().map(|key| (key.name.raw(), key)).collect();
    assert_eq!(by_name["pairs_lower"].columns, None);
    assert_eq!(by_name["pairs_lower"].expressions, ["a", "lower(code::text)"]);
    assert_eq!(by_name["pairs_part"].predicate.as_deref(), Some("b > 0"));
    assert!(by_name["pairs_late"].is_deferrable);
    assert_eq!(by_name.get("pairs_nulls").is_some_and(|key| key.nulls_not_distinct), major(&client).await >= 15);
    let booking = of("bookings");
    assert!(booking[0].is_exclusion && booking[0].operators == ["operator(pg_catalog.&&)"], "{booking:?}");

    let indexes = index_columns(&client, &id("s")).await.unwrap();
    assert!(indexes[&id("orders")].contains(&ids(&["store_id", "id"])));
    assert!(indexes[&id("pairs")].contains(&ids(&["a"])), "up to the first expression");

    run(&client, "select nextval('s.orders_id_seq'), nextval('s.orders_id_seq')").await;
    let sequences = sequences_of(&client, &id("s")).await.unwrap();
    let by_name: BTreeMap<&str, &SequenceFacts> = sequences.iter().map(|facts| (facts.name.raw(), facts)).collect();
    assert_eq!((by_name["orders_id_seq"].last_value, by_name["orders_id_seq"].is_called), (2, true));
    assert_eq!(by_name["orders_id_seq"].column().unwrap().1, &id("id"));
    assert_eq!(by_name["order_no_seq"].users[0].how, SequenceUse::Identity);
    assert_eq!(
        (by_name["loose seq"].column(), by_name["loose seq"].increment, by_name["loose seq"].cycle),
        (None, -5, true)
    );
    assert_eq!(by_name["ticket"].users.iter().map(|user| user.how).collect::<Vec<_>>(), [SequenceUse::Default; 2]);

    let objects = objects_in(&client, &id("s")).await.unwrap();
    for object in ["table orders", "function greet(integer)", "type status", "sequence ticket", "view open_orders"] {
        assert!(objects.iter().any(|found| found == object), "{object} in {objects:?}");
    }
    run(&client, "create schema empty").await;
    assert_eq!(objects_in(&client, &id("empty")).await.unwrap(), Vec::<String>::new());
    assert!(schema_exists(&client, &id("s")).await.unwrap() && !schema_exists(&client, &id("S")).await.unwrap());
    let events = QualifiedTable::new(id("s"), id("events"));
    assert!(relation_size(&client, &events).await.unwrap().unwrap().index_bytes > 0);
    assert_eq!(relation_size(&client, &QualifiedTable::new(id("s"), id("gone"))).await.unwrap(), None);
    let triggers = user_triggers_of(&client, &id("s")).await.unwrap();
    let states: Vec<_> = triggers.iter().map(|t| (t.table.raw(), t.name.raw(), t.enabled)).collect();
    assert_eq!(states, [("notes", "quiet", 'D'), ("orders", "stamp", 'O')]);
}

#[tokio::test]
async fn the_fingerprint_follows_the_definitions_only() {
    let (client, _) = database().await;
    town(&client, "s").await;
    let tables = ids(&["orders", "notes", "events"]);
    let print = async || ddl_fingerprint(&client, &id("s"), &tables).await.unwrap();
    let mut last = print().await;
    assert_eq!(last.len(), 32);
    run(&client, "insert into s.orders (store_id) values (1); analyze; alter table s.pairs add x int").await;
    run(&client, "create table s.events_2027 partition of s.events for values from ('2027-01-01') to ('2028-01-01')")
        .await;
    assert_eq!(print().await, last);
    for change in [
        "alter table s.orders add x int",
        "alter table s.orders alter x set default 1",
        "alter table s.orders add constraint positive check (x > 0) not valid",
        "alter table s.notes enable trigger quiet",
        "alter type s.status add value 'lost'",
        "alter domain s.rate set not null",
        "alter table s.orders drop column x",
        "drop table s.events",
    ] {
        run(&client, change).await;
        let now = print().await;
        assert_ne!(now, last, "{change}");
        last = now;
    }
}

#[tokio::test]
async fn what_leads_to_a_shared_table_is_found() {
    let (client, _) = database().await;
    town(&client, "shared").await;
    run(
        &client,
        "create table shared.common (id int primary key); create view shared.peep as select * from shared.orders",
    )
    .await;
    town(&client, "Store 4").await;
    let shared = ids(&["orders", "notes", "events"]);
    let found = async || pointing_at(&client, &id("Store 4"), &id("shared"), &shared).await.unwrap();
    assert_eq!(found().await, Vec::<String>::new());
    run_since(
        &client,
        r#"
        create table "Store 4".bad (id bigint default nextval('shared.orders_id_seq'), o bigint, r shared.orders[],
          c int references shared.common, s shared.status, t text default nextval('shared.ticket'::text)::text,
          constraint bad_fk foreign key (o) references shared.orders);
        create view "Store 4".v as select * from shared.orders;
        create view "Store 4".indirect as select * from shared.peep;
        create table "Store 4".heir () inherits (shared.notes);
        create rule r as on insert to "Store 4".bad do also delete from shared.notes;
        create function "Store 4".f() returns void language plpgsql as
          $$ begin execute 'delete from "shared" . Orders'; end $$;
        create function "Store 4".fine() returns void language plpgsql as
          $$ begin /* shared.orders */ perform 1 from orders_shared.orders; end $$;
        create function "Store 4".path() returns bigint language sql set search_path = shared, pg_temp as
          $$ select count(*) from notes $$;
        create function "Store 4".own_path() returns bigint language sql set search_path = "Store 4", shared as
          $$ select count(*) from notes $$;
        create function "Store 4".atomic() returns bigint language sql begin atomic select count(*) from shared.notes; end; -- since 14
        create policy p on "Store 4".bad using (exists (select from shared.notes));
        create function "Store 4".common() returns bigint language sql as $$ select count(*) from shared.common $$;
        alter sequence "Store 4"."loose seq" owned by none;
        "#,
    )
    .await;
    let mut expected = vec![
        "default of bad.id draws from shared.orders_id_seq",
        "default of bad.t names shared.ticket",
        "foreign key bad_fk of bad refers to shared.orders",
        "function atomic depends on shared.notes",
        "function f names shared.orders",
        "function path sets search_path so that it reaches shared.notes",
        "policy p of bad reads shared.notes",
        "relation bad depends on shared.orders",
        "rule r of bad reads shared.notes",
        "table heir inherits from shared.notes",
        "view indirect reads shared.peep",
        "view v reads shared.orders",
    ];
    if major(&client).await < 14 {
        expected.retain(|line| !line.contains("atomic"));
    }
    assert_eq!(found().await, expected);
}

#[tokio::test]
async fn what_is_asked_after_a_structure_sees_no_path() {
    let (client, _) = database().await;
    town(&client, "full").await;
    run(&client, "create schema bare; create table bare.orders (id int)").await;
    run(&client, "begin").await;
    // Two questions, as the schemas have other kinds of objects; each is kept from the second time on.
    for schema in ["full", "full", "bare", "bare", "bare", "full"] {
        structure_of(&client, &id(schema)).await.unwrap();
        let path: String = client.query_one("show search_path", &[]).await.unwrap().get(0);
        assert!(path.trim_matches('"').is_empty(), "after {schema}: {path}");
    }
    run(&client, "commit").await;
}

#[tokio::test]
async fn one_script_makes_one_structure() {
    let (client, _) = database().await;
    run(&client, "do $$ begin create role app; exception when duplicate_object then end $$").await;
    for schema in ["store_4", "Weird \"Store\" its"] {
        town(&client, schema).await;
        run(
            &client,
            &format!(
                "grant usage on schema {0} to app; grant select, insert on {0}.orders to app; grant update
            (note) on {0}.orders to app; revoke execute on function {0}.greet(int) from public",
                id(schema)
            ),
        )
        .await;
    }
    let outside_a_transaction = structure_of(&client, &id("store_4")).await.unwrap();
    let start = std::time::Instant::now();
    let expected = structure(&client, "store_4").await;
    let took = start.elapsed();
    let other = structure(&client, "Weird \"Store\" its").await;
    assert_eq!(differences(&expected, &other), Vec::<String>::new());
    assert_eq!(outside_a_transaction, expected);
    println!("{} objects in {took:?}", expected.len());
    for (name, definition) in &expected {
        println!("{name} := {definition}");
        assert!(!definition.contains("store_4"), "{name}: {definition}");
    }
    assert!(expected["function greet(who integer)"].contains("{{schema}}.orders"));
    assert!(expected.contains_key("comment on the schema"));
    let path = client.query_one("show search_path", &[]).await.unwrap().get::<_, String>(0);
    assert!(path.trim_matches('"').is_empty(), "{path}");

    for (change, line) in [
        ("drop index store_4.orders_store_idx", "missing: index orders_store_idx on orders"),
        ("alter table store_4.orders disable trigger stamp", "differs: trigger stamp on orders: expected "),
        ("alter table store_4.\"order\" drop constraint \"line of order\", add constraint \"line of order\" foreign key
          (\"order store\", \"order id\") references store_4.orders (store_id, id) not valid",
         "differs: constraint \"line of order\" on \"order\": expected "),
        ("alter table store_4.orders alter status set default 'paid'", "differs: column orders.status: expected "),
        ("alter table store_4.orders add surplus int", "extra: column orders.surplus"),
        ("alter table store_4.orders alter note set not null", "differs: column orders.note: expected "),
        ("comment on column store_4.orders.id is 'other'", "differs: comment on table column orders.id: expected "),
        ("comment on index store_4.orders_store_idx is null", "missing: comment on index orders_store_idx"),
        ("comment on constraint price_check on domain store_4.price is 'new'",
         "extra: comment on domain constraint price_check on price"),
        ("revoke insert on store_4.orders from app", "differs: grant to app on table orders: expected `insert, select`, found `select`"),
        ("revoke select, insert, update on store_4.orders from app", "missing: grant to app on table orders"),
        ("revoke usage on schema store_4 from app", "missing: grant to app on the schema"),
        ("grant execute on function store_4.greet(int) to public", "extra: grant to public on function greet(integer)"),
        ("alter table store_4.notes owner to app", "extra: owner app of table notes"),
        ("alter type store_4.status add value 'lost'", "differs: type status: expected "),
        ("alter domain store_4.price drop constraint price_check", "missing: constraint price_check on price"),
        ("alter sequence store_4.ticket increment 2", "differs: sequence ticket: expected "),
        ("alter sequence store_4.orders_id_seq owned by none", "differs: sequence orders_id_seq: expected "),
        ("alter table store_4.orders replica identity full", "differs: table orders: expected "),
        ("alter table store_4.notes disable row level security", "differs: table notes: expected "),
        ("alter table store_4.notes set (fillfactor = 50)", "differs: table notes: expected "),
        ("drop policy own on store_4.notes", "missing: policy own on notes"),
        ("drop statistics store_4.orders_stat", "missing: statistics orders_stat"),
        ("create or replace function store_4.greet(who int) returns text language sql as 'select null::text'",
         "differs: function greet(who integer): expected "),
        ("create or replace view store_4.open_orders as select id, note from store_4.orders", "differs: view open_orders: expected "),
        ("cluster store_4.orders using orders_store", "differs: index orders_store on orders: expected "),
        ("drop rule keep on store_4.logs", "missing: rule keep on logs"),
        ("alter table store_4.events detach partition store_4.events_2026", "differs: table events_2026: expected "),
        ("drop aggregate store_4.total(int)", "missing: aggregate total(integer)"),
        ("create operator store_4.=== (leftarg = int, rightarg = int, function = int4eq)", "extra: operator ===(integer,integer)"),
        ("alter index store_4.orders_store_idx rename to renamed", "extra: index renamed on orders"),
        ("alter default privileges in schema store_4 grant select on tables to app", "extra: default privileges on tables made by the owner"),
    ] {
        let (mine, _) = (&client, ());
        run(mine, "begin").await;
        run(mine, change).await;
        let found = structure_of(mine, &id("store_4")).await.unwrap();
        run(mine, "rollback").await;
        let lines = differences(&expected, &found);
        assert!(lines.iter().any(|found| found.starts_with(line)), "{change}: {lines:#?}");
        println!("{lines:?}");
    }
}

#[tokio::test]
#[ignore = "a measurement"]
async fn ninety_stores_stay_quick() {
    let (client, _) = database().await;
    town(&client, "shared").await;
    for store in 0..90 {
        town(&client, &format!("store_{store}")).await;
    }
    let shared = ids(&["orders", "notes", "events"]);
    for analysed in [false, true] {
        if analysed {
            run(&client, "vacuum analyze").await;
        }
        let time = |what: &str, start: std::time::Instant| println!("{what} {:?}", start.elapsed());
        for _ in 0..2 {
            let start = std::time::Instant::now();
            structure(&client, "store_44").await;
            time("structure", start);
            let start = std::time::Instant::now();
            tables_of(&client, &id("store_44")).await.unwrap();
            time("tables", start);
            let start = std::time::Instant::now();
            pointing_at(&client, &id("store_44"), &id("shared"), &shared).await.unwrap();
            time("pointing", start);
            if let Ok(file) = std::env::var("EXPLAIN") {
                let sql = std::fs::read_to_string(file).unwrap();
                let rows = client
                    .query_typed(
                        &format!("explain analyze {sql}"),
                        &[
                            (&"store_44", tokio_postgres::types::Type::TEXT),
                            (&"shared", tokio_postgres::types::Type::TEXT),
                            (&r#"["orders","notes","events"]"#, tokio_postgres::types::Type::TEXT),
                        ],
                    )
                    .await
                    .unwrap();
                for row in rows {
                    println!("{}", row.get::<_, String>(0));
                }
            }
            let start = std::time::Instant::now();
            ddl_fingerprint(&client, &id("shared"), &shared).await.unwrap();
            time("fingerprint", start);
            let start = std::time::Instant::now();
            foreign_keys_touching(&client, &id("shared")).await.unwrap();
            sequences_of(&client, &id("shared")).await.unwrap();
            objects_in(&client, &id("store_44")).await.unwrap();
            time("keys, sequences, objects", start);
        }
    }
}

#[tokio::test]
async fn rows_that_differ_are_named() {
    let (a, b) = database().await;
    run(
        &a,
        "create schema s; create schema t;
        create table s.r (id int, b text, \"C c\" text, d numeric, c char);
        create table t.r (id bigint primary key, b text, \"C c\" text, d numeric, c bpchar)",
    )
    .await;
    run(&a, "insert into s.r select g, 'b' || g, null, g * 1.10, 'x' from generate_series(1, 2000) g").await;
    let columns = ids(&["id", "b", "C c", "d", "c"]);
    let side = |client, schema: &str, order: &str| Side { client, select: format!("select * from {schema}.r {order}") };
    let diff = async |key: &[Ident], max| {
        compare::differences(side(&a, "s", ""), side(&b, "t", ""), &columns, key, max).await.unwrap()
    };
    let keyed = ids(&["id"]);
    let refill = "truncate t.r; insert into t.r select * from s.r";
    for key in [&keyed[..], &[]] {
        run(&a, refill).await;
        assert_eq!(diff(key, 10).await, (vec![], 0));
    }
    let told = |found: &[Difference]| -> Vec<String> {
        let one = |d: &Difference| format!("{:?} {} {}", d.kind, d.key[0].1.clone().unwrap(), d.columns.join(","));
        found.iter().map(one).collect()
    };
    for (change, expected) in [
        ("delete from t.r where id = 1", vec!["Missing 1 "]),
        ("delete from t.r where id = 2000", vec!["Missing 2000 "]),
        ("insert into t.r values (0), (999999)", vec!["Extra 0 ", "Extra 999999 "]),
        ("update t.r set b = 'other', d = 1 where id = 2000", vec!["Changed 2000 b,d"]),
        ("update t.r set d = 1.1 where id = 1", vec!["Changed 1 d"]),
        ("update t.r set \"C c\" = '' where id = 5", vec!["Changed 5 C c"]),
        ("update t.r set \"C c\" = 'NULL' where id = 5", vec!["Changed 5 C c"]),
        ("update t.r set c = 'x ' where id = 5", vec!["Changed 5 c"]),
        ("alter table t.r drop constraint r_pkey; insert into t.r select * from t.r where id = 7", vec!["Extra 7 "]),
        (
            "delete from t.r where id = 7; insert into t.r select id, b, 'new', d, c from s.r, generate_series(1, 2) where id = 7",
            vec!["Changed 7 C c", "Extra 7 "],
        ),
        (
            "update t.r set b = (select b from t.r x where x.id = 4 - r.id + 3) where id in (3, 4)",
            vec!["Changed 3 b", "Changed 4 b"],
        ),
    ] {
        run(&a, refill).await;
        run(&a, change).await;
        let (found, count) = diff(&keyed, 10).await;
        assert_eq!(
            (told(&found), count),
            (expected.iter().map(|s| (*s).to_owned()).collect(), expected.len() as u64),
            "{change}"
        );
    }
    run(&a, "truncate t.r").await;
    let (found, count) = diff(&keyed, 3).await;
    assert_eq!((found.len(), count), (3, 2000));
    // without a key
    run(&a, "truncate s.r, t.r; insert into s.r (id, b) values (1, 'a'), (1, 'a'), (1, 'a'), (2, null), (3, ''), (4, 'NULL');
        insert into t.r (id, b) values (1, 'a'), (2, ''), (3, ''), (4, 'NULL'), (4, 'NULL')").await;
    let (found, count) = diff(&[], 10).await;
    let mut lines: Vec<_> =
        found.iter().map(|d| (format!("{:?}", d.kind), d.key[0].1.clone().unwrap(), d.key[1].1.clone())).collect();
    lines.sort();
    let text = |text: &str| Some(text.to_owned());
    let line = |kind: &str, id: &str, b| (kind.to_owned(), id.to_owned(), b);
    assert_eq!(count, 5);
    assert_eq!(
        lines,
        [
            line("Extra", "2", text("")),
            line("Extra", "4", text("NULL")),
            line("Missing", "1", text("a")),
            line("Missing", "1", text("a")),
            line("Missing", "2", None)
        ]
    );
    assert!(found.iter().all(|d| d.kind != DifferenceKind::Changed && d.key.len() == 5));
    run(&a, "create table s.e (); create table t.e (); insert into s.e default values").await;
    let e = |client, schema: &str| Side { client, select: format!("select from {schema}.e") };
    assert_eq!(compare::differences(e(&a, "s"), e(&b, "t"), &[], &[], 5).await.unwrap().1, 1);
    let bad = compare::differences(side(&a, "s", ""), side(&b, "gone", ""), &columns, &keyed, 1).await.unwrap_err();
    assert!(bad.downcast_ref::<tenantctl::error::ServerError>().unwrap().is(&["42P01"]));
}

#[tokio::test]
#[ignore = "a measurement"]
async fn a_comparison_keeps_its_memory_flat() {
    let (a, b) = database().await;
    run(&a, "create table public.s as select g as id, repeat('x', 300) as b, g * 1.1 as c from generate_series(1, 400000) g;
        create table public.t as select * from public.s; update public.t set b = '' where id = 400000").await;
    let columns = ids(&["id", "b", "c"]);
    for key in [ids(&["id"]), vec![]] {
        let start = std::time::Instant::now();
        let side = |client, table: &str| Side { client, select: format!("select * from public.{table}") };
        let (_, count) = compare::differences(side(&a, "s"), side(&b, "t"), &columns, &key, 10).await.unwrap();
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        println!("{count} in {:?}, {peak}", start.elapsed());
    }
}

#[tokio::test]
async fn a_statement_that_is_kept_is_asked_anew_when_its_table_was_altered() {
    let (client, other) = database().await;
    run(&other, "create table public.t (x int); insert into public.t values (1)").await;
    let x = "select x from public.t";
    for _ in 0..3 {
        assert_eq!(client.query_one(x, &[]).await.unwrap().get::<_, i32>(0), 1); // from the second time on it is kept
    }
    let names = "select name from pg_prepared_statements";
    assert_eq!(client.query_typed(names, &[]).await.unwrap().len(), 1);
    run(&other, "alter table public.t alter x type bigint").await;
    assert!(client.query_one(x, &[]).await.is_err(), "the server refuses a plan with other columns");
    assert_eq!(client.query_one(x, &[]).await.unwrap().get::<_, i64>(0), 1);
}

#[tokio::test]
async fn a_transaction_that_is_dropped_is_rolled_back() {
    let (mut client, other) = database().await;
    run(&other, "create table public.t (x int)").await;
    {
        let transaction = client.transaction().await.unwrap();
        transaction.execute("insert into public.t values (1)", &[]).await.unwrap();
    }
    client.execute("insert into public.t values (2)", &[]).await.unwrap();
    assert_eq!(other.query_one("select sum(x) from public.t", &[]).await.unwrap().get::<_, i64>(0), 2);
}
