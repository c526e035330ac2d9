//! kill -9 at every named moment of the road, then the same road again.
//!
//! After the kill: the journal is never ahead of what stands, nothing of the run is left in the server, the shared rows
//! are as they were. After `resume`: the same end as an undisturbed run.

use std::sync::OnceLock;
use std::time::Duration;

use tenantctl::event::Moment;

use crate::running::eventually;
use crate::town::Town;

const STORE: &str = "13";

/// What an undisturbed run leaves in the store schema.
fn undisturbed(store: &'static str) -> &'static str {
    static SMALL: OnceLock<String> = OnceLock::new();
    static LARGE: OnceLock<String> = OnceLock::new();
    let kept = if store == STORE { &SMALL } else { &LARGE };
    kept.get_or_init(|| {
        if store == STORE {
            return Town::sample_at("switched").end_state(store);
        }
        let town = Town::sample();
        town.run(&["migrate", "--store", store]).exits(0);
        town.end_state(store)
    })
}

impl Town {
    fn schema_of(&self, store: &str) -> String {
        self.value(&format!(
            "select store_schema from tenantctl.move where store_key = '{store}' order by id desc limit 1"
        ))
    }

    /// Rows, definitions, registry and journal of a store; not where its sequences stand.
    fn end_state(&self, store: &str) -> String {
        let schema = self.schema_of(store);
        let rows =
            self.rows_of(&schema, "md5(coalesce(string_agg(t::text, E'\\n' order by t::text collate \"C\"), ''))");
        let definitions = self.value(&format!(
            "select string_agg(line, E'\\n' order by line) from (
                select pg_get_indexdef(indexrelid) from pg_index i join pg_class c on c.oid = i.indexrelid where c.relnamespace = '{schema}'::regnamespace
                union all select conrelid::regclass || conname || pg_get_constraintdef(oid) || convalidated from pg_constraint where connamespace = '{schema}'::regnamespace
                union all select pg_get_triggerdef(t.oid) || tgenabled::text from pg_trigger t join pg_class c on c.oid = tgrelid where relnamespace = '{schema}'::regnamespace and not tgisinternal
             ) x (line)"
        ));
        let registry = self.value(&format!("select (schema_name, database_url)::text from stores where id = {store}"));
        format!("{rows}\n{definitions}\n{registry}\n{}", self.journal_stage(store))
    }

    /// Each table of a schema with what an aggregate gives for its rows `t`.
    fn rows_of(&self, schema: &str, aggregate: &str) -> String {
        let tables = self.sql(&format!(
            "select format('select %L, ({aggregate})::text from %I.%I t', relname, nspname, relname)
             from pg_class c join pg_namespace n on n.oid = relnamespace where nspname = '{schema}' and relkind = 'r'",
            aggregate = aggregate.replace('\'', "''")
        ));
        let selects: Vec<String> = tables.into_iter().filter_map(|row| row[0].clone()).collect();
        self.value(&format!("select string_agg(x::text, E'\\n' order by x) from ({}) x", selects.join(" union all ")))
    }

    /// All shared rows; of the registry without the two columns that the switch writes, and its time stamp.
    pub(crate) fn shared_rows(&self) -> String {
        let tables = self.value(
            "select string_agg(format('select %L, count(*), sum(hashtextextended(t::text, 0)::numeric) from public.%I t', relname, relname), ' union all ')
             from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'stores'",
        );
        self.value(&format!(
            "select string_agg(x::text, ' ' order by x) from (
                {tables} union all
                select 'stores', count(*), sum(hashtextextended((to_jsonb(s) - '{{schema_name,database_url,updated_at}}'::text[])::text, 0)::numeric) from stores s
             ) x"
        ))
    }

    /// Nothing of a dead run is left in the server.
    #[track_caller]
    fn is_quiet(&self) {
        let locks = "select count(*) from pg_locks l join pg_stat_activity a using (pid)
            where a.pid <> pg_backend_pid() and a.backend_type = 'client backend' and a.datname = current_database()";
        let prepared = "select count(*) from pg_prepared_xacts where database = current_database()";
        eventually("no session of the dead run is left", Duration::from_secs(2), || self.session_count() == 0);
        eventually("no lock is left", Duration::from_secs(2), || self.value(locks) == "0");
        assert_eq!(self.value(prepared), "0");
    }

    /// The journal says nothing that is not so.
    #[track_caller]
    fn journal_is_true(&self, store: &str) {
        let moves = self.sql(&format!(
            "select id, store_schema, stage from tenantctl.move where store_key = '{store}' order by id desc limit 1"
        ));
        let [row] = moves.as_slice() else { return };
        let [id, schema, stage] = [0, 1, 2].map(|column| row[column].clone().unwrap());
        let made = self.value(&format!(
            "select count(*) from tenantctl.resource where move_id = {id} and kind = 'schema' and state = 'made'"
        ));
        assert_eq!(made == "1", self.has_schema(&schema), "the journal and the schema disagree");
        assert_eq!(made == "1", !matches!(stage.as_str(), "planned" | "abandoned"), "stage {stage}, made {made}");
        if self.has_schema(&schema) {
            let loaded = self.value(&format!(
                "select string_agg(row(relname::text, coalesce(rows_loaded, 0)::text)::text, E'\\n' order by row(relname::text, coalesce(rows_loaded, 0)::text))
                 from pg_class c left join tenantctl.table_run t on t.table_name = c.relname and t.move_id = {id}
                 where c.relnamespace = '{schema}'::regnamespace and c.relkind = 'r'"
            ));
            assert_eq!(self.rows_of(&schema, "count(*)"), loaded, "rows that stand against rows in the journal");
        }
        if matches!(stage.as_str(), "copied" | "verified" | "switched") {
            let loaded = self.value(&format!("select count(*) from tenantctl.table_run where move_id = {id}"));
            assert_eq!(loaded, "15", "{stage} with tables that are not loaded");
            let missing = format!(
                "select count(*) from pg_constraint where connamespace = '{schema}'::regnamespace and not convalidated"
            );
            assert_eq!(self.value(&missing), "0", "{stage} with a key that is not validated");
        }
        let switched = self.value(&format!(
            "select schema_name is not null and database_url is not null from stores where id = {store}"
        ));
        assert_eq!(switched == "t", stage == "switched", "the registry and stage {stage} disagree");
        let objects = self.value(&format!(
            "select coalesce(string_agg(name, ', '), '') from tenantctl.resource r where move_id = {id} and kind = 'object' and state = 'made'
             and name like 'index %' and to_regclass(substr(name, 7)) is null"
        ));
        assert_eq!(objects, "", "the journal has indexes that are not there");
        let ended = self.value("select coalesce(outcome, 'none') from tenantctl.run order by started_at desc limit 1");
        assert_eq!(ended, "none", "the run that was killed has an outcome");
    }
}

/// Kills the run at the moment and looks at what it left.
fn killed_at(moment: &str, words: &[&str]) -> Town {
    killed_in(Town::sample(), moment, words)
}

fn killed_in(town: Town, moment: &str, words: &[&str]) -> Town {
    let before = town.shared_rows();
    town.paused(moment, words).kill();
    town.is_quiet();
    town.journal_is_true(words[2]);
    assert_eq!(town.shared_rows(), before, "the shared rows changed");
    town
}

fn resumes_to_the_same_end(moment: &str) {
    let town = match moment {
        "schema_committed" | "commit_sent" => Town::sample(),
        // What went before has ended well, whoever did it.
        "lock_taken" | "before_switch_commit" => Town::sample_at("verified"),
        _ => Town::sample_at("created"),
    };
    let town = killed_in(town, moment, &["migrate", "--store", STORE]);
    let before = town.shared_rows();
    let report = town.run(&["resume", "--format", "json"]).exits(0).json();
    assert_eq!(report["outcome"], "done");
    assert_eq!(report["stores"][0]["stage"], "switched");
    assert_eq!(town.end_state(STORE), undisturbed(STORE));
    assert_eq!(town.shared_rows(), before);
    town.holds_the_shared_rows(STORE, &town.schema_of(STORE));
    town.run(&["verify", "--store", STORE, "--live"]).exits(0);
    town.is_quiet();
}

/// A test per moment, and the list of all of them.
macro_rules! killed {
    ($($name:ident: $moment:literal,)*) => {
        $(#[test] fn $name() { resumes_to_the_same_end($moment); })*
        const RESUMED: &[&str] = &[$($moment),*];
    };
}

killed! {
    killed_when_the_schema_is_committed: "schema_committed",
    killed_before_the_first_byte: "before_first_byte",
    killed_with_half_a_table_sent: "half_sent",
    killed_after_copy_done: "copy_done",
    killed_before_the_commit_of_a_table: "before_table_commit",
    killed_with_the_first_commit_under_way: "commit_sent",
    killed_with_the_commit_of_a_table_under_way: "commit_sent:whatsapp_logs",
    killed_between_two_tables: "between_tables",
    killed_with_half_of_the_second_section_done: "half_after_load",
    killed_when_the_sequences_are_set: "sequences_set",
    killed_when_the_verdict_is_written: "verdict_written",
    killed_with_the_lock_taken: "lock_taken",
    killed_before_the_commit_of_the_switch: "before_switch_commit",
}

#[test]
fn no_moment_is_left_out() {
    let elsewhere = ["after_switch_commit", "in_abandon", "in_reverse", "registered"]; // the last one in `newstores`
    for moment in Moment::ALL {
        assert!(RESUMED.contains(&moment.word()) || elsewhere.contains(&moment.word()), "{}", moment.word());
    }
}

#[test]
fn killed_after_the_commit_of_the_switch_all_is_done_already() {
    let town = killed_at("after_switch_commit", &["migrate", "--store", STORE]);
    assert_eq!(town.end_state(STORE), undisturbed(STORE));
    let report = town.run(&["migrate", "--store", STORE, "--format", "json"]).exits(0).json();
    assert_eq!(report["stores"][0]["already_done"], true);
    assert_eq!(report["stores"][0]["stage"], "switched");
    let killed = town.value("select id from tenantctl.run order by started_at limit 1");
    let report = town.run(&["resume", &killed, "--format", "json"]).exits(0).json();
    assert_eq!(report["stores"][0]["already_done"], true);
    assert_eq!(town.end_state(STORE), undisturbed(STORE));
}

#[test]
fn killed_in_the_middle_of_a_large_table_it_is_loaded_whole_by_the_next_run() {
    let town = killed_at("half_sent:whatsapp_logs", &["migrate", "--store", "4"]);
    assert_eq!(town.value("select count(*) from tenantctl.table_run where table_name = 'whatsapp_logs'"), "0");
    town.run(&["resume"]).exits(0);
    assert_eq!(town.end_state("4"), undisturbed("4"));
}

#[test]
fn killed_in_the_middle_of_a_table_the_move_can_be_given_up() {
    let town = killed_at("half_sent:whatsapp_logs", &["migrate", "--store", "4"]);
    let (before, schema) = (town.shared_rows(), town.schema_of("4"));
    town.run(&["abandon", "--store", "4", "--yes"]).exits(0);
    assert!(!town.has_schema(&schema));
    assert_eq!(town.journal_stage("4"), "abandoned");
    assert_eq!(town.shared_rows(), before);
    town.is_quiet();
    town.run(&["migrate", "--store", "4"]).exits(0);
    assert_eq!(town.end_state("4"), undisturbed("4"));
}

#[test]
fn killed_while_it_gives_a_move_up_it_is_given_up_by_the_next_run() {
    let town = Town::sample_at("verified");
    let (before, schema) = (town.shared_rows(), town.schema_of(STORE));
    let rows = town.fingerprint(&schema);
    town.paused("in_abandon", &["abandon", "--store", STORE, "--yes"]).kill();
    town.is_quiet();
    assert_eq!(town.journal_stage(STORE), "created", "its keys to common tables may be gone");
    assert_eq!(town.fingerprint(&schema), rows);
    town.run(&["abandon", "--store", STORE, "--yes"]).exits(0);
    assert!(!town.has_schema(&schema));
    assert_eq!(town.journal_stage(STORE), "abandoned");
    town.run(&["migrate", "--store", STORE]).exits(0);
    assert_eq!(town.end_state(STORE), undisturbed(STORE));
    assert_eq!(town.shared_rows(), before);
}

#[test]
fn killed_while_it_gives_a_move_up_the_move_can_go_on_instead() {
    let town = Town::sample_at("verified");
    town.paused("in_abandon", &["abandon", "--store", STORE, "--yes"]).kill();
    town.run(&["migrate", "--store", STORE]).exits(0);
    assert_eq!(town.end_state(STORE), undisturbed(STORE));
}

#[test]
fn killed_while_it_switches_back_the_store_stays_switched_until_the_next_run() {
    let town = Town::sample_at("switched");
    let before = town.shared_rows();
    town.paused("in_reverse", &["reverse", "--store", STORE, "--yes"]).kill();
    town.is_quiet();
    town.journal_is_true(STORE);
    assert_eq!(town.end_state(STORE), undisturbed(STORE));
    town.run(&["reverse", "--store", STORE, "--yes"]).exits(0);
    assert_eq!(town.journal_stage(STORE), "reversed");
    assert_eq!(town.value(&format!("select (schema_name, database_url)::text from stores where id = {STORE}")), "(,)");
    assert_eq!(town.shared_rows(), before);
}
