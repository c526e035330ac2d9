//! Big tables, loaded in parts: what a kill, a failure or somebody's row between two parts comes to.

use std::time::Duration;

use crate::app::three_stores;
use crate::running::eventually;
use crate::town::Town;

/// Store 4 is most of its tables, and these have pages without a row, dead rows and rows that moved.
fn big_store() -> Town {
    let town = three_stores();
    town.edit("tenantctl.toml", "[store_schema]\n", "[copy]\njobs = 4\nsplit_bytes = \"64KiB\"\n\n[store_schema]\n");
    fill(&town);
    town
}

fn fill(town: &Town) {
    town.sql(
        "insert into orders (store_id, number, total) select 4 + (n % 20 = 0)::int, 'big ' || n, n from generate_series(1, 5000) n;
         insert into lines (order_id, what) select o.id, 'big thing ' || n from generate_series(1, 2) n, orders o where number like 'big%';
         delete from lines where id between 2000 and 4000",
    );
    town.sql("vacuum (analyze) lines");
    town.sql("update lines set quantity = 2 where id % 7 = 0; delete from lines where id % 11 = 0; update orders set total = 0 where id % 5 = 0");
}

impl Town {
    fn count(&self, from: &str) -> u64 {
        self.value(&format!("select count(*) from {from}")).parse().unwrap()
    }

    fn parts_in_journal(&self) -> u64 {
        self.count("tenantctl.resource where name like 'part/%/lines'")
    }

    /// Rows of `lines` that the journal says are loaded as a whole.
    fn lines_in_journal(&self) -> String {
        self.value("select coalesce(sum(rows_loaded), 0) from tenantctl.table_run where table_name = 'lines'")
    }

    #[track_caller]
    fn big_tables_moved(&self) {
        self.moved("public.orders", "store_id = 4", "store_4.orders");
        let lines = "order_id in (select id from orders where store_id = 4)";
        self.same_rows(
            &format!("select id, order_id, what, quantity from public.lines where {lines}"),
            "select id, order_id, what, quantity from store_4.lines",
        );
        assert!(self.count("store_4.lines") > 5000);
        assert_eq!(self.parts_in_journal(), 0);
        assert_eq!(self.lines_in_journal(), self.count("store_4.lines").to_string());
    }

    /// Copies of a running load that read and that write.
    fn copies(&self, like: &str) -> u64 {
        self.count(&format!(
            "pg_stat_activity where datname = current_database() and application_name like 'tenantctl/%' and query like 'copy %{like}%'"
        ))
    }
}

#[test]
fn killed_between_two_parts_a_table_is_loaded_whole_by_the_next_run() {
    let town = big_store();
    let before = town.fingerprint("public");
    let migrate = ["migrate", "--store", "4"];
    let plan = town.run(&["plan", "--store", "4", "-f", "json"]).exits(0).json();
    let parts: Vec<_> = plan["plans"][0]["tables"].as_array().unwrap().iter().map(|table| &table["parts"]).collect();
    assert_eq!(parts, [1, 4, 4], "{plan}");
    town.run(&["plan", "--store", "4"]).exits(0).says("parts     orders in 4, lines in 4");

    let run = town.paused("half_sent:lines", &migrate);
    let ranges = if town.value("show server_version_num").parse::<u32>().unwrap() < 140_000 { 0 } else { 2 };
    assert_eq!((town.copies("ctid >="), town.copies("from stdin")), (ranges, 4));
    run.kill();
    town.all_sessions_end();
    assert_eq!((town.count("store_4.lines"), town.parts_in_journal()), (0, 0));

    let run = town.paused("commit_sent:lines", &migrate);
    eventually("the first part is committed", Duration::from_secs(10), || town.parts_in_journal() == 1);
    run.kill();
    town.all_sessions_end();
    let part = town.value("select split_part(definition, ':', 1) from tenantctl.resource where name like 'part/1/%'");
    assert_eq!(town.count("store_4.lines").to_string(), part);
    assert_eq!((town.parts_in_journal(), town.lines_in_journal().as_str()), (1, "0"));

    town.sql("insert into store_4.lines (order_id, what) values (1, 'somebody''s')");
    for words in [&migrate[..], &["abandon", "--store", "4", "--yes"]] {
        town.run(words).exits(1).says("rows that tenantctl did not load");
    }
    town.sql("delete from store_4.lines where what = 'somebody''s'");
    assert_eq!(town.count("store_4.lines").to_string(), part, "rows were dropped by a run that refused");

    town.paused("before_table_commit:lines", &migrate).kill();
    town.all_sessions_end();
    assert_eq!((town.parts_in_journal(), town.lines_in_journal().as_str()), (3, "0"));
    town.run(&["resume"]).exits(0);
    town.big_tables_moved();
    assert_eq!(town.stage("4"), "switched");
    town.run(&["verify", "--store", "4", "--live"]).exits(0);
    town.sql("update stores set schema_name = null, database_url = null");
    assert_eq!(town.fingerprint("public"), before);
}

#[test]
fn a_part_that_fails_leaves_an_empty_table() {
    let town = big_store();
    // Partitions are read by one session and written by several; a column that is computed is compared all the same.
    town.sql(
        "drop table lines;
         create table lines (id bigserial primary key, order_id integer not null references orders, what text not null,
             quantity integer not null default 1) partition by hash (id);
         create table lines_0 partition of lines for values with (modulus 2, remainder 0);
         create table lines_1 partition of lines for values with (modulus 2, remainder 1);
         create index on lines (order_id);
         insert into lines (order_id, what) select o.id, 'thing ' || n from generate_series(1, 3) n, orders o where store_id = 4;
         update lines set what = 'bad' where id = (select max(id) from lines)",
    );
    town.sql("analyze lines");
    town.edit(
        "store_schema.sql",
        "what text not null,\n    quantity integer not null default 1",
        "what text not null check (what <> 'bad'),\n    quantity integer not null default 1,\n    twice integer generated always as (quantity * 2) stored",
    );
    town.sql("alter table lines add column twice integer; update lines set twice = quantity * 2");
    let is_empty = || {
        town.all_sessions_end();
        assert_eq!((town.count("store_4.lines"), town.parts_in_journal()), (0, 0));
        assert_eq!(town.lines_in_journal(), "0");
    };
    let migrate = ["migrate", "--store", "4"];
    town.run(&migrate).exits(1).says("lines_what_check").says("table lines");
    is_empty();
    town.sql("update lines set what = 'good' where what = 'bad'");

    // Nothing is known that would fail in the last part only; so the journal does.
    town.sql(
        "create function tenantctl.fail() returns trigger language plpgsql as $$ begin raise exception 'no room'; end $$;
         create trigger fail before insert on tenantctl.table_run for each row when (new.table_name = 'lines') execute function tenantctl.fail()",
    );
    town.run(&migrate).exits(1).says("no room");
    is_empty();
    let undo = "create trigger fail before delete on tenantctl.resource for each row execute function tenantctl.fail()";
    town.sql(undo);
    town.run(&migrate).exits(1).says("no room").says("parts of store_4.lines are loaded and stay");
    assert_eq!((town.parts_in_journal(), town.count("store_4.lines") > 0), (3, true));
    town.sql("drop trigger fail on tenantctl.table_run; drop trigger fail on tenantctl.resource");

    // With one job the table is no longer split; the parts are still ours.
    let mut command = town.command(&["migrate", "--store", "4", "--to", "verified"]);
    command.env("TENANTCTL_COPY_JOBS", "1");
    crate::town::finish(command).exits(0);
    town.big_tables_moved();

    // Loaded again because rows changed: this time the table is emptied first.
    town.sql("update lines set quantity = 9, twice = 18 where id % 2 = 0");
    town.paused("before_table_commit:lines", &migrate).kill();
    town.all_sessions_end();
    assert_eq!((town.parts_in_journal(), town.lines_in_journal().as_str()), (3, "0"));
    town.run(&["abandon", "--store", "4", "--yes"]).exits(0);
    assert!(!town.has_schema("store_4"));
    town.run(&migrate).exits(0);
    assert_eq!(town.stage("4"), "switched");
    assert_eq!(
        town.count("tenantctl.resource where name like 'part/%' and move_id = (select max(id) from tenantctl.move)"),
        0
    );
    town.moved("public.lines", "order_id in (select id from orders where store_id = 4)", "store_4.lines");
}

#[test]
fn a_store_for_several_connections_leaves_the_pass_only_where_an_index_leads_to_its_rows() {
    let town = big_store();
    let of_lines = |more: &[&str]| {
        let migrate = ["migrate", "--all", "--yes", "--to", "verified", "--progress", "json"];
        let ran = town.run(&[&migrate, more].concat()).exits(0);
        let events = ran.stderr.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let mut chosen = events.filter(|event| event["event"] == "read_chosen" && event["table"] == "lines");
        let stores = chosen.next().unwrap()["store_count"].as_u64().unwrap();
        town.moved("public.lines", "order_id in (select id from orders where store_id = 4)", "store_4.lines");
        for store in ["3", "4", "5"] {
            town.run(&["abandon", "--store", store, "--yes"]).exits(0);
        }
        stores
    };
    assert_eq!(of_lines(&[]), 2, "store 4 is loaded by itself");
    assert_eq!(of_lines(&["--strategy", "one-pass"]), 3);
    town.sql("drop index lines_order_id_idx");
    assert_eq!(of_lines(&[]), 3, "each connection would read all of the table");
}
