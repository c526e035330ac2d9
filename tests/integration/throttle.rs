//! What holds a run from outside: limits, and `pause`.

use crate::app::three_stores;
use crate::running::Person;
use crate::town::Town;

impl Town {
    /// Somebody whose backend is at work until it is cancelled.
    fn busy(&self) -> Person {
        let busy = Person::named(self, "busy");
        let _ends_cancelled = busy.begins("select pg_sleep(600)");
        crate::running::eventually("somebody is at work", std::time::Duration::from_secs(60), || {
            self.value("select count(*) from pg_stat_activity where application_name = 'busy' and state = 'active'")
                == "1"
        });
        busy
    }

    fn calm(&self) {
        self.sql("select pg_cancel_backend(pid) from pg_stat_activity where application_name = 'busy'");
    }
}

#[test]
fn a_run_holds_while_others_work_or_it_is_paused_and_goes_on_after() {
    let town = three_stores();
    town.run(&["pause"]).exits(2).says("there is no journal");
    let plan = town.run(&["plan", "--all", "-f", "json"]).exits(0).json();
    let of = |what: &str| plan["connections"][what].as_u64().unwrap();
    assert_eq!((of("wave"), of("stores_at_once"), of("max_connections")), (3, 3, 300));
    assert!(of("most") <= of("free") && of("free") < 300, "{}", plan["connections"]);
    town.run(&["plan", "--all", "--lang", "es"]).exits(0).says("3 tiendas a la vez, copiadas en oleadas de 3");
    let limit = |most: &str| town.sql(&format!("alter database \"{}\" connection limit {most}", town.database));
    limit("5"); // which a superuser is told of and not held to
    town.run(&["plan", "--all"]).exits(2).says("a run needs 7 connections").says("--table-jobs");
    limit("-1");
    let busy = town.busy();
    let limits = ["--max-active", "0", "--max-lag", "10s", "--max-wal-rate", "1GiB", "--progress", "json"];
    let mut run = town.start(&[&["migrate", "--all", "-f", "json"][..], &limits].concat());
    run.wait_for(r#""limit":"max_active","reason":"1 backends of others are active, more than 0""#);
    assert_eq!(town.value("select count(*) from tenantctl.move"), "0", "nothing is begun");
    town.run(&["pause"]).exits(0).says("is paused since").says("--off");
    town.calm();
    run.wait_for(r#""limit":"pause""#);
    run.signal("INT");
    let report = run.end().exits(130).json();
    let first = report["run"].as_str().unwrap();
    let limits_of = |report: &serde_json::Value| {
        let held = report["held"].as_array().unwrap().iter();
        held.map(|held| held["limit"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(limits_of(&report), ["pause", "max_active"]);
    // Not one of its stores was begun, and it is unfinished all the same.
    town.run(&["status", "--check"]).exits(4).says("unfinished").says("tenantctl resume");
    town.run(&["pause", first]).exits(2).says("is not at work").says(&format!("tenantctl resume {first}"));

    drop(busy);
    let _busy = town.busy();
    let mut run = town.start(&[&["resume", "-f", "json"][..], &limits].concat());
    run.wait_for(r#""event":"held","limit":"max_active""#);
    let id = town.value("select id from tenantctl.run where ended_at is null");
    town.run(&["pause", &id[..6]]).exits(0);
    town.calm();
    run.wait_for(r#""event":"held","limit":"pause""#);
    let watch = town.start(&["status", "--watch", "1", "-f", "jsonl"]);
    let status = town.run(&["status", "-f", "json"]).exits(0).json();
    assert_eq!((&status["runs"][0]["run"], &status["runs"][0]["outcome"]), (&id.clone().into(), &"running".into()));
    assert!(status["runs"][0]["paused"]["by"].as_str().unwrap().contains('@'));
    assert_eq!(town.value("select count(*) from tenantctl.move"), "0");
    town.run(&["pause", "--off"]).exits(0);
    run.wait_for(r#""event":"went_on","limit":"pause""#);
    let report = run.end().exits(0).json();
    assert_eq!(limits_of(&report), ["pause", "max_active"]);
    for store in ["3", "4", "5"] {
        assert_eq!(town.stage(store), "switched");
    }
    town.run(&["status", "--check"]).exits(0);
    // It ended with the run, and told each change on a line of its own.
    let watched = watch.end().exits(0).stdout;
    let outcomes = watched.lines().map(|line| {
        let told: serde_json::Value = serde_json::from_str(line).unwrap();
        told["runs"][0]["outcome"].as_str().unwrap().to_owned()
    });
    let outcomes: Vec<String> = outcomes.collect();
    assert_eq!(
        (outcomes.first().unwrap().as_str(), outcomes.last().unwrap().as_str()),
        ("running", "done"),
        "{watched}"
    );
    town.run(&["pause"]).exits(2).says("no run is at work");
}
