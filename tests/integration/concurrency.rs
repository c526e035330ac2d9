//! Two runs at once, people who write meanwhile, signals, definitions that change under a plan.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::running::{Person, eventually};
use crate::town::{Town, finish};

const STORE: &str = "13";
const SCHEMA: &str = "store_1751273256223";
const PATIENT: (&str, &str) = ("[store_schema]\n", "[session]\nlock_timeout = \"60s\"\n\n[store_schema]\n");

/// A town whose runs wait long for locks: with one a test can hold a run up, and let it go on.
fn patient(town: Town) -> Town {
    town.edit("tenantctl.toml", PATIENT.0, PATIENT.1);
    town
}

fn is_not_routed(town: &Town, store: &str) -> bool {
    town.value(&format!("select schema_name is null and database_url is null from stores where id = {store}")) == "t"
}

fn recopied(store: &Value) -> Vec<String> {
    let list = store["evidence"]["switch"]["recopied"].as_array().unwrap();
    let mut names: Vec<String> = list.iter().map(|name| name.as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

// ---------------------------------------------------------------------------------------------------------------------
// two runs

#[test]
fn a_second_run_on_a_store_is_told_who_holds_it_where_and_since_when() {
    let town = Town::sample();
    let first = town.paused("between_tables", &["migrate", "--store", STORE]);
    let run = town.value("select id from tenantctl.run");
    let host = town.value("select host from tenantctl.run");
    for words in [
        &["migrate", "--store", STORE, "--format", "json"][..],
        &["abandon", "--store", STORE, "--yes", "--format", "json"],
    ] {
        let report = town.run(words).exits(6).json();
        assert_eq!(report["exit_code"], 6);
        let error = if report["error"].is_null() { &report["stores"][0]["error"] } else { &report["error"] };
        let because = error["because"].to_string();
        let process = format!("process {}", first.pid());
        for part in [run.as_str(), host.as_str(), "since 20", process.as_str()] {
            assert!(because.contains(part), "`{part}` is not in {because}");
        }
    }
    town.run(&["resume", &run]).exits(6).says(&run);
    assert_eq!(town.value("select run_id from tenantctl.move"), run, "the second run touched the move");
    first.kill();
    town.run(&["resume", &run]).exits(0);
}

#[test]
fn a_run_on_another_store_does_not_wait() {
    let town = Town::sample();
    let first = town.paused("between_tables", &["migrate", "--store", STORE]);
    town.run(&["migrate", "--store", "14"]).exits(0);
    first.kill();
}

#[test]
fn runs_on_three_stores_at_once_all_come_to_their_end() {
    let town = Town::sample();
    let runs = [STORE, "14", "91"].map(|store| town.start(&["migrate", "--store", store]));
    for run in runs {
        run.end().exits(0);
    }
    for store in [STORE, "14", "91"] {
        assert_eq!(town.journal_stage(store), "switched");
        let schema = town.value(&format!("select schema_name from stores where id = {store}"));
        town.holds_the_shared_rows(store, &schema);
    }
}

#[test]
fn another_person_with_another_template_is_stopped_and_told_what_differs() {
    let town = Town::sample();
    town.paused("between_tables", &["migrate", "--store", STORE]).kill();
    town.edit("store_schema.sql", "create index products_tags_idx", "create index other_tags_idx");
    let before = town.fingerprint(SCHEMA);
    for words in [&["resume"][..], &["migrate", "--store", STORE]] {
        town.run(words).exits(2).says("the template changed").says("--use-recorded");
    }
    assert_eq!(town.fingerprint(SCHEMA), before);
    town.run(&["resume", "--use-recorded"]).exits(0);
    assert_eq!(town.value(&format!("select to_regclass('{SCHEMA}.products_tags_idx') is not null")), "t");
    assert_eq!(town.value(&format!("select to_regclass('{SCHEMA}.other_tags_idx') is null")), "t");
}

#[test]
fn another_person_with_another_manifest_is_stopped_and_told_what_differs() {
    let town = Town::sample_at("created");
    town.edit("tenantctl.toml", "common = [\"currencies\"]", "common = [\"currencies\", \"shopping_cart\"]");
    let entry = "[[tables]]\nname = \"shopping_cart\"\ngroup = \"additional\"\nparent = \"customers\"\n";
    town.edit("tenantctl.toml", entry, "");
    town.run(&["migrate", "--store", STORE]).exits(2).says("the manifest");
    town.run(&["migrate", "--store", STORE, "--use-recorded"]).exits(0);
    town.holds_the_shared_rows(STORE, SCHEMA);
}

#[test]
fn a_run_whose_lease_was_taken_over_commits_nothing_more() {
    let town = patient(Town::sample_at("created"));
    let blocker = Person::named(&town, "blocker");
    blocker.does("begin; lock table store_1751273256223.whatsapp_logs in access exclusive mode");
    let first = town.start(&["migrate", "--store", STORE]);
    town.wait_for_lock_queue("store_1751273256223.whatsapp_logs");
    let epoch = town.value("select epoch from tenantctl.move");
    first.signal("STOP"); // it sleeps while the world goes on
    town.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'tenantctl/%/lease' and datname = current_database()");
    let second = town.start(&["migrate", "--store", STORE]);
    eventually("the second run takes the store over", Duration::from_secs(20), || {
        town.value("select epoch from tenantctl.move") != epoch
    });
    first.signal("CONT");
    let first = first.end();
    assert_ne!(first.code, 0, "{first:?}");
    blocker.does("rollback");
    second.end().exits(0);
    assert_eq!(town.journal_stage(STORE), "switched");
    let second = town.value("select run_id from tenantctl.move");
    assert_eq!(town.value("select string_agg(distinct run_id, ',') from tenantctl.table_run"), second);
    let by_first = format!(
        "select count(*) from tenantctl.event where run_id <> '{second}' and kind in ('copied', 'verified', 'switched')"
    );
    assert_eq!(town.value(&by_first), "0");
    town.holds_the_shared_rows(STORE, SCHEMA);
}

#[test]
fn a_run_with_an_old_epoch_is_kept_out_though_its_sessions_live() {
    let town = patient(Town::sample_at("verified"));
    let blocker = Person::named(&town, "blocker");
    blocker.does("begin; lock table store_1751273256223.whatsapp_logs in access exclusive mode");
    let run = town.start(&["switch", "--store", STORE]);
    town.wait_for_lock_queue("store_1751273256223.whatsapp_logs");
    town.sql("update tenantctl.move set epoch = epoch + 1");
    blocker.does("rollback");
    run.end().exits(6).says("another run has taken this store over");
    assert_eq!(town.journal_stage(STORE), "verified");
    assert!(is_not_routed(&town, STORE));
}

// ---------------------------------------------------------------------------------------------------------------------
// writers

/// What an application does to a store's shared rows, and the tables that must be copied again for it.
const WRITES: &[(&str, &[&str])] = &[
    ("insert into products (store_id, sku, name, price) values (13, 'NEW-1', 'new', 1)", &["products"]),
    ("update auto_responses set times_used = times_used + 1 where store_id = 13", &["auto_responses"]),
    (
        "delete from notifications where id = (select min(id) from notifications where store_id = 13)",
        &["notifications"],
    ),
    (
        "update order_items set quantity = quantity + 1 where order_id = (select max(id) from orders where store_id = 13)",
        &["order_items"],
    ),
    (
        "delete from shopping_cart where id = (select min(c.id) from shopping_cart c join customers o on o.id = c.customer_id where store_id = 13)",
        &["shopping_cart"],
    ),
    (
        // A trigger of the application touches the conversation.
        "insert into messages (conversation_id, direction, body, sent_at) select max(id), 'inbound', 'hello', '2026-01-01' from conversations where store_id = 13",
        &["conversations", "messages"],
    ),
];

#[test]
fn what_was_written_between_copy_and_switch_is_copied_again_and_named() {
    let town = Town::sample_at("verified");
    let mut expected: Vec<&str> = WRITES.iter().flat_map(|(_, tables)| tables.iter().copied()).collect();
    for (sql, _) in WRITES {
        town.sql(sql);
    }
    let report = town.run(&["switch", "--store", STORE, "--format", "json"]).exits(0).json();
    let store = &report["stores"][0];
    expected.sort_unstable();
    assert_eq!(recopied(store), expected);
    assert_eq!(store["stage"], "switched");
    assert_eq!(store["evidence"]["switch"]["round_count"], 1);
    town.holds_the_shared_rows(STORE, SCHEMA);
    town.run(&["verify", "--store", STORE]).exits(0);
    town.run(&["verify", "--store", STORE, "--live"]).exits(0);
}

#[test]
fn each_kind_of_write_alone_is_noticed() {
    for (sql, tables) in WRITES {
        let town = Town::sample_at("verified");
        town.sql(sql);
        let report = town.run(&["switch", "--store", STORE, "--format", "json"]).exits(0).json();
        assert_eq!(recopied(&report["stores"][0]), *tables, "{sql}");
        town.holds_the_shared_rows(STORE, SCHEMA);
    }
}

#[test]
fn an_order_that_leaves_takes_its_items_along() {
    let town = Town::sample();
    town.sql(
        "insert into orders (id, store_id, customer_id, order_number) select 900000, 13, min(id), 'leaver' from customers where store_id = 13;
         insert into order_items (order_id, line_no, description, quantity, unit_price) values (900000, 1, 'item of a leaver', 1, 1)",
    );
    town.run(&["migrate", "--store", STORE, "--to", "verified"]).exits(0);
    let items = format!("select count(*) from {SCHEMA}.order_items where description = 'item of a leaver'");
    assert_eq!(town.value(&items), "1");
    // Its items get no new row version: only their parent tells.
    town.sql("update orders set store_id = 14, customer_id = (select min(id) from customers where store_id = 14) where id = 900000");
    let report = town.run(&["switch", "--store", STORE, "--format", "json"]).exits(0).json();
    assert_eq!(recopied(&report["stores"][0]), ["order_items", "orders"]);
    assert_eq!(town.value(&items), "0");
    town.holds_the_shared_rows(STORE, SCHEMA);
    town.run(&["verify", "--store", STORE, "--live"]).exits(0);
}

#[test]
fn an_order_that_leaves_and_one_that_comes_with_as_many_items_are_both_noticed() {
    let town = Town::sample();
    // Two orders with one item each, in two stores, that were written long before the copy.
    town.sql(
        "insert into orders (id, store_id, customer_id, order_number) select 900000 + s, s, min(c.id), 'twin' from generate_series(13, 14) s join customers c on c.store_id = s group by s;
         insert into order_items (id, order_id, line_no, description, quantity, unit_price) select 900000 + s, 900000 + s, 1, 'item of ' || s, 1, 1 from generate_series(13, 14) s",
    );
    town.run(&["migrate", "--store", STORE, "--to", "verified"]).exits(0);
    // They change places: only the orders get new row versions, and no count changes.
    town.sql(
        "update orders o set store_id = 27 - store_id, order_number = 'twin-2', customer_id = (select min(id) from customers c where c.store_id = 27 - o.store_id) where order_number = 'twin'",
    );
    let report = town.run(&["switch", "--store", STORE, "--format", "json"]).exits(0).json();
    assert_eq!(recopied(&report["stores"][0]), ["order_items", "orders"]);
    let held = town.value(&format!("select description from {SCHEMA}.order_items where id >= 900000"));
    assert_eq!(held, "item of 14");
    town.holds_the_shared_rows(STORE, SCHEMA);
}

#[test]
fn what_is_written_during_the_copy_is_copied_again() {
    let town = patient(Town::sample_at("created"));
    let blocker = Person::named(&town, "blocker");
    // The snapshot stands, no table is read yet.
    blocker.does("begin; lock table store_1751273256223.whatsapp_logs in access exclusive mode");
    let run = town.start(&["migrate", "--store", STORE, "--format", "json"]);
    town.wait_for_lock_queue("store_1751273256223.whatsapp_logs");
    for (sql, _) in WRITES {
        town.sql(sql);
    }
    town.sql("insert into whatsapp_logs (store_id, event) values (13, 'late')");
    blocker.does("rollback");
    let report = run.end().exits(0).json();
    let recopied = recopied(&report["stores"][0]);
    for table in ["order_items", "products", "shopping_cart", "whatsapp_logs", "messages"] {
        assert!(recopied.iter().any(|name| name == table), "{table} is not in {recopied:?}");
    }
    town.holds_the_shared_rows(STORE, SCHEMA);
    assert_eq!(town.value(&format!("select count(*) from {SCHEMA}.whatsapp_logs where event = 'late'")), "1");
}

#[test]
fn a_transaction_that_stays_open_elsewhere_does_not_make_old_writes_look_new() {
    let town = Town::sample();
    // It has a transaction id and holds every snapshot's xmin back, but writes to none of the shared tables.
    let batch = Person::named(&town, "batch");
    batch.does("create table job (id integer); begin; insert into job values (1)");
    town.sql("update products set stock = stock + 1 where store_id = 13");
    let report = town.run(&["migrate", "--store", STORE, "--format", "json"]).exits(0).json();
    assert_eq!(recopied(&report["stores"][0]), Vec::<String>::new());
    batch.does("commit");
    town.holds_the_shared_rows(STORE, SCHEMA);
}

#[test]
fn what_is_written_between_the_last_look_and_the_lock_is_noticed() {
    let town = Town::sample_at("verified");
    town.edit("tenantctl.toml", "[store_schema]\n", "[switch]\ntries = 100\ndeadline = \"5s\"\n\n[store_schema]\n");
    // Rows that look new all the time: only their versions tell that one more was written.
    let batch = Person::named(&town, "batch");
    batch.does("create table job (id integer); begin; insert into job values (1)");
    town.sql("update products set stock = stock + 1 where store_id = 13");
    let idle = Person::named(&town, "idle");
    idle.does("begin; update orders set notes = 'idle' where store_id = 20");
    let mut run = town.start(&["switch", "--store", STORE, "--format", "json"]);
    run.wait_for("sits idle"); // the look without a lock is over
    town.sql("update products set stock = stock + 1 where id = (select min(id) from products where store_id = 13)");
    idle.does("commit");
    let report = run.end().exits(0).json();
    assert_eq!(recopied(&report["stores"][0]), ["products"]);
    town.holds_the_shared_rows(STORE, SCHEMA);
}

#[test]
fn what_is_written_to_another_store_is_no_change() {
    let town = Town::sample_at("verified");
    town.sql(
        "update products set price = price + 1 where store_id = 14; update orders set notes = 'x' where store_id = 15",
    );
    let report = town.run(&["switch", "--store", STORE, "--format", "json"]).exits(0).json();
    assert_eq!(recopied(&report["stores"][0]), Vec::<String>::new());
    assert_eq!(report["stores"][0]["evidence"]["switch"]["round_count"], 0);
}

/// Somebody who writes without an end; how long their longest statement took is known afterwards.
struct Writer {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Duration>,
}

impl Writer {
    fn of(town: &Town, sql: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (person, sql, stopped) = (Person::named(town, "writer"), sql.to_owned(), stop.clone());
        person.does(&sql);
        let thread = std::thread::spawn(move || {
            let mut longest = Duration::ZERO;
            while !stopped.load(Ordering::SeqCst) {
                let began = Instant::now();
                person.does(&sql);
                longest = longest.max(began.elapsed());
            }
            longest
        });
        Self { stop, thread }
    }

    fn stops(self) -> Duration {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap()
    }
}

#[test]
fn a_store_that_is_written_to_without_an_end_is_not_switched() {
    let town = Town::sample_at("verified");
    let writer = Writer::of(&town, "update auto_responses set times_used = times_used + 1 where store_id = 13");
    let ran = town.run(&["switch", "--store", STORE]);
    let not_routed = is_not_routed(&town, STORE);
    writer.stops();
    ran.exits(1).says("is being written to: auto_responses").says("tenantctl switch --store 13");
    assert!(not_routed);
    assert_ne!(town.journal_stage(STORE), "switched");
    // What it says to do is what can be done.
    town.run(&["switch", "--store", STORE]).exits(0);
    town.holds_the_shared_rows(STORE, SCHEMA);
}

#[test]
fn somebody_idle_in_a_transaction_is_named_and_others_do_not_wait() {
    let town = Town::sample_at("verified");
    town.edit(
        "tenantctl.toml",
        "[store_schema]\n",
        "[switch]\ntries = 6\nlock_wait = \"3s\"\ndeadline = \"5s\"\n\n[store_schema]\n",
    );
    let idle = Person::named(&town, "billing");
    idle.does("begin; update orders set notes = 'idle' where store_id = 20");
    let pid = town
        .value("select pid from pg_stat_activity where datname = current_database() and application_name = 'billing'");
    let idle_long = "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'billing' and state_change < clock_timestamp() - interval '60 ms'";
    eventually("it is idle for a while", Duration::from_secs(5), || town.value(idle_long) == "1");
    let other = "update orders set notes = 'w' where id = (select min(id) from orders where store_id = 21)";
    let writer = Writer::of(&town, other);
    let ran = town.run(&["switch", "--store", STORE]);
    let longest = writer.stops();
    ran.exits(1).says(&format!("pid {pid}")).says("billing").says("orders").says("tenantctl switch --store 13");
    // Had it queued behind the idle one, others would have waited for the three seconds that it may wait.
    assert!(longest < Duration::from_millis(1500), "a writer of another store waited {longest:?}");
    assert!(is_not_routed(&town, STORE));
    assert_eq!(town.journal_stage(STORE), "verified");
    idle.does("rollback");
    town.run(&["switch", "--store", STORE]).exits(0);
}

#[test]
fn a_busy_writer_fails_every_try_and_costs_others_one_short_wait_each() {
    let town = Town::sample_at("verified");
    town.edit("tenantctl.toml", "[store_schema]\n", "[switch]\ntries = 4\ndeadline = \"5s\"\n\n[store_schema]\n");
    let busy = Person::named(&town, "busy");
    let end = busy.begins("begin; update orders set notes = 'busy' where store_id = 20; select pg_sleep(600)");
    let at_work = "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'busy' and wait_event = 'PgSleep'";
    eventually("it is at work", Duration::from_secs(5), || town.value(at_work) == "1");
    let other = "update orders set notes = 'w' where id = (select min(id) from orders where store_id = 21)";
    let writer = Writer::of(&town, other);
    let ran = town.run(&["switch", "--store", STORE]);
    let longest = writer.stops();
    ran.exits(1).says("4 tries");
    // Two seconds are the session's own patience; the switch has 50 ms. The rest is for a busy machine.
    assert!(longest < Duration::from_millis(1500), "a writer of another store waited {longest:?}");
    assert!(is_not_routed(&town, STORE));
    town.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'busy' and datname = current_database()");
    assert!(end.recv().unwrap().is_err());
    town.run(&["switch", "--store", STORE]).exits(0);
}

#[test]
fn readers_of_the_shared_tables_do_not_hinder_a_switch_whose_hold_is_told() {
    let town = Town::sample_at("verified");
    let reader = Person::named(&town, "report");
    reader.does("begin; select count(*) from orders; select count(*) from products");
    let report = town.run(&["switch", "--store", STORE, "--format", "json"]).exits(0).json();
    let hold = report["stores"][0]["evidence"]["switch"]["longest_hold_ms"].as_f64().unwrap();
    assert!(hold > 0.0 && hold < 1500.0, "the hold is said to be {hold} ms");
    // The deadline that everybody has who writes none.
    let mut command = town.command(&["migrate", "--store", "15", "--format", "json"]);
    command.env_remove("TENANTCTL_SWITCH_DEADLINE");
    let report = finish(command).exits(0).json();
    let hold = report["stores"][0]["evidence"]["switch"]["longest_hold_ms"].as_f64().unwrap();
    assert!(hold > 0.0, "the hold is said to be {hold} ms");
}

#[test]
fn what_the_deadline_does_not_leave_time_for_is_not_begun_under_the_lock() {
    let town = Town::sample();
    town.edit(
        "tenantctl.toml",
        "[store_schema]\n",
        "[switch]\nlock_wait = \"1ms\"\ndeadline = \"2ms\"\n\n[store_schema]\n",
    );
    let before = town.shared_rows();
    let ran = town.run(&["migrate", "--store", STORE]);
    ran.exits(1).says("the last look for changes takes").says("[switch] deadline leaves 1 ms for it");
    assert!(is_not_routed(&town, STORE));
    assert_eq!((town.journal_stage(STORE), town.shared_rows()), ("verified".into(), before));
}

// ---------------------------------------------------------------------------------------------------------------------
// signals

#[test]
fn a_signal_in_the_middle_of_a_large_table_rolls_it_back() {
    let town = Town::sample();
    town.sql("insert into whatsapp_logs (store_id, event, payload) select 13, 'many', '{\"a\": 1}' from generate_series(1, 120000)");
    town.run(&["migrate", "--store", STORE, "--to", "created"]).exits(0);
    let mut run = town.start(&["migrate", "--store", STORE, "--progress", "json"]);
    run.wait_for("table_progress");
    run.signal("INT");
    run.end().exits(130).says("resume");
    assert_eq!(town.value(&format!("select count(*) from {SCHEMA}.whatsapp_logs")), "0");
    assert_eq!(town.value("select count(*) from tenantctl.table_run where table_name = 'whatsapp_logs'"), "0");
    assert_eq!(town.journal_stage(STORE), "created");
    assert_eq!(town.value("select outcome from tenantctl.run order by started_at desc limit 1"), "interrupted");
    eventually("its sessions are gone", Duration::from_secs(2), || town.session_count() == 0);
    town.run(&["resume"]).exits(0);
    town.holds_the_shared_rows(STORE, SCHEMA);
}

#[test]
fn a_signal_while_a_statement_waits_ends_it_at_once() {
    for signal in ["INT", "TERM"] {
        let town = patient(Town::sample_at("created"));
        let blocker = Person::named(&town, "blocker");
        blocker.does("begin; lock table store_1751273256223.whatsapp_logs in access exclusive mode");
        let run = town.start(&["migrate", "--store", STORE, "--format", "json"]);
        town.wait_for_lock_queue("store_1751273256223.whatsapp_logs");
        let began = Instant::now();
        run.signal(signal);
        let report = run.end().exits(130).json();
        assert!(began.elapsed() < Duration::from_secs(5), "{signal}: it took {:?}", began.elapsed());
        assert_eq!(report["outcome"], "interrupted");
        assert_eq!(report["stores"][0]["stage"], "created");
        assert!(report["next_steps"].to_string().contains("tenantctl resume"), "{report}");
        eventually("its sessions are gone", Duration::from_secs(2), || town.session_count() == 0);
        blocker.does("rollback");
        town.run(&["resume"]).exits(0);
        town.holds_the_shared_rows(STORE, SCHEMA);
    }
}

#[test]
fn a_signal_before_the_work_begins_leaves_nothing() {
    let town = patient(Town::sample());
    let before = town.fingerprint("public");
    let blocker = Person::named(&town, "blocker");
    blocker.does("begin; lock table public.whatsapp_logs in access exclusive mode");
    let run = town.start(&["migrate", "--store", STORE, "--format", "json"]);
    town.wait_for_lock_queue("public.whatsapp_logs");
    run.signal("INT");
    assert_eq!(run.end().exits(130).json()["outcome"], "interrupted");
    blocker.does("rollback");
    eventually("its sessions are gone", Duration::from_secs(2), || town.session_count() == 0);
    assert!(!town.has_schema(SCHEMA));
    assert_eq!(town.fingerprint("public"), before);
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    let town = patient(Town::sample());
    let blocker = Person::named(&town, "blocker");
    blocker.does("begin; lock table public.whatsapp_logs in access exclusive mode");
    let run = town.start(&["migrate", "--store", STORE]);
    town.wait_for_lock_queue("public.whatsapp_logs");
    run.signal("STOP"); // so that the second comes before the first was answered
    run.signal("INT");
    run.signal("TERM");
    run.signal("CONT");
    run.end().exits(130);
    blocker.does("rollback");
    eventually("its sessions are gone", Duration::from_secs(2), || town.session_count() == 0);
}

// ---------------------------------------------------------------------------------------------------------------------
// definitions that change under a plan

#[test]
fn a_shared_table_that_was_altered_after_the_plan_stops_the_move() {
    for (stage, sql) in [
        ("created", "alter table orders add column channel text"),
        ("verified", "alter table customers alter notes type varchar(5000)"),
    ] {
        let town = Town::sample_at(stage);
        town.sql(sql);
        let before = town.fingerprint(SCHEMA);
        town.run(&["migrate", "--store", STORE]).exits(2).says("hint: ").says("abandon");
        assert_eq!(town.journal_stage(STORE), stage);
        assert_eq!(town.fingerprint(SCHEMA), before);
        assert!(is_not_routed(&town, STORE));
    }
}

#[test]
fn an_index_that_comes_after_the_plan_changes_nothing() {
    let town = Town::sample_at("created");
    town.sql("create index on orders (notes); analyze orders");
    town.run(&["migrate", "--store", STORE]).exits(0);
    town.holds_the_shared_rows(STORE, SCHEMA);
}
