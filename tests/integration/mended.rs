//! Findings of a review, each told as what it is now.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::app::three_stores;
use crate::town::{Town, connect, finish};

#[test]
fn a_registry_whose_check_looks_at_both_columns_takes_the_switch_and_the_way_back() {
    let town = three_stores();
    town.sql("alter table stores add check ((schema_name is null) = (database_url is null))");
    town.run(&["migrate", "--store", "4"]).exits(0);
    assert_eq!(
        town.value("select schema_name || ' ' || (database_url is not null) from stores where id = 4"),
        "store_4 true"
    );
    town.run(&["reverse", "--store", "4", "--yes"]).exits(0);
    assert_eq!(town.value("select count(*) from stores where schema_name is null and database_url is null"), "3");
}

#[test]
fn an_id_of_a_domain_over_an_integer_is_numbered_beyond_what_was_given_out() {
    let town = three_stores();
    town.sql(
        "create domain line_id as bigint check (value > 0); create domain id_of_line as line_id;
         alter table lines alter id type id_of_line",
    );
    town.edit("store_schema.sql", "id bigserial,", "id public.id_of_line not null default 0,");
    town.edit(
        "store_schema.sql",
        "-- tenantctl: after the load",
        "create sequence {{schema}}.lines_id_seq;
         alter table {{schema}}.lines alter id set default nextval('{{schema_raw}}.lines_id_seq');
         create sequence {{schema}}.nobodys;
         -- tenantctl: after the load",
    );
    let ran = town.run(&["migrate", "--store", "4", "--format", "json"]).exits(0).json();
    let highest = town.value("select max(id) from public.lines");
    assert_eq!(town.value(&format!("select nextval('store_4.lines_id_seq') > {highest}")), "t");
    let checks = ran["stores"][0]["checks"].as_array().unwrap();
    let ahead = checks.iter().find(|check| check["check"] == "sequences_ahead").unwrap();
    assert!(ahead["detail"].as_str().unwrap().starts_with("3 of 4 sequences"), "{ahead}");
}

const FUNCTIONS: &str = "create type {{schema}}.size as enum ('s', 'm');
create function {{schema}}.twice(n integer, s {{schema}}.size) returns integer language sql as 'select 2 * n';
create aggregate {{schema}}.rows_of(*) (sfunc = int8inc, stype = int8, initcond = 0);
-- tenantctl: after the load";

#[test]
fn owner_and_readers_are_given_where_the_template_makes_functions() {
    let town = three_stores();
    let (owner, reader) = (format!("owner_{}", town.database), format!("reader_{}", town.database));
    town.sql(&format!("create role {owner}; create role {reader}"));
    town.edit(
        "tenantctl.toml",
        "[store_schema]",
        &format!("[store_schema]\nowner = \"{owner}\"\nreaders = [\"{reader}\"]"),
    );
    town.edit("store_schema.sql", "-- tenantctl: after the load", FUNCTIONS);
    town.run(&["plan", "--store", "4"]).exits(0);
    town.run(&["migrate", "--store", "4"]).exits(0);
    town.run(&["verify", "--store", "4", "--live"]).exits(0);
    let not_given = town.value(&format!(
        "select count(*) from (select proowner from pg_proc where pronamespace = 'store_4'::regnamespace
           union all select relowner from pg_class where relnamespace = 'store_4'::regnamespace) as of (role)
         where role <> '{owner}'::regrole"
    ));
    assert_eq!(not_given, "0");
    assert_eq!(town.value(&format!("select has_table_privilege('{reader}', 'store_4.lines', 'select')")), "t");
}

#[test]
fn an_owner_whom_this_role_is_no_member_of_is_not_called_a_missing_right_to_make_a_schema() {
    let town = three_stores();
    let (owner, mover) = (format!("owner_{}", town.database), format!("mover_{}", town.database));
    town.sql(&format!(
        "create role {owner}; create role {mover} login; grant create on database {db} to {mover}, {owner};
         grant all on all tables in schema public to {mover}; grant all on all sequences in schema public to {mover}",
        db = town.database
    ));
    town.edit("tenantctl.toml", "[store_schema]", &format!("[store_schema]\nowner = \"{owner}\""));
    let as_mover = || {
        let mut command = town.command(&["plan", "--store", "4"]);
        command.args(["-d", &format!("{} user={mover}", as_words(&town))]);
        finish(command)
    };
    as_mover().exits(5).says("a member of").says(&owner);
    town.sql(&format!("grant {owner} to {mover}"));
    as_mover().exits(0);
    town.sql(&format!("revoke create on database {} from {mover}, {owner}", town.database));
    as_mover().exits(0).says("template was not tried");
}

/// The connection without its user.
fn as_words(town: &Town) -> String {
    format!("host=127.0.0.1 port={} dbname={}", town.port(), town.database)
}

#[test]
fn row_security_that_hides_rows_is_what_stops_the_plan() {
    let town = three_stores();
    let mover = format!("mover_{}", town.database);
    town.sql(&format!(
        "create role {mover} login; grant create on database {} to {mover}; grant create on schema public to {mover};
         grant all on all tables in schema public to {mover};
         alter table orders enable row level security; create policy own on orders using (store_id = 3)",
        town.database
    ));
    for words in [["plan", "--store", "4"], ["migrate", "--store", "4"]] {
        let mut command = town.command(&words);
        command.args(["-d", &format!("{} user={mover}", as_words(&town))]);
        finish(command).exits(2).says("row security hides rows").says("BYPASSRLS");
    }
    assert!(!town.has_schema("store_4"));
}

#[test]
fn a_signal_during_a_plan_is_exit_130() {
    let town = three_stores();
    // The count of rows takes as long as the signal needs.
    town.sql(
        "create function slow(integer) returns boolean language plpgsql as
         'begin perform pg_sleep(20); return true; end';
         create view who as select * from stores where slow(id)",
    );
    town.edit("tenantctl.toml", "table = \"stores\"", "table = \"who\"");
    let mut command = town.command(&["plan", "--store", "4"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while town
        .value("select count(*) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()")
        == "0"
    {
        assert!(Instant::now() < deadline);
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{told}");
    assert!(told.contains("error: interrupted"), "{told}");
}

#[test]
fn an_unfinished_run_is_found_however_many_came_after_it() {
    let town = three_stores();
    let ran = town.paused("schema_committed", &["migrate", "--store", "4"]);
    ran.kill();
    town.all_sessions_end();
    let run = town.value("select id from tenantctl.run");
    town.sql(
        "insert into tenantctl.run (id, command, command_line, tool_version, os_user, host, pid, role_name, database_name,
                                    database_oid, ended_at, outcome)
         select lpad(to_hex(n), 8, '0'), 'verify', 'tenantctl verify', '1', 'me', 'here', 1, 'me', 'db', 1, now(), 'done'
         from generate_series(1, 30) n",
    );
    town.run(&["status", "--check"]).exits(4).says(&format!("tenantctl resume {run}"));
}

#[test]
fn verify_all_says_whom_it_passes_by_and_refuses_where_nobody_is_left() {
    let town = three_stores();
    town.run(&["verify", "--all"]).exits(2).says("hint: `tenantctl stores`");
    town.run(&["migrate", "--store", "4", "--to", "verified"]).exits(0);
    town.run(&["migrate", "--store", "5", "--to", "created"]).exits(0);
    let report = town.run(&["verify", "--all", "--format", "json"]).exits(0).json();
    let told: Vec<(&str, &str)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (finding["store"].as_str().unwrap(), finding["message"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("3", "left out: it has no move in the journal, so no copy"),
            ("5", "left out: it is created: it has no whole copy yet")
        ]
    );
    assert_eq!(report["stores"].as_array().unwrap().len(), 1);
}

#[test]
fn stores_and_status_show_what_was_copied_not_what_was_planned() {
    let town = three_stores();
    town.paused("schema_committed", &["migrate", "--store", "4"]).kill();
    town.all_sessions_end();
    town.sql("insert into customers (store_id, name) values (4, 'late')");
    town.run(&["resume"]).exits(0);
    let stores = town.run(&["stores", "--format", "json"]).exits(0).json();
    assert_eq!(stores["store_list"][1]["row_count"], 55); // 54 when planned
    let status = town.run(&["status", "--format", "json"]).exits(0).json();
    assert_eq!(status["runs"][0]["stores"][0]["row_count"], 55);
}

#[test]
fn the_statements_of_a_plan_are_sql_and_hold_no_password() {
    let town = three_stores();
    town.edit("tenantctl.toml", "postgresql://app@db", "postgresql://app:geheim@db");
    let ran = town.run(&["plan", "--store", "4", "--sql"]).exits(0);
    let end: Vec<&str> = ran.stdout.lines().rev().take(4).collect();
    assert_eq!(
        end,
        [
            "update \"public\".\"stores\" set \"schema_name\" = 'store_4', \"database_url\" = 'postgresql://app:***@db/main?schema=store_4' where \"id\"::text = '4';",
            "lock table \"public\".\"orders\" in share mode;",
            "lock table \"public\".\"lines\" in share mode;",
            "lock table \"public\".\"customers\" in share mode;",
        ]
    );
}

#[test]
fn types_without_a_binary_form_are_copied_as_text() {
    let town = three_stores();
    town.sql(
        "create type right_of as (who text, what aclitem[]);
         alter table orders add rights aclitem, add more right_of;
         update orders set rights = makeaclitem('postgres'::regrole, 'postgres'::regrole, 'SELECT', false),
                           more = row('x', array[makeaclitem(0, 'postgres'::regrole, 'UPDATE', false)])::right_of where id % 2 = 0",
    );
    town.edit(
        "store_schema.sql",
        "    currency text not null default 'MXN'\n",
        "    currency text not null default 'MXN',\n    rights aclitem,\n    more public.right_of\n",
    );
    let plan = town.run(&["plan", "--store", "4", "--format", "json"]).exits(0).json();
    assert_eq!(plan["plans"][0]["tables"][1]["format"], "text");
    town.run(&["migrate", "--store", "4"]).exits(0);
    town.moved("public.orders", "store_id = 4", "store_4.orders");
}

#[test]
fn a_common_table_that_stays_busy_is_no_fault_of_the_template() {
    let town = three_stores();
    let url = town.url();
    let (ready, is_ready) = std::sync::mpsc::channel();
    let (done, is_done) = tokio::sync::oneshot::channel::<()>();
    let holder = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = connect(&url).await;
            client.batch_execute("begin; update currencies set code = code where code = 'EUR'").await.unwrap();
            ready.send(()).unwrap();
            let _told = is_done.await;
        });
    });
    is_ready.recv().unwrap();
    town.run(&["plan", "--store", "4"])
        .exits(1)
        .says("stays busy")
        .says("store_schema.sql, line")
        .says("hint: try again when it is quieter");
    done.send(()).unwrap();
    holder.join().unwrap();
    town.run(&["plan", "--store", "4"]).exits(0);
}

#[test]
fn keys_to_common_tables_and_their_comments_are_part_of_what_is_expected() {
    let town = three_stores();
    let key = "alter table {{schema}}.orders add foreign key (currency) references {{shared}}.currencies;";
    town.edit("store_schema.sql", key, &format!(
        "{key}\ncomment on constraint orders_currency_fkey on {{{{schema}}}}.orders is 'its money';
         alter table {{{{schema}}}}.customers add constraint of_a_store foreign key (store_id) references {{{{shared}}}}.stores not valid;
         comment on constraint of_a_store on {{{{schema}}}}.customers is 'its store';"
    ));
    town.run(&["migrate", "--store", "4"]).exits(0);
    town.run(&["verify", "--store", "4", "--live"]).exits(0);
    town.sql("comment on constraint of_a_store on store_4.customers is null; alter table store_4.orders drop constraint orders_currency_fkey");
    town.run(&["verify", "--store", "4", "--live"])
        .exits(3)
        .says("missing: comment on table constraint of_a_store")
        .says("missing: constraint orders_currency_fkey on orders");
}

#[test]
fn a_partitioned_store_table_may_refer_to_a_common_table() {
    let town = three_stores();
    town.edit(
        "store_schema.sql",
        "    currency text not null default 'MXN'\n);",
        "    currency text not null default 'MXN'\n) partition by range (id);
         create table {{schema}}.orders_1 partition of {{schema}}.orders for values from (0) to (20);
         create table {{schema}}.orders_2 partition of {{schema}}.orders default;",
    );
    town.edit("store_schema.sql", "unique (number)", "unique (id, number)");
    town.run(&["plan", "--store", "4"]).exits(0).says("[key_checked_at_once]");
    town.run(&["migrate", "--store", "4"]).exits(0);
    town.run(&["verify", "--store", "4", "--live"]).exits(0);
}

#[test]
fn keys_over_expressions_and_over_a_part_of_the_rows_are_held_against_the_rows() {
    let town = three_stores();
    town.sql(
        "create type state as enum ('open', 'done');
         alter table orders add state state not null default 'open'; update orders set state = 'done' where id % 2 = 0;
         update customers set email = 'SAME@four.example' where id = 2; update customers set email = 'same@four.example' where id = 5",
    );
    town.edit(
        "store_schema.sql",
        "create table {{schema}}.customers",
        "create type {{schema}}.state as enum ('open', 'done');
         create function {{schema}}.own(text) returns text immutable language sql as 'select $1';
         create table {{schema}}.customers",
    );
    town.edit(
        "store_schema.sql",
        "not null default 'MXN'\n",
        "not null default 'MXN',\n    state {{schema}}.state not null default 'open'\n",
    );
    town.edit(
        "store_schema.sql",
        "create index lines_order_id_idx",
        "create unique index one_open on {{schema}}.orders (currency) where state = 'open';
         create unique index email_once on {{schema}}.customers (lower(email));
         create unique index own_once on {{schema}}.customers ({{schema}}.own(name));
         alter table {{schema}}.lines add constraint apart exclude (id with =);
         create index lines_order_id_idx",
    );
    town.run(&["plan", "--store", "5"]).exits(2).says("one_open");
    let plan = town.run(&["plan", "--store", "4", "--format", "json"]).exits(2).json();
    let of = |code: &str| -> Vec<String> {
        let all = plan["findings"].as_array().unwrap().iter().filter(|finding| finding["code"] == code);
        all.map(|finding| finding["message"].as_str().unwrap().to_owned() + &finding["keys"].to_string()).collect()
    };
    let duplicate = of("duplicate_key");
    assert_eq!(duplicate.len(), 2, "{duplicate:?}");
    assert!(duplicate[0].contains("email_once") && duplicate[0].contains("same@four.example"), "{duplicate:?}");
    assert!(duplicate[1].contains("one_open") && duplicate[1].contains("MXN"), "{duplicate:?}");
    let open = of("key_not_checked");
    assert_eq!(open.len(), 2, "{open:?}");
    assert!(open[0].contains("own_once") && open[0].contains("public.own(text) does not exist"), "{open:?}");
    assert!(open[1].contains("apart") && open[1].contains("exclusion"), "{open:?}");
}

#[test]
fn a_grant_on_a_common_table_is_seen_also_where_a_key_refers_to_it() {
    let town = three_stores();
    let inline = "currency text not null default 'MXN' references public.currencies";
    town.edit("store_schema.sql", "currency text not null default 'MXN'", inline);
    town.run(&["plan", "--store", "4"]).exits(0);
    for reaching in [
        "grant select on {{shared}}.currencies to public;",
        "alter table {{shared}}.currencies enable row level security;",
        "alter table {{shared}}.currencies set (fillfactor = 70);",
        "update {{shared}}.currencies set code = code;",
        "do $$ begin begin create table {{shared}}.sneaked (); exception when division_by_zero then null; end; end $$;",
    ] {
        let before = town.read("store_schema.sql");
        town.edit(
            "store_schema.sql",
            "-- tenantctl: after the load",
            &format!("{reaching}\n-- tenantctl: after the load"),
        );
        town.run(&["plan", "--store", "4"]).exits(2).says("[template_reaches_out]");
        town.write("store_schema.sql", &before);
    }
    town.run(&["migrate", "--store", "4", "--to", "created"]).exits(0);
}

#[test]
fn a_server_that_counts_no_rows_is_not_trusted_with_a_template() {
    let town = three_stores();
    town.sql(&format!("alter database {} set track_counts = off", town.database));
    town.run(&["plan", "--store", "4"]).exits(2).says("[rows_not_counted]").says("track_counts");
}
