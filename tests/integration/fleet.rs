//! Several stores in one run: waves, one pass for many stores, failures that stay alone, and what is not begun.

use serde_json::Value;

use crate::app::three_stores;
use crate::town::{Ran, Town};

/// Stores 3 to 5 as ever, and 6 to 8 with as many orders as their number and fewer than the first three have.
fn six_stores() -> Town {
    let town = three_stores();
    town.sql(
        "insert into stores (id, name) select n, 'Store ' || n from generate_series(6, 8) n;
         insert into customers (store_id, name) select n, 'customer of ' || n from generate_series(6, 8) n;
         insert into orders (store_id, customer_id, number) select c.store_id, c.id, 'S-' || n from customers c, generate_series(1, 8) n
             where c.store_id > 5 and n <= c.store_id;
         insert into lines (order_id, what) select id, 'thing' from orders where store_id > 5",
    );
    town
}

impl Town {
    #[track_caller]
    fn all_moved(&self, stores: impl IntoIterator<Item = u32>) {
        for store in stores {
            assert_eq!(self.stage(&store.to_string()), "switched", "store {store}");
            let (own, schema) = (format!("store_id = {store}"), format!("store_{store}"));
            self.moved("public.customers", &own, &format!("{schema}.customers"));
            self.moved("public.orders", &own, &format!("{schema}.orders"));
            let of_orders = format!("order_id in (select id from public.orders where {own})");
            self.moved("public.lines", &of_orders, &format!("{schema}.lines"));
        }
    }
}

impl Ran {
    /// A value of each store's report.
    fn stores(&self, what: fn(&Value) -> Value) -> Vec<(String, Value)> {
        let document = self.json();
        let stores = document["stores"].as_array().unwrap();
        stores.iter().map(|store| (store["store"].as_str().unwrap().to_owned(), what(store))).collect()
    }

    /// The stores that ended so.
    fn ended(&self, outcome: &str) -> Vec<String> {
        let of = self.stores(|store| store["outcome"].clone());
        of.into_iter().filter(|(_, ended)| ended == outcome).map(|(store, _)| store).collect()
    }
}

#[test]
fn what_a_template_makes_is_told_to_the_next_stores_unless_it_speaks_of_them() {
    let town = six_stores();
    let schemas_made = |ran: &Ran| ran.stderr.matches("create schema \\\"store_").count();
    let of_key = town.read("store_schema.sql");
    let of_none = of_key.replace(" default {{store_key}} check (store_id = {{store_key}})", "");
    assert!(!of_none.contains("store_key"));
    town.write("store_schema.sql", &format!("create type {{{{schema}}}}.mood as enum ('calm');\n{of_none}"));
    let ran = town.run(&["migrate", "--store", "3,4", "--yes", "-vvv", "--log-format", "json"]).exits(0);
    assert_eq!(schemas_made(&ran), 3, "one trial for two stores");
    let with_a_schemas_name = format!("create table {{{{schema}}}}.store_5 (id integer);\n{of_none}");
    for (template, stores) in [(with_a_schemas_name, "5,6"), (of_key, "7,8")] {
        town.write("store_schema.sql", &template);
        let ran = town.run(&["migrate", "--store", stores, "--yes", "-vvv", "--log-format", "json"]).exits(0);
        assert_eq!(schemas_made(&ran), 4, "a trial for each of {stores}");
    }
    town.all_moved(3..=8);
    town.run(&["verify", "--all"]).exits(0);
}

#[test]
fn stores_are_switched_in_one_transaction_and_one_that_was_written_to_in_its_own() {
    // A transaction of another test may make rows look new; then each store goes alone.
    let together = (0..8).any(|_| {
        let town = six_stores();
        town.run(&["migrate", "--all", "--to", "verified", "--yes"]).exits(0);
        town.sql("insert into customers (store_id, name) values (5, 'came late')");
        let ran = town.run(&["switch", "--store", "3-8", "--yes", "--format", "json"]).exits(0);
        for (store, recopied) in ran.stores(|store| store["evidence"]["switch"]["recopied"].clone()) {
            let expected = if store == "5" { serde_json::json!(["customers"]) } else { serde_json::json!([]) };
            assert_eq!(recopied, expected, "store {store}");
        }
        for (store, hold) in ran.stores(|store| store["evidence"]["switch"]["longest_hold_ms"].clone()) {
            assert!(hold.as_f64().unwrap() > 0.0, "store {store} was switched without a lock");
        }
        town.all_moved(3..=8);
        town.run(&["verify", "--all"]).exits(0);
        town.value("select count(distinct xmin::text) from stores where schema_name is not null") == "2"
    });
    assert!(together, "no five stores were ever switched in one transaction");
}

#[test]
fn a_kill_before_the_commit_of_several_stores_leaves_none_switched_and_one_after_it_all() {
    for (moment, left) in [("before_switch_commit", "verified"), ("after_switch_commit", "switched")] {
        let all_so = (0..8).any(|_| {
            let town = six_stores();
            town.paused(moment, &["migrate", "--all", "--yes"]).kill();
            town.all_sessions_end();
            let same = town.value(&format!("select count(*) from tenantctl.move where stage = '{left}'"));
            let routed = town.value("select count(*) from stores where schema_name is not null");
            let switched = town.value("select count(*) from tenantctl.move where stage = 'switched'");
            assert_eq!(routed, switched, "the registry and the journal tell the same at {moment}");
            town.run(&["migrate", "--all", "--yes"]).exits(0);
            town.all_moved(3..=8);
            same == "6"
        });
        assert!(all_so, "six stores were never in one transaction at {moment}");
    }
}

#[test]
fn a_store_that_the_registry_refuses_keeps_no_other_from_its_switch() {
    let town = six_stores();
    town.sql(
        "create function no() returns trigger language plpgsql as $$ begin raise 'store % stays where it is', new.id; end $$;
         create trigger no before update on stores for each row when (new.id = 6) execute function no()",
    );
    let ran = town.run(&["migrate", "--all", "--yes", "--format", "json"]).exits(4);
    assert_eq!(ran.ended("failed"), ["6"]);
    assert!(ran.stdout.contains("store 6 stays where it is"));
    town.all_moved([3, 4, 5, 7, 8]);
    assert_eq!(town.stage("6"), "verified");
    town.sql("drop trigger no on stores");
    town.run(&["resume"]).exits(0);
    town.all_moved(3..=8);
}

#[test]
fn a_wave_reads_each_table_once_and_a_kill_in_it_loses_nothing() {
    let town = six_stores();
    let before = town.fingerprint("public");
    let migrate = ["migrate", "--all", "--strategy", "one-pass", "--yes"];
    town.paused("half_sent:lines", &migrate).kill();
    town.all_sessions_end();
    assert_eq!(town.value("select count(*) from tenantctl.move where stage = 'created'"), "6");
    let ran = town.run(&["resume", "--strategy", "one-pass", "-vvv", "--log-format", "json"]).exits(0);
    let passes = ran.stderr.lines().filter(|line| line.contains("copy (select \\\"tenantctl wave\\\".at"));
    assert_eq!(passes.count(), 2, "lines and orders were left to load, each once for all six stores");
    let chosen = ran.stderr.lines().filter(|line| line.contains("\"event\":\"read_chosen\""));
    let why = chosen.filter(|line| line.contains("\"one_pass\":true") && line.contains("--strategy one-pass"));
    assert_eq!(why.count(), 2, "each said why");
    assert_eq!(town.value("select count(distinct snapshot) from tenantctl.move"), "1");
    town.all_moved(3..=8);
    town.run(&["verify", "--all"]).exits(0).says("every one of").says("is in exactly one place");
    // A row that somebody deletes from the shared schema is missed, and where.
    town.sql("delete from lines where id = (select max(id) from lines)");
    let open = town.run(&["verify", "--all", "-f", "json"]).exits(3).json();
    let lines = &open["balance"][2];
    let of = |what: &str| lines[what].as_u64().unwrap();
    assert_eq!((lines["table"].as_str().unwrap(), of("loaded") - of("switched"), of("waiting")), ("lines", 1, 0));
    town.sql(
        "insert into lines select l.* from store_8.lines l where not exists (select from lines o where o.id = l.id)",
    );
    town.sql("update stores set schema_name = null, database_url = null");
    assert_eq!(town.fingerprint("public"), before);
}

#[test]
fn rows_that_came_after_the_plan_are_in_the_pass_too() {
    let town = six_stores();
    // For the first three an index leads to the rows and each store is counted by itself, for the others the pass counts.
    for (stores, of) in [("3-5", [3, 4, 5]), ("6-8", [6, 7, 8])] {
        let [first, second, _] = of;
        town.sql(&format!(
            "delete from lines where order_id in (select id from orders where store_id in ({first}, {second}))"
        ));
        town.run(&["create", "--store", stores]).exits(0);
        town.sql(&format!("insert into lines (order_id, what) select id, 'late' from orders where store_id = {first}"));
        let migrate = ["migrate", "--store", stores, "--yes", "--strategy", "one-pass", "-vvv", "--log-format", "json"];
        let ran = town.run(&migrate).exits(0);
        let counted =
            ran.stderr.matches("select array[(select count(*) from only \\\"public\\\".\\\"lines\\\"").count();
        assert_eq!(counted, usize::from(first == 3), "{}", ran.stderr);
        town.all_moved(of);
        assert_ne!(town.value(&format!("select count(*) from store_{first}.lines")), "0");
        assert_eq!(town.value(&format!("select count(*) from store_{second}.lines")), "0");
        town.sql("drop index if exists lines_order_id_idx");
    }
}

#[test]
fn stores_that_fail_do_so_alone_and_resume_does_the_rest() {
    let town = six_stores();
    // 4 is stopped in its plan, 5 fails in COPY, 6 in the second section.
    town.edit("store_schema.sql", "what text not null,", "what text not null check (what <> 'bad'),");
    town.edit(
        "store_schema.sql",
        "alter table {{schema}}.lines add primary key (id);",
        "alter table {{schema}}.lines add primary key (id);\nalter table {{schema}}.customers add check (email <> 'bad' or {{store_key}} <> 6);",
    );
    town.sql(
        "create schema store_4;
         update lines set what = 'bad' where id = (select max(l.id) from lines l join orders o on o.id = order_id where store_id = 5);
         update customers set email = 'bad' where store_id = 6",
    );
    let ran = town.run(&["migrate", "--all", "--yes", "--strategy", "one-pass", "-f", "json"]).exits(4);
    assert_eq!((ran.ended("done"), ran.ended("refused")), (vec!["3".into(), "7".into(), "8".into()], vec!["4".into()]));
    assert_eq!(ran.ended("failed"), ["5", "6"]);
    let document = ran.json();
    for (at, word) in [(1, "store_4"), (2, "lines_what_check"), (3, "check")] {
        assert!(document["stores"][at]["error"].to_string().contains(word), "{document:#}");
    }
    assert_eq!(document["next_steps"][0]["why"], "3 of 6 stores are not done");
    let resume = document["next_steps"][0]["command"].as_str().unwrap();
    assert!(resume.starts_with("tenantctl resume "), "{resume}");
    town.all_moved([3, 7, 8]);
    assert_eq!((town.stage("5").as_str(), town.stage("6").as_str()), ("created", "created"));

    town.sql("drop schema store_4; update lines set what = 'good' where what = 'bad'; update customers set email = 'good' where email = 'bad'");
    let runs = "select count(*) from tenantctl.event where kind = 'planned'";
    assert_eq!(town.value(runs), "5");
    let again = town.run(&["resume", "-y", "-f", "json"]).exits(0);
    assert_eq!(again.ended("done"), ["4", "5", "6"]);
    assert_eq!(town.value(runs), "6", "only store 4 had no plan");
    town.all_moved(3..=8);
}

#[test]
fn a_canary_that_fails_too_many_failures_and_the_time_hold_the_others_back() {
    let town = six_stores();
    let nobody_else = |ran: &Ran, why: &str| {
        let document = ran.json();
        for store in document["stores"].as_array().unwrap().iter().filter(|store| store["outcome"] == "interrupted") {
            assert!(store["error"]["message"].as_str().unwrap().contains(why), "{store:#}");
        }
    };
    let late = town.run(&["migrate", "--all", "-y", "-f", "json", "--until", "2020-01-01 00:00"]).exits(4);
    // The evening after, plain `resume` knows what was not begun.
    let evening = town.run(&["resume", "-y", "-f", "json", "--until", "2020-01-01 00:00"]).exits(4);
    assert_eq!(evening.ended("interrupted").len(), 6);
    assert_eq!(late.ended("interrupted").len(), 6);
    nobody_else(&late, "the time was up");
    assert!(!town.has_schema("store_6"));

    // The smallest is 6: its base is that it has the fewest rows.
    town.sql("create schema store_6");
    let canary = town.run(&["migrate", "--all", "-y", "-f", "json", "--canary", "1"]).exits(2);
    assert_eq!((canary.ended("refused"), canary.ended("interrupted").len()), (vec!["6".to_owned()], 5));
    nobody_else(&canary, "canary store 6");

    town.sql("create schema store_7");
    let one = ["migrate", "--all", "-y", "-f", "json", "--jobs", "1", "--max-failures", "2"];
    let some = town.run(&one).exits(2);
    assert_eq!((some.ended("refused"), some.ended("interrupted").len()), (vec!["6".to_owned(), "7".to_owned()], 4));
    nobody_else(&some, "2 stores failed");

    let all = town.run(&["migrate", "--all", "-y", "-f", "json", "--keep-going", "--canary", "0"]).exits(4);
    assert_eq!(all.ended("done"), ["3", "4", "5", "8"]);
    town.sql("drop schema store_6; drop schema store_7");
    let rest = town.run(&["migrate", "--all", "-y", "-f", "json", "--canary", "1"]).exits(0);
    assert_eq!(rest.ended("done").len(), 6);
    town.all_moved(3..=8);
}

#[test]
fn what_may_pass_is_tried_again() {
    let town = six_stores();
    town.run(&["migrate", "--store", "8", "--to", "created"]).exits(0);
    // The first two loads of `lines` meet what a deadlock would be, later ones do not.
    town.sql(
        "create sequence tenantctl.tries;
         create function tenantctl.collide() returns trigger language plpgsql as $$ begin
            if nextval('tenantctl.tries') <= 2 then raise exception 'a deadlock, so to speak' using errcode = '40P01'; end if;
            return new; end $$;
         create trigger collide before insert on tenantctl.table_run for each row when (new.table_name = 'lines')
            execute function tenantctl.collide()",
    );
    let alone = town.run(&["migrate", "--store", "8", "-y"]).exits(1).says("a deadlock, so to speak");
    assert!(!alone.stderr.contains("another try"), "a single store is not tried again unless asked");
    let ran = town.run(&["migrate", "--store", "6,7,8", "-y", "--progress", "plain"]).exits(0);
    assert!(ran.stderr.contains("another try"), "{}", ran.stderr);
    town.all_moved(6..=8);
    // A lost lease and lost workers: everything of ours is ended once, and begun anew.
    town.sql(
        "create or replace function tenantctl.collide() returns trigger language plpgsql as $$ begin
            if nextval('tenantctl.tries') = 1 then
                perform pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and application_name like 'tenantctl/%';
            end if;
            return new; end $$;
         select setval('tenantctl.tries', 1, false)",
    );
    let ran = town.run(&["migrate", "--store", "3-5", "-y", "--strategy", "one-pass", "--progress", "plain"]).exits(0);
    assert!(ran.stderr.contains("another try"), "{}", ran.stderr);
    town.all_moved(3..=8);
}
