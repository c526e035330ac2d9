//! What a template may be, what is made of it, and the commands that show it; the configuration too.

use std::path::PathBuf;
use std::process::Command;

use tenantctl::server::{Server, ServerOptions};

use crate::app::three_stores;
use crate::town::{Town, finish, sql_at};

/// The objects of a schema as PostgreSQL itself describes them, the schema's name taken out.
fn described(town: &Town, schema: &str) -> Vec<String> {
    let rows = town.sql(&format!(
        "set search_path = '';
         select replace(line, '{schema}', 'S') from (
             select 'column ' || a.attrelid::regclass || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' '
                    || coalesce(pg_get_expr(d.adbin, d.adrelid), '') || ' ' || a.attidentity::text || a.attgenerated::text || ' ' || coalesce(col_description(a.attrelid, a.attnum), '') as line
             from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
             where c.relnamespace = '{schema}'::regnamespace and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'v', 'p')
             union all select 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || ' ' || convalidated || ' ' || coalesce(obj_description(oid, 'pg_constraint'), '')
             from pg_constraint where connamespace = '{schema}'::regnamespace
             union all select 'index ' || pg_get_indexdef(indexrelid) || ' ' || indisvalid || ' ' || indisclustered || ' ' || indisreplident from pg_index join pg_class on pg_class.oid = indexrelid
             where relnamespace = '{schema}'::regnamespace
             union all select 'trigger ' || pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text from pg_trigger t join pg_class c on c.oid = tgrelid
             where c.relnamespace = '{schema}'::regnamespace and not tgisinternal
             union all select 'function ' || pg_get_functiondef(oid) from pg_proc where pronamespace = '{schema}'::regnamespace
             union all select 'view ' || pg_get_viewdef(oid) from pg_class where relnamespace = '{schema}'::regnamespace and relkind = 'v'
             union all select 'table ' || c.oid::regclass || ' ' || c.relreplident::text || ' ' || coalesce(array_to_string(c.reloptions, ','), '') || ' ' || coalesce(obj_description(c.oid, 'pg_class'), '')
             from pg_class c where relnamespace = '{schema}'::regnamespace and relkind in ('r', 'p', 'v')
         ) x order by 1"
    ));
    rows.into_iter().map(|row| row[0].clone().unwrap()).collect()
}

/// Applies the rendered template whole to a schema of its own, as psql would.
fn applied_whole(town: &Town, store: &str, own: &str) -> Vec<String> {
    let sql = town.run(&["template", "render", "--store", store]).exits(0).stdout;
    town.sql(&format!("create schema by_hand;\n{}", sql.replace(own, "by_hand")));
    described(town, "by_hand")
}

#[test]
fn a_moved_store_has_the_objects_that_the_template_makes_and_no_others() {
    let town = Town::sample();
    let expected = applied_whole(
        &town,
        "13",
        &town.value("select 'store_' || floor(extract(epoch from created_at) * 1000)::int8 from stores where id = 13"),
    );
    assert!(expected.len() > 250, "{}", expected.len());
    town.run(&["migrate", "--store", "13"]).exits(0);
    let made = described(&town, &town.value("select schema_name from stores where id = 13"));
    assert_eq!(made, expected);
}

/// A template with all that a load must get around: inline keys, triggers in every state, rules, comments, a cluster.
const STUBBORN: &str = "
    create function {{schema}}.stamp() returns trigger language plpgsql as $$ begin new.name := 'stamped'; return new; end $$;
    create table {{schema}}.customers (
        id serial primary key, store_id integer not null default {{store_key}}, name text not null, email text,
        referred_by integer constraint referrer references {{schema}}.customers deferrable initially deferred
    );
    comment on constraint referrer on {{schema}}.customers is 'who''s who';
    create trigger on_insert before insert on {{schema}}.customers for each row execute function {{schema}}.stamp();
    create trigger off before insert on {{schema}}.customers for each row execute function {{schema}}.stamp();
    alter table {{schema}}.customers disable trigger off;
    create trigger always before insert on {{schema}}.customers for each row execute function {{schema}}.stamp();
    alter table {{schema}}.customers enable always trigger always;
    create trigger replica before insert on {{schema}}.customers for each row execute function {{schema}}.stamp();
    alter table {{schema}}.customers enable replica trigger replica;
    create table {{schema}}.orders (
        id serial, store_id integer not null default {{store_key}}, customer_id integer references {{schema}}.customers, number text not null,
        total numeric(10, 2) not null default 0, currency text not null default 'MXN' references {{shared}}.currencies,
        constraint orders_key primary key (id), unique (number)
    ) with (fillfactor = 70);
    alter table {{schema}}.orders cluster on orders_key;
    alter table {{schema}}.orders replica identity using index orders_key;
    create table {{schema}}.lines (
        id bigserial primary key, order_id integer not null references {{schema}}.orders on delete cascade, what text not null,
        quantity integer not null default 1
    );
    create index on {{schema}}.lines (order_id);
    create view {{schema}}.by_order as select o.id, o.number, count(*) as lines from {{schema}}.orders o join {{schema}}.lines l on l.order_id = o.id group by o.id;
";

#[test]
fn inline_keys_and_triggers_stand_in_no_ones_way_and_are_as_the_template_left_them() {
    let town = three_stores();
    town.write("store_schema.sql", STUBBORN);
    town.sql(
        "update customers set referred_by = (select max(id) from customers c where c.store_id = customers.store_id)",
    );
    let expected = applied_whole(&town, "4", "store_4");
    let report = town.run(&["migrate", "--store", "4", "--format", "json"]).exits(0).json();
    assert!(report["stores"][0]["findings"].to_string().contains("inline_outer_key"), "{report}");
    town.three_tables_moved(4, "store_4");
    assert_eq!(described(&town, "store_4"), expected);
    assert_eq!(town.value("select count(*) from store_4.customers where name = 'stamped'"), "0");
    assert_eq!(town.value("insert into store_4.customers (name) values ('x') returning name"), "stamped");
}

#[test]
fn the_next_id_of_a_moved_store_meets_no_row_of_another_store() {
    let town = three_stores();
    town.sql("select setval('orders_id_seq', 5000)");
    town.run(&["migrate", "--store", "4"]).exits(0);
    let next = |table: &str| -> i64 {
        town.value(&format!("select nextval(pg_get_serial_sequence('store_4.{table}', 'id'))")).parse().unwrap()
    };
    assert!(next("orders") >= 15_000, "above what the shared sequence gave out, and the headroom");
    assert!(next("customers") > 10_018);
    assert!(next("lines") > 10_108);
    town.edit("tenantctl.toml", "url = ", "id_headroom = 0\nurl = ");
    town.run(&["migrate", "--store", "5"]).exits(0);
    assert_eq!(town.value("select nextval('store_5.orders_id_seq')"), "5001");
}

/// What pg_dump writes of the three tables. Fetched server programs come without it, and an installed one refuses a newer
/// server: then it dumps a server of its own major, as somebody does who is about to upgrade.
fn dumped(town: &Town) -> String {
    let fetched = std::env::var_os("TENANTCTL_PG_BIN").map(PathBuf::from);
    let bin = fetched.filter(|bin| bin.join("pg_dump").exists()).unwrap_or_else(|| {
        let said = Command::new("pg_config").arg("--bindir").output().unwrap();
        PathBuf::from(String::from_utf8(said.stdout).unwrap().trim())
    });
    let dump = |url: &str| {
        let words = "--schema-only --no-owner --no-privileges -t customers -t orders -t lines -d";
        let ran = Command::new(bin.join("pg_dump")).args(words.split(' ')).arg(url).output().unwrap();
        ran.status.success().then_some(ran.stdout).ok_or(String::from_utf8_lossy(&ran.stderr).into_owned())
    };
    let text = dump(&town.url()).unwrap_or_else(|error| {
        assert!(error.contains("server version mismatch"), "{error}");
        let options = ServerOptions { bin: Some(bin.clone()), ..ServerOptions::default() };
        let older = Server::start(&options).unwrap();
        sql_at(&older.url("postgres"), include_str!("../fixtures/three_stores.sql"));
        dump(&older.url("postgres")).unwrap()
    });
    String::from_utf8(text).unwrap()
}

#[test]
fn what_pg_dump_writes_is_a_template() {
    let town = three_stores();
    let dump = dumped(&town);
    assert!(dump.contains("CREATE TABLE public.lines"), "{dump}");
    let template = dump
        .replace("REFERENCES public.stores", "REFERENCES {{shared}}.stores")
        .replace("REFERENCES public.currencies", "REFERENCES {{shared}}.currencies")
        .replace("public.", "{{schema}}.");
    town.write("store_schema.sql", &template);
    let ran = town.run(&["template", "check"]);
    if ran.code != 0 {
        // Only the one line that the hint names may have to go.
        ran.exits(2).says("search_path");
        town.write(
            "store_schema.sql",
            &template.replace("SELECT pg_catalog.set_config('search_path', '', false);", ""),
        );
    }
    town.run(&["migrate", "--store", "4"]).exits(0);
    town.three_tables_moved(4, "store_4");
    assert_eq!(
        town.value("select count(*) from pg_constraint where connamespace = 'store_4'::regnamespace and contype = 'f'"),
        "6"
    );
}

#[test]
fn owner_and_readers_get_the_schema_with_all_that_is_in_it() {
    let town = three_stores();
    let (owner, reader) = (format!("Own {}", town.database), format!("read_{}", town.database));
    town.sql(&format!(
        "create role \"{owner}\"; create role {reader} login; grant references on currencies to \"{owner}\""
    ));
    town.edit("tenantctl.toml", "url = ", &format!("owner = \"{owner}\"\nreaders = [\"{reader}\"]\nurl = "));
    town.run(&["migrate", "--store", "4"]).exits(0);
    let owners = "select string_agg(distinct pg_get_userbyid(relowner), ',') from pg_class where relnamespace = 'store_4'::regnamespace";
    assert_eq!(town.value(owners), owner);
    assert_eq!(town.value("select pg_get_userbyid(nspowner) from pg_namespace where nspname = 'store_4'"), owner);
    town.sql(&format!("set role {reader}; select count(*) from store_4.orders; select * from store_4.lines"));
    assert_eq!(town.value(&format!("select has_table_privilege('{reader}', 'store_4.orders', 'insert')")), "f");
    town.three_tables_moved(4, "store_4");
    town.run(&["verify", "--store", "4", "--live"]).exits(0);
    town.sql(&format!("alter table store_4.lines owner to {reader}"));
    town.run(&["verify", "--store", "4", "--live"]).exits(3).says("lines");
    town.run(&["template", "check"]).exits(0);
    town.refuses_an_unknown_role();
}

impl Town {
    fn refuses_an_unknown_role(&self) {
        self.edit("tenantctl.toml", "readers = [", "readers = [\"nobody at all\", ");
        let before = self.untouched();
        self.run(&["migrate", "--store", "5"]).says("nobody at all");
        assert_eq!(self.untouched(), before);
    }
}

#[test]
fn template_check_says_what_it_makes_and_changes_nothing() {
    let town = three_stores();
    let before = town.untouched();
    town.run(&["template", "check"])
        .exits(0)
        .says("3 statements before the load, 9 after it")
        .says("tried for store 3");
    let json = town.run(&["template", "check", "--store", "5", "--format", "json"]).exits(0).json();
    assert_eq!(json["findings"][0]["code"], "template_tried");
    assert!(json["findings"][0]["message"].as_str().unwrap().contains("tried for store 5"));
    assert_eq!(town.untouched(), before);
    assert!(!town.has_schema("tenantctl"));
    town.all_sessions_end();
}

#[test]
fn template_render_prints_sql_for_one_store_with_everything_quoted() {
    let town = Town::sample();
    town.sql("insert into stores (id, name, slug, created_at) values (600, 'O''Hara; drop table stores --', 'x', '2026-01-02Z')");
    let sql = town.run(&["template", "render", "--store", "600"]).exits(0).stdout;
    assert!(sql.contains("create table \"store_1767312000000\".products") && !sql.contains("{{"), "{sql}");
    let base = town.run(&["template", "render", "--store", "600", "--base-data"]).exits(0).stdout;
    assert!(base.contains("'O''Hara; drop table stores --'"), "{base}");
    town.sql("create schema store_1767312000000");
    town.sql(&sql);
    town.sql(&base);
    assert_eq!(
        town.value("select display_name from store_1767312000000.store_settings"),
        "O'Hara; drop table stores --"
    );
    let json = town.run(&["template", "render", "--store", "600", "--format", "json"]).exits(0).json();
    assert_eq!(json["text"], sql.as_str());
}

#[test]
fn plan_sql_is_what_is_run() {
    let town = three_stores();
    let sql = town.run(&["plan", "--store", "4", "--sql"]).exits(0).stdout;
    for part in [
        "create schema \"store_4\"",
        "create table \"store_4\".lines",
        "copy (select",
        "from stdin",
        "add constraint orders_number_key",
        "lock table",
        "update \"public\".\"stores\" set \"schema_name\" = 'store_4', \"database_url\" = 'postgresql://app@db/main?schema=store_4' where \"id\"::text = '4'",
    ] {
        assert!(sql.contains(part), "{part} is not in\n{sql}");
    }
    assert!(!town.has_schema("store_4"));
}

#[test]
fn tables_says_of_every_shared_table_what_becomes_of_it_and_why() {
    let town = Town::sample();
    let json = town.run(&["tables", "--format", "json"]).exits(0).json();
    let class = |name: &str| {
        let found = json["tables"].as_array().unwrap().iter().find(|table| table["table"] == name);
        found.unwrap_or_else(|| panic!("no {name}"))["class"].as_str().unwrap().to_owned()
    };
    let classes = ["orders", "messages", "currencies", "schema_migrations", "stores"].map(class);
    assert_eq!(classes, ["owned", "owned", "common", "ignored", "registry"]);
    assert_eq!(json["tables"].as_array().unwrap().len(), 18);
    let path = json["tables"].as_array().unwrap().iter().find(|table| table["table"] == "messages").unwrap();
    assert_eq!(path["owner_path"], "conversation_id → conversations.id → store_id");
    let text = town.run(&["tables"]).exits(0).stdout;
    assert!(text.contains("messages") && text.contains("registry") && text.contains("ignored"), "{text}");
}

#[test]
fn config_says_where_each_value_comes_from_and_who_wins() {
    let town = three_stores();
    let text = town.read("tenantctl.toml");
    town.write("tenantctl.toml", &format!("{text}\n[session]\nlock_timeout = \"3s\"\n[copy]\njobs = 3\n[profile.night.copy]\njobs = 5\npiece = \"8MiB\"\n"));
    let setting = |words: &[&str], variables: &[(&str, &str)], key: &str| {
        let mut command = town.command(&[&["config", "--origin", "--format", "json"], words].concat());
        command.env_remove("TENANTCTL_SWITCH_DEADLINE").envs(variables.iter().copied());
        let json = finish(command).exits(0).json();
        let found = json["settings"].as_array().unwrap().iter().find(|setting| setting["key"] == key).unwrap().clone();
        (found["value"].as_str().unwrap().trim_matches('"').to_owned(), found["origin"].as_str().unwrap().to_owned())
    };
    let (value, origin) = setting(&[], &[], "copy.jobs");
    assert!(value == "3" && origin.starts_with("file ") && origin.contains("tenantctl.toml:"), "{value} {origin}");
    let (value, origin) = setting(&["-P", "night"], &[], "copy.jobs");
    assert!(value == "5" && origin.starts_with("profile night"), "{value} {origin}");
    let variables = [("TENANTCTL_COPY_JOBS", "7")];
    assert_eq!(
        setting(&["-P", "night"], &variables, "copy.jobs"),
        ("7".into(), "environment TENANTCTL_COPY_JOBS".into())
    );
    assert_eq!(setting(&["--table-jobs", "9"], &variables, "copy.jobs"), ("9".into(), "flag --table-jobs".into()));
    assert_eq!(setting(&[], &[], "switch.deadline"), ("300ms".into(), "default".into()));
    let shown = town.run(&["config", "--origin"]).exits(0).stdout;
    assert!(shown.contains("lock_timeout") && shown.contains("3s") && shown.contains("  line "), "{shown}");
    assert!(shown.trim_end().ends_with("/tenantctl.toml"), "{shown}");
    assert!(!town.has_schema("tenantctl"));
}
