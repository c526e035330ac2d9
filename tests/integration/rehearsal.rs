//! Rehearsals leave nothing, whatever ends them, and what they measured is what a forecast is made of.

use serde_json::Value;

use crate::app::three_stores;
use crate::faces::{holds, schema, validator};
use crate::town::Town;

impl Town {
    /// Rehearsals that the journal has not seen dropped.
    fn rehearsals(&self) -> String {
        self.value("select count(*) from tenantctl.move where kind = 'rehearsal' and stage <> 'abandoned'")
    }

    #[track_caller]
    fn document(&self, words: &[&str], code: i32) -> Value {
        let document = self.run(&[words, &["-f", "json"]].concat()).exits(code).json();
        holds(&validator(&schema("report")), &document);
        document
    }
}

#[test]
fn a_rehearsal_proves_and_leaves_nothing() {
    let town = three_stores();
    let before = town.untouched();
    let report = town.document(&["rehearse", "--store", "4"], 0);
    let store = &report["stores"][0];
    assert_eq!((&store["schema"], &store["stage"]), (&"store_4_rehearsal".into(), &Value::Null));
    assert!(store["tables"].as_array().unwrap().iter().all(|table| table["verdict"] == "equal"), "{store:#}");
    assert_eq!(store["row_count"], 54);
    let rehearsal = &store["rehearsal"];
    assert_eq!(rehearsal["dropped"], true);
    assert!(rehearsal["disk_bytes"].as_u64().unwrap() > 0);
    let steps: Vec<_> = rehearsal["steps"].as_array().unwrap().iter().map(|step| step["step"].clone()).collect();
    assert_eq!(steps, ["plan", "create", "copy", "verify", "abandon"]);
    assert_eq!(town.untouched(), before);
    assert_eq!(
        town.value("select kind || ' ' || stage || ' ' || (store_url is null) from tenantctl.move"),
        "rehearsal abandoned true"
    );
    // Next day the journal says the same; of the store's own move it knows nothing.
    let again = town.document(&["report"], 0);
    assert_eq!(again["stores"][0]["rehearsal"]["dropped"], true);
    assert_eq!(again["stores"][0]["stage"], Value::Null);
    town.run(&["report", "--store", "4"]).exits(2);
    town.run(&["status", "--check"]).exits(0);
    let status = town.document(&["status", report["run"].as_str().unwrap()], 0);
    assert_eq!(status["runs"][0]["stores"][0]["stage"], "rehearsal");
    town.run(&["rehearse", "--store", "4", "--lang", "es"]).exits(0).says("solo un ensayo");

    // Beside a move that is under way and after the switch, the store's own move is not touched.
    town.run(&["migrate", "--store", "4", "--to", "copied"]).exits(0);
    town.run(&["rehearse", "--store", "4"]).exits(0);
    assert_eq!(town.stage("4"), "copied");
    town.run(&["migrate", "--store", "4", "--yes"]).exits(0);
    town.run(&["rehearse", "--store", "4"]).exits(0);
    assert!(town.has_schema("store_4") && !town.has_schema("store_4_rehearsal"));
    // A copy that differs is told as verify tells it, and dropped all the same.
    town.edit(
        "store_schema.sql",
        "alter table {{schema}}.lines add primary key (id);",
        "update {{schema}}.lines set what = 'other';\nalter table {{schema}}.lines add primary key (id);",
    );
    let differs = town.document(&["rehearse", "--store", "5"], 3);
    assert_eq!(differs["stores"][0]["rehearsal"]["dropped"], true);
    assert!(!town.has_schema("store_5_rehearsal"));
}

#[test]
fn what_a_killed_rehearsal_left_goes_by_each_of_three_ways() {
    let town = three_stores();
    let before = town.untouched();
    for (moment, way) in [
        ("half_sent:lines", vec!["abandon", "--store", "4", "--yes"]),
        ("schema_committed", vec!["rehearse", "--store", "4"]),
        ("verdict_written", vec!["resume"]),
    ] {
        town.paused(moment, &["rehearse", "--store", "4"]).kill();
        town.all_sessions_end();
        assert_eq!((town.rehearsals().as_str(), town.has_schema("store_4_rehearsal")), ("1", true), "{moment}");
        town.run(&["status", "--check"]).exits(4).says("unfinished");
        // It is no move: nothing takes it for one.
        town.run(&["verify", "--store", "4"]).exits(2).says("no move is in the journal");
        town.run(&["reverse", "--store", "4", "--yes"]).exits(2);
        town.run(&way).exits(0);
        assert_eq!((town.rehearsals().as_str(), &town.untouched()), ("0", &before), "{moment}");
        town.run(&["status", "--check"]).exits(0);
    }
    // One that is left beside a move is dropped by its own flag; the move goes on as if it were not there.
    town.paused("half_sent:lines", &["rehearse", "--store", "4"]).kill();
    town.all_sessions_end();
    town.run(&["migrate", "--store", "4", "--yes"]).exits(0);
    assert_eq!((town.stage("4").as_str(), town.rehearsals().as_str()), ("switched", "1"));
    town.run(&["abandon", "--store", "4", "--rehearsal", "--yes"]).exits(0);
    assert_eq!((town.stage("4").as_str(), town.rehearsals().as_str()), ("switched", "0"));
    assert!(town.has_schema("store_4"));
    town.run(&["abandon", "--store", "4", "--rehearsal", "--yes"]).exits(2).says("left anything");

    // A signal drops what was made, also in the middle of a table.
    town.sql("insert into lines (order_id, what) select min(id), 'many' from orders, generate_series(1, 120000) n where store_id = 3 group by n");
    let before = town.untouched();
    let mut run = town.start(&["rehearse", "--store", "3", "--progress", "json"]);
    run.wait_for("table_progress");
    run.signal("INT");
    run.end().exits(130).says("what the rehearsal made is dropped");
    assert_eq!((town.rehearsals().as_str(), town.untouched()), ("0", before));

    // A schema of that name which nobody here made stays, and so does the name of another store's schema.
    town.sql("create schema store_5_rehearsal; create table store_5_rehearsal.mine (id int)");
    town.refuses(&["rehearse", "--store", "5"], 2, &["store_5_rehearsal", "exists"]);
    town.sql("drop schema store_5_rehearsal cascade; update stores set schema_name = 'store_5_rehearsal' where id = 3");
    town.refuses(&["rehearse", "--store", "5"], 2, &["store_5_rehearsal", "another store"]);
}

#[test]
fn a_forecast_is_made_from_what_was_measured_and_held_against_what_came() {
    let town = three_stores();
    town.sql("analyze");
    let cold = town.document(&["plan", "--all"], 0);
    let forecast = &cold["forecast"];
    assert_eq!((&forecast["store_count"], &forecast["row_count"]), (&3.into(), &162.into()));
    assert_eq!((&forecast["seconds"], &forecast["rates"]["from"]), (&Value::Null, &"nothing".into()));
    town.run(&["plan", "--all"]).exits(0).says("tenantctl rehearse --all --median");
    assert_eq!(town.value("select to_regnamespace('tenantctl') is null"), "t", "a plan makes no journal");

    let median = town.document(&["rehearse", "--all", "--median"], 0);
    assert_eq!(median["stores"].as_array().unwrap().len(), 1);
    let all = town.document(&["rehearse", "--all"], 0);
    assert_eq!(all["stores"].as_array().unwrap().len(), 3);
    assert_eq!(all["forecast"]["actual"]["rehearsal"], true);
    assert_eq!(town.rehearsals(), "0");

    let known = town.document(&["plan", "--all"], 0)["forecast"].clone();
    assert!(known["seconds"].as_f64().unwrap() > 0.0 && known["wal_bytes"].as_u64().unwrap() > 0);
    assert_eq!(known["rates"]["from"], "rehearsals");
    let moved = town.document(&["migrate", "--all", "--yes"], 0);
    let (forecast, actual) = (&moved["forecast"], &moved["forecast"]["actual"]);
    assert_eq!((&actual["store_count"], &actual["row_count"]), (&3.into(), &forecast["row_count"]));
    // Sizes are no matter of the machine's mood: a fifth is promised.
    for what in ["bytes", "disk_bytes"] {
        let ratio = actual[what].as_f64().unwrap() / forecast[what].as_f64().unwrap();
        assert!((0.8..1.25).contains(&ratio), "{what}: {ratio}");
    }
    let run = moved["run"].as_str().unwrap();
    assert_eq!(town.document(&["report", run], 0)["forecast"], *forecast);
    for (format, word) in [("markdown", "Actual/forecast"), ("html", "Actual/forecast"), ("text", "actual/forecast")] {
        town.run(&["report", run, "-f", format]).exits(0).says(word);
    }
    let done = town.document(&["plan", "--all"], 0);
    assert_eq!(done["forecast"], Value::Null);
    town.run(&["rehearse", "--all"]).exits(2).says("every store is switched");

    let other = three_stores();
    let ran = other.run(&["migrate", "--all", "--yes"]).exits(0).says("before this run nothing was measured here");
    assert!(!ran.stdout.contains("this rehearses"), "what is done needs no rehearsal: {}", ran.stdout);
}

#[test]
fn a_journal_of_version_1_is_read_as_it_is_and_brought_up_by_the_next_run() {
    let town = Town::sample_at("verified");
    town.sql(
        "alter table tenantctl.run drop column forecast;
         alter table tenantctl.move drop constraint move_rehearsal_check, drop constraint move_kind_check,
            add constraint move_kind_check check (kind in ('move', 'new')), drop constraint move_ready_check,
            drop column ready;
         drop table tenantctl.alert, tenantctl.alert_look;
         drop index tenantctl.move_one_per_store;
         create unique index move_one_per_store on tenantctl.move (shared_schema, store_key) where stage <> 'abandoned';
         delete from tenantctl.journal_version where version > 1",
    );
    for words in [&["report"][..], &["status"], &["stores"], &["verify", "--store", "13"], &["plan", "--store", "13"]] {
        town.run(words).exits(0);
    }
    assert_eq!(town.value("select max(version) from tenantctl.journal_version"), "1");
    town.run(&["rehearse", "--store", "13"]).exits(0);
    assert_eq!(town.value("select max(version) from tenantctl.journal_version"), "3");
    town.run(&["switch", "--store", "13"]).exits(0);
}
