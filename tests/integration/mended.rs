//! Findings of a review, each told as what it is now.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::app::three_stores;
use crate::town::{Town, finish};

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
