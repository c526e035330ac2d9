//! Names as people really have them, keys of every type, and every way in which a row leads to its store.

use std::fmt::Write as _;

use tenantctl::ident::Ident;

use crate::app::three_stores;
use crate::town::Town;

const LONG: &str = "a_name_as_long_as_a_name_may_be_in_postgres_which_is_63_bytes__";

/// A name as a TOML text.
fn toml(name: &str) -> String {
    format!("{:?}", name)
}

/// SQL text.
fn q(name: &str) -> String {
    Ident::new(name).to_string()
}

/// A shared table, its child and a registry, all with these names; two stores.
#[track_caller]
fn an_application_named(shared: &str, table: &str, child: &str, column: &str, registry: &str, store_schema: &str) {
    let (s, t, c, k, r) = (q(shared), q(table), q(child), q(column), q(registry));
    let script = format!(
        "create schema if not exists {s};
         create table {s}.{r} ({k} integer primary key, \"the Name\" text, \"Schema\" text, \"Url\" text);
         insert into {s}.{r} values (1, 'one'), (2, 'two');
         create type {s}.\"My Enum\" as enum ('a', 'B c');
         create table {s}.{t} (\"Id\" serial primary key, {k} integer not null references {s}.{r}, \"select\" text, \"a.b\" {s}.\"My Enum\");
         create index on {s}.{t} ({k});
         create table {s}.{c} (\"from\" integer not null references {s}.{t}, \"a b\" text, primary key (\"from\", \"a b\"));
         insert into {s}.{t} ({k}, \"select\", \"a.b\") select 1 + n % 2, 'row ' || n, 'B c' from generate_series(1, 20) n;
         insert into {s}.{c} select \"Id\", n::text from {s}.{t}, generate_series(1, 3) n"
    );
    let config = format!(
        "[shared]\nschema = {}\ntenant_column = {}\n
         [registry]\ntable = {}\nkey = {}\nname = \"the Name\"\nschema_column = \"Schema\"\nurl_column = \"Url\"\n
         [store_schema]\nname = {}\nurl = \"postgresql://app@db/main?schema={{schema}}\"\ntemplate = \"store_schema.sql\"\n
         [[tables]]\nname = {}\n
         [[tables]]\nname = {}\nparent = {}\n",
        toml(shared),
        toml(column),
        toml(&format!("{s}.{r}")),
        toml(column),
        toml(store_schema),
        toml(table),
        toml(child),
        toml(table),
    );
    let template = format!(
        "create type {{{{schema}}}}.\"My Enum\" as enum ('a', 'B c');
         create table {{{{schema}}}}.{t} (\"Id\" serial primary key, {k} integer not null default {{{{store_key}}}}, \"select\" text, \"a.b\" {{{{schema}}}}.\"My Enum\");
         create table {{{{schema}}}}.{c} (\"from\" integer not null references {{{{schema}}}}.{t}, \"a b\" text, primary key (\"from\", \"a b\"));
         create function {{{{schema}}}}.\"touch it\"() returns trigger language plpgsql as $$ begin return new; end $$;
         create trigger \"Tr 1\" before update on {{{{schema}}}}.{t} for each row execute function {{{{schema}}}}.\"touch it\"();
         create view {{{{schema}}}}.\"A View\" as select * from {{{{schema}}}}.{t};
         comment on table {{{{schema}}}}.{t} is 'it''s {{{{schema_raw}}}}';"
    );
    let town = Town::with(&script, &config, &template);
    let before = town.fingerprint(shared);
    let report = town.run(&["migrate", "--store", "1", "--format", "json"]).exits(0).json();
    let store = &report["stores"][0];
    let own = store_schema.replace("{key}", "1");
    assert_eq!((&store["stage"], &store["schema"]), (&"switched".into(), &own.as_str().into()));
    assert_eq!((&store["tables"][0]["table"], &store["tables"][1]["table"]), (&table.into(), &child.into()));
    let o = q(&own);
    town.moved(&format!("{s}.{t}"), &format!("{k} = 1"), &format!("{o}.{t}"));
    town.moved(
        &format!("{s}.{c}"),
        &format!("\"from\" in (select \"Id\" from {s}.{t} where {k} = 1)"),
        &format!("{o}.{c}"),
    );
    assert_eq!(town.value(&format!("select count(*) from {o}.{c}")), "30");
    assert_eq!(town.value(&format!("select \"Schema\" from {s}.{r} where {k} = 1")), own);
    let url = town.value(&format!("select \"Url\" from {s}.{r} where {k} = 1"));
    assert!(url.starts_with("postgresql://app@db/main?schema=") && !url.contains([' ', '"']), "{url}");
    for words in [
        &["verify", "--store", "1"][..],
        &["verify", "--store", "1", "--live"],
        &["report"],
        &["tables"],
        &["stores"],
        &["plan", "--store", "2", "--sql"],
        &["template", "check"],
    ] {
        town.run(words).exits(0);
    }
    town.run(&["reverse", "--store", "1", "--yes"]).exits(0);
    town.run(&["abandon", "--store", "1", "--yes"]).exits(0);
    assert!(!town.has_schema(&own));
    assert_eq!(town.fingerprint(shared), before);
}

#[test]
fn names_that_are_words_of_sql() {
    an_application_named("public", "order", "select", "user", "table", "group{key}");
}

#[test]
fn names_with_quotes_dots_and_spaces() {
    an_application_named(
        "Weird \"Name\"",
        "a.b",
        "c d",
        "Store \"Key\"",
        "the.registry of \"stores\"",
        "own \"{key}\".x y",
    );
}

#[test]
fn names_beyond_ascii_and_as_long_as_they_may_be() {
    assert_eq!(LONG.len(), 63);
    an_application_named("ñandú", "größe", "表", "ключ", "магазины", "ñandú {key} 表");
    let (table, child) = (format!("{}1", &LONG[..62]), format!("{}2", &LONG[..62]));
    an_application_named(LONG, &table, &child, LONG, "r", &format!("{}{{key}}", &LONG[..62]));
}

#[test]
fn a_schema_name_that_postgres_would_cut_is_refused() {
    let town = three_stores();
    town.edit("tenantctl.toml", "name = \"store_{key}\"", &format!("name = \"{LONG}{{key}}\""));
    town.refuses(&["migrate", "--store", "4"], 2, &["64 bytes"]);
}

/// An application whose store keys are of a type; every key is moved, alone, from among the others.
#[track_caller]
fn keys_of(key_type: &str, setup: &str, keys: &[&str]) {
    let mut script = format!("{setup};\ncreate table stores (key {key_type} primary key, own_schema text);\n");
    script
        .push_str(&format!("create table things (tenant {key_type} not null, n integer, primary key (tenant, n));\n"));
    script.push_str("create table parts (id serial primary key, thing_tenant text, n integer);\n");
    for key in keys {
        let key = key.replace('\'', "''");
        writeln!(
            script,
            "insert into stores values ('{key}'); insert into things select '{key}', n from generate_series(1, 7) n;"
        )
        .unwrap();
    }
    script.push_str("insert into parts (thing_tenant, n) select tenant::text, n from things;\n");
    let config = "[shared]\ntenant_column = \"tenant\"\n[registry]\ntable = \"stores\"\nkey = \"key\"\nschema_column = \"own_schema\"\n
        [store_schema]\ntemplate = \"store_schema.sql\"\nname = \"own {key}\"\n
        [[tables]]\nname = \"things\"\n
        [[tables]]\nname = \"parts\"\nrows = \"thing_tenant = {{store_key}}::text and n in (select n from {{shared}}.things where tenant = {{store_key}})\"\n";
    let template = format!(
        "create table {{{{schema}}}}.things (tenant {key_type} not null default {{{{store_key}}}}, n integer, primary key (tenant, n));
         create table {{{{schema}}}}.parts (id serial primary key, thing_tenant text, n integer);"
    );
    let town = Town::with(&script, config, &template);
    // The first alone, the others together.
    let (first, others) = keys.split_first().unwrap();
    let mut moved = 0;
    for part in [std::slice::from_ref(first), others] {
        let stores: Vec<String> = part.iter().map(|key| format!("--store={key}")).collect();
        let words: Vec<&str> =
            ["migrate", "--format", "json"].into_iter().chain(stores.iter().map(String::as_str)).collect();
        let ran = town.run(&words).exits(0).json();
        assert_eq!(ran["stores"].as_array().unwrap().len(), part.len());
        moved += part.len();
        assert_eq!(town.value("select count(*) from stores where own_schema is not null"), moved.to_string());
    }
    let listed = town.run(&["stores", "--format", "json"]).exits(0).json();
    for key in keys {
        let line = listed["store_list"].as_array().unwrap().iter().find(|line| line["store"] == *key).unwrap();
        let own = q(line["schema"].as_str().unwrap());
        let literal = format!("'{}'", key.replace('\'', "''"));
        town.moved("public.things", &format!("tenant = {literal}"), &format!("{own}.things"));
        town.moved("public.parts", &format!("thing_tenant = {literal}"), &format!("{own}.parts"));
        assert_eq!(town.value(&format!("select count(*) from {own}.parts")), "7");
    }
    let stages = listed["store_list"].as_array().unwrap().iter().map(|store| store["stage"].as_str().unwrap());
    assert!(stages.clone().all(|stage| stage == "switched") && stages.count() == keys.len());
    town.run(&["verify", "--all"]).exits(0);
}

#[test]
fn integer_keys_of_every_width() {
    keys_of("integer", "", &["4", "-7", "0", "2147483647"]);
    keys_of("smallint", "", &["4", "-32768"]);
    keys_of("bigint", "", &["4", "9223372036854775807"]);
}

#[test]
fn uuid_keys() {
    keys_of("uuid", "", &["0b5c7e1a-0000-4000-8000-00000000000a", "ffffffff-ffff-ffff-ffff-ffffffffffff"]);
}

#[test]
fn text_keys_with_quotes_commas_percents_and_backslashes() {
    keys_of(
        "text",
        "",
        &[
            "O'Hara",
            "a,b",
            "4-7",
            "100%",
            "back\\slash",
            "ñandú 表",
            "say \"hi\"",
            " lead",
            "{{schema}}",
            "--all",
            "a/b?c=d&e",
        ],
    );
}

#[test]
fn varchar_keys_and_domains() {
    keys_of("varchar(8)", "", &["north", "so'uth"]);
    keys_of("shop", "create domain shop as text check (value <> '')", &["north", "so'uth"]);
    keys_of(
        "\"Shop No\"",
        "create domain \"base no\" as bigint; create domain \"Shop No\" as \"base no\" check (value > 0)",
        &["4", "77"],
    );
}

#[test]
fn a_uuid_may_be_written_as_people_write_it() {
    let script = "create table stores (id uuid primary key, s text); insert into stores values ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
        create table t (store_id uuid); insert into t values ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')";
    let config = "[registry]\ntable = \"stores\"\nkey = \"id\"\nschema_column = \"s\"\n[store_schema]\ntemplate = \"store_schema.sql\"\n[[tables]]\nname = \"t\"\n";
    let town = Town::with(script, config, "create table {{schema}}.t (store_id uuid);");
    let report = town.run(&["migrate", "--store", "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}", "-f", "json"]).exits(0).json();
    assert_eq!(report["stores"][0]["store"], "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    assert_eq!(report["stores"][0]["row_count"], 1);
}

#[test]
fn every_table_may_name_its_tenant_column_and_its_way_to_the_store() {
    let script = "
        create table shops (no integer primary key, own text); insert into shops values (1), (2), (3);
        create table a (shop_no integer references shops, k1 integer, k2 text, primary key (k1, k2)); -- a composite key
        create table b (x1 integer, x2 text, id integer primary key, foreign key (x1, x2) references a (k1, k2));
        create table c (id integer primary key, b_id integer references b);
        create table d (c_id integer references c, what text); -- four steps from its store, without a key
        create table e (tenant bigint, id integer primary key); -- another name and a wider type
        create table f (id integer primary key, boss integer references f, owner integer); -- refers to itself
        create table g (id integer primary key, e_id integer); -- no foreign key
        create table coupons (id integer primary key, code text); create table coupon_use (coupon integer, shop integer);
        insert into a select s, n, 'k' || n from generate_series(1, 3) s, generate_series(s * 10, s * 10 + 4) n;
        insert into b select k1, k2, row_number() over (order by k1, k2, n) from a, generate_series(1, 2) n;
        insert into c select row_number() over (order by id, n), id from b, generate_series(1, 2) n;
        insert into d select id, 'd' || n from c, generate_series(1, 2) n; insert into d select * from d where what = 'd1';
        insert into e select 1 + n % 3, n from generate_series(1, 30) n;
        insert into f select n, case when n > 3 then n - 3 end, 1 + n % 3 from generate_series(1, 30) n;
        insert into g select n, 1 + n % 30 from generate_series(1, 60) n;
        insert into coupons select n, 'c' || n from generate_series(1, 9) n; insert into coupon_use select n, 1 + n % 3 from generate_series(1, 9) n;
        insert into coupon_use values (1, 1), (2, 1)";
    let config = r#"
        [shared]
        tenant_column = "shop_no"
        [registry]
        table = "shops"
        key = "no"
        schema_column = "own"
        [store_schema]
        template = "store_schema.sql"
        name = "own_{key}"
        [[tables]]
        name = "d"
        parent = "c"
        [[tables]]
        name = "c"
        parent = "b"
        [[tables]]
        name = "b"
        parent = "a"
        [[tables]]
        name = "a"
        [[tables]]
        name = "e"
        tenant_column = "tenant"
        [[tables]]
        name = "f"
        tenant_column = "owner"
        [[tables]]
        name = "g"
        parent = "e"
        on = "e_id = id"
        [[tables]]
        name = "coupons"
        rows = "id in (select coupon from {{shared}}.coupon_use where shop = {{store_key}})"
        [[tables]]
        name = "coupon_use"
        tenant_column = "shop"
    "#;
    let template = "
        create table {{schema}}.a (shop_no integer, k1 integer, k2 text, primary key (k1, k2));
        create table {{schema}}.b (x1 integer, x2 text, id integer primary key, foreign key (x1, x2) references {{schema}}.a (k1, k2));
        create table {{schema}}.c (id integer primary key, b_id integer references {{schema}}.b);
        create table {{schema}}.d (c_id integer references {{schema}}.c, what text);
        create table {{schema}}.e (tenant bigint, id integer primary key);
        create table {{schema}}.f (id integer primary key, boss integer references {{schema}}.f, owner integer);
        create table {{schema}}.g (id integer primary key, e_id integer references {{schema}}.e);
        create table {{schema}}.coupons (id integer primary key, code text);
        create table {{schema}}.coupon_use (coupon integer references {{schema}}.coupons, shop integer);";
    let town = Town::with(script, config, template);
    let tables = town.run(&["tables", "--format", "json"]).exits(0).json();
    let path = |table: &str| {
        let found = tables["tables"].as_array().unwrap().iter().find(|found| found["table"] == table).unwrap();
        found["owner_path"].as_str().unwrap().to_owned()
    };
    assert_eq!(path("d"), "c_id → c.id → b_id → b.id → x1+x2 → a.k1+k2 → shop_no");
    assert_eq!(path("g"), "e_id → e.id → tenant");
    for store in [2, 1, 3] {
        let key = store.to_string();
        town.run(&["migrate", "--store", &key]).exits(0);
        let b = format!("(x1, x2) in (select k1, k2 from a where shop_no = {store})");
        let c = format!("b_id in (select id from b where {b})");
        for (table, condition, count) in [
            ("a", format!("shop_no = {store}"), "5"),
            ("b", b.clone(), "10"),
            ("c", c.clone(), "20"),
            ("d", format!("c_id in (select id from c where {c})"), "60"),
            ("e", format!("tenant = {store}"), "10"),
            ("f", format!("owner = {store}"), "10"),
            ("g", format!("e_id in (select id from e where tenant = {store})"), "20"),
            (
                "coupons",
                format!("id in (select coupon from coupon_use where shop = {store})"),
                if store == 1 { "5" } else { "3" },
            ),
            ("coupon_use", format!("shop = {store}"), if store == 1 { "5" } else { "3" }),
        ] {
            town.moved(&format!("public.{table}"), &condition, &format!("own_{store}.{table}"));
            assert_eq!(town.value(&format!("select count(*) from own_{store}.{table}")), count, "{table} of {store}");
        }
        town.run(&["verify", "--store", &key]).exits(0);
    }
}
