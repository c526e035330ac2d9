//! `doctor`, and what a role that may only read can do: the remedies it prints are enough, and no more than enough.

use std::process::Command;

use crate::app::three_stores;
use crate::town::{Ran, Town, finish};

/// A role of this town, and its connection.
struct Person<'a> {
    town: &'a Town,
    role: String,
}

impl<'a> Person<'a> {
    fn new(town: &'a Town, kind: &str) -> Self {
        let role = format!("{kind}_of_{}", town.database);
        town.sql(&format!("create role {role} login"));
        Self { town, role }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.town.command(words);
        command.env("DATABASE_URL", self.town.url().replace("postgres@", &format!("{}@", self.role)));
        command
    }

    fn run(&self, words: &[&str]) -> Ran {
        finish(self.command(words))
    }

    /// Runs the GRANTs that doctor prints; returns them.
    #[track_caller]
    fn take_the_medicine(&self, purpose: &str) -> String {
        let script = self.run(&["doctor", "--for", purpose, "--sql"]).exits(2).stdout;
        self.town.sql(&script);
        script
    }
}

#[test]
fn a_reader_is_told_what_reading_takes_and_can_read_then() {
    let town = three_stores();
    let reader = Person::new(&town, "reader");
    town.sql("revoke all on schema public from public");
    reader.run(&["doctor", "--for", "plan"]).exits(2).says("USAGE on schema public").says("grant usage on schema");
    // Without the schema nothing in it can be looked at; so it takes two rounds.
    reader.take_the_medicine("plan");
    let script = reader.take_the_medicine("plan");
    assert!(script.contains("grant select on \"public\".\"orders\""), "{script}");
    assert!(!script.contains("update") && !script.contains("create"), "{script}");
    let well = reader.run(&["doctor", "--for", "plan"]).exits(0).says("may not create a schema").says("no journal yet");
    assert!(well.stdout.contains("PostgreSQL"), "{}", well.stdout);
    reader.run(&["doctor", "--for", "plan", "--sql"]).exits(0).says("-- no right is missing");
    let before = town.untouched();
    for words in [&["plan", "--store", "4"][..], &["tables"], &["stores"], &["status"]] {
        reader.run(words).exits(0);
    }
    reader.run(&["report"]).exits(2);
    assert_eq!(town.untouched(), before);
    assert!(!town.has_schema("tenantctl"));

    // A GRANT by hand would be a difference between a store schema and its template; `readers` is the way.
    let readers = format!("[store_schema]\nreaders = [\"{}\"]", reader.role);
    town.edit("tenantctl.toml", "[store_schema]", &readers);
    town.run(&["migrate", "--store", "4", "--yes"]).exits(0);
    let script = reader.take_the_medicine("verify");
    assert!(script.contains("on \"tenantctl\".\"move\"") && script.contains("-- then run doctor again"), "{script}");
    assert!(!script.contains("update") && !script.contains("insert"), "{script}");
    reader.run(&["doctor", "--for", "verify"]).exits(0).says("[not_recorded]");
    for words in [&["plan", "--store", "4"][..], &["tables"], &["stores"], &["status"], &["report", "--store", "4"]] {
        reader.run(words).exits(0);
    }
    reader.run(&["verify", "--store", "4"]).exits(0).says("not recorded");

    let other = Person::new(&town, "other");
    town.sql("grant usage on schema public to public");
    let script = (0..2).map(|_| other.take_the_medicine("verify")).collect::<String>();
    assert!(
        script.contains("grant usage on schema \"store_4\"") && script.contains("on \"store_4\".\"orders\""),
        "{script}"
    );
    other.run(&["doctor", "--for", "verify"]).exits(0);
}

#[test]
fn an_owner_is_told_what_a_move_takes_and_can_move_then() {
    let town = three_stores();
    let owner = Person::new(&town, "owner");
    owner.run(&["doctor"]).exits(2).says("CREATE on the database");
    let script = owner.take_the_medicine("migrate");
    for grant in ["create on database", "references on \"public\".\"currencies\"", "update (\"schema_name\") on"] {
        assert!(script.contains(grant), "{grant} is not in {script}");
    }
    let well = owner.run(&["doctor"]).exits(0).says("makes").says("tried for store 3");
    assert!(!well.stdout.contains("grant"), "{}", well.stdout);
    owner.run(&["migrate", "--store", "4", "--yes"]).exits(0);
    owner.run(&["doctor"]).exits(0);
    assert!(town.has_schema("store_4"));
}

#[test]
fn what_else_stops_a_move_is_named() {
    let town = three_stores();
    town.run(&["doctor", "--for", "verify"]).exits(0);
    let json = town.run(&["doctor", "--format", "json"]).exits(0).json();
    assert!(json["findings"].as_array().unwrap().iter().all(|finding| finding["grade"] == "note"), "{json}");

    let template = town.read("store_schema.sql");
    town.write("store_schema.sql", "create table {{schema}}.orders (id nonsense)");
    town.run(&["doctor"]).exits(2).says("nonsense");
    town.run(&["doctor", "--for", "verify"]).exits(0);
    town.write("store_schema.sql", &template);

    let config = town.read("tenantctl.toml");
    town.edit("tenantctl.toml", "[store_schema]", "[store_schema]\nowner = \"nobody_here\"");
    town.run(&["doctor"]).exits(2).says("role nobody_here, which does not exist").says("create role");
    town.write("tenantctl.toml", &config);
    town.edit("tenantctl.toml", "table = \"stores\"", "table = \"shops\"");
    town.run(&["doctor"]).exits(2).says("no table public.shops for the registry");
    town.write("tenantctl.toml", &config);

    let person = Person::new(&town, "hidden");
    person.take_the_medicine("plan");
    town.sql("alter table public.orders enable row level security");
    person.run(&["doctor", "--for", "plan"]).exits(2).says("row security hides rows").says("BYPASSRLS");
    town.sql(&format!("alter role {} connection limit 3", person.role));
    person.run(&["doctor", "--for", "verify"]).exits(2).says("are needed");
    town.sql(&format!("alter database {} set default_transaction_read_only = on", town.database));
    town.run(&["doctor"]).exits(2).says("read-only");
}
